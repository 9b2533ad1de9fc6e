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
    return base64.urlsafe_b64encode(body + _mac(keyring[0], body)).decode().rstrip("=")


def read_visit_token(keyring: Sequence[bytes], token: str) -> tuple[UUID, int] | None:
    """(appointment id, serial), or None for anything that we did not sign."""
    if not token.isascii() or len(token) > 64:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != 18 + _MAC_BYTES:
        return None
    body, mac = raw[:18], raw[18:]
    if not any(hmac.compare_digest(mac, _mac(key, body)) for key in keyring):
        return None
    return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, sha256).digest()[:_MAC_BYTES]
