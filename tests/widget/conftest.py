"""A real browser on a real server: Chromium from Debian, the house of the other tests, a clinic's website beside it.

A page that logs an error, breaks its content policy or asks anybody but us for anything fails its test.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import update

from server.background_task import ended
from server.db.tables import Clinic
from server.sample_website import FOLDER, sample_website
from tests.house import House

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WORKERS_PAUSE = 0.2

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def chromium_program() -> Path:
    if not CHROMIUM.exists():
        pytest.fail("Chromium is missing; install it: apt-get install -y chromium")
    return CHROMIUM


@pytest.fixture
async def chromium(chromium_program: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(chromium_program), args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(chromium: Browser, house: House) -> AsyncIterator[OpenPage]:
    """Opens pages of `new_context(**options)`; at the end, says what went wrong on any of them."""
    wrong: list[str] = []
    ours = {house.settings.port, house.settings.port + 1}

    def note_request(url: str, allowed: tuple[str, ...]) -> None:
        parts = urlsplit(url)
        foreign = parts.scheme in ("http", "https") and parts.port not in ours and not url.startswith(allowed)
        if foreign:
            wrong.append(f"asked a third party: {url}")

    async def open_one(*, allowed: tuple[str, ...] = (), expected: tuple[str, ...] = (), **options: Any) -> Page:
        """`allowed`: beginnings of other addresses it may ask; `expected`: parts of console errors that belong."""
        settings = {"locale": "en-US", "timezone_id": "America/New_York", "viewport": {"width": 1000, "height": 900}}
        context = await chromium.new_context(base_url=house.settings.public_url, **{**settings, **options})
        context.set_default_timeout(15_000)
        page = await context.new_page()
        page.on("request", lambda request: note_request(request.url, allowed))
        page.on("pageerror", lambda error: wrong.append(f"script failed: {error}"))
        page.on(
            "console",
            lambda message: (
                wrong.append(f"console: {message.text}")
                if message.type in ("error", "warning") and not any(part in message.text for part in expected)
                else None
            ),
        )
        return page

    yield open_one
    assert wrong == []


@pytest.fixture
async def house(house: House) -> AsyncIterator[House]:
    """The house with somebody at work in it: a browser waits for what the jobs do, not for the test."""

    async def work() -> None:
        while True:
            await house.settle()
            await asyncio.sleep(WORKERS_PAUSE)

    working = asyncio.create_task(work(), name="worker")
    yield house
    await ended(working)
    if not working.cancelled() and isinstance(error := working.exception(), AssertionError):
        raise error


@pytest.fixture
async def website(house: House, tmp_path: Path) -> AsyncIterator[str]:
    """The sample clinic's website on another site than the booking page, registered with the clinic `quay`."""
    folder = tmp_path / "website"
    folder.mkdir()
    for file in FOLDER.iterdir():
        (folder / file.name).write_text(file.read_text("utf-8").replace("harbor", "quay"), "utf-8")
    port = house.settings.port + 1
    origin = f"http://localhost:{port}"
    async with house.db.write.begin() as connection:
        await connection.execute(update(Clinic).where(Clinic.slug == "quay").values(origins=[origin]))
    with sample_website("127.0.0.1", port, house.settings.public_url, folder):
        yield f"{origin}/"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    folder = Path(__file__).resolve().parents[2] / "node_modules"
    if not (folder / "axe-core" / "axe.min.js").exists():
        pytest.fail("The widget's tools are missing; install them: npm ci")
    return folder
