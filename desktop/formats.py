"""How values are written on screen: money, times, status words, actors. Pure text, no Qt.

Times are always written in a clinic's zone, which is named; money always shows its currency.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.schemas.enums import (
    AppointmentStatus,
    EventKind,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    RefundStatus,
    Role,
    VisitMode,
)

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "JPY": "¥", "INR": "₹"}
_MINUS = "\N{MINUS SIGN}"


def money(minor: int, exponent: int, currency: str) -> str:
    """`money(-12050, 2, "USD")` is −$120.50; a currency without a familiar sign keeps its code."""
    amount = f"{abs(Decimal(minor)).scaleb(-exponent):,.{exponent}f}"
    sign = _SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{_MINUS if minor < 0 else ''}{sign}{amount}"


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_label(instant: datetime, zone_name: str) -> str:
    """The zone's letters at that moment ("EST"); where it has none, its offset ("UTC−03:00")."""
    local = instant.astimezone(zone(zone_name))
    letters = local.tzname() or ""
    if letters.isalpha():
        return letters
    offset = local.utcoffset() or timedelta()
    minutes = abs(int(offset.total_seconds())) // 60
    return f"UTC{_MINUS if offset < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def clock_time(instant: datetime, zone_name: str) -> str:
    return f"{instant.astimezone(zone(zone_name)):%H:%M}"


def short_day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def long_day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def visit_time(start: datetime, end: datetime, zone_name: str) -> str:
    """`Tuesday 24 November 2026, 14:30 to 15:00 EST`."""
    local = start.astimezone(zone(zone_name))
    return f"{long_day(local.date())}, {local:%H:%M} to {clock_time(end, zone_name)} {zone_label(start, zone_name)}"


def moment(instant: datetime, zone_name: str) -> str:
    """A moment in a log: `24 Nov 14:30:05`."""
    local = instant.astimezone(zone(zone_name))
    return f"{local.day} {local:%b %H:%M:%S}"


def age(seconds: float) -> str:
    """How long ago, roughly: `now`, `40 s`, `3 min`, `2 h`."""
    if seconds < 5:
        return "now"
    if seconds < 90:
        return f"{int(seconds)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


class Shape(StrEnum):
    """A mark that can be told apart without seeing colour."""

    RING = "ring"
    DOTTED = "dotted"
    HALF = "half"
    DISC = "disc"
    PLAY = "play"
    CHECK = "check"
    DIAMOND = "diamond"
    CROSS = "cross"
    DASH = "dash"
    BACK = "back"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Mark:
    """A status as it is shown: a shape, the name of a colour token, and a word."""

    shape: Shape
    tone: str
    word: str


APPOINTMENT_MARKS = {
    AppointmentStatus.DRAFT: Mark(Shape.DOTTED, "text_muted", "Held"),
    AppointmentStatus.PENDING_PAYMENT: Mark(Shape.HALF, "warning", "Awaiting payment"),
    AppointmentStatus.CONFIRMED: Mark(Shape.DISC, "accent", "Confirmed"),
    AppointmentStatus.IN_PROGRESS: Mark(Shape.PLAY, "accent", "In progress"),
    AppointmentStatus.COMPLETED: Mark(Shape.CHECK, "success", "Completed"),
    AppointmentStatus.NO_SHOW: Mark(Shape.DIAMOND, "warning", "No show"),
    AppointmentStatus.CANCELED: Mark(Shape.CROSS, "text_muted", "Canceled"),
}
PAYMENT_MARKS = {
    PaymentStatus.INITIATED: Mark(Shape.RING, "warning", "Not paid yet"),
    PaymentStatus.PROCESSING: Mark(Shape.HALF, "warning", "Processing"),
    PaymentStatus.SUCCEEDED: Mark(Shape.DISC, "success", "Paid"),
    PaymentStatus.PARTIALLY_REFUNDED: Mark(Shape.BACK, "text_muted", "Part refunded"),
    PaymentStatus.REFUNDED: Mark(Shape.BACK, "text_muted", "Refunded"),
    PaymentStatus.FAILED: Mark(Shape.ALERT, "danger", "Failed"),
    PaymentStatus.CANCELED: Mark(Shape.CROSS, "text_muted", "Canceled"),
    PaymentStatus.DISPUTED: Mark(Shape.ALERT, "danger", "Disputed"),
}
NO_PAYMENT = Mark(Shape.DASH, "text_muted", "None")
REFUND_MARKS = {
    RefundStatus.PENDING: Mark(Shape.HALF, "warning", "Pending"),
    RefundStatus.SUCCEEDED: Mark(Shape.BACK, "success", "Refunded"),
    RefundStatus.FAILED: Mark(Shape.ALERT, "danger", "Failed"),
}
MESSAGE_MARKS = {
    MessageStatus.QUEUED: Mark(Shape.RING, "text_muted", "Queued"),
    MessageStatus.SENDING: Mark(Shape.HALF, "text_muted", "Sending"),
    MessageStatus.SENT: Mark(Shape.DISC, "accent", "Sent"),
    MessageStatus.DELIVERED: Mark(Shape.CHECK, "success", "Delivered"),
    MessageStatus.FAILED: Mark(Shape.ALERT, "danger", "Failed"),
    MessageStatus.SUPPRESSED: Mark(Shape.CROSS, "text_muted", "Not sent"),
    MessageStatus.UNKNOWN: Mark(Shape.DIAMOND, "warning", "Unknown"),
}


def payment_mark(status: PaymentStatus | None) -> Mark:
    return NO_PAYMENT if status is None else PAYMENT_MARKS[status]


MESSAGE_KINDS = {
    MessageKind.CONFIRMATION: "Confirmation",
    MessageKind.CANCELLATION: "Cancellation",
    MessageKind.REFUND: "Refund",
    MessageKind.LATE_REFUND: "Late payment refunded",
    MessageKind.PAYMENT_FAILED: "Payment failed",
    MessageKind.PAY_LINK: "Pay link",
    MessageKind.MANUAL: "Message",
}
MODES = {VisitMode.REMOTE: "Video visit", VisitMode.IN_PERSON: "At the clinic", VisitMode.HOME_VISIT: "Home visit"}
ROLES = {
    Role.ADMIN: "Administrator",
    Role.MANAGER: "Manager",
    Role.FRONT_DESK: "Front desk",
    Role.PROVIDER: "Provider",
    Role.PATIENT: "Patient",
}


def activity(kind: str) -> str:
    """An event's kind as a person would say it; a kind that only a newer server knows keeps its own words."""
    return _ACTIVITY.get(kind, kind.replace("_", " ").capitalize())


_ACTIVITY: dict[str, str] = {
    EventKind.APPOINTMENT_CREATED: "Time held",
    EventKind.APPOINTMENT_DETAILED: "Details entered",
    EventKind.APPOINTMENT_CONFIRMED: "Confirmed",
    EventKind.APPOINTMENT_PAID: "Paid",
    EventKind.APPOINTMENT_CANCELED: "Canceled",
    EventKind.HOLD_EXPIRED: "Hold expired",
    EventKind.PAYMENT_INITIATED: "Payment started",
    EventKind.PAYMENT_PROCESSING: "Payment processing",
    EventKind.PAYMENT_FAILED: "Payment failed",
    EventKind.PAYMENT_RECEIVED_LATE: "Payment arrived late",
    EventKind.REFUND_REQUESTED: "Refund asked for",
    EventKind.REFUND_ISSUED: "Refund issued",
    EventKind.REFUND_FAILED: "Refund failed",
    EventKind.PAY_LINK_REQUESTED: "Pay link asked for",
    EventKind.RESEND_REQUESTED: "Messages asked for again",
    EventKind.MEETING_READY: "Meeting ready",
    EventKind.MEETING_FAILED: "Meeting could not be made",
    EventKind.MESSAGE_SENT: "Message sent",
    EventKind.MESSAGE_DELIVERED: "Message delivered",
    EventKind.MESSAGE_FAILED: "Message failed",
    EventKind.MESSAGE_SUPPRESSED: "Message not sent",
}
