"""Who may do what, whose rows are seen, what a list shows, and what every look leaves behind."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from server.domain.permissions import PERMISSIONS
from shared.schemas.enums import Role, Verb
from tests.house import House
from tests.organisation import PASSWORD, at
from tests.routes.evidence import everything, rows, value
from tests.routes.test_bad_input import is_a_problem

ROLES = (Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER)
ID = str(uuid4())

ENDPOINTS: dict[tuple[str, str], Verb] = {
    ("GET", "/api/organisation"): Verb.VIEW_SCHEDULE,
    ("GET", "/api/appointments"): Verb.VIEW_SCHEDULE,
    ("GET", "/api/appointments/{id}"): Verb.VIEW_APPOINTMENT,
    ("POST", "/api/appointments"): Verb.BOOK_APPOINTMENT,
    ("POST", "/api/appointments/{id}/cancel"): Verb.CANCEL_APPOINTMENT,
    ("POST", "/api/appointments/{id}/refunds"): Verb.REFUND_PAYMENT,
    ("POST", "/api/appointments/{id}/resend"): Verb.SEND_MESSAGE,
    ("GET", "/api/sales/summary"): Verb.VIEW_DAY_SALES,
    ("GET", "/api/sales/daily"): Verb.VIEW_DAY_SALES,
    ("GET", "/api/exports/appointments.csv"): Verb.EXPORT_DATA,
    ("GET", "/api/events"): Verb.FOLLOW_EVENTS,
}


async def booked_rows(house: House) -> dict[str, dict[str, Any]]:
    """Visits to list: a paid one with Ann, one on the phone with Ben, a hold with Ann, a paid one in London."""
    paid = await house.booked(at(house.organised, 3, 10))
    answer = await house.http.post(
        "/api/appointments",
        json={
            "clinic": "quay",
            "service_id": str(house.organised.checkup),
            "provider_id": str(house.organised.ben),
            "start": at(house.organised, 4, 11).isoformat(),
            "first_name": "Otto",
            "last_name": "=HYPERLINK(1)",
            "mobile": "(212) 555-0187",
        },
        headers=await house.staff(),
    )
    assert answer.status_code == 201, answer.text
    hold = (await house.hold(at(house.organised, 5, 9))).json()
    held = await house.hold(
        at(house.organised, 3, 10, zone="Europe/London"), clinic="moor", provider_id=str(house.organised.cleo)
    )
    london = held.json()
    await house.details(
        london["token"], mobile="07911 123456", first_name="Zoe\u0308", last_name="Okafor", email="zoe@example.com"
    )
    await house.pay(london["token"])
    await house.settle()
    return {"paid": paid, "phone": answer.json()["row"], "hold": hold, "london": london}


async def listed(house: House, role: str = "manager", **asked: Any) -> list[dict[str, Any]]:
    answer = await house.http.get("/api/appointments", params=asked, headers=await house.staff(role))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_every_role_reaches_exactly_what_the_table_of_permissions_allows(house: House) -> None:
    wrong = []
    for role in ROLES:
        headers = await house.staff(role.value)
        for (method, path), verb in ENDPOINTS.items():
            async with house.http.stream(
                method, path.replace("{id}", ID), headers=headers, json={} if method == "POST" else None
            ) as answer:
                allowed = answer.status_code != 403
                if path.startswith("/api/sales") and role is Role.FRONT_DESK:
                    allowed = True  # refused here for the range, which has a test of its own
            if allowed != (verb in PERMISSIONS[role]):
                wrong.append((role.value, method, path, answer.status_code))

    assert wrong == []


async def test_every_staff_endpoint_of_the_api_is_in_the_table_of_this_file(house: House) -> None:
    schema = (await house.http.get("/schema/openapi.json")).json()

    described = {
        (method.upper(), path.replace("{appointment_id}", "{id}"))
        for path, methods in schema["paths"].items()
        for method in methods
        if path.startswith("/api/") and not path.startswith(("/api/booking", "/api/session"))
    }
    assert described == set(ENDPOINTS)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp4", "Bearer " + "a" * 4000])
async def test_who_is_not_signed_in_reaches_nothing(house: House, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    before = await everything(house.db)

    for method, path in [*ENDPOINTS, ("GET", "/api/session"), ("DELETE", "/api/session")]:
        answer = await house.http.request(method, path.replace("{id}", ID), headers=headers)
        is_a_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await everything(house.db) == before


async def test_a_token_is_worthless_after_signing_out_and_after_its_time(house: House) -> None:
    first, second = await house.staff("admin"), await house.staff("manager")

    out = await house.http.delete("/api/session", headers=first)
    after = await house.http.get("/api/session", headers=first)
    other = await house.http.get("/api/session", headers=second)
    await house.advance(house.settings.session_hours * 3600 + 1)
    late = await house.http.get("/api/session", headers=second)

    assert (out.status_code, other.status_code) == (204, 200)
    is_a_problem(after, 401, "unauthenticated")
    is_a_problem(late, 401, "unauthenticated")


async def test_a_person_who_left_is_signed_out_at_once(house: House) -> None:
    headers = await house.staff("manager")
    from sqlalchemy import text

    async with house.db.write.begin() as connection:
        await connection.execute(text("UPDATE users SET active = false WHERE email = 'manager@demo.test'"))

    is_a_problem(await house.http.get("/api/session", headers=headers), 401, "unauthenticated")
    again = await house.http.post("/api/session", json={"email": "manager@demo.test", "password": PASSWORD})
    is_a_problem(again, 401, "invalid_credentials")


async def test_sign_in_fails_alike_for_a_wrong_password_and_an_unknown_person(house: House) -> None:
    attempts = [
        {"email": "manager@demo.test", "password": "wrong"},
        {"email": "nobody@demo.test", "password": PASSWORD},
        {"email": "MANAGER@demo.test' OR 1=1 --", "password": PASSWORD},
        {"email": "manager@demo.test", "password": PASSWORD + " "},
    ]

    answers = [await house.http.post("/api/session", json=attempt) for attempt in attempts]

    for answer in answers:
        is_a_problem(answer, 401, "invalid_credentials")
    assert len({answer.text for answer in answers}) == 1
    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'sign_in_failed'") == 4
    written = await rows(house.db, "SELECT before::text, after::text FROM events WHERE kind = 'sign_in_failed'")
    assert "demo.test" not in str(written)


async def test_signing_in_keeps_only_the_hash_of_the_token(house: House) -> None:
    answer = await house.http.post("/api/session", json={"email": "Manager@Demo.test", "password": PASSWORD})

    body = answer.json()
    assert (answer.status_code, body["user"]["role"]) == (201, "manager")
    assert set(body["user"]["may"]) == {verb.value for verb in PERMISSIONS[Role.MANAGER]}
    table = await value(
        house.db, "SELECT table_name FROM information_schema.columns WHERE column_name = 'token_hash' LIMIT 1"
    )
    stored = await rows(house.db, f"SELECT {table}::text FROM {table}")
    assert body["token"] not in str(stored)


async def test_a_provider_sees_only_the_own_schedule(house: House) -> None:
    visits = await booked_rows(house)
    headers = await house.staff("provider")

    mine = await listed(house, "provider")
    asked_for_ben = await listed(house, "provider", provider_id=str(house.organised.ben))
    own = await house.http.get(f"/api/appointments/{visits['paid']['appointment_id']}", headers=headers)
    other = await house.http.get(f"/api/appointments/{visits['phone']['id']}", headers=headers)

    assert {row["provider_id"] for row in mine} == {str(house.organised.ann)}
    assert len(mine) == 2
    assert asked_for_ben == []
    assert (own.status_code, own.json()["payments"], own.json()["ledger"]) == (200, [], [])
    is_a_problem(other, 404, "not_found")


async def test_the_front_desk_sees_the_sales_of_today_and_of_no_other_range(house: House) -> None:
    await house.booked(at(house.organised, 3, 10))
    today = at(house.organised, 0, 12).date()
    headers = await house.staff("front_desk")
    ranges = {
        "today": (today, today + timedelta(days=1)),
        "yesterday": (today - timedelta(days=3), today - timedelta(days=2)),
        "two days": (today, today + timedelta(days=2)),
        "from today on": (today, None),
        "until tomorrow": (None, today + timedelta(days=1)),
        "everything": (None, None),
    }

    answers = {}
    for name, (first, last) in ranges.items():
        asked = {"from": str(first or ""), "to": str(last or "")}
        answers[name] = await house.http.get(
            "/api/sales/summary", params={key: text for key, text in asked.items() if text}, headers=headers
        )

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "today": 200,
        **dict.fromkeys(list(ranges)[1:], 403),
    }
    assert [total["gross_minor"] for total in answers["today"].json()["totals"]] == [12_500]


async def test_the_filters_of_the_list_each_and_together(house: House) -> None:
    visits = await booked_rows(house)
    paid, phone, hold, london = (
        visits["paid"]["appointment_id"],
        visits["phone"]["id"],
        visits["hold"]["appointment_id"],
        visits["london"]["appointment_id"],
    )
    day = at(house.organised, 4, 11).date()
    organised = house.organised
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {paid, phone, hold, london}),
        ({"clinic_id": str(organised.quay)}, {paid, phone, hold}),
        ({"clinic_id": str(uuid4())}, set()),
        ({"service_id": str(organised.checkup)}, {phone}),
        ({"provider_id": str(organised.ann)}, {paid, hold}),
        ({"status": "draft"}, {hold}),
        ({"status": ["draft", "confirmed"]}, {paid, phone, hold, london}),
        ({"status": "rescheduled"}, set()),
        ({"payment_status": "succeeded"}, {paid, london}),
        ({"payment_status": "none"}, {phone, hold}),
        ({"payment_status": ["none", "succeeded"]}, {paid, phone, hold, london}),
        ({"from": str(day)}, {phone, hold}),
        ({"to": str(day)}, {paid, london}),
        ({"from": str(day), "to": str(day + timedelta(days=1))}, {phone}),
        ({"from": str(day), "to": str(day)}, set()),
        ({"q": "mara"}, {paid}),
        ({"q": "LINDT mara"}, {paid}),
        ({"q": "mara okafor"}, set()),
        ({"q": "zo\u00eb"}, {london}),
        ({"q": "zoe\u0308"}, {london}),
        ({"q": "5550187"}, {phone}),
        ({"q": visits["hold"]["reference"].lower()}, {hold}),
        ({"q": "%"}, set()),
        (
            {"q": "mara", "status": "confirmed", "provider_id": str(organised.ann), "payment_status": "succeeded"},
            {paid},
        ),
        ({"q": "mara", "provider_id": str(organised.ben)}, set()),
    ]

    for asked, ids in expected:
        found = await listed(house, **asked)
        assert {row["id"] for row in found} == ids, asked

    everyone = await listed(house)
    starts = [row["start"] for row in everyone]
    assert [row["id"] for row in everyone] == [hold, phone, paid, london], starts


async def test_pages_visit_every_row_once_while_others_are_booked(house: House) -> None:
    starts = [at(house.organised, 3 + index // 4, 9 + 2 * (index % 4)) for index in range(20)]
    for start in starts:
        assert (await house.hold(start)).status_code == 201
    headers = await house.staff()
    seen: list[str] = []
    cursor: str | None = None

    for turn in range(20):
        asked = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await house.http.get("/api/appointments", params=asked, headers=headers)).json()
        seen += [row["id"] for row in page["items"]]
        if turn < 5:
            await house.hold(at(house.organised, 20, 9 + turn))
            await house.hold(at(house.organised, 2, 9 + turn))
        cursor = page["next_cursor"]
        if cursor is None:
            break

    first = await rows(house.db, "SELECT id::text FROM appointments WHERE starts_at = ANY(:starts)", starts=starts)
    assert len(seen) == len(set(seen))
    assert {row[0] for row in first} <= set(seen)


async def test_rows_that_begin_at_the_same_moment_are_paged_without_loss(house: House) -> None:
    start = at(house.organised, 3, 10)
    for provider in (house.organised.ann, house.organised.ben):
        await house.hold(start, provider_id=str(provider))
    headers = await house.staff()

    first = (await house.http.get("/api/appointments", params={"limit": 1}, headers=headers)).json()
    second = (
        await house.http.get("/api/appointments", params={"limit": 1, "cursor": first["next_cursor"]}, headers=headers)
    ).json()

    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert second["next_cursor"] is None


async def test_every_look_leaves_a_line(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    await house.detail(held["appointment_id"], "manager")
    await listed(house, "front_desk")
    await house.http.get("/api/exports/appointments.csv", headers=await house.staff("admin"))
    await house.http.get(f"/api/appointments/{uuid4()}", headers=await house.staff("manager"))

    lines = await rows(
        house.db,
        "SELECT u.role, l.what, l.appointment_id::text, l.rows FROM access_log l JOIN users u ON u.id = l.user_id"
        " ORDER BY l.id",
    )

    assert [tuple(line) for line in lines] == [
        ("manager", "opened", held["appointment_id"], 1),
        ("front_desk", "listed", None, 1),
        ("admin", "exported", None, 1),
    ]


async def test_an_export_that_is_broken_off_has_left_its_line_already(house: House) -> None:
    await house.booked(at(house.organised, 3, 10))
    from server.db.reads.appointments import every_appointment
    from server.db.reads.filters import Filters
    from server.domain.permissions import Viewer

    user = (await rows(house.db, "SELECT id, name, email FROM users WHERE role = 'admin'"))[0]
    viewer = Viewer(user[0], uuid4(), user[1], user[2], Role.ADMIN)

    exported = every_appointment(house.db, viewer, Filters())
    await anext(exported)
    await exported.aclose()

    assert await value(house.db, "SELECT count(*) FROM access_log WHERE what = 'exported'") == 1


async def test_an_export_is_a_table_that_no_spreadsheet_runs(house: House) -> None:
    visits = await booked_rows(house)
    await house.hold(at(house.organised, 9, 9))

    answer = await house.http.get("/api/exports/appointments.csv", headers=await house.staff("manager"))
    filtered = await house.http.get(
        "/api/exports/appointments.csv", params={"q": "mara"}, headers=await house.staff("manager")
    )

    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert len(lines) == 5
    phone = next(line for line in lines if line["reference"] == visits["phone"]["reference"])
    assert phone["patient"] == "Otto =HYPERLINK(1)"
    assert not [cell for line in lines for cell in line.values() if cell[:1] in tuple("=+-@\t\r")]
    assert len(list(csv.DictReader(io.StringIO(filtered.text)))) == 1


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+1", "-1", "=cmd|' /C calc'!A0"])
async def test_a_name_that_is_a_formula_is_exported_as_text(house: House, name: str) -> None:
    held = (await house.hold(at(house.organised, 3, 9), service_id=house.organised.intro)).json()
    assert (await house.details(held["token"], first_name=name)).status_code == 200

    answer = await house.http.get("/api/exports/appointments.csv", headers=await house.staff("manager"))

    assert next(csv.DictReader(io.StringIO(answer.text)))["patient"] == f"'{name} Lindt"


async def test_two_hundred_lists_at_once_are_all_answered(house: House) -> None:
    headers = await house.staff()
    limits = httpx.Limits(max_connections=200)

    async with httpx.AsyncClient(base_url=house.http.base_url, limits=limits, timeout=60, trust_env=False) as client:
        answers = await asyncio.gather(*(client.get("/api/appointments", headers=headers) for _ in range(200)))

    assert {answer.status_code for answer in answers} == {200}
