"""Add a member of staff."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.actions.contacts import email_address
from server.actions.signing_in import hashed
from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import User
from server.db.unit_of_work import SYSTEM, Actor, unit_of_work
from server.domain.errors import InvalidInputError
from shared.schemas.enums import EventKind, Role

SHORTEST_PASSWORD = 12


async def create_staff(
    db: Database,
    *,
    email: str,
    name: str,
    password: str,
    role: Role,
    provider_id: UUID | None = None,
    actor: Actor = SYSTEM,
) -> UUID:
    """The new user's id. Raises InvalidInputError for a short password, a patient's role, or an address in use."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInputError(
            f"The password is shorter than {SHORTEST_PASSWORD} characters.",
            next_step="Choose a longer one; several words make a good one.",
            field="password",
        )
    if role is Role.PATIENT:
        raise InvalidInputError("A patient does not sign in as staff.", field="role")
    address = email_address(email)
    password_hash = await hashed(password)
    user_id = new_id()
    async with unit_of_work(db, actor) as work:
        added = await work.connection.execute(
            postgres_insert(User)
            .values(
                id=user_id,
                email=address,
                name=name,
                role=role,
                password_hash=password_hash,
                provider_id=provider_id,
            )
            .on_conflict_do_nothing(index_elements=[User.email])
            .returning(User.id)
        )
        if added.scalar_one_or_none() is None:
            raise InvalidInputError("There is a user with this e-mail address already.", field="email")
        work.record(EventKind.STAFF_CREATED, after={"user": str(user_id), "role": role})
    return user_id
