"""The Idempotency-Key of a creating request: whose it is, and what it was used for."""

from hashlib import sha256
from typing import Any

import msgspec

from server.db.unit_of_work import Once
from server.domain.errors import InvalidInputError

LONGEST_KEY = 200


def once(scope: str, key: str | None, request: Any) -> Once | None:
    """None without a key: then every request is a new one. Raises InvalidInputError for an unusable key."""
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInputError(
            f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.",
            next_step="Use a UUID, for example.",
            field="Idempotency-Key",
        )
    return Once(scope, key, sha256(msgspec.json.encode(request, order="deterministic")).digest())
