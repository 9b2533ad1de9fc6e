"""The patient's link: an opaque token for one visit, made from our keyring, stored nowhere.

It names the appointment and the serial it was made for, and is signed. Raising the appointment's serial
revokes every token handed out before. All keys of the ring verify, the newest signs.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

_MAC_BYTES = 16
_PURPOSE = b"visit-token:"


def visit_token(keyring: Sequence[bytes], appointment_id: UUID, serial: int) -> str:
    """46 URL-safe characters."""
    body = appointment_id.bytes + serial.to_bytes(2, "big")
    return _spelled(body + _mac(keyring[0], body))


def read_visit_token(keyring: Sequence[bytes], token: str) -> tuple[UUID, int] | None:
    """(appointment id, serial), or None for anything that we did not sign."""
    if not token.isascii() or len(token) > 64:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # base64 has several spellings of the same bytes; a token has one, so it can be compared and logged as text.
    if len(raw) != 18 + _MAC_BYTES or _spelled(raw) != token:
        return None
    body, mac = raw[:18], raw[18:]
    if not any(hmac.compare_digest(mac, _mac(key, body)) for key in keyring):
        return None
    return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big")


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, sha256).digest()[:_MAC_BYTES]
