"""Who may do what: one table of role × verb. Whose rows are seen is decided by the reads, which take the viewer."""

from dataclasses import dataclass
from uuid import UUID

from server.domain.errors import ForbiddenError
from shared.schemas.enums import Role, Verb

_DESK = frozenset(
    {
        Verb.VIEW_SCHEDULE,
        Verb.VIEW_APPOINTMENT,
        Verb.BOOK_APPOINTMENT,
        Verb.CANCEL_APPOINTMENT,
        Verb.REFUND_PAYMENT,
        Verb.SEND_MESSAGE,
        Verb.VIEW_DAY_SALES,
        Verb.FOLLOW_EVENTS,
    }
)
_MANAGER = _DESK | {Verb.VIEW_SALES, Verb.EXPORT_DATA}

PERMISSIONS: dict[Role, frozenset[Verb]] = {
    Role.ADMIN: _MANAGER | {Verb.MANAGE_SETUP, Verb.MANAGE_STAFF},
    Role.MANAGER: _MANAGER,
    Role.FRONT_DESK: _DESK,
    # A provider sees the own schedule only: the reads narrow every query to their id.
    Role.PROVIDER: frozenset({Verb.VIEW_SCHEDULE, Verb.VIEW_APPOINTMENT, Verb.HOST_VISIT, Verb.FOLLOW_EVENTS}),
    # A patient signs in nowhere: the token of one visit is the whole of what they may reach.
    Role.PATIENT: frozenset({Verb.MANAGE_OWN_VISIT}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in member of staff."""

    user_id: UUID
    session_id: UUID
    name: str
    email: str
    role: Role
    provider_id: UUID | None = None

    def may(self, verb: Verb) -> bool:
        return verb in PERMISSIONS[self.role]

    def require(self, verb: Verb) -> None:
        """Raises ForbiddenError when the role lacks the verb."""
        if not self.may(verb):
            raise ForbiddenError(
                f"The role {self.role.value.replace('_', ' ')} may not {verb.value.replace('_', ' ')}."
            )
