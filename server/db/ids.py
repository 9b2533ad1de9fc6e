"""Identifiers made outside the database: time-ordered UUIDs (version 7) and references a person can read out."""

import secrets
import time
from uuid import UUID

# No vowels (no words), no 0/O, 1/I/L, 5/S, 2/Z, 8/B: what sounds or looks alike over the phone is left out.
_READABLE = "34679CDFGHJKMNPQRTVWXY"


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random, so rows inserted together lie together.

    Made here and not by the database, whose `uuidv7()` exists only from PostgreSQL 18 on.
    """
    stamp = (time.time_ns() // 1_000_000) & 0xFFFFFFFFFFFF
    bits = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=bits)


def new_reference() -> str:
    """Such as `K7M-4QXH`: 22^7, about 2.5 thousand million; the column is unique, so a repeat is tried again."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(7))
    return f"{letters[:3]}-{letters[3:]}"
