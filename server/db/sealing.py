"""Clinical text as it lies in the database: AES-256-GCM under a key of our ring, bound to the row it belongs to.

The disk's own encryption protects a stolen disk; this protects a dump, a replica, and a reader with SQL access.
The newest key seals, every key of the ring opens; a sealed text copied to another row does not open.
"""

import base64
import secrets
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = "v1."
_NONCE = 12
_KEY_ID = 4


def note_row(appointment_id: UUID) -> str:
    """What the note of an appointment is bound to."""
    return f"appointments.note:{appointment_id}"


class UnreadableSealError(Exception):
    """The text was sealed with a key that is not in the ring, or for another row, or was changed."""


class Seals:
    """Seals and opens with one keyring (newest first)."""

    def __init__(self, keyring: Sequence[bytes]) -> None:
        # A key of its own for this purpose: the ring also signs links.
        self._keys = {
            sha256(key).digest()[:_KEY_ID]: AESGCM(
                HKDF(algorithm=SHA256(), length=32, salt=None, info=b"frontdesk: clinical text").derive(key)
            )
            for key in keyring
        }
        self._newest = next(iter(self._keys), None)

    def seal(self, text: str, row: str) -> str:
        """`row` names table, column and id, for example `appointments.note:<id>`."""
        if self._newest is None:
            raise UnreadableSealError("there is no key to seal with")
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys[self._newest].encrypt(nonce, text.encode(), row.encode())
        return _VERSION + base64.urlsafe_b64encode(self._newest + nonce + sealed).decode()

    def open(self, sealed: str, row: str) -> str:
        """The text. Raises UnreadableSealError."""
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
        key = self._keys.get(raw[:_KEY_ID])
        if key is None:
            raise UnreadableSealError("the key that this was sealed with is not in FRONTDESK_SECRET_KEYS")
        nonce, ciphertext = raw[_KEY_ID : _KEY_ID + _NONCE], raw[_KEY_ID + _NONCE :]
        try:
            return key.decrypt(nonce, ciphertext, row.encode()).decode()
        except InvalidTag:
            raise UnreadableSealError("this sealed text belongs elsewhere, or was changed") from None
