"""The whole way, without a stand-in of our own: a patient in a real browser on the clinic's website, the worker with
its queue, and the front desk's console, where the booking appears without a click."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QApplication

from desktop.api import Api
from desktop.background import Background
from desktop.store import Store
from desktop.theme import Theme
from desktop.views.main_window import MainWindow
from server.worker import working
from shared.schemas.appointments import PhoneBookingRequest
from shared.schemas.enums import AppointmentStatus, PaymentStatus
from tests.house import House, a_key
from tests.organisation import PASSWORD, at
from tests.widget.conftest import OpenPage
from tests.widget.patient import choose, give_details, heading, press_outcome

SECONDS = 20


async def until(wanted: Callable[[], bool], what: str) -> None:
    """Let Qt and asyncio take turns until `wanted`, or fail naming what never came."""
    async with asyncio.timeout(SECONDS):
        try:
            while not wanted():
                QCoreApplication.processEvents()
                await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"it never came: {what}") from None


@asynccontextmanager
async def a_console(house: House, folder: Path, application: QApplication) -> AsyncIterator[MainWindow]:
    """The desktop, signed in as the front desk."""
    background = Background()
    store = Store(background)
    settings = QSettings(str(folder / "desktop.ini"), QSettings.Format.IniFormat)
    theme = Theme(application, "light")
    window = MainWindow(store, theme, settings, house.settings.public_url, "front_desk@demo.test")
    window.show()
    background.start()
    window.sign_in.password.setText(PASSWORD)
    window.sign_in.submit()
    try:
        await until(lambda: store.user is not None, "the sign-in")
        yield window
    finally:
        window.close()
        store.close()
        background.stop()
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def test_a_booking_on_the_website_appears_on_the_desk_with_its_money_and_messages(
    house: House, website: str, open_page: OpenPage, qapp: QApplication, tmp_path: Path
) -> None:
    async with working(house.settings), a_console(house, tmp_path, qapp) as console:
        live: list[str] = []
        console.store.stream_changed.connect(lambda status: live.append(status.state))
        await until(lambda: "live" in live, "the live stream")
        model = console.workspace.appointments.model
        assert model.rowCount() == 0
        page = await open_page()

        await page.goto(website)
        frame = page.frame_locator("iframe")
        await choose(frame)
        await give_details(frame)
        await press_outcome(frame, "succeed")
        await expect(heading(frame, "Your visit is booked")).to_be_visible()

        await until(
            lambda: model.rowCount() == 1 and model.appointment_at(0).status is AppointmentStatus.CONFIRMED, "the row"
        )
        row = model.appointment_at(0)
        assert row.patient_name == "Mara O'Lindt"
        assert row.payment_status is PaymentStatus.SUCCEEDED
        assert row.paid_minor == row.total_minor == 12_500
        messages = await four_messages(house, str(row.id))
        assert {(item["audience"], item["channel"]) for item in messages} == {
            ("patient", "email"),
            ("patient", "text"),
            ("provider", "email"),
            ("provider", "text"),
        }
        joined = [item["body"] for item in messages if item["audience"] == "patient"]
        hosted = [item["body"] for item in messages if item["audience"] == "provider"]
        assert all("/join/" in body and "/host/" not in body for body in joined)
        assert all("/host/" in body and "/join/" not in body for body in hosted)


async def four_messages(house: House, appointment_id: str) -> list[dict[str, str]]:
    """What the worker delivered, once all of it has arrived."""
    async with asyncio.timeout(SECONDS):
        while True:
            items = await house.outbox(appointment_id)
            if len(items) == 4 and all(item["status"] in ("sent", "delivered") for item in items):
                return items
            await asyncio.sleep(0.05)


async def test_the_desk_books_a_caller_through_the_desktops_own_api(house: House) -> None:
    api = Api(house.settings.public_url)
    await api.sign_in("front_desk@demo.test", PASSWORD)
    request = PhoneBookingRequest(
        clinic="quay",
        service_id=house.organised.consult,
        provider_id=house.organised.ann,
        start=at(house.organised, 2, 11),
        first_name="Iris",
        last_name="Cole",
        mobile="212 555 0177",
        sms_consent=True,
    )

    booked = await api.book_by_phone(request, a_key())
    await house.settle()
    await house.advance(30)  # the phone network takes its time to report
    await house.settle()
    detail = await api.appointment(booked.row.id)
    await api.aclose()

    assert detail.row.status is AppointmentStatus.CONFIRMED
    assert detail.row.payment_status is None
    assert {(line.audience, line.channel, line.status) for line in detail.messages} == {
        ("patient", "text", "delivered"),
        ("provider", "email", "sent"),
        ("provider", "text", "delivered"),
    }
    assert detail.meeting is not None
    assert detail.meeting.join_url
