"""What staff screens need to fill their choices."""

from sqlalchemy import select

from server.db import tables
from server.db.session import Database
from server.domain.permissions import Viewer
from shared.schemas.enums import Verb
from shared.schemas.organisation import (
    ClinicChoice,
    Offering,
    Organisation,
    ProviderChoice,
    ServiceChoice,
)


async def organisation(db: Database, viewer: Viewer, *, environment: str) -> Organisation:
    """Clinics, services, providers and who offers what where. Raises ForbiddenError."""
    viewer.require(Verb.VIEW_SCHEDULE)
    clinic, service, provider, offering = (
        tables.Clinic,
        tables.Service,
        tables.Provider,
        tables.Offering,
    )
    async with db.read.connect() as connection:
        clinics = (
            await connection.execute(
                select(
                    clinic.id, clinic.slug, clinic.name, clinic.time_zone, clinic.country, clinic.currency,
                    clinic.currency_exponent,
                ).order_by(clinic.name)
            )
        ).all()  # fmt: skip
        services = (
            await connection.execute(
                select(service.id, service.name, service.duration_minutes).where(service.active.is_(True)).order_by(service.name)
            )
        ).all()  # fmt: skip
        providers = (
            await connection.execute(
                select(provider.id, provider.name, provider.color).where(provider.active.is_(True)).order_by(provider.name)
            )
        ).all()  # fmt: skip
        offerings = (
            await connection.execute(
                select(
                    offering.clinic_id, offering.service_id, offering.provider_id, offering.price_minor
                ).where(offering.active.is_(True))
            )
        ).all()  # fmt: skip
    return Organisation(
        environment=environment,
        clinics=[ClinicChoice(*row) for row in clinics],
        services=[ServiceChoice(*row) for row in services],
        providers=[ProviderChoice(*row) for row in providers],
        offerings=[Offering(*row) for row in offerings],
    )
