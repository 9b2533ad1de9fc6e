"""A provider's bookable time for one service at one clinic, and what is asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from server.domain.availability import (
    Interval,
    ServiceRules,
    WeeklyHours,
    is_open,
    moment_of,
    open_starts,
)
from server.domain.errors import Alternative


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours and busy intervals of one provider over a range of days; `price_minor` is that provider's price."""

    provider_id: UUID
    price_minor: int
    hours: tuple[WeeklyHours, ...]
    busy: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Bookable:
    """A service at a clinic with the calendars of those who offer it there."""

    clinic_id: UUID
    zone: ZoneInfo
    currency: str
    service_id: UUID
    rules: ServiceRules
    calendars: tuple[Calendar, ...]

    def slots(self, first: date, until: date, now: datetime) -> list[Alternative]:
        """Every open slot on `first` ≤ day < `until`, by start, then in the calendars' order."""
        found = [
            (start, order, calendar)
            for order, calendar in enumerate(self.calendars)
            for start in open_starts(
                hours=calendar.hours,
                zone=self.zone,
                busy=calendar.busy,
                rules=self.rules,
                first=first,
                until=until,
                now=now,
            )
        ]
        found.sort(key=lambda item: item[:2])
        return [
            Alternative(
                start=moment_of(start).astimezone(self.zone),
                end=moment_of(start + self.rules.duration).astimezone(self.zone),
                provider_id=calendar.provider_id,
                price_minor=calendar.price_minor,
            )
            for start, _, calendar in found
        ]

    def open_at(self, start: datetime, now: datetime) -> list[Calendar]:
        """The calendars in which `start` is open, in their order."""
        return [calendar for calendar in self.calendars if self._is_open(start, calendar, calendar.busy, now)]

    def offered_at(self, start: datetime, now: datetime) -> bool:
        """Whether `start` would be open to anybody if nothing were booked: tells "taken" from "never offered"."""
        return any(self._is_open(start, calendar, (), now) for calendar in self.calendars)

    def _is_open(
        self,
        start: datetime,
        calendar: Calendar,
        busy: Sequence[Interval],
        now: datetime,
    ) -> bool:
        return is_open(
            start,
            hours=calendar.hours,
            zone=self.zone,
            busy=busy,
            rules=self.rules,
            now=now,
        )


def nearest(slots: Sequence[Alternative], wanted: datetime, count: int = 3) -> list[Alternative]:
    """The `count` slots nearest to the wanted start, one for each moment, in the order of time."""
    by_moment: dict[datetime, Alternative] = {}
    for slot in slots:
        by_moment.setdefault(slot.start, slot)
    closest = sorted(by_moment.values(), key=lambda slot: (abs(slot.start - wanted), slot.start))[:count]
    return sorted(closest, key=lambda slot: slot.start)
