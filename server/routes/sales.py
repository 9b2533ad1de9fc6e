"""Sales figures, under the filters of the list."""

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from server.db.reads import sales
from server.db.reads.filters import Filters
from server.db.session import Database
from server.domain.permissions import Viewer
from server.routes.filters import provide_filters
from server.routes.staff import requires
from shared.schemas.enums import Verb
from shared.schemas.sales import SalesDays, SalesSummary

Db = NamedDependency[SkipValidation[Database]]
Who = NamedDependency[SkipValidation[Viewer]]
Filtered = NamedDependency[SkipValidation[Filters]]


@get("/summary", guards=[requires(Verb.VIEW_DAY_SALES)])
async def read_summary(db: Db, viewer: Who, filters: Filtered) -> SalesSummary:
    return await sales.sales_summary(db, viewer, filters)


@get("/daily", guards=[requires(Verb.VIEW_DAY_SALES)])
async def read_daily(db: Db, viewer: Who, filters: Filtered) -> SalesDays:
    return await sales.sales_daily(db, viewer, filters)


router = Router(
    path="/api/sales",
    route_handlers=[read_summary, read_daily],
    dependencies={"filters": Provide(provide_filters, sync_to_thread=False)},
    tags=["sales"],
)
