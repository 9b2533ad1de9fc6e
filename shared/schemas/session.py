"""Staff sign-in."""

from uuid import UUID

from shared.schemas.enums import Role, Verb
from shared.schemas.types import Asked, Email, Instant, Line, Password, Wire


class SignInRequest(Asked):
    email: Email
    password: Password
    device: Line = ""


class StaffUser(Wire):
    id: UUID
    name: str
    email: str
    role: Role
    provider_id: UUID | None
    may: list[Verb]


class Session(Wire):
    token: str
    user: StaffUser
    expires_at: Instant
