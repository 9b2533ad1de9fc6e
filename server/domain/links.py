"""Addresses that we hand out. Join and host links are on our own domain: the vendor's own would be credentials."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.domain.tokens import visit_token

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_slug(text: str) -> bool:
    """Whether a clinic can have this slug: what comes in an address may hold what no database takes, such as NUL."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Links:
    """`public_url` without a slash at its end."""

    public_url: str
    keyring: tuple[bytes, ...] | Sequence[bytes]

    def token(self, appointment_id: UUID, serial: int) -> str:
        return visit_token(self.keyring, appointment_id, serial)

    def visit(self, slug: str, appointment_id: UUID, serial: int) -> str:
        """The patient's page of one visit."""
        return f"{self.public_url}/book/{slug}/visit/{self.token(appointment_id, serial)}"

    def book(self, slug: str) -> str:
        return f"{self.public_url}/book/{slug}"

    def join(self, appointment_id: UUID, serial: int) -> str:
        return f"{self.public_url}/join/{self.token(appointment_id, serial)}"

    def host(self, appointment_id: UUID) -> str:
        """Not a secret: whoever opens it has to sign in as the visit's provider."""
        return f"{self.public_url}/host/{appointment_id}"
