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


async def test_a_decline_offers_the_payment_again(house: House, open_page: OpenPage) -> None:
    page = await opened(open_page, "/book/quay")
    page.on("request", lambda r: print(r.method, r.url.split("/",3)[3][:22], r.url[-12:], (r.post_data or "")[-20:]) if "/widget/" not in r.url and "theme" not in r.url else None)
    page.on("response", lambda r: print("   ", r.status, r.headers.get("location", "")[-30:]) if "/widget/" not in r.url and "theme" not in r.url else None)
    await page.locator(".next button").first.click()
    await type_details(page)
    await page.get_by_role("button", name="Continue to payment").click()
    await page.locator("button.primary").click()
    await press(page, "decline")

    await expect(page.get_by_role("alert")).to_contain_text("Nothing was charged", timeout=REFRESHED)
    await page.get_by_role("button", name="Try again: pay $80.00").click()
    await press(page, "succeed")

    await expect(heading(page, "Your visit is booked")).to_be_visible(timeout=REFRESHED)


