"""Chance that repeats itself: every draw comes from the seed and a name, never from the order of other draws.

So a visit that is left out, because today is another day, does not change the ones beside it.
"""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from server.db.ids import _READABLE as READABLE

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def chance(*name: object) -> Random:
    """A source of draws of its own for this name, the same in every process."""
    return Random("|".join(map(str, name)))  # noqa: S311 (made-up people, not secrets)


def identifier(draw: Random, at: datetime) -> UUID:
    """A UUIDv7 of that moment: rows are read back in the order in which they came to be."""
    stamp = int(at.timestamp() * 1000) << 80
    return UUID(int=stamp | 0x7 << 76 | draw.getrandbits(12) << 64 | 0b10 << 62 | draw.getrandbits(62))


def reference(draw: Random) -> str:
    letters = "".join(draw.choices(READABLE, k=7))
    return f"{letters[:3]}-{letters[3:]}"


def stripe_id(draw: Random, prefix: str) -> str:
    return f"{prefix}_3S{''.join(draw.choices(_LETTERS, k=22))}"


def seconds(draw: Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=round(draw.uniform(least, most), 3))
