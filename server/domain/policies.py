"""What a patient gets back, by how long before the visit it is canceled, and the sentence that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RefundTier:
    """Canceling at least `hours_before` the start gives back `percent` of what was paid."""

    hours_before: int
    percent: int


def tiers_from(rows: Sequence[dict[str, int]]) -> tuple[RefundTier, ...]:
    """From the service's stored list, longest notice first."""
    tiers = (RefundTier(hours_before=row["hours_before"], percent=row["percent"]) for row in rows)
    return tuple(sorted(tiers, key=lambda tier: -tier.hours_before))


def refund_due(tiers: Sequence[RefundTier], paid_minor: int, starts_at: datetime, now: datetime) -> int:
    """Minor units due by policy when canceled at `now`; half a unit is rounded up, for the patient."""
    for tier in tiers:
        if starts_at - now >= timedelta(hours=tier.hours_before):
            return (paid_minor * tier.percent + 50) // 100
    return 0


def policy_sentence(tiers: Sequence[RefundTier]) -> str:
    """For example "Canceled 24 hours or more before the visit: full refund. …" """
    paying = list(tiers)
    while paying and paying[-1].percent == 0:
        paying.pop()
    if not paying:
        return "Payments for this service are not refunded."
    parts = [
        f"Canceled {_notice(tier.hours_before)}before the visit: "
        + ("full refund." if tier.percent == 100 else f"{tier.percent}% back.")
        for tier in paying
    ]
    parts.append("Later than that, or missed: no refund." if paying[-1].hours_before > 0 else "Missed: no refund.")
    return " ".join(parts)


def _notice(hours: int) -> str:
    return f"{hours} hour{'' if hours == 1 else 's'} or more " if hours else ""
