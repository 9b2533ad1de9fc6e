"""What staff screens need to fill their choices: clinics, services, providers."""

from uuid import UUID

from shared.schemas.types import MinorUnits, Wire


class ClinicChoice(Wire):
    id: UUID
    slug: str
    name: str
    time_zone: str
    country: str
    currency: str
    currency_exponent: int


class ServiceChoice(Wire):
    id: UUID
    name: str
    duration_minutes: int


class ProviderChoice(Wire):
    id: UUID
    name: str
    color: str


class Offering(Wire):
    """A provider gives a service at a clinic for a price."""

    clinic_id: UUID
    service_id: UUID
    provider_id: UUID
    price_minor: MinorUnits


class Organisation(Wire):
    """`environment` is "sandbox" or "live": a client shows a banner when nothing is real."""

    environment: str
    clinics: list[ClinicChoice]
    services: list[ServiceChoice]
    providers: list[ProviderChoice]
    offerings: list[Offering]
