"""Which visits are asked for, when, by whom and how long before: everything that does not depend on the hour of day.

The hours, grids and buffers are the booking rules' own. What has not been booked yet at the present hour is left out
later, so that days further away are emptier, as in life.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from server.demo_data.chance import chance
from server.demo_data.people import Person
from server.demo_data.providers import PROVIDERS, ProviderPlan
from server.demo_data.services import CLINICS, SERVICES, ClinicPlan, ServicePlan
from server.domain.availability import Interval, Minute, grid_starts, minute_of, moment_of, opening_spans, wall_minute
from shared.schemas.enums import VisitMode

DAYS_BACK, DAYS_AHEAD = 90, 30
_GAP_MINUTES = 30
_TODAY = 0.9
_WEEKDAYS = (1.12, 1.02, 1.06, 0.98, 0.88, 0.92, 0.8)
_LONGEST_LEAD_DAYS = 23
_DAY_MINUTES = 1440
_SHARES = {"physio": 5, "physio-first": 2, "gp": 5, "gp-video": 4, "therapy": 5, "nutrition": 4, "massage": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A visit that somebody asks for at `booked_at`; `key` names it among all others."""

    key: str
    clinic: ClinicPlan
    provider: ProviderPlan
    service: ServicePlan
    price_minor: int
    patient: Person
    by_phone: bool
    booked_at: datetime
    start: Minute
    day: date

    @property
    def starts_at(self) -> datetime:
        return moment_of(self.start)

    @property
    def ends_at(self) -> datetime:
        return moment_of(self.start + self.service.duration)

    @property
    def free_of_charge(self) -> bool:
        return self.price_minor == 0


def wanted_visits(seed: int, people: list[Person], now: datetime) -> list[Wanted]:
    """From `DAYS_BACK` days ago to `DAYS_AHEAD` days from now, no two of a provider overlapping, buffers included."""
    result: list[Wanted] = []
    seen: set[tuple[int, date]] = set()
    for provider in PROVIDERS.values():
        taken: dict[int, list[Interval]] = defaultdict(list)
        for begins, ends, _ in provider.absences(now):
            _take(taken, (minute_of(begins), minute_of(ends)))
        for slug in provider.hours:
            clinic = CLINICS[slug]
            today = now.astimezone(clinic.zone).date()
            patients = [person for person in people if person.home == slug]
            for days in range(-DAYS_BACK, DAYS_AHEAD + 1):
                result += _day(seed, provider, clinic, patients, seen, taken, today + timedelta(days=days), days)
    return result


def _day(
    seed: int,
    provider: ProviderPlan,
    clinic: ClinicPlan,
    patients: list[Person],
    seen: set[tuple[int, date]],
    taken: dict[int, list[Interval]],
    day: date,
    days: int,
) -> list[Wanted]:
    draw = chance(seed, "day", provider.key, clinic.slug, days)
    # Business has grown a little, by a fifth over the last quarter; and today is full, so that there is much to see.
    growth = 1 + min(days, 0) / (5 * DAYS_BACK)
    load = _TODAY if days == 0 else provider.busy * _WEEKDAYS[day.weekday()] * growth
    prices = provider.offers[clinic.slug]
    services, shares = list(prices), [_SHARES.get(key, 1) for key in prices]
    result = []
    for span in opening_spans(provider.weekly(clinic.slug), clinic.zone, day, day + timedelta(days=1)):
        earliest = span[0]
        while earliest < span[1]:
            if draw.random() > load:
                earliest += _GAP_MINUTES
                continue
            service = SERVICES[draw.choices(services, shares)[0]]
            start = _first_free(span, earliest, service, taken)
            if start is None:
                earliest += _GAP_MINUTES
                continue
            _take(taken, service.rules.claimed(start))
            earliest = service.rules.claimed(start)[1]
            result.append(
                _asked_for(
                    f"{provider.key} {clinic.slug} {days} {start - wall_minute(day, 0, clinic.zone)}",
                    seed,
                    clinic=clinic,
                    provider=provider,
                    service=service,
                    patient=_somebody(draw, patients, day, seen),
                    start=start,
                    day=day,
                )
            )
    return result


def _somebody(draw: Random, patients: list[Person], day: date, seen: set[tuple[int, date]]) -> Person:
    """A patient who comes at most once that day."""
    person = draw.choice(patients)
    while (person.key, day) in seen:
        person = draw.choice(patients)
    seen.add((person.key, day))
    return person


def _first_free(
    span: Interval, earliest: Minute, service: ServicePlan, taken: dict[int, list[Interval]]
) -> Minute | None:
    for start in grid_starts(span, service.rules):
        claimed = service.rules.claimed(start)
        if start >= earliest and not any(
            claimed[0] < end and begin < claimed[1] for day in _days(claimed) for begin, end in taken[day]
        ):
            return start
    return None


def _take(taken: dict[int, list[Interval]], interval: Interval) -> None:
    for day in _days(interval):
        taken[day].append(interval)


def _days(interval: Interval) -> range:
    return range(interval[0] // _DAY_MINUTES, interval[1] // _DAY_MINUTES + 1)


def _asked_for(
    key: str,
    seed: int,
    *,
    clinic: ClinicPlan,
    provider: ProviderPlan,
    service: ServicePlan,
    patient: Person,
    start: Minute,
    day: date,
) -> Wanted:
    draw = chance(seed, "asked", key)
    by_phone = patient.email is None or draw.random() < (0.4 if service.mode is not VisitMode.REMOTE else 0.12)
    return Wanted(
        key=key,
        clinic=clinic,
        provider=provider,
        service=service,
        price_minor=provider.offers[clinic.slug][service.key],
        patient=patient,
        by_phone=by_phone,
        booked_at=_booked_at(draw, clinic, service, start, day, by_phone=by_phone),
        start=start,
        day=day,
    )


def _booked_at(
    draw: Random, clinic: ClinicPlan, service: ServicePlan, start: Minute, day: date, *, by_phone: bool
) -> datetime:
    """A whole minute, in waking hours of the clinic's zone, at least the service's notice before the start."""
    least, most = draw.choices(((0, 0), (1, 2), (3, 10), (11, _LONGEST_LEAD_DAYS)), (14, 24, 41, 21))[0]
    booked_on = day - timedelta(days=draw.randint(least, most))
    if booked_on.weekday() > 4 and draw.random() < (0.9 if by_phone else 0.5):
        booked_on -= timedelta(days=booked_on.weekday() - draw.randint(0, 4))
    hour = draw.triangular(8, 18, 10.5) if by_phone else draw.triangular(7, 22.5, 12)
    latest = start - service.notice - 30
    while True:
        minute = timedelta(minutes=int(hour * 60))
        moment = (datetime.combine(booked_on, time(), tzinfo=clinic.zone) + minute).astimezone(UTC)
        if minute_of(moment) <= latest:
            return moment
        booked_on -= timedelta(days=1)
