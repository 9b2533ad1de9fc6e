"""The rows of the demo's clinics, services, providers and staff."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range

from server.demo_data.chance import chance, identifier
from server.demo_data.providers import PROVIDERS, STAFF
from server.demo_data.services import CLINICS, SERVICES
from shared.schemas.enums import ResourceKind

Values = dict[str, Any]


@dataclass(slots=True)
class Organisation:
    """Ids by key, the same for the same seed and day of opening."""

    seed: int
    opened: datetime
    _ids: dict[str, UUID] = field(default_factory=dict)

    def id(self, key: str) -> UUID:
        if key not in self._ids:
            self._ids[key] = identifier(chance(self.seed, "id", key), self.opened)
        return self._ids[key]

    def clinics(self, origins: Mapping[str, list[str]]) -> list[Values]:
        return [
            {
                "id": self.id(plan.slug), "slug": plan.slug, "name": plan.name, "address": plan.address,
                "phone": plan.phone, "time_zone": plan.time_zone, "country": plan.country, "currency": plan.currency,
                "currency_exponent": plan.currency_exponent, "languages": list(plan.languages), "origins": origins.get(plan.slug, []),
                "theme": {"accent": plan.accent, "surface": "#f4f7f7", "text": "#14201f", "radius": plan.radius},
                "created_at": self.opened,
            }
            for plan in CLINICS.values()
        ]  # fmt: skip

    def services(self) -> list[Values]:
        return [
            {
                "id": self.id(plan.key), "name": plan.name, "description": plan.description, "mode": plan.mode.value,
                "duration_minutes": plan.duration, "prep_minutes": plan.prep, "wrap_minutes": plan.wrap,
                "grid_minutes": plan.grid, "notice_minutes": plan.notice, "horizon_days": plan.horizon_days,
                "refund_tiers": plan.refund_tiers, "created_at": self.opened,
            }
            for plan in SERVICES.values()
        ]  # fmt: skip

    def resources(self) -> list[Values]:
        kind = ResourceKind.PROVIDER.value
        return [{"id": self.id(plan.key), "kind": kind, "name": plan.name} for plan in PROVIDERS.values()]

    def providers(self) -> list[Values]:
        return [
            {
                "id": self.id(plan.key), "name": plan.name, "title": plan.title, "bio": plan.bio,
                "email": plan.email, "mobile": plan.mobile, "color": plan.color,
            }
            for plan in PROVIDERS.values()
        ]  # fmt: skip

    def offerings(self) -> list[Values]:
        return [
            {
                "id": self.id(f"offering {plan.key} {clinic} {service}"), "clinic_id": self.id(clinic),
                "service_id": self.id(service), "provider_id": self.id(plan.key), "price_minor": price,
            }
            for plan in PROVIDERS.values()
            for clinic, prices in plan.offers.items()
            for service, price in prices.items()
        ]  # fmt: skip

    def weekly_hours(self) -> list[Values]:
        return [
            {
                "id": self.id(f"hours {plan.key} {clinic} {hours.weekday} {hours.start_minute}"),
                "provider_id": self.id(plan.key), "clinic_id": self.id(clinic), "weekday": hours.weekday,
                "start_minute": hours.start_minute, "end_minute": hours.end_minute,
            }
            for plan in PROVIDERS.values()
            for clinic in plan.hours
            for hours in plan.weekly(clinic)
        ]  # fmt: skip

    def time_off(self, now: datetime) -> list[Values]:
        return [
            {
                "id": self.id(f"away {plan.key} {order}"), "resource_id": self.id(plan.key),
                "during": Range(begins, ends, bounds="[)"), "reason": reason,
            }
            for plan in PROVIDERS.values()
            for order, (begins, ends, reason) in enumerate(plan.absences(now))
        ]  # fmt: skip

    def users(self, password_hash: str) -> list[Values]:
        return [
            {
                "id": self.id(f"user {member.key}"), "email": f"{member.key}@demo.test", "name": member.name,
                "role": member.role.value, "password_hash": password_hash,
                "provider_id": self.id(member.provider) if member.provider else None, "created_at": self.opened,
            }
            for member in STAFF
        ]  # fmt: skip
