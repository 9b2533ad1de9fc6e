"""The same flow as plain forms, for a browser without script; and kind pages for addresses that were edited."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.house import House
from tests.organisation import at
from tests.widget.conftest import OpenPage
from tests.widget.patient import TYPED, appointments, heading, press, type_details

REFRESHED = 20_000
"""Milliseconds within which the confirming page has asked again by itself, on a busy machine."""


async def opened(open_page: OpenPage, address: str, **options: object) -> Page:
    page = await open_page(java_script_enabled=False, **options)
    await page.goto(address)
    return page


async def test_a_patient_books_and_pays_without_script(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay")
    assert await page.locator(".day:visible").count() >= 13

    await page.get_by_role("link", name=re.compile("Video consultation")).click()
    await page.locator(".day button").nth(3).click()
    await type_details(page)
    await page.get_by_role("button", name="Continue to payment").click()
    await expect(heading(page, "Payment")).to_be_visible()
    await page.get_by_role("button", name="Pay $125.00").click()
    await press(page, "succeed")
    await expect(heading(page, "Confirming your payment")).to_be_visible()

    await expect(heading(page, "Your visit is booked")).to_be_visible(timeout=REFRESHED)
    await expect(page.locator(".facts")).to_contain_text("Video consultation")
    await page.get_by_role("button", name="Send again").click()
    await expect(page.get_by_role("status").first).to_have_text("Sent again.")
    assert [row.status for row in await appointments(house)] == ["confirmed"]


async def test_the_confirming_page_can_be_asked_by_hand(house: House, open_page: OpenPage) -> None:
    held = (await house.hold(at(house.organised, 2, 10))).json()
    await house.details(held["token"])
    await house.http.post(f"/api/booking/appointments/{held['token']}/payment")

    page = await opened(open_page, f"/book/quay/visit/{held['token']}?lang=en")

    await expect(page.get_by_role("link", name="Check again")).to_have_attribute("href", re.compile(held["token"]))
    await expect(page.get_by_role("button", name="Go to the payment page")).to_be_visible()


async def test_a_decline_offers_the_payment_again(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay")
    await page.locator(".next button").first.click()
    await type_details(page)
    await page.get_by_role("button", name="Continue to payment").click()
    await page.locator("button.primary").click()
    await press(page, "decline")

    await expect(page.get_by_role("alert")).to_contain_text("Nothing was charged", timeout=REFRESHED)
    await page.get_by_role("button", name="Try again: pay $80.00").click()
    await press(page, "succeed")

    await expect(heading(page, "Your visit is booked")).to_be_visible(timeout=REFRESHED)


async def test_wrong_details_come_back_with_everything_typed(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay", expected=("400",))
    await page.locator(".next button").first.click()
    await type_details(page, **{"Mobile number": "12345", "First name": '"><i>x'})

    await page.get_by_role("button", name="Continue to payment").click()

    await expect(page.get_by_label("Mobile number")).to_have_accessible_description(re.compile("cannot receive texts"))
    await expect(page.get_by_label("E-mail")).to_have_value(TYPED["E-mail"])
    await expect(page.get_by_label("First name")).to_have_value('"><i>x')
    await expect(page.locator("#sms_consent")).to_be_checked()


async def test_a_taken_time_comes_back_with_others(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay", expected=("409",))
    await page.get_by_role("link", name=re.compile("Video consultation")).click()
    wanted = at(house.organised, 2, 10)
    for provider in (house.organised.ann, house.organised.ben):
        assert (await house.hold(wanted, provider_id=str(provider))).status_code == 201

    await page.locator(f"#d-{wanted.date()} button[value^='{wanted:%Y-%m-%dT%H:%M}']").click()

    await expect(page.get_by_role("alert")).to_contain_text("has just been taken")
    await page.locator(".next button").first.click()
    await expect(heading(page, "Your details")).to_be_visible()


async def test_the_same_form_sent_twice_is_one_hold(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay")
    form = {
        name: await page.locator(f"input[name={name}]").get_attribute("value") or ""
        for name in ("service_id", "provider_id", "key")
    }
    form["start"] = await page.locator(".next button").first.get_attribute("value") or ""

    first = await house.http.post("/book/quay/hold", data=form)
    second = await house.http.post("/book/quay/hold", data=form)

    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(await appointments(house)) == 1


async def test_a_time_can_be_let_go_of(house: House, open_page: OpenPage) -> None:
    held = (await house.hold(at(house.organised, 2, 10))).json()
    page = await opened(open_page, f"/book/quay/visit/{held['token']}")

    await page.get_by_role("button", name="Choose another time").click()

    await expect(heading(page, "Choose a time")).to_be_visible()
    assert [row.status for row in await appointments(house)] == ["canceled"]


async def test_a_lapsed_hold_is_told(house: House, open_page: OpenPage) -> None:
    held = (await house.hold(at(house.organised, 2, 10))).json()
    await house.advance(11 * 60)

    page = await opened(open_page, f"/book/quay/visit/{held['token']}")

    await expect(heading(page, "The reservation has run out")).to_be_visible()
    await page.get_by_role("link", name="Choose a time").click()
    await expect(heading(page, "Choose a time")).to_be_visible()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/book/nowhere", 404),
        ("/book/%00", 404),
        ("/book/QUAY'--", 404),
        ("/book/quay/visit/AAAA", 404),
        ("/book/quay/visit/%00", 404),
        ("/book/quay/visit/" + "A" * 3000, 404),
        ("/book/quay?service=%00&provider=x&from=0001-01-01&lang=%00", 200),
        ("/book/quay?from=9999-12-31", 200),
        ("/book/quay?from=2026-02-30&service=00000000-0000-0000-0000-000000000000", 200),
        ("/book/quay?lang=xx-<script>", 200),
    ],
)
async def test_an_edited_address_gets_a_kind_page(house: House, address: str, status: int) -> None:
    answer = await house.http.get(address)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text
    assert "<h2" in answer.text


async def test_another_clinics_visit_is_not_shown(house: House) -> None:
    held = (await house.hold(at(house.organised, 2, 10))).json()

    answer = await house.http.get(f"/book/moor/visit/{held['token']}")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"service_id=x&start=y",
        b"\xff\xfe",
        b"service_id=%ff",
        b"service_id=%00&start=%00",
        b"start=2026-01-01T10:00:00&service_id=00000000-0000-0000-0000-000000000000",
        b"start=2026-01-01T10:00:00Z&service_id=00000000-0000-0000-0000-000000000000&key=" + b"k" * 500,
        b"&".join(b"a%d=1" % number for number in range(50)),
        b"a=" + b"x" * 100_000,
    ],
)
async def test_a_bad_form_is_refused_with_a_page_and_writes_nothing(house: House, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await house.http.post("/book/quay/hold", content=body, headers=headers)

    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert await appointments(house) == []


async def test_the_page_speaks_the_readers_language(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay?lang=es")
    await expect(heading(page, "Elija una hora")).to_be_visible()
    await page.locator(".next button").first.click()

    await expect(heading(page, "Sus datos")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    assert "lang=es" in page.url
