"""What happens to each visit from its hold to its end, up to the present moment and not beyond.

Each visit has one fate, drawn from its own name. Whatever of it would happen later than now has not happened yet: so
the same story is a hold for a few minutes, then a visit to come, then one that took place.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from server.db.unit_of_work import PATIENT, SYSTEM, Actor
from server.demo_data import vendors
from server.demo_data.chance import chance, seconds
from server.demo_data.messages import tell
from server.demo_data.schedule import Wanted
from server.demo_data.story import Story
from server.demo_data.world import STRIPE, Rows, World
from server.domain.policies import refund_due, tiers_from
from shared.schemas.enums import (
    AppointmentStatus,
    CancellationCause,
    EventKind,
    MessageKind,
    PaymentStatus,
    RefundStatus,
)


class Fate(StrEnum):
    KEPT = "kept"
    CANCELED = "canceled"
    LAPSED = "lapsed"
    RELEASED = "released"
    LATE = "late"
    """The payment arrives after the hold has lapsed, and goes back."""


HOLD = timedelta(minutes=10)
PAY_LINK = timedelta(minutes=120)
_MEETING_MADE_BEFORE = timedelta(days=7)
_NOTES = (
    "Please use the side entrance, I come with a pram.",
    "I may be five minutes late; I come straight from work.",
    "Ground floor room if you can, I am on crutches.",
    "My daughter will interpret.",
    "The doorbell is broken, please knock.",
    "I will bring the letter from the hospital.",
)
_REASONS = (
    "The patient is ill",
    "The patient cannot get off work",
    "The patient found an earlier time",
    "The provider is ill",
    "Booked twice by mistake",
    "Travel plans have changed",
)
_LATELY = (
    *((ago, Fate.LAPSED, False) for ago in (3, 4, 5, 6)),
    *((ago, Fate.LAPSED, True) for ago in (72, 95)),
    *((ago, Fate.KEPT, False) for ago in (7, 12, 19, 26, 41, 55, 83, 117, 150)),
    *((ago, Fate.KEPT, True) for ago in (15, 34, 130)),
)
"""Minutes ago, what becomes of it, by phone."""
_GOODWILL = ("Started half an hour late", "The video broke off", "Charged for a longer visit")
_DECLINES = ("generic_decline", "insufficient_funds", "expired_card")


def tell_all(world: World, rows: Rows, visits: Iterable[Wanted]) -> None:
    """Every visit that has been asked for by now, and a handful that are being booked at this moment."""
    later: list[Wanted] = []
    for visit in visits:
        if world.happened(visit.booked_at + timedelta(minutes=1)):
            _live(Story(world, rows, visit), _fate(world, visit))
        else:
            later.append(visit)
    for visit, fate in _lately_booked(world, later):
        _live(Story(world, rows, visit), fate)
    rows.events.sort(key=lambda event: event["at"])
    rows.ledger.sort(key=lambda entry: entry["at"])


def _lately_booked(world: World, later: list[Wanted]) -> Iterable[tuple[Wanted, Fate]]:
    """Times of the next days that nobody had asked for, booked in the last hours or held since a moment ago: at
    whatever hour the demo begins, there are sales today and holds that run out before one's eyes."""
    draw = chance(world.seed, "lately")
    first, last = world.now + timedelta(hours=50), world.now + timedelta(days=12)
    open_times = [visit for visit in later if first < visit.starts_at < last and not visit.free_of_charge]
    minute = world.now.replace(second=0, microsecond=0)
    for visit, (ago, fate, by_phone) in zip(draw.sample(open_times, len(_LATELY)), _LATELY, strict=True):
        at = minute - timedelta(minutes=ago)
        yield replace(visit, booked_at=at, by_phone=by_phone or visit.patient.email is None), fate


def _fate(world: World, visit: Wanted) -> Fate:
    draw = chance(world.seed, "fate", visit.key)
    if visit.by_phone:
        return draw.choices((Fate.KEPT, Fate.CANCELED, Fate.LAPSED), (88, 9, 3))[0]
    if visit.free_of_charge or visit.starts_at - visit.booked_at < timedelta(days=1):
        return draw.choices((Fate.KEPT, Fate.CANCELED), (92, 8))[0]
    fates = (Fate.KEPT, Fate.CANCELED, Fate.LAPSED, Fate.RELEASED, Fate.LATE)
    return draw.choices(fates, (860, 80, 35, 18, 7))[0]


def _live(story: Story, fate: Fate) -> None:
    seated_at = _book_by_phone(story, fate) if story.visit.by_phone else _book_on_the_web(story, fate)
    if seated_at is not None:
        tell(story, MessageKind.CONFIRMATION, seated_at + timedelta(seconds=2))
        _after_booking(story, fate, seated_at)
    story.close()
    if story.payment is not None:
        story.rows.sandbox_stripe_objects += vendors.payment(story.payment, story.refunds, story.draw)


def _book_on_the_web(story: Story, fate: Fate) -> datetime | None:
    """Hold, details, payment. When it was confirmed, or None while (or because) it is not."""
    draw, happened = story.draw, story.world.happened
    at = story.visit.booked_at + seconds(draw, 0, 20)
    lapses_at = at + HOLD
    story.hold(at, PATIENT, lapses_at)
    gives_up_early = fate is Fate.LAPSED and draw.random() < 0.3
    at += seconds(draw, 50, 130)
    if not gives_up_early and happened(at):
        story.detail(at, PATIENT, consent=True, note=_note(story))
        if story.visit.free_of_charge:
            story.confirm(at, PATIENT, EventKind.APPOINTMENT_CONFIRMED)
            return at
        at += seconds(draw, 5, 25)
        if happened(at):
            story.start_payment(at, PATIENT)
            paid_at = _pay(story, fate, at)
            if paid_at is not None:
                return paid_at
    if fate is Fate.RELEASED and story.payment is not None:
        at += seconds(draw, 20, 60)
        if happened(at):
            story.end_hold(at, PATIENT, CancellationCause.RELEASED)
            return None
    if fate is not Fate.KEPT:
        _lapse(story, fate, lapses_at + seconds(draw, 0.1, 1))
    return None


def _book_by_phone(story: Story, fate: Fate) -> datetime | None:
    draw, happened, desk = story.draw, story.world.happened, story.world.staff("desk")
    visit = story.visit
    at = visit.booked_at + seconds(draw, 0, 50)
    in_time = visit.starts_at - at > PAY_LINK + timedelta(hours=1)
    sends_link = not visit.free_of_charge and in_time and (fate is Fate.LAPSED or draw.random() < 0.55)
    lapses_at = at + PAY_LINK
    story.hold(at, desk, lapses_at)
    story.detail(at, desk, consent=draw.random() < 0.72, note=_note(story))
    if not sends_link:
        story.confirm(at, desk, EventKind.APPOINTMENT_CONFIRMED)
        return at
    story.record(EventKind.PAY_LINK_REQUESTED, at, desk, after={"expires_at": lapses_at.isoformat()})
    tell(story, MessageKind.PAY_LINK, at + timedelta(seconds=2))
    at += timedelta(minutes=draw.triangular(3, 100, 12))
    if happened(at) and (fate is not Fate.LAPSED or draw.random() < 0.6):
        story.start_payment(at, PATIENT)
        paid_at = _pay(story, fate, at)
        if paid_at is not None:
            return paid_at
    if fate is Fate.LAPSED:
        _lapse(story, fate, lapses_at + seconds(draw, 0.1, 1))
    return None


def _pay(story: Story, fate: Fate, at: datetime) -> datetime | None:
    """From the open payment to the money. Sometimes a card is declined first."""
    draw, happened = story.draw, story.world.happened
    declined = draw.random() < {Fate.LAPSED: 0.6, Fate.RELEASED: 0}.get(fate, 0.06)
    at += seconds(draw, 25, 60)
    if declined and happened(at):
        story.move_payment(at, EventKind.PAYMENT_FAILED, PaymentStatus.FAILED, draw.choice(_DECLINES))
        tell(story, MessageKind.PAYMENT_FAILED, at + timedelta(seconds=2))
        at += seconds(draw, 40, 90)
    if fate is Fate.LATE and happened(at):
        story.move_payment(at, EventKind.PAYMENT_PROCESSING, PaymentStatus.PROCESSING)
    if fate not in (Fate.KEPT, Fate.CANCELED) or not happened(at):
        return None
    story.collect(at)
    story.confirm(at, STRIPE, EventKind.APPOINTMENT_PAID)
    return at


def _lapse(story: Story, fate: Fate, at: datetime) -> None:
    """The hold runs out; a payment that was under way arrives after it and is given back in full."""
    draw, happened = story.draw, story.world.happened
    late_at = at + seconds(draw, 60, 400)
    if not happened(at) or (story.payment_is_processing and not happened(late_at + timedelta(minutes=1))):
        return
    story.end_hold(at, SYSTEM, CancellationCause.HOLD_EXPIRED)
    if not story.payment_is_processing:
        return
    amount = story.visit.price_minor
    story.collect(late_at)
    after = {"amount_minor": amount, "currency": story.visit.clinic.currency}
    story.record(EventKind.PAYMENT_RECEIVED_LATE, late_at, STRIPE, before={"status": story.status}, after=after)
    story.slot_gone(late_at)
    story.ask_refund(late_at, STRIPE, amount, "The payment arrived after the time had been given away.")
    tell(story, MessageKind.LATE_REFUND, late_at + timedelta(seconds=2))
    _give_back(story, late_at)


def _after_booking(story: Story, fate: Fate, seated_at: datetime) -> None:
    world, visit = story.world, story.visit
    if fate is Fate.CANCELED:
        at = _cancels_at(story, seated_at)
        if at is not None and world.happened(at + timedelta(minutes=1)):
            _cancel(story, at)
            return
    if visit.starts_at > world.now:
        if story.remote:
            story.rows.meetings_wanted[story.id] = max(world.now, visit.starts_at - _MEETING_MADE_BEFORE)
        return
    if story.remote:
        story.meet(seated_at + seconds(story.draw, 1, 3))
    if visit.ends_at > world.now:
        story.status = AppointmentStatus.IN_PROGRESS
        return
    missed = story.draw.random() < 0.045
    story.status = AppointmentStatus.NO_SHOW if missed else AppointmentStatus.COMPLETED
    _goodwill(story)


def _cancels_at(story: Story, seated_at: datetime) -> datetime | None:
    """A moment of the desk's day between booking and visit; None when there is none."""
    draw, visit = story.draw, story.visit
    share = draw.betavariate(2.2, 1)
    at = seated_at + (visit.starts_at - seated_at) * share
    local = at.astimezone(visit.clinic.zone)
    at = local.replace(hour=8 + int(draw.random() * 10), second=int(draw.random() * 60)).astimezone(UTC)
    return at if seated_at + timedelta(minutes=10) < at < visit.starts_at - timedelta(minutes=10) else None


def _cancel(story: Story, at: datetime) -> None:
    """By the desk, with what the policy gives back; now and then all of it."""
    draw, visit = story.draw, story.visit
    by = _desk_or_manager(story)
    reason = draw.choice(_REASONS)
    due = 0
    if story.payment is not None:
        paid = story.payment["captured_minor"]
        due = refund_due(tiers_from(visit.service.refund_tiers), paid, visit.starts_at, at)
        if reason == "The provider is ill":
            due = paid
    story.cancel(at, by, reason, due)
    if due:
        story.ask_refund(at, by, due, reason)
    tell(story, MessageKind.CANCELLATION, at + timedelta(seconds=2))
    if due:
        _give_back(story, at)


def _goodwill(story: Story) -> None:
    """Something went wrong at a visit: a part of its price goes back, days after."""
    draw = story.draw
    if story.payment is None or draw.random() > 0.03:
        return
    at = story.visit.ends_at + timedelta(hours=draw.uniform(1, 60))
    for share in (0.25, 0.2)[: draw.choice((1, 1, 1, 2))]:
        if not story.world.happened(at + timedelta(minutes=1)):
            return
        amount = round(story.payment["amount_minor"] * share / 100) * 100
        story.ask_refund(at, _desk_or_manager(story), amount, draw.choice(_GOODWILL))
        _give_back(story, at)
        at += timedelta(hours=draw.uniform(2, 30))


def _give_back(story: Story, at: datetime) -> None:
    """The processor carries the refund out, or (rarely) cannot."""
    at += seconds(story.draw, 8, 25)
    if story.draw.random() < 0.025:
        story.settle_refund(at, "expired_or_canceled_card")
        return
    settled = sum(refund["status"] is RefundStatus.SUCCEEDED for refund in story.refunds)
    story.settle_refund(at)
    tell(story, MessageKind.REFUND, at + timedelta(seconds=2), copy=settled)


def _desk_or_manager(story: Story) -> Actor:
    return story.world.staff("manager" if story.draw.random() < 0.2 else "desk")


def _note(story: Story) -> str | None:
    return story.draw.choice(_NOTES) if story.draw.random() < 0.07 else None
