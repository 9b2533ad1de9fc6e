"""What goes wrong on the way: a lost race, a lapsed hold, a lost line, a lost answer. Nothing typed is lost by it."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.house import House, some_details
from tests.organisation import at
from tests.widget.conftest import OpenPage
from tests.widget.patient import TYPED, appointments, choose, give_details, heading, press_outcome, type_details

STRIPE_STUB = """
window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({ create: () => ({ mount: (at) => { at.textContent = `card form ${key} ${clientSecret}`; } }) }),
  confirmPayment: async () => {
    window.tries = (window.tries ?? 0) + 1;
    return window.tries === 1 ? { error: { message: 'Your card has insufficient funds.' } } : {};
  },
});
"""


async def test_a_time_taken_meanwhile_offers_others_nearby(house: House, open_page: OpenPage) -> None:
    page = await open_page(expected=("409",))
    await page.goto("/book/quay")
    await page.locator("a.card", has_text="Video consultation").click()
    await expect(page).to_have_url(re.compile("service="))
    wanted = at(house.organised, 2, 10)
    for provider in (house.organised.ann, house.organised.ben):
        assert (await house.hold(wanted, provider_id=str(provider))).status_code == 201

    await page.locator(f"[data-day='{wanted.date()}']").click()
    await page.locator(f"#d-{wanted.date()} button[value^='{wanted:%Y-%m-%dT%H:%M}']").click()
    await expect(heading(page, "This time has just been taken")).to_be_focused()
    await expect(page.locator(".next button")).to_have_count(3)
    await page.locator(".next button").first.click()

    await expect(heading(page, "Your details")).to_be_visible()
    assert len(await appointments(house)) == 3


async def test_a_lapsed_hold_is_told_and_the_next_one_keeps_what_was_typed(house: House, open_page: OpenPage) -> None:
    page = await open_page(expected=("409",))
    await page.goto("/book/quay")
    await choose(page)
    await type_details(page)
    await house.advance(11 * 60)

    await page.get_by_role("button", name="Continue to payment").click()
    await expect(heading(page, "The reservation has run out")).to_be_focused()
    await page.get_by_role("link", name="Choose a time").click()
    await page.locator(".next button").first.click()

    await expect(page.get_by_label("E-mail")).to_have_value(TYPED["E-mail"])


async def test_without_a_line_nothing_is_lost_and_it_goes_on_by_itself(house: House, open_page: OpenPage) -> None:
    page = await open_page(expected=("ERR_INTERNET_DISCONNECTED",))
    await page.goto("/book/quay")
    await choose(page)
    await type_details(page)
    await page.context.set_offline(True)

    await page.get_by_role("button", name="Continue to payment").click()
    await expect(page.get_by_role("alert")).to_contain_text("No connection. Nothing is lost.")
    await expect(page.get_by_label("E-mail")).to_have_value(TYPED["E-mail"])
    await page.context.set_offline(False)

    await expect(heading(page, "Payment")).to_be_visible()


async def test_a_lost_answer_to_a_hold_does_not_hold_twice(house: House, open_page: OpenPage) -> None:
    page = await open_page(expected=("ERR_FAILED",))
    keys: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        keys.append(await route.request.header_value("Idempotency-Key") or "")
        if len(keys) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route(re.compile("/holds$"), lose_the_first_answer)
    await page.goto("/book/quay")
    await page.locator(".next button").first.click()
    await page.get_by_role("button", name="Try again").click()

    await expect(heading(page, "Your details")).to_be_visible()
    assert keys[0]
    assert keys == [keys[0]] * 2
    assert [row.status for row in await appointments(house)] == ["draft"]


async def test_two_taps_on_a_time_are_one_hold(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")

    await page.locator(".next button").first.dblclick()

    await expect(heading(page, "Your details")).to_be_visible()
    assert len(await appointments(house)) == 1


async def test_a_payment_made_on_another_tab_is_seen(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")
    await choose(page)
    await give_details(page)
    await expect(heading(page, "Payment")).to_be_visible()
    token = page.url.rpartition("/")[2]
    await house.pay(token)

    await page.reload()

    await expect(heading(page, "Your visit is booked")).to_be_visible(timeout=15_000)


async def test_paying_in_the_page_shows_the_reason_and_believes_the_server(house: House, open_page: OpenPage) -> None:
    page = await open_page(allowed=("https://js.stripe.com/",))
    step = {"kind": "stripe_elements", "url": None, "publishable_key": "pk_x", "client_secret": "secret_x", "amount_minor": 12_500, "currency": "USD"}  # fmt: skip

    async def answer(route: Route) -> None:
        await route.fetch()
        await route.fulfill(json=step)

    async def stub(route: Route) -> None:
        await route.fulfill(body=STRIPE_STUB, content_type="text/javascript")

    await page.route("**/payment", answer)
    await page.route("https://js.stripe.com/**", stub)
    await page.goto("/book/quay")
    await choose(page)
    await give_details(page)
    await page.get_by_role("button", name="Pay $125.00").click()
    await expect(page.locator("#card")).to_have_text("card form pk_x secret_x")

    await page.get_by_role("button", name="Pay $125.00").click()
    await expect(page.locator("#refusal")).to_contain_text("Your card has insufficient funds.")
    await page.get_by_role("button", name="Pay $125.00").click()
    await expect(heading(page, "Confirming your payment")).to_be_visible()
    await house.pay(page.url.rpartition("/")[2])

    await expect(heading(page, "Your visit is booked")).to_be_visible()


async def test_a_visit_canceled_by_the_clinic_says_so(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    held = await house.booked(at(house.organised, 3, 11))
    canceled = await house.http.post(
        f"/api/appointments/{held['appointment_id']}/cancel",
        json={"reason": "Dr. Ames is ill", "refund_minor": 12_500},
        headers=await house.staff("manager"),
    )
    assert canceled.status_code in (200, 201), canceled.text
    async with asyncio.timeout(20):
        while not (await house.visit(held["token"]))["refunded_minor"]:
            pass

    await page.goto(f"/book/quay/visit/{held['token']}")

    await expect(heading(page, "This visit was canceled")).to_be_visible()
    await expect(page.locator("#app")).to_contain_text("Refunded: $125.00")


async def test_a_link_from_a_message_opens_the_visit(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    held = (await house.hold(at(house.organised, 3, 11))).json()
    answer = await house.details(held["token"], **some_details(first_name="<b>Mara</b>"))
    assert answer.status_code == 200

    await page.goto(f"/book/quay/visit/{held['token']}")
    await press_outcome(page, "succeed")

    await expect(page.get_by_text("Thank you, <b>Mara</b>.")).to_be_visible()
