"""The one clock, moved by hand."""

from datetime import datetime, timedelta

import pytest

from tests.sandbox.vendors import Vendors


async def test_the_clock_moves_forward_for_everybody(vendors: Vendors) -> None:
    before = await vendors.db.now()

    moved = (await vendors.http.post("/sandbox/clock", json={"advance_seconds": 3600})).json()
    shown = (await vendors.http.get("/sandbox/clock")).json()

    assert moved["offset_seconds"] == shown["offset_seconds"] == 3600
    assert datetime.fromisoformat(moved["now"]) - before >= timedelta(hours=1)
    assert await vendors.db.now() - before >= timedelta(hours=1)


async def test_advances_add_up(vendors: Vendors) -> None:
    for seconds in (0, 60, 40):
        await vendors.advance(seconds)

    assert (await vendors.http.get("/sandbox/clock")).json()["offset_seconds"] == 100


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b"[" * 20_000, b'{"advance_seconds": -1}', b'{"advance_seconds": 8640001}',
        b'{"advance_seconds": "60"}', b'{"advance_seconds": 1.5}', b'{"advance_seconds": true}',
        b'{"advance_seconds": 1e3000}', b'{"advance_seconds": 60, "more": 1}', b'{"advance_seconds": 99999999999999999999}',
    ],
)  # fmt: skip
async def test_anything_but_whole_seconds_is_a_problem(vendors: Vendors, body: bytes) -> None:
    answer = await vendors.http.post("/sandbox/clock", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert (await vendors.http.get("/sandbox/clock")).json()["offset_seconds"] == 0


async def test_ten_years_are_the_end(vendors: Vendors) -> None:
    answers = [
        (await vendors.http.post("/sandbox/clock", json={"advance_seconds": 8_640_000})).status_code for _ in range(38)
    ]

    assert answers == [200] * 36 + [400] * 2
    assert (await vendors.http.get("/sandbox/clock")).json()["offset_seconds"] == 36 * 8_640_000


async def test_the_overview_has_the_clocks_buttons(vendors: Vendors) -> None:
    pressed = await vendors.http.post("/sandbox/clock", data={"advance_seconds": "600"})
    page = await vendors.http.get("/sandbox")

    assert (pressed.status_code, pressed.headers["location"]) == (303, "/sandbox")
    assert "600 seconds ahead" in page.text
