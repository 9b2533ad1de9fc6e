"""What the public may read of a clinic: its profile, its open slots, the websites that may embed it."""

from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.reads.calendars import bookable
from server.db.session import Database
from server.db.tables import Clinic, Offering, Provider, Service
from server.domain.consent import CONSENT_TEXT, CONSENT_VERSION
from server.domain.errors import Alternative, InvalidInputError, NotFoundError
from server.domain.links import is_slug
from server.domain.policies import policy_sentence, tiers_from
from shared.schemas.booking import (
    ClinicProfile,
    ProviderCard,
    ServiceCard,
    Slot,
    SlotList,
    Theme,
)
from shared.schemas.enums import VisitMode

LONGEST_SEARCH_DAYS = 62
_NO_CLINIC = "There is no clinic at this address."


async def clinic_profile(db: Database, slug: str, *, hold_minutes: int) -> ClinicProfile:
    """Everything the booking page needs besides slots. Raises NotFoundError for an unknown clinic."""
    if not is_slug(slug):
        raise NotFoundError(_NO_CLINIC)
    async with db.read.connect() as connection:
        clinic = (
            await connection.execute(
                select(
                    Clinic.id, Clinic.slug, Clinic.name, Clinic.address, Clinic.phone, Clinic.time_zone, Clinic.country,
                    Clinic.currency, Clinic.currency_exponent, Clinic.languages, Clinic.theme,
                ).where(Clinic.slug == slug)
            )
        ).one_or_none()  # fmt: skip
        if clinic is None:
            raise NotFoundError(_NO_CLINIC)
        services, providers = await _offerings(connection, clinic.id)
    return ClinicProfile(
        slug=clinic.slug,
        name=clinic.name,
        address=clinic.address,
        phone=clinic.phone,
        time_zone=clinic.time_zone,
        country=clinic.country,
        currency=clinic.currency,
        currency_exponent=clinic.currency_exponent,
        languages=clinic.languages,
        consent_text=CONSENT_TEXT,
        consent_version=CONSENT_VERSION,
        hold_minutes=hold_minutes,
        theme=Theme(**clinic.theme),
        services=services,
        providers=providers,
    )


async def _offerings(connection: AsyncConnection, clinic_id: UUID) -> tuple[list[ServiceCard], list[ProviderCard]]:
    rows = (
        await connection.execute(
            select(
                Service.id, Service.name, Service.description, Service.mode, Service.duration_minutes,
                Service.refund_tiers, Offering.provider_id, Offering.price_minor,
                Provider.name.label("provider_name"), Provider.title, Provider.bio,
            )
            .join(Offering, Offering.service_id == Service.id)
            .join(Provider, Provider.id == Offering.provider_id)
            .where(Offering.clinic_id == clinic_id, Offering.active, Service.active, Provider.active)
            .order_by(Service.name, Provider.name)
        )
    ).all()  # fmt: skip
    providers = {
        row.provider_id: ProviderCard(id=row.provider_id, name=row.provider_name, title=row.title, bio=row.bio)
        for row in rows
    }
    by_service = defaultdict(list)
    for row in rows:
        by_service[row.id].append(row)
    services = [
        ServiceCard(
            id=service_id,
            name=group[0].name,
            description=group[0].description,
            mode=VisitMode(group[0].mode),
            duration_minutes=group[0].duration_minutes,
            price_minor=min(row.price_minor for row in group),
            provider_ids=[row.provider_id for row in group],
            policy=policy_sentence(tiers_from(group[0].refund_tiers)),
        )
        for service_id, group in by_service.items()
    ]
    return services, sorted(providers.values(), key=lambda card: card.name)


async def clinic_origins(db: Database, slug: str) -> list[str]:
    """The websites that may embed the clinic's page. Raises NotFoundError for an unknown clinic."""
    if not is_slug(slug):
        raise NotFoundError(_NO_CLINIC)
    async with db.read.connect() as connection:
        origins = (await connection.execute(select(Clinic.origins).where(Clinic.slug == slug))).scalar_one_or_none()
    if origins is None:
        raise NotFoundError(_NO_CLINIC)
    return list(origins)


async def open_slots(
    db: Database,
    slug: str,
    *,
    service_id: UUID,
    provider_id: UUID | None,
    from_day: date,
    to_day: date,
) -> SlotList:
    """Open slots on the clinic's days `from_day` ≤ day < `to_day`, at most 62 of them.

    Raises NotFoundError when the service is not offered there, InvalidInputError for an impossible range.
    """
    if not from_day < to_day:
        raise InvalidInputError(
            "The range ends before it begins.",
            next_step="Let `to` be after `from`.",
            field="to",
        )
    if to_day - from_day > timedelta(days=LONGEST_SEARCH_DAYS):
        raise InvalidInputError(
            f"At most {LONGEST_SEARCH_DAYS} days can be searched at once.",
            next_step="Ask for fewer days.",
            field="to",
        )
    if not 2000 <= from_day.year <= 2200:
        raise InvalidInputError(
            "This date cannot be searched.",
            next_step="Ask for days near today.",
            field="from",
        )
    async with db.read.connect() as connection:
        now = (await connection.execute(text("SELECT frontdesk_now()"))).scalar_one()
        found = await bookable(
            connection,
            slug=slug, service_id=service_id, provider_id=provider_id, first=from_day, until=to_day, now=now,
        )  # fmt: skip
    return SlotList(
        time_zone=found.zone.key,
        slots=[as_slot(slot) for slot in found.slots(from_day, to_day, now)],
    )


def as_slot(slot: Alternative) -> Slot:
    return Slot(
        start=slot.start,
        end=slot.end,
        provider_id=slot.provider_id,
        price_minor=slot.price_minor,
    )
