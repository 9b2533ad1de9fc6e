"""The booking page with script: from a service to the confirmation, and every way of coming back to it."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.house import House
from tests.widget.conftest import OpenPage
from tests.widget.patient import TYPED, appointments, choose, give_details, heading, press_outcome, type_details


async def test_a_patient_books_pays_and_reads_the_confirmation(house: House, open_page: OpenPage) -> None:
    page = await open_page(timezone_id="America/Los_Angeles")
    await page.goto("/book/quay")

    await choose(page)
    await give_details(page)
    await press_outcome(page, "succeed")

    await expect(heading(page, "Your visit is booked")).to_be_focused()
    facts = page.locator(".facts")
    await expect(facts).to_contain_text("Video consultation")
    await expect(facts).to_contain_text("New York time (E")
    await expect(facts).to_contain_text("where you are (Los Angeles time)")
    await expect(facts).to_contain_text("$125.00")
    await expect(facts).to_contain_text("full refund")
    await expect(facts.get_by_role("link", name="Join the video visit")).to_have_attribute("href", re.compile("/join/"))
    await expect(page.get_by_text("Sent to m…@example.com and +1 … 23.")).to_be_visible()
    assert [row.status for row in await appointments(house)] == ["confirmed"]


async def test_the_confirmation_can_be_sent_again(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)
    await give_details(page)
    await press_outcome(page, "succeed")

    await page.get_by_role("button", name="Send again").click()

    await expect(page.locator("#live")).to_have_text("Sent again.")
    (visit,) = await appointments(house)
    to_patient: list[object] = []
    async with asyncio.timeout(20):
        while len(to_patient) < 4:
            to_patient = [item for item in await house.outbox(visit.id) if item["audience"] == "patient"]


async def test_a_free_visit_needs_no_payment(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page, "Introduction")
    await type_details(page)

    await page.get_by_role("button", name="Confirm the visit").click()

    await expect(heading(page, "Your visit is booked")).to_be_visible()
    await expect(page.locator(".facts")).not_to_contain_text("Paid")


async def test_a_declined_card_says_so_and_the_next_one_pays_the_same_hold(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)
    await give_details(page)
    await press_outcome(page, "decline")
    await expect(page.locator("#refusal")).to_contain_text("Nothing was charged")

    await press_outcome(page, "succeed")

    await expect(heading(page, "Your visit is booked")).to_be_visible()
    assert [row.status for row in await appointments(house)] == ["confirmed"]


async def test_what_is_missing_is_said_beside_the_field_and_in_a_list(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)
    await page.get_by_label("First name").fill("Mara")
    await page.get_by_label("E-mail").fill("mara")

    await page.get_by_role("button", name="Continue to payment").click()

    await expect(page.locator("#errors")).to_be_focused()
    await expect(page.locator("#errors li")).to_have_count(4)
    await expect(page.get_by_label("E-mail")).to_have_accessible_description(re.compile("Check this e-mail"))
    await expect(page.get_by_label("First name")).to_have_value("Mara")
    await page.locator("#errors a", has_text="Mobile number").click()
    await expect(page.get_by_label("Mobile number")).to_be_focused()


async def test_the_servers_refusal_of_a_number_is_said_beside_it(house: House, open_page: OpenPage) -> None:
    page = await open_page(expected=("400",))
    await page.goto("/book/quay")
    await choose(page)
    await type_details(page, **{"Mobile number": "12345"})

    await page.get_by_role("button", name="Continue to payment").click()

    await expect(page.get_by_label("Mobile number")).to_have_accessible_description(re.compile("cannot receive texts"))
    await expect(page.get_by_label("Last name")).to_have_value(TYPED["Last name"])


async def test_reload_and_back_resume_at_every_step(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)
    await page.get_by_label("First name").fill("Mara")

    await page.reload()
    await expect(page.get_by_label("First name")).to_have_value("Mara")
    await page.go_back()
    await expect(heading(page, "Choose a time")).to_be_visible()
    await page.get_by_role("button", name="Continue").click()
    await expect(heading(page, "Your details")).to_be_visible()
    await page.go_back()
    await page.go_forward()
    await expect(heading(page, "Your details")).to_be_visible()
    await give_details(page)
    await expect(heading(page, "Payment")).to_be_visible()
    await page.reload()
    await expect(heading(page, "Payment")).to_be_visible()
    await page.get_by_role("button", name="Pay $125.00").click()
    await page.locator("button[value=succeed]").wait_for()
    await page.go_back()
    await expect(heading(page, "Payment")).to_be_visible()
    await press_outcome(page, "succeed")
    await expect(heading(page, "Your visit is booked")).to_be_visible()
    await page.reload()

    await expect(heading(page, "Your visit is booked")).to_be_visible()
    assert [row.status for row in await appointments(house)] == ["confirmed"]


async def test_letting_go_of_a_time_opens_it_to_others(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)

    await page.get_by_role("button", name="Choose another time").click()

    await expect(heading(page, "Choose a time")).to_be_focused()
    await expect(page.locator(".banner.kept")).to_have_count(0)
    assert [row.status for row in await appointments(house)] == ["canceled"]


async def test_days_people_and_later_weeks_can_be_looked_at(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await page.get_by_role("link", name="Dr. Ben Bode").click()
    await expect(page.get_by_role("link", name="Dr. Ben Bode")).to_be_focused()
    await expect(page).to_have_url(re.compile("provider="))

    await page.get_by_role("link", name="Later days").click()
    await expect(heading(page, "Choose a time")).to_be_focused()
    last = page.locator("[data-day]").last
    await last.click()

    day = await last.get_attribute("data-day")
    await expect(page.locator(f"[id='d-{day}']")).to_be_visible()
    await expect(page.locator(".day:visible")).to_have_count(1)
    await expect(last).to_have_attribute("aria-current", "date")


async def test_the_whole_way_by_keyboard(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")

    await tab_to(page, "a.card", "Video consultation")
    await page.keyboard.press("Enter")
    await expect(heading(page, "Choose a time")).to_be_focused()
    await tab_to(page, ".slots button")
    await page.keyboard.press("Enter")
    await expect(heading(page, "Your details")).to_be_focused()
    for text in TYPED.values():
        await tab_to(page, "input")
        await page.keyboard.type(text)
    await tab_to(page, "#sms_consent")
    await page.keyboard.press("Space")
    await tab_to(page, "button.primary")
    await page.keyboard.press("Enter")
    await expect(heading(page, "Payment")).to_be_focused()
    await tab_to(page, "button.primary")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sandbox/pay/**")
    await tab_to(page, "button[value=succeed]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/visit/**")

    await expect(heading(page, "Your visit is booked")).to_be_focused()


async def tab_to(page: Page, selector: str, text: str = "") -> None:
    """Tab until the focus is on such an element, which must then show that it has the focus."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        on_it = await page.evaluate(
            """([selector, text]) => {
                const at = document.activeElement;
                return at.matches(selector) && at.textContent.includes(text) && at.matches(':focus-visible')
                    && parseFloat(getComputedStyle(at).outlineWidth) >= 2;
            }""",
            [selector, text],
        )
        if on_it:
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


@pytest.mark.parametrize(("minutes", "spoken"), [(6, "5 minutes left."), (9, "1 minute left.")])
async def test_the_hold_is_counted_down_aloud(house: House, open_page: OpenPage, minutes: int, spoken: str) -> None:
    page = await open_page()
    await page.clock.install()
    await page.goto("/book/quay")
    await choose(page)
    await expect(page.get_by_role("timer")).to_contain_text("Kept for you")

    await page.clock.run_for(minutes * 60_000)

    await expect(page.locator("#live")).to_have_text(spoken)
