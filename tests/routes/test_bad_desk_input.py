"""What the desk and the searches must refuse: each answers a 4xx problem with a code and a sentence."""

from typing import Any

import pytest

from tests.house import House
from tests.routes.evidence import a_hold_request, everything, is_a_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


SEARCHES: dict[str, dict[str, str]] = {
    "no service": {"from": "2030-01-01"},
    "a service that is no id": {"service_id": "x", "from": "2030-01-01"},
    "no day": {},
    "a day that is none": {"from": "2030-02-30"},
    "a day in words": {"from": "tomorrow"},
    "an empty day": {"from": ""},
    "the end before the beginning": {"from": "2030-01-02", "to": "2030-01-01"},
    "nothing between": {"from": "2030-01-02", "to": "2030-01-02"},
    "ten years": {"from": "2030-01-01", "to": "2040-01-01"},
    "year 1": {"from": "0001-01-01"},
    "year 9999": {"from": "9999-12-31"},
    "year 9999 to its end": {"from": "9999-12-01", "to": "9999-12-31"},
    "a provider that is no id": {"from": "2030-01-01", "provider_id": "ann"},
    "NUL": {"from": "2030-01-01\x00"},
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_for_slots_that_makes_no_sense_is_refused(standing_house: House, name: str) -> None:
    asked = SEARCHES[name]
    if name != "no service":
        asked = {"service_id": str(standing_house.organised.consult), **asked}

    answer = await standing_house.http.get("/api/booking/quay/slots", params=asked)

    is_a_problem(answer, 400, "invalid_input")


LISTS: dict[str, dict[str, str]] = {
    "a day that is none": {"from": "2030-02-30"},
    "a day in words": {"to": "tomorrow"},
    "a clinic that is no id": {"clinic_id": "quay"},
    "a provider that is no id": {"provider_id": "1"},
    "a status that is none": {"status": "paid"},
    "a payment status that is none": {"payment_status": "lost"},
    "limit 0": {"limit": "0"},
    "limit -1": {"limit": "-1"},
    "limit 201": {"limit": "201"},
    "limit in words": {"limit": "abc"},
    "limit beyond int64": {"limit": "99999999999999999999"},
    "NUL in the text": {"q": "a\x00b"},
    "a line break in the text": {"q": "a\nb"},
    "a text of 10,000 characters": {"q": "a" * 10_000},
    "a cursor that is none": {"cursor": "abc"},
    "a cursor of another alphabet": {"cursor": "żółw"},
    "a cursor with a naive time": {
        "cursor": "MjAzMC0wMS0wMVQwMDowMDowMHwwMTg5YzZlZC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="
    },
    "a cursor before all time": {
        "cursor": "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwwMTg5YzZlZC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="
    },
    "a cursor after all time": {
        "cursor": "OTk5OS0xMi0zMVQyMzo1OTo1OS0xMjowMHwwMTg5YzZlZC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="
    },
    "a cursor of 201 characters": {"cursor": "a" * 201},
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_that_makes_no_sense_is_refused(standing_house: House, name: str) -> None:
    headers = await standing_house.staff("admin")

    answer = await standing_house.http.get("/api/appointments", params=LISTS[name], headers=headers)

    is_a_problem(answer, 400, "invalid_input")


@pytest.mark.parametrize("path", ["/api/sales/summary", "/api/sales/daily", "/api/exports/appointments.csv"])
@pytest.mark.parametrize("asked", [{"from": "x"}, {"q": "\x00"}, {"status": "paid"}, {"clinic_id": "quay"}])
async def test_sales_and_export_refuse_what_the_list_refuses(
    standing_house: House, path: str, asked: dict[str, str]
) -> None:
    answer = await standing_house.http.get(path, params=asked, headers=await standing_house.staff("admin"))

    is_a_problem(answer, 400, "invalid_input")


@pytest.mark.parametrize("text", ["%", "_", "\\", "%%%", "'", '"; DROP TABLE users; --', "Zoë", "🙂", "+1212"])
async def test_a_text_to_look_for_is_taken_literally(standing_house: House, text: str) -> None:
    answer = await standing_house.http.get(
        "/api/appointments", params={"q": text}, headers=await standing_house.staff("admin")
    )

    assert answer.status_code == 200
    assert answer.json()["items"] == []


PHONE: dict[str, tuple[dict[str, Any], int, str]] = {
    "an unknown clinic": ({"clinic": "nowhere"}, 404, "not_found"),
    "NUL in the clinic": ({"clinic": "qu\x00ay"}, 400, "invalid_input"),
    "a payment that is none": ({"payment": "cash"}, 400, "invalid_input"),
    "a landline": ({"mobile": "+442079460000"}, 400, "invalid_mobile"),
    "a bad e-mail": ({"email": "a@b"}, 400, "invalid_email"),
    "an empty name": ({"first_name": "  "}, 400, "invalid_input"),
    "a naive start": ({"start": "2030-01-01T10:00:00"}, 400, "invalid_input"),
    "another clinic's provider": ({"clinic": "moor", "mobile": "+447911123456"}, 404, "not_found"),
    "a time in the past": ({"start": "2020-01-01T10:00:00Z"}, 409, "slot_not_offered"),
    "an unknown field": ({"total_minor": 0}, 400, "invalid_input"),
}


@pytest.mark.parametrize("name", PHONE)
async def test_a_caller_is_not_booked_by_other_rules(standing_house: House, name: str) -> None:
    changes, status, code = PHONE[name]
    body = {
        "clinic": "quay",
        **(await a_hold_request(standing_house)),
        "first_name": "Ida",
        "last_name": "Call",
        "mobile": "(212) 555-0187",
        **changes,
    }
    headers = await standing_house.staff()
    before = await everything(standing_house.db)

    answer = await standing_house.http.post("/api/appointments", json=body, headers=headers)

    is_a_problem(answer, status, code)
    assert await everything(standing_house.db) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("refunds", {"amount_minor": 0, "reason": "x"}),
        ("refunds", {"amount_minor": -1, "reason": "x"}),
        ("refunds", {"amount_minor": 1.5, "reason": "x"}),
        ("refunds", {"amount_minor": "1", "reason": "x"}),
        ("refunds", {"amount_minor": 2**31, "reason": "x"}),
        ("refunds", {"amount_minor": 2**70, "reason": "x"}),
        ("refunds", {"amount_minor": 1, "reason": ""}),
        ("refunds", {"amount_minor": 1, "reason": "x\x00"}),
        ("refunds", {"amount_minor": 1, "reason": "x" * 501}),
        ("refunds", {"amount_minor": 1, "reason": "x", "currency": "EUR"}),
        ("cancel", {"reason": "x", "refund_minor": -1}),
        ("cancel", {"reason": "x", "refund_minor": 2**64}),
        ("cancel", {"reason": "x", "refund_minor": None}),
        ("cancel", {"refund_minor": 0}),
        ("resend", {"channels": ["pigeon"]}),
        ("resend", {"channels": "email"}),
    ],
)
async def test_the_desk_is_refused_what_makes_no_sense(
    standing_house: House, token: str, path: str, body: dict[str, Any]
) -> None:
    appointment_id = (await standing_house.visit(token))["appointment_id"]
    headers = await standing_house.staff()
    before = await everything(standing_house.db)

    answer = await standing_house.http.post(f"/api/appointments/{appointment_id}/{path}", json=body, headers=headers)

    is_a_problem(answer, 400, "invalid_input")
    assert await everything(standing_house.db) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/cancel", {"reason": "x"}),
        ("POST", "/refunds", {"amount_minor": 1, "reason": "x"}),
        ("POST", "/resend", {}),
    ],
)
@pytest.mark.parametrize("appointment_id", ["01a1f9b7-8c4c-7000-8000-000000000000", "not-an-id", "%00"])
async def test_an_appointment_that_does_not_exist_is_not_found(
    standing_house: House, method: str, path: str, body: Any, appointment_id: str
) -> None:
    answer = await standing_house.http.request(
        method, f"/api/appointments/{appointment_id}{path}", json=body, headers=await standing_house.staff()
    )

    is_a_problem(answer, 404, "not_found")
