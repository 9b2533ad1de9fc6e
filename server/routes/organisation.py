"""What staff screens need to fill their choices."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from server.config import Settings
from server.db.reads.organisation import organisation
from server.db.session import Database
from server.domain.permissions import Viewer
from server.routes.staff import requires
from shared.schemas.enums import Verb
from shared.schemas.organisation import Organisation


@get("/api/organisation", guards=[requires(Verb.VIEW_SCHEDULE)], tags=["organisation"])
async def read_organisation(
    db: NamedDependency[SkipValidation[Database]],
    viewer: NamedDependency[SkipValidation[Viewer]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Organisation:
    return await organisation(db, viewer, environment=settings.mode)
