"""Readable for everybody: axe on every step in light and dark, 320 pixels without a sideways scroll, mended contrast."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page, expect

from server.routes.page_theme import ENOUGH, contrast, stylesheet
from shared.schemas.booking import Theme
from tests.house import House
from tests.organisation import at
from tests.widget.conftest import OpenPage
from tests.widget.patient import choose, give_details, heading, press_outcome

ROOT = Path(__file__).resolve().parents[2]
AXE = ";axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))"


async def look(page: Page, axe: str, faults: list[str], step: str) -> None:
    """Notes what axe finds at this step, and how far the page is wider than the window."""
    faults += [f"{step}: {found}" for found in await page.evaluate(axe + AXE)]
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wider > 0:
        faults.append(f"{step}: {wider} px too wide")
    small = await page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea')]
            .filter((at) => at.checkVisibility())
            .map((at) => [at.getBoundingClientRect(), at.outerHTML.slice(0, 80)])
            .filter(([box, html]) => Math.min(box.width, box.height) < 24)
            .map(([, html]) => html)"""
    )
    faults += [f"{step}: a target under 24 px: {html}" for html in small if not html.startswith('<a href="#')]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_step_is_readable(
    house: House, open_page: OpenPage, node_modules: Path, scheme: str, width: int
) -> None:
    axe = (node_modules / "axe-core" / "axe.min.js").read_text("utf-8")
    page = await open_page(
        color_scheme=scheme, viewport={"width": width, "height": 800}, timezone_id="Asia/Kathmandu", expected=("404",)
    )
    faults: list[str] = []
    await page.goto("/book/quay")
    await look(page, axe, faults, "first page")
    await choose(page)
    await look(page, axe, faults, "details")
    await page.get_by_role("button", name="Continue to payment").click()
    await look(page, axe, faults, "errors")
    await give_details(page)
    await expect(heading(page, "Payment")).to_be_visible()
    await look(page, axe, faults, "payment")
    await press_outcome(page, "decline")
    await expect(page.locator("#refusal")).to_be_visible()
    await look(page, axe, faults, "declined")
    await press_outcome(page, "succeed")
    await expect(heading(page, "Your visit is booked")).to_be_visible()
    await look(page, axe, faults, "booked")

    held = (await house.hold(at(house.organised, 2, 10))).json()
    await house.details(held["token"])
    await house.http.post(f"/api/booking/appointments/{held['token']}/payment")
    await page.goto(f"/book/quay/visit/{held['token']}")
    await expect(heading(page, "Confirming your payment")).to_be_visible()
    await look(page, axe, faults, "confirming")

    held = (await house.hold(at(house.organised, 2, 12))).json()
    await house.advance(11 * 60)
    await page.goto(f"/book/quay/visit/{held['token']}")
    await look(page, axe, faults, "lapsed")
    await page.goto("/book/quay/visit/nothing")
    await look(page, axe, faults, "missing")

    assert faults == []


async def test_steps_read_well_to_those_who_hear_them(house: House, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto("/book/quay")

    await choose(page)

    await expect(page.locator("#app")).to_match_aria_snapshot(
        """
        - heading "Your details" [level=2]
        - complementary "Service":
          - timer: /Kept for you/
          - paragraph: Video consultation
        - text: First name
        - textbox "First name"
        - text: Last name
        - textbox "Last name"
        - text: E-mail
        - textbox "E-mail"
        - text: Mobile number
        - textbox "Mobile number"
        - paragraph: A number from abroad starts with + and its country code.
        - checkbox /Texts about this visit/
        """
    )


colors = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(accent=colors, surface=colors, text=colors, radius=st.integers(-50, 500))
def test_any_clinics_colours_become_readable(accent: str, surface: str, text: str, radius: int) -> None:
    light, dark = stylesheet(Theme(accent=accent, surface=surface, text=text, radius=radius)).split("@media")

    for sheet, panel in ((light, "#ffffff"), (dark, "#192223")):
        at_hand = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", sheet))
        for ground in (panel, at_hand["surface"], at_hand["accent-soft"]):
            assert contrast(at_hand["accent"], ground) >= ENOUGH
            assert contrast(at_hand["text"], ground) >= ENOUGH
        assert contrast(at_hand["on-accent"], at_hand["accent"]) >= ENOUGH
        assert contrast(at_hand["on-accent"], at_hand["accent-hover"]) >= ENOUGH


@pytest.mark.parametrize("value", ["red", "#12345", "#zzzzzz", "#0b6e6e;} body{display:none", ""])
def test_a_broken_colour_falls_back_and_is_never_echoed(value: str) -> None:
    sheet = stylesheet(Theme(accent=value, surface=value, text=value, radius=8))

    assert "display" not in sheet
    assert contrast(re.findall(r"--accent:(#[0-9a-f]{6})", sheet)[0], "#ffffff") >= ENOUGH


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_colours_are_the_desktops(scheme: str) -> None:
    tokens = json.loads((ROOT / "desktop" / "tokens.json").read_text("utf-8"))[scheme]
    blocks = (ROOT / "booking_widget" / "page.css").read_text("utf-8").split(":root {")
    ours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[1 if scheme == "light" else 2].split("}")[0]))

    assert len(ours) >= 17
    assert {name: tokens[name.replace("-", "_")] for name in ours} == ours
