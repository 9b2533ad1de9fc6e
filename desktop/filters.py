"""Which appointments are on screen: one value that the list, the sales figures and the export share. No Qt, no network."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from shared.schemas.enums import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFilters:
    """`first_day` is included, `end_day` is not; both are calendar days of the clinic. None or empty: no limit.

    `soonest_first` is how a desk reads what lies ahead; what is past is read from the latest back.
    """

    first_day: date | None = None
    end_day: date | None = None
    clinic_id: UUID | None = None
    service_id: UUID | None = None
    provider_id: UUID | None = None
    payment_status: str | None = None
    status: str | None = None
    text: str = ""
    soonest_first: bool = False

    def query(self) -> dict[str, str]:
        """The filters as query parameters of the list, the sales and the export endpoints."""
        named = {
            "from": self.first_day,
            "to": self.end_day,
            "clinic_id": self.clinic_id,
            "service_id": self.service_id,
            "provider_id": self.provider_id,
            "payment_status": self.payment_status,
            "status": self.status,
            "q": self.text.strip(),
            "order": Order.SOONEST_FIRST if self.soonest_first else None,
        }
        return {name: str(value) for name, value in named.items() if value}

    @property
    def narrowed(self) -> bool:
        """True when something other than the days limits the list."""
        return any(
            (self.clinic_id, self.service_id, self.provider_id, self.payment_status, self.status, self.text.strip())
        )


@dataclass(frozen=True, slots=True)
class DayRange:
    """A named range relative to today: `start` and `end` in days from today, `end` not included."""

    name: str
    start: int | None
    end: int | None

    def days(self, today: date) -> tuple[date | None, date | None]:
        """First day and the day after the last; None where the range is open."""
        first = None if self.start is None else today + timedelta(days=self.start)
        end = None if self.end is None else today + timedelta(days=self.end)
        return first, end


DAY_RANGES = (
    DayRange("Today", 0, 1),
    DayRange("Tomorrow", 1, 2),
    DayRange("Next 7 days", 0, 7),
    DayRange("Next 14 days", 0, 14),
    DayRange("Next 30 days", 0, 30),
    DayRange("Last 7 days", -6, 1),
    DayRange("Last 30 days", -29, 1),
    DayRange("Last 90 days", -89, 1),
    DayRange("Any date", None, None),
)
USUAL_RANGE = DAY_RANGES[3]
