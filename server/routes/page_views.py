"""What the booking page's templates need, worked out from the reads: pure functions, no request, no database.

Each `…_context` belongs to one template in `booking_widget/steps/`. Nothing here decides what may be booked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from server.domain.errors import Alternative
from server.routes.page_words import Words, city
from shared.schemas.booking import ClinicProfile, ServiceCard, Slot, SlotList, VisitView
from shared.schemas.enums import (
    AppointmentStatus,
    CancellationCause,
    PaymentStatus,
    VisitMode,
)

DAYS_SHOWN = 14
DAYS_AHEAD = 730
_SOONEST = 3
_PARTS = (12, 17, 24)

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for, already checked against the clinic's profile."""

    service: ServiceCard | None
    provider_id: UUID | None
    first_day: date
    explicit: bool


def chosen(clinic: ClinicProfile, asked: Mapping[str, str], today: date) -> Choice:
    """Reads `service`, `provider` and `from` of an address. What does not fit is passed over: links get edited."""
    by_id = {str(card.id): card for card in clinic.services}
    named = by_id.get(asked.get("service", ""))
    service = named or (clinic.services[0] if clinic.services else None)
    provider = asked.get("provider", "")
    providers = {str(item): item for item in service.provider_ids} if service else {}
    try:
        day = date.fromisoformat(asked.get("from", ""))
    except ValueError:
        day = today
    day = min(max(day, today), today + timedelta(days=DAYS_AHEAD))
    return Choice(service, providers.get(provider), day, named is not None)


def slot_option(
    slot: Slot | Alternative,
    words: Words,
    *,
    dated: bool = False,
    today: date,
    note: str = "",
) -> Context:
    at = words.local(slot.start)
    return {
        "start": at.isoformat(),
        "day": words.near_day(at.date(), today) if dated else "",
        "label": words.time(at),
        "spoken": ", ".join(filter(None, (words.time(at), note, words.day(at.date())))),
        "note": note,
    }


def pick_context(
    clinic: ClinicProfile,
    words: Words,
    choice: Choice,
    slots: SlotList,
    *,
    today: date,
    base: str,
    language: str,
    alternatives: Sequence[Alternative] = (),
) -> Context:
    service = choice.service

    def address(**asked: object) -> str:
        query = {key: str(value) for key, value in asked.items() if value}
        if language:
            query["lang"] = language
        return f"{base}?{urlencode(query)}" if query else base

    names = {provider.id: provider.name for provider in clinic.providers}
    shown = _by_start(slots.slots)
    prices = {slot.price_minor for slot in slots.slots}

    def price_note(slot: Slot) -> str:
        return words.money(slot.price_minor, exact=False) if len(prices) > 1 else ""

    last_day = choice.first_day + timedelta(days=DAYS_SHOWN - 1)
    chips = []
    if service:
        at = {
            "service": service.id,
            "from": choice.first_day if choice.first_day > today else None,
        }
        chips = [
            {
                "id": "",
                "name": words("anyone"),
                "href": address(**at),
                "chosen": choice.provider_id is None,
            }
        ] + [
            {
                "id": item,
                "name": names[item],
                "href": address(**at, provider=item),
                "chosen": choice.provider_id == item,
            }
            for item in service.provider_ids
            if item in names
        ]

    def move(days: int) -> tuple[str, str]:
        day = max(choice.first_day + timedelta(days=days), today)
        return address(
            service=service.id if service else None,
            provider=choice.provider_id,
            **{"from": day},
        ), day.isoformat()

    earlier, earlier_day = move(-DAYS_SHOWN) if choice.first_day > today else ("", "")
    later, later_day = move(DAYS_SHOWN) if last_day < today + timedelta(days=DAYS_AHEAD) else ("", "")
    span = f"{words.month_day(choice.first_day)} – {words.month_day(last_day)}"
    return {
        "cards": [
            {
                "id": card.id,
                "name": card.name,
                "description": card.description,
                "price": card_price(card, clinic, words),
                "facts": f"{words('minutes', n=card.duration_minutes)} · {words(card.mode.value)}",
                "href": address(service=card.id),
                "chosen": service is not None and card.id == service.id,
            }
            for card in clinic.services
        ],
        "chips": chips,
        "service": service,
        "provider_id": choice.provider_id or "",
        "settled": choice.explicit,
        "alternatives": [slot_option(item, words, dated=True, today=today) for item in alternatives],
        "soonest": [
            slot_option(slot, words, dated=True, today=today, note=price_note(slot)) for slot in shown[:_SOONEST]
        ],
        "days": _days(shown, choice.first_day, words, today=today, note=price_note),
        "span": span,
        "earlier": earlier,
        "earlier_day": earlier_day,
        "later": later,
        "later_day": later_day,
        "nothing": words(
            "none",
            first=words.month_day(choice.first_day),
            last=words.month_day(last_day),
        ),
    }


def card_price(card: ServiceCard, clinic: ClinicProfile, words: Words) -> str:
    return words.money(card.price_minor, exact=False) if card.price_minor else words("free")


def _by_start(slots: Iterable[Slot]) -> list[Slot]:
    """One slot a start, the cheapest: who gives it is settled by the hold."""
    ordered = sorted(slots, key=lambda slot: (slot.start, slot.price_minor))
    return [next(group) for _, group in groupby(ordered, key=lambda slot: slot.start)]


def _days(shown: Sequence[Slot], first: date, words: Words, *, today: date, note: Any) -> list[Context]:
    by_day: dict[date, list[Slot]] = {}
    for slot in shown:
        by_day.setdefault(words.local(slot.start).date(), []).append(slot)
    days = []
    opened = False
    for offset in range(DAYS_SHOWN):
        day = first + timedelta(days=offset)
        slots = by_day.get(day, [])
        parts = []
        for index, name in enumerate(words.strings["parts"]):
            begins = _PARTS[index - 1] if index else 0
            inside = [slot for slot in slots if begins <= words.local(slot.start).hour < _PARTS[index]]
            if inside:
                options = [slot_option(slot, words, today=today, note=note(slot)) for slot in inside]
                parts.append({"name": name, "slots": options})
        days.append(
            {
                "key": day.isoformat(),
                "weekday": words.weekday(day, short=True),
                "number": day.day,
                "long": words.day(day),
                "count": words.count("times", len(slots)),
                "parts": parts,
                "chosen": bool(parts) and not opened,
            }
        )
        opened = opened or bool(parts)
    return days


def visit_step(visit: VisitView, now: datetime, *, returned: bool) -> str:
    """Which step a visit's page shows: details, pay, confirming, done or ended.

    `returned`: the patient has just come from paying, so the failure on record may be an older card's.
    """
    if visit.status is AppointmentStatus.CANCELED:
        return "ended"
    if visit.status in (AppointmentStatus.DRAFT, AppointmentStatus.PENDING_PAYMENT):
        paying = visit.payment_status in (PaymentStatus.INITIATED, PaymentStatus.PROCESSING) or (
            returned and visit.payment_status is PaymentStatus.FAILED
        )
        if visit.status is AppointmentStatus.PENDING_PAYMENT and paying:
            return "confirming"
        # The sweep may not have come by yet; the time is no longer the patient's all the same.
        if visit.expires_at is not None and visit.expires_at <= now:
            return "ended"
        return "details" if visit.status is AppointmentStatus.DRAFT else "pay"
    return "done"


def visit_context(visit: VisitView, words: Words) -> Context:
    at = words.local(visit.start)
    money = words.money
    contacts = [
        contact
        for contact in (
            visit.email_masked,
            visit.mobile_masked if visit.sms_consent else None,
        )
        if contact
    ]
    return {
        "visit": visit,
        "when": words.moment(at),
        "zone_short": words.zone_words("zone_short", at),
        "when_there": _where_patient_is(visit, words),
        "place": visit.clinic_address if visit.mode is VisitMode.IN_PERSON else words(visit.mode.value),
        "total": money(visit.total_minor),
        "paid": money(visit.paid_minor) if visit.paid_minor else "",
        "refunded": money(visit.refunded_minor) if visit.refunded_minor else "",
        "contacts": words("and", a=contacts[0], b=contacts[1]) if len(contacts) == 2 else "".join(contacts),
        "join_url": visit.join_url if (visit.join_url or "").startswith(("https://", "http://")) else None,
        "failed": visit.payment_status is PaymentStatus.FAILED,
        "unfinished": visit.payment_status is PaymentStatus.INITIATED,
    }


def ended_words(visit: VisitView, words: Words) -> tuple[str, str]:
    """Heading and sentence for a visit that is over before it took place."""
    if visit.cancellation_cause == CancellationCause.SLOT_GONE:
        return words("canceled"), words("slot_gone")
    if visit.cancellation_cause == CancellationCause.STAFF:
        return words("canceled"), ""
    return words("expired"), words("expired_plain")


def _where_patient_is(visit: VisitView, words: Words) -> str:
    """For a remote visit, the patient's own time when it differs from the clinic's."""
    zone = visit.patient_time_zone
    if visit.mode is not VisitMode.REMOTE or not zone:
        return ""
    try:
        there = visit.start.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return ""
    if there.utcoffset() == words.local(visit.start).utcoffset():
        return ""
    return words("your_time", time=words.moment(there), city=city(zone))
