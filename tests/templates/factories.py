"""One visit as messages see it, on an address as long as real ones are."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.domain.links import Links
from server.templates.values import VisitValues

LINKS = Links("https://book.example.org", [b"k" * 32])
VISIT = UUID("0192f8a0-0000-7000-8000-00000000abcd")
START = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
TIERS = ({"hours_before": 24, "percent": 100}, {"hours_before": 4, "percent": 50})


def some_values(**changes: Any) -> VisitValues:
    """A paid video visit at a clinic in New York; `changes` replace parts of it."""
    values: dict[str, Any] = {
        "reference": "K7M-4QXH",
        "clinic_name": "Riverside Clinic",
        "clinic_phone": "+12125550100",
        "clinic_address": "1 Quay Street, New York",
        "service_name": "Video consultation",
        "provider_name": "Dr. Ann Ames",
        "first_name": "Mara",
        "last_name": "Lindt",
        "starts_at": START,
        "ends_at": START + timedelta(minutes=60),
        "expires_at": START - timedelta(days=2),
        "time_zone": "America/New_York",
        "patient_time_zone": None,
        "currency": "USD",
        "currency_exponent": 2,
        "total_minor": 12_500,
        "paid_minor": 12_500,
        "refunded_minor": 6_250,
        "refunding_minor": 6_250,
        "refund_tiers": TIERS,
        "visit_url": LINKS.visit("riverside", VISIT, 0),
        "book_url": LINKS.book("riverside"),
        "join_url": LINKS.join(VISIT, 0),
        "host_url": LINKS.host(VISIT),
    }
    return VisitValues(**{**values, **changes})


def in_person(**changes: Any) -> VisitValues:
    return some_values(join_url=None, host_url=None, service_name="Check-up", **changes)
