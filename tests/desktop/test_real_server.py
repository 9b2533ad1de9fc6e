"""Every method of the Api, and the stream, against the real server: the contract as both sides read it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from desktop.api import Api
from desktop.errors import AuthExpired, Conflict, Invalid
from desktop.filters import AppointmentFilters
from desktop.stream import StreamMessage, StreamState, StreamStatus, follow
from shared.schemas.appointments import CancelRequest, PhoneBookingRequest, RefundRequest, ResendRequest
from shared.schemas.booking import Slot
from shared.schemas.enums import AppointmentStatus, BookingSource, Channel, Verb
from shared.schemas.events import EventHint
from tests.house import House
from tests.organisation import PASSWORD

SECONDS = 20


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    """Signed in as the administrator, who may do everything."""
    made = Api(house.settings.public_url)
    await made.sign_in("admin@demo.test", PASSWORD)
    yield made
    await made.aclose()


def a_caller(house: House, slot: Slot, **given: object) -> PhoneBookingRequest:
    request = PhoneBookingRequest(
        clinic="quay",
        service_id=house.organised.consult,
        start=slot.start,
        first_name="Nadia",
        last_name="Petrova",
        mobile="(212) 555-0147",
        email="nadia@example.com",
        sms_consent=True,
    )
    return msgspec.structs.replace(request, **given)


async def some_slots(api: Api, house: House) -> list[Slot]:
    """Open times of the coming week for a consultation with anybody at Quay."""
    day = house.organised.now.date() + timedelta(days=2)
    return (await api.open_slots("quay", house.organised.consult, None, day, day + timedelta(days=7))).slots


async def test_set_up_and_session_are_read_as_the_contract_says(api: Api) -> None:
    organisation, user = await api.organisation(), await api.signed_in_user()
    profile = await api.clinic_profile("quay")

    await api.sign_out()

    assert {clinic.slug for clinic in organisation.clinics} == {"quay", "moor"}
    assert Verb.VIEW_SALES in user.may
    assert profile.time_zone == "America/New_York"
    with pytest.raises(AuthExpired):
        await api.organisation()


async def test_a_wrong_password_is_refused(house: House) -> None:
    api = Api(house.settings.public_url)

    with pytest.raises(Invalid) as caught:
        await api.sign_in("admin@demo.test", "wrong")
    await api.aclose()

    assert caught.value.code == "invalid_credentials"


async def test_a_caller_is_booked_once_however_often_the_answer_is_lost(api: Api, house: House) -> None:
    request, key = a_caller(house, (await some_slots(api, house))[0]), str(uuid4())

    first = await api.book_by_phone(request, key)
    again = await api.book_by_phone(request, key)
    page = await api.appointments(AppointmentFilters(text="Petrova"))

    assert first.row.id == again.row.id
    assert [row.id for row in page.items] == [first.row.id]
    assert page.items[0].source is BookingSource.PHONE
    assert (await api.appointment(first.row.id)).row.status is AppointmentStatus.CONFIRMED


async def test_a_taken_time_is_a_conflict_whose_alternatives_can_be_booked(api: Api, house: House) -> None:
    slot = (await some_slots(api, house))[0]
    await api.book_by_phone(a_caller(house, slot, provider_id=slot.provider_id), str(uuid4()))

    with pytest.raises(Conflict) as caught:
        await api.book_by_phone(a_caller(house, slot, provider_id=slot.provider_id), str(uuid4()))
    other = msgspec.convert(caught.value.problem.alternatives, list[Slot])[0]
    booked = await api.book_by_phone(a_caller(house, other, provider_id=other.provider_id), str(uuid4()))

    assert caught.value.code in {"slot_taken", "slot_not_offered"}
    assert booked.row.start == other.start


async def test_a_mobile_that_is_none_is_refused_by_its_field(api: Api, house: House) -> None:
    request = a_caller(house, (await some_slots(api, house))[0], mobile="12345")

    with pytest.raises(Invalid) as caught:
        await api.book_by_phone(request, str(uuid4()))

    assert set(caught.value.by_field) == {"mobile"}


async def test_a_paid_visit_is_refunded_resent_and_canceled(api: Api, house: House) -> None:
    held = await house.booked((await some_slots(api, house))[0].start, provider_id=None)
    detail = (await api.appointments(AppointmentFilters())).items[0]
    assert str(detail.id) == held["appointment_id"]

    refunded = await api.refund(detail.id, RefundRequest(amount_minor=2_500, reason="Goodwill"), str(uuid4()))
    await house.settle()
    resent = await api.resend(detail.id, ResendRequest(channels=(Channel.EMAIL,)))
    canceled = await api.cancel_appointment(detail.id, CancelRequest(reason="Provider is ill", refund_minor=10_000))
    await house.settle()

    assert refunded.refunds[0].amount_minor == 2_500
    assert resent.queued >= 1
    assert canceled.row.status is AppointmentStatus.CANCELED
    assert (await api.appointment(detail.id)).row.refunded_minor == 12_500


async def test_sales_and_export_obey_the_filters(api: Api, house: House, tmp_path: Path) -> None:
    await house.booked((await some_slots(api, house))[0].start, provider_id=None)
    today = house.organised.now.date()
    filters = AppointmentFilters(first_day=today - timedelta(days=1), end_day=today + timedelta(days=30))

    summary, daily = await api.sales_summary(filters), await api.sales_daily(filters)
    nothing = await api.sales_summary(AppointmentFilters(clinic_id=house.organised.moor))
    file = await api.export_appointments(filters, tmp_path / "list.csv")

    assert [(one.currency, one.gross_minor, one.paid_count) for one in summary.totals] == [("USD", 12_500, 1)]
    assert sum(day.gross_minor for day in daily.days) == 12_500
    assert sum(one.gross_minor for one in nothing.totals) == 0
    assert "Lindt" in file.read_text("utf-8")


async def test_the_stream_is_live_and_tells_of_a_booking(api: Api, house: House) -> None:
    messages: list[StreamMessage] = []
    more = asyncio.Event()

    def report(message: StreamMessage) -> None:
        messages.append(message)
        more.set()

    async def until_told(kind: type, state: StreamState | None = None) -> StreamMessage:
        async with asyncio.timeout(SECONDS):
            while True:
                for message in messages:
                    if isinstance(message, kind) and (state is None or getattr(message, "state", None) is state):
                        return message
                more.clear()
                await more.wait()

    following = asyncio.create_task(follow(api, report))
    await until_told(StreamStatus, StreamState.LIVE)
    booked = await api.book_by_phone(a_caller(house, (await some_slots(api, house))[0]), str(uuid4()))
    hint = await until_told(EventHint)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

    assert isinstance(hint, EventHint)
    assert hint.appointment_id == booked.row.id
