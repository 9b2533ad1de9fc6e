"""What a patient does on the booking page, by what they can see. Works on a page and inside a frame."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from playwright.async_api import FrameLocator, Page, expect
from sqlalchemy import Row, select

from server.db.tables import Appointment
from tests.house import House

Sight = Page | FrameLocator

TYPED = {
    "First name": "Mara",
    "Last name": "O'Lindt",
    "E-mail": "mara@example.com",
    "Mobile number": "(212) 555-0123",
}


async def choose(sight: Sight, service: str = "Video consultation") -> None:
    """Choose a service, then the soonest time of all."""
    await sight.locator("a.card", has_text=service).click()
    await expect(sight.locator("a.card[aria-current]")).to_contain_text(service)
    await sight.locator(".next button").first.click()
    await expect(heading(sight, "Your details")).to_be_visible()


async def type_details(sight: Sight, **changes: str) -> None:
    for label, text in {**TYPED, **changes}.items():
        await sight.get_by_label(label).fill(text)
    await sight.locator("#sms_consent").check()


async def give_details(sight: Sight) -> None:
    await type_details(sight)
    await sight.get_by_role("button", name="Continue to payment").click()


async def press_outcome(sight: Sight, outcome: str) -> None:
    """From the payment step to the sandbox's page, and one of its buttons."""
    await expect(heading(sight, "Payment")).to_be_visible()
    await sight.locator("button.primary").click()
    await press(sight, outcome)


async def press(sight: Sight, outcome: str) -> None:
    """A button on the sandbox's page; our own page is back when this returns."""
    await sight.locator(f"button[value={outcome}]").click()
    await expect(sight.locator("#app")).to_be_visible()


def heading(sight: Sight, name: str) -> Any:
    return sight.get_by_role("heading", name=name, exact=True)


async def appointments(house: House) -> Sequence[Row[UUID, str]]:
    """(id, status) of every appointment there is, oldest first."""
    async with house.db.read.connect() as connection:
        found = await connection.execute(select(Appointment.id, Appointment.status).order_by(Appointment.created_at))
        return found.all()
