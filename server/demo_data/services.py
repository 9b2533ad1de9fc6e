"""What the demo's clinics are and what they offer, in the words of a clinic. No rows: see `organisation`."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from server.domain.availability import ServiceRules
from shared.schemas.enums import VisitMode

Tiers = tuple[tuple[int, int], ...]

_LENIENT: Tiers = ((24, 100), (4, 50))
_STRICT: Tiers = ((48, 100), (24, 50))
_KIND: Tiers = ((12, 100), (2, 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicPlan:
    slug: str
    name: str
    address: str
    phone: str
    time_zone: str
    country: str
    currency: str
    languages: tuple[str, ...]
    currency_exponent: int = 2
    accent: str
    radius: int

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """Minutes throughout; `tiers` are (hours before, percent back)."""

    key: str
    name: str
    description: str
    mode: VisitMode
    duration: int
    grid: int
    tiers: Tiers
    prep: int = 0
    wrap: int = 0
    notice: int = 120
    horizon_days: int = 60

    @property
    def rules(self) -> ServiceRules:
        return ServiceRules(self.duration, self.prep, self.wrap, self.grid, self.notice, self.horizon_days)

    @property
    def refund_tiers(self) -> list[dict[str, int]]:
        return [{"hours_before": hours, "percent": percent} for hours, percent in self.tiers]


CLINICS = {
    clinic.slug: clinic
    for clinic in (
        ClinicPlan(
            slug="harbor",
            name="Harbor Physio & Health",
            address="214 Pier Street, Brooklyn, NY 11231",
            phone="+1 718 555 0142",
            time_zone="America/New_York",
            country="US",
            currency="USD",
            languages=("en", "es"),
            accent="#0b6e6e",
            radius=4,
        ),
        ClinicPlan(
            slug="lakeside",
            name="Lakeside Clinic",
            address="8 Serpentine Walk, London W2 3XA",
            phone="+44 20 7946 0321",
            time_zone="Europe/London",
            country="GB",
            currency="GBP",
            languages=("en",),
            accent="#1b6b3c",
            radius=8,
        ),
    )
}

SERVICES = {
    service.key: service
    for service in (
        ServicePlan(
            key="intro",
            name="Free introductory call",
            description="Fifteen minutes by video to find out who can help you. No charge, no obligation.",
            mode=VisitMode.REMOTE,
            duration=15,
            grid=15,
            notice=30,
            horizon_days=30,
            tiers=(),
        ),
        ServicePlan(
            key="physio-first",
            name="Physiotherapy, first visit",
            description="We listen, examine, and agree on a plan with you. Wear something you can move in.",
            mode=VisitMode.IN_PERSON,
            duration=60,
            wrap=15,
            grid=30,
            tiers=_LENIENT,
        ),
        ServicePlan(
            key="physio",
            name="Physiotherapy, follow-up",
            description="Treatment and exercises that build on your last visit.",
            mode=VisitMode.IN_PERSON,
            duration=30,
            grid=30,
            tiers=_LENIENT,
        ),
        ServicePlan(
            key="physio-video",
            name="Physiotherapy by video",
            description="Exercises checked and advanced from home. A mat and two metres of floor are enough.",
            mode=VisitMode.REMOTE,
            duration=30,
            wrap=5,
            grid=15,
            notice=60,
            tiers=_KIND,
        ),
        ServicePlan(
            key="physio-home",
            name="Physiotherapy at home",
            description="For those who cannot come to us. Travel within the city is included.",
            mode=VisitMode.HOME_VISIT,
            duration=60,
            prep=30,
            wrap=30,
            grid=30,
            notice=1440,
            tiers=_STRICT,
        ),
        ServicePlan(
            key="massage",
            name="Sports massage",
            description="Deep tissue work before or after training.",
            mode=VisitMode.IN_PERSON,
            duration=45,
            prep=5,
            wrap=10,
            grid=15,
            tiers=_KIND,
        ),
        ServicePlan(
            key="gp",
            name="General practice visit",
            description="For anything new, or anything that will not go away.",
            mode=VisitMode.IN_PERSON,
            duration=20,
            wrap=10,
            grid=10,
            notice=60,
            tiers=_LENIENT,
        ),
        ServicePlan(
            key="gp-video",
            name="General practice by video",
            description="Prescriptions, results, and questions that need no examination.",
            mode=VisitMode.REMOTE,
            duration=15,
            wrap=5,
            grid=20,
            notice=30,
            tiers=_KIND,
        ),
        ServicePlan(
            key="check-up",
            name="Full health check",
            description="Ninety minutes with blood tests, heart trace and a talk about the results.",
            mode=VisitMode.IN_PERSON,
            duration=90,
            prep=10,
            wrap=10,
            grid=30,
            notice=2880,
            horizon_days=120,
            tiers=((72, 100), (24, 50)),
        ),
        ServicePlan(
            key="therapy-first",
            name="Talking therapy, first session",
            description="A longer first meeting by video, to see whether we suit each other.",
            mode=VisitMode.REMOTE,
            duration=80,
            wrap=10,
            grid=30,
            notice=1440,
            horizon_days=90,
            tiers=_STRICT,
        ),
        ServicePlan(
            key="therapy",
            name="Talking therapy",
            description="Fifty minutes by video, at the same hour each week if you like.",
            mode=VisitMode.REMOTE,
            duration=50,
            wrap=10,
            grid=30,
            notice=1440,
            horizon_days=90,
            tiers=_STRICT,
        ),
        ServicePlan(
            key="nutrition",
            name="Nutrition consultation",
            description="What you eat, what you would like to eat, and the way from one to the other.",
            mode=VisitMode.REMOTE,
            duration=40,
            wrap=5,
            grid=15,
            notice=240,
            tiers=((24, 100), (2, 50)),
        ),
    )
}
