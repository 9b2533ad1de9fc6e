"""Who works at the demo's clinics: when, what they offer for how much, and who signs in. No rows: see `organisation`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.demo_data.services import CLINICS
from server.domain.availability import WeeklyHours
from shared.schemas.enums import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPlan:
    """`hours`: by clinic, weekdays (0 is Monday) with spans such as `8-12 13-17:30`. `offers`: by clinic, service
    and price in minor units. `away`: days from today (first, last), hours of the day, reason. `busy`: 0 to 1."""

    key: str
    name: str
    title: str
    bio: str
    mobile: str | None
    color: str
    hours: Mapping[str, tuple[tuple[str, str], ...]]
    offers: Mapping[str, Mapping[str, int]]
    away: tuple[tuple[int, int, str, str], ...] = ()
    busy: float = 0.5

    @property
    def email(self) -> str:
        return f"{self.key}@demo.test"

    def weekly(self, clinic: str) -> list[WeeklyHours]:
        return [
            WeeklyHours(int(weekday), *_minutes(span))
            for weekdays, spans in self.hours[clinic]
            for weekday in weekdays
            for span in spans.split()
        ]

    def absences(self, now: datetime) -> list[tuple[datetime, datetime, str]]:
        """In the zone of the first clinic they work at, relative to its today."""
        zone = CLINICS[next(iter(self.hours))].zone
        today = now.astimezone(zone).date()
        result = []
        for first, last, span, reason in self.away:
            begins, ends = _minutes(span)
            result.append((_wall(today, first, begins, zone), _wall(today, last, ends, zone), reason))
        return result


def _minutes(span: str) -> tuple[int, int]:
    """`8:30-12` → (510, 720)"""
    begins, ends = (
        int(hour) * 60 + int(minute or 0) for hour, _, minute in (part.partition(":") for part in span.split("-"))
    )
    return begins, ends


def _wall(today: date, days: int, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(today + timedelta(days=days), time(), tzinfo=zone) + timedelta(minutes=minute)


PROVIDERS = {
    provider.key: provider
    for provider in (
        ProviderPlan(
            key="maya",
            name="Dr. Maya Okafor",
            title="Physiotherapist, DPT",
            bio="Knees, hips and backs. Runs marathons, and forgives those who do not.",
            mobile="+17185550161",
            color="#0b6e6e",
            hours={"harbor": (("0123", "8-12 13-17:30"), ("4", "8-14"))},
            offers={"harbor": {"physio-first": 14_000, "physio": 8_500, "physio-video": 7_000, "intro": 0}},
            busy=0.38,
        ),
        ProviderPlan(
            key="tom",
            name="Tom Sullivan",
            title="Physiotherapist, DPT",
            bio="Shoulders and sports injuries; early mornings, late evenings, Saturdays.",
            mobile="+17185550162",
            color="#b45309",
            hours={"harbor": (("024", "7-13"), ("13", "12-16 16:30-20"), ("5", "9-14"))},
            offers={"harbor": {"physio-first": 12_500, "physio": 7_500, "physio-home": 19_000, "massage": 9_500}},
            away=((4, 4, "13-20", "Course"),),
            busy=0.33,
        ),
        ProviderPlan(
            key="lucia",
            name="Dr. Lucía Ferrer",
            title="General practitioner, MD",
            bio="Family medicine in English and Spanish.",
            mobile="+17185550163",
            color="#7c3aed",
            hours={"harbor": (("01234", "9-12:30 13:30-17"),)},
            offers={"harbor": {"gp": 13_000, "gp-video": 7_500, "check-up": 32_000}},
            away=((9, 15, "0-24", "Vacation"), (-52, -50, "0-24", "Conference")),
            busy=0.33,
        ),
        ProviderPlan(
            key="renee",
            name="Renée Dubois",
            title="Massage therapist, LMT",
            bio="Firm hands. Works with dancers and desk workers alike.",
            mobile=None,
            color="#be123c",
            hours={"harbor": (("1234", "10-14 15-19"), ("56", "9-15"))},
            offers={"harbor": {"massage": 11_000}},
            away=((-30, -24, "0-24", "Vacation"),),
            busy=0.28,
        ),
        ProviderPlan(
            key="aiko",
            name="Dr. Aiko Tanaka",
            title="Psychologist, PsyD",
            bio="Talking therapy by video, evenings too. Sees patients of both clinics.",
            mobile="+17185550165",
            color="#2563eb",
            hours={
                "harbor": (("0123", "13-17 18-22"), ("6", "11-16")),
                "lakeside": (("45", "13-17 17:30-20"),),
            },
            offers={
                "harbor": {"therapy-first": 24_000, "therapy": 16_000, "intro": 0},
                "lakeside": {"therapy-first": 18_500, "therapy": 12_500, "intro": 0},
            },
            busy=0.36,
        ),
        ProviderPlan(
            key="oliver",
            name="Dr. Oliver Whitcombe",
            title="General practitioner, MRCGP",
            bio="Twenty years of general practice, and still curious.",
            mobile="+447400123461",
            color="#15803d",
            hours={"lakeside": (("01234", "8:30-12:30 13:30-17:30"),)},
            offers={"lakeside": {"gp": 8_500, "gp-video": 4_900, "check-up": 24_500}},
            away=((-41, -35, "0-24", "Holiday"), (6, 6, "12-24", "Training")),
            busy=0.36,
        ),
        ProviderPlan(
            key="priya",
            name="Priya Nair",
            title="Physiotherapist, MCSP",
            bio="Recovery after surgery, at the clinic and at your home.",
            mobile="+447400123462",
            color="#0891b2",
            hours={"lakeside": (("013", "8-12 13-18"), ("2", "10-16"), ("56", "9-13"))},
            offers={
                "lakeside": {"physio-first": 9_000, "physio": 5_500, "physio-video": 4_500, "physio-home": 11_000},
            },
            away=((2, 2, "12-24", "Training"),),
            busy=0.33,
        ),
        ProviderPlan(
            key="sian",
            name="Siân Llewellyn",
            title="Dietitian, RD",
            bio="Food without fear, for families, athletes and hearts.",
            mobile=None,
            color="#a16207",
            hours={"lakeside": (("012", "7-13 14-16"), ("3", "12-20"), ("6", "9-13")), "harbor": (("4", "8-13"),)},
            offers={"lakeside": {"nutrition": 6_500, "intro": 0}, "harbor": {"nutrition": 9_000}},
            busy=0.28,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who signs in; `provider` is the key of the provider they are."""

    key: str
    name: str
    role: Role
    provider: str | None = None


STAFF = (
    Member("admin", "Ada Lindqvist", Role.ADMIN),
    Member("manager", "Marcus Bell", Role.MANAGER),
    Member("desk", "Dana Reyes", Role.FRONT_DESK),
    Member("provider", "Dr. Maya Okafor", Role.PROVIDER, "maya"),
)
