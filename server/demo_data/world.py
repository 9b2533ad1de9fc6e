"""What all of the demo's stories share: the moment, the people, and the rows that come of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from server.db.sealing import Seals
from server.db.unit_of_work import Actor
from server.demo_data.organisation import Organisation, Values
from server.demo_data.providers import STAFF
from server.domain.links import Links
from shared.schemas.enums import ActorKind

STRIPE = Actor(ActorKind.PROCESSOR, "stripe")
_UNFINISHED = timedelta(seconds=30)


@dataclass(slots=True)
class Rows:
    """Rows by table, the references in use, and the remote visits whose meeting is still to be made."""

    references: set[str] = field(default_factory=set)
    appointments: list[Values] = field(default_factory=list)
    claims: list[Values] = field(default_factory=list)
    payments: list[Values] = field(default_factory=list)
    refunds: list[Values] = field(default_factory=list)
    ledger: list[Values] = field(default_factory=list)
    messages: list[Values] = field(default_factory=list)
    events: list[Values] = field(default_factory=list)
    meetings: list[Values] = field(default_factory=list)
    meetings_wanted: dict[UUID, datetime] = field(default_factory=dict)
    sandbox_meetings: list[Values] = field(default_factory=list)
    sandbox_stripe_objects: list[Values] = field(default_factory=list)
    sandbox_emails: list[Values] = field(default_factory=list)
    sandbox_texts: list[Values] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class World:
    """What every story takes place in."""

    organisation: Organisation
    links: Links
    seals: Seals
    now: datetime

    @property
    def seed(self) -> int:
        return self.organisation.seed

    def happened(self, at: datetime) -> bool:
        """Whether it lies far enough back for everything that follows at once to have followed."""
        return at <= self.now - _UNFINISHED

    def staff(self, key: str) -> Actor:
        member = next(member for member in STAFF if member.key == key)
        return Actor(ActorKind.STAFF, f"{member.name} ({member.role.value})", self.organisation.id(f"user {key}"))
