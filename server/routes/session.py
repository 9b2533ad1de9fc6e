"""Staff sign-in and sign-out."""

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from server.actions import signing_in
from server.config import Settings
from server.db.session import Database
from server.domain.permissions import PERMISSIONS, Viewer
from server.routes.rate_limit import limited
from shared.schemas.session import Session, SignInRequest, StaffUser


def as_user(viewer: Viewer) -> StaffUser:
    return StaffUser(
        id=viewer.user_id,
        name=viewer.name,
        email=viewer.email,
        role=viewer.role,
        provider_id=viewer.provider_id,
        may=sorted(PERMISSIONS[viewer.role]),
    )


@post("/", guards=[limited("sign_in")])
async def sign_in(
    data: JSONBody[SignInRequest],
    db: NamedDependency[SkipValidation[Database]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Session:
    token, viewer, ends = await signing_in.sign_in(
        db, data.email, data.password, device=data.device, hours=settings.session_hours
    )
    return Session(token=token, user=as_user(viewer), expires_at=ends)


@get("/")
async def read_session(viewer: NamedDependency[SkipValidation[Viewer]]) -> StaffUser:
    return as_user(viewer)


@delete("/")
async def sign_out(
    viewer: NamedDependency[SkipValidation[Viewer]],
    db: NamedDependency[SkipValidation[Database]],
) -> None:
    await signing_in.sign_out(db, viewer)


router = Router(
    path="/api/session",
    route_handlers=[sign_in, read_session, sign_out],
    tags=["session"],
)
