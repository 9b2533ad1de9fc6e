"""What must be refused: each answers a 4xx problem with a code and a sentence, and nothing is written."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.domain.tokens import visit_token
from tests.house import House, some_details
from tests.organisation import at
from tests.routes.evidence import a_hold_request, everything, is_a_problem, value

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


RAW_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "invalid UTF-8": b'{"service_id": "\xff\xfe", "start": "2030-01-01T10:00:00Z"}',
    "a lone surrogate": b'{"service_id": "\\ud800", "start": "2030-01-01T10:00:00Z"}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "NaN": b'{"service_id": NaN}',
    "a float beyond all": b'{"start": 1e400}',
    "an integer beyond int64": b'{"start": 99999999999999999999999999}',
    "deeply nested lists": b"[" * 20_000 + b"]" * 20_000,
    "deeply nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a form": b"service_id=1&start=2",
}


@pytest.mark.parametrize("name", RAW_BODIES)
@pytest.mark.parametrize("path", ["/api/booking/quay/holds", "/api/session", "/api/appointments"])
async def test_a_body_that_cannot_be_read_is_refused(standing_house: House, path: str, name: str) -> None:
    headers = JSON | (await standing_house.staff() if path == "/api/appointments" else {})
    before = await everything(standing_house.db)

    answer = await standing_house.http.post(path, content=RAW_BODIES[name], headers=headers)

    is_a_problem(answer, 400, "invalid_input")
    assert await everything(standing_house.db) == before


@pytest.mark.parametrize("nested", [200_000, 5_000_000])
async def test_two_hundred_thousand_nested_lists_are_refused(standing_house: House, nested: int) -> None:
    answer = await standing_house.http.post("/api/booking/quay/holds", content=b"[" * nested, headers=JSON)

    is_a_problem(answer)


async def test_a_body_of_thirty_megabytes_is_refused_unread(standing_house: House) -> None:
    body = b'{"service_id": "' + b"a" * 30_000_000 + b'"}'

    answer = await standing_house.http.post("/api/booking/quay/holds", content=body, headers=JSON)

    is_a_problem(answer, 413, "body_too_large")


async def test_a_body_without_a_length_is_cut_off_too(standing_house: House) -> None:
    async def endless() -> Any:
        for _ in range(3_000):
            yield b"a" * 1_000

    answer = await standing_house.http.post("/api/booking/quay/holds", content=endless(), headers=JSON)

    is_a_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"]
)
async def test_json_under_another_name_is_refused(standing_house: House, kind: str) -> None:
    body = json.dumps(await a_hold_request(standing_house)).encode()
    before = await everything(standing_house.db)

    answer = await standing_house.http.post("/api/booking/quay/holds", content=body, headers={"Content-Type": kind})

    is_a_problem(answer, 415, "unsupported_media_type")
    assert await everything(standing_house.db) == before


HOLDS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no service": ({"service_id": None}, 400, "invalid_input"),
    "a service that is no id": ({"service_id": "haircut"}, 400, "invalid_input"),
    "a service that is a number": ({"service_id": 7}, 400, "invalid_input"),
    "an unknown service": ({"service_id": str(uuid4())}, 404, "not_found"),
    "an unknown provider": ({"provider_id": str(uuid4())}, 404, "not_found"),
    "NUL in an id": ({"service_id": "\x00"}, 400, "invalid_input"),
    "an unknown field": ({"price_minor": 1}, 400, "invalid_input"),
    "a naive start": ({"start": "2030-01-01T10:00:00"}, 400, "invalid_input"),
    "a start without time": ({"start": "2030-01-01"}, 400, "invalid_input"),
    "a start that is a number": ({"start": 1_900_000_000}, 400, "invalid_input"),
    "a start that is a list": ({"start": []}, 400, "invalid_input"),
    "no such day": ({"start": "2030-02-30T10:00:00Z"}, 400, "invalid_input"),
    "hour 25": ({"start": "2030-01-01T25:00:00Z"}, 400, "invalid_input"),
    "year 1": ({"start": "0001-01-01T00:00:00Z"}, 409, "slot_not_offered"),
    "year 1, far east": ({"start": "0001-01-01T00:00:00+14:00"}, 409, "slot_not_offered"),
    "year 9999": ({"start": "9999-12-31T23:59:59Z"}, 409, "slot_not_offered"),
    "year 9999, far west": ({"start": "9999-12-31T23:59:59-12:00"}, 409, "slot_not_offered"),
    "an offset of a day": ({"start": "2030-01-01T10:00:00+24:00"}, 400, "invalid_input"),
    "year 10000": ({"start": "10000-01-01T10:00:00Z"}, 400, "invalid_input"),
    "a leap second": ({"start": "2030-06-30T23:59:60Z"}, 400, "invalid_input"),
}


@pytest.mark.parametrize("name", HOLDS)
async def test_a_hold_that_makes_no_sense_is_refused(standing_house: House, name: str) -> None:
    changes, status, code = HOLDS[name]
    body = await a_hold_request(standing_house, **changes)
    before = await everything(standing_house.db)

    answer = await standing_house.http.post("/api/booking/quay/holds", json=body)

    is_a_problem(answer, status, code)
    assert await everything(standing_house.db) == before


async def test_times_that_are_not_offered_are_refused_with_times_that_are(standing_house: House) -> None:
    house = standing_house
    starts = {
        "before opening": at(house.organised, 3, 8),
        "after closing": at(house.organised, 3, 17),
        "off the grid": at(house.organised, 3, 10, 30),
        "off the minute": at(house.organised, 3, 10) + timedelta(seconds=1),
        "off the second": at(house.organised, 3, 10) + timedelta(microseconds=1),
        "yesterday": at(house.organised, -1, 10),
        "an hour ago": house.organised.now - timedelta(hours=1),
        "beyond the horizon": at(house.organised, 100, 10),
        "far beyond": at(house.organised, 900, 10),
    }
    before = await everything(house.db)

    for name, start in starts.items():
        answer = await house.hold(start)

        is_a_problem(answer, 409, "slot_not_offered")
        assert "beyond" in name or len(answer.json()["alternatives"]) == 3, name
    assert await everything(house.db) == before


async def test_what_belongs_to_another_clinic_cannot_be_booked_here(standing_house: House) -> None:
    house, start = standing_house, at(standing_house.organised, 3, 10)
    before = await everything(house.db)

    elsewhere = await house.hold(start, provider_id=str(house.organised.cleo))
    wrong_clinic = await house.hold(start, clinic="moor")
    no_clinic = await house.hold(start, clinic="nowhere")
    not_hers = await house.hold(at(house.organised, 3, 10, zone="Europe/London"), clinic="moor")

    for answer in (elsewhere, wrong_clinic, no_clinic, not_hers):
        is_a_problem(answer, 404, "not_found")
    assert await everything(house.db) == before


@pytest.mark.parametrize("slug", ["%00", "quay%00", "%ff", "..", "QUAY", "a" * 5000, "quay%0a", "%E2%80%AE"])
async def test_a_clinic_that_does_not_exist_is_not_found(standing_house: House, slug: str) -> None:
    service = standing_house.organised.consult
    body = await a_hold_request(standing_house)

    profile = await standing_house.http.get(f"/api/booking/{slug}")
    slots = await standing_house.http.get(
        f"/api/booking/{slug}/slots", params={"service_id": str(service), "from": "2030-01-01"}
    )
    held = await standing_house.http.post(f"/api/booking/{slug}/holds", json=body)

    for answer in (profile, slots, held):
        is_a_problem(answer)


MOBILES: dict[str, tuple[str, str]] = {
    "vanity": ("+1-800-FLOWERS", "invalid_mobile"),
    "an extension": ("(212) 555-0123 ext. 5", "invalid_mobile"),
    "an extension in RFC 3966": ("+12125550123;ext=5", "invalid_mobile"),
    "a British landline": ("+44 20 7946 0000", "invalid_mobile"),
    "a number in British form": ("07911 123456", "invalid_mobile"),
    "too short": ("555-01", "invalid_mobile"),
    "too long": ("212 555 0123 0123", "invalid_mobile"),
    "words": ("none", "invalid_mobile"),
    "empty": ("", "invalid_input"),
    "spaces": ("          ", "invalid_mobile"),
    "no such area": ("+1 555 123 4567", "invalid_mobile"),
    "toll free": ("+1 800 234 5678", "invalid_mobile"),
    "two numbers": ("2125550123 / 2125550124", "invalid_mobile"),
    "a tab": ("212\t5550123", "invalid_input"),
    "NUL": ("2125550123\x00", "invalid_input"),
    "a line break at its end": ("2125550123\n", "invalid_input"),
}
EMAILS: dict[str, tuple[str, str]] = {
    "no dot": ("a@b", "invalid_email"),
    "no at": ("mara.example.com", "invalid_email"),
    "two ats": ("mara@@example.com", "invalid_email"),
    "only spaces": ("    ", "invalid_email"),
    "255 characters": ("a" * 243 + "@example.com", "invalid_input"),
    "a local part of 65": ("a" * 65 + "@example.com", "invalid_email"),
    "a header behind it": ("mara@example.com\r\nBcc: all@example.com", "invalid_input"),
    "a line break at its end": ("mara@example.com\n", "invalid_input"),
    "a name around it": ("Mara <mara@example.com>", "invalid_email"),
    "two of them": ("mara@example.com, otto@example.com", "invalid_email"),
    "an address literal": ("mara@[127.0.0.1]", "invalid_email"),
    "NUL": ("mara\x00@example.com", "invalid_input"),
    "a reading direction": ("\u202emara@example.com", "invalid_email"),
    "dots": ("..@example.com", "invalid_email"),
}
OTHER_DETAILS: dict[str, tuple[dict[str, Any], str]] = {
    "no first name": ({"first_name": ""}, "invalid_input"),
    "a name of spaces": ({"first_name": "   "}, "invalid_input"),
    "a name of direction marks": ({"last_name": "\u202e\u2066"}, "invalid_input"),
    "a name of 101 characters": ({"last_name": "a" * 101}, "invalid_input"),
    "a name with a line break": ({"last_name": "a\nb"}, "invalid_input"),
    "a name with a line break at its end": ({"last_name": "a\n"}, "invalid_input"),
    "a name with NUL": ({"last_name": "a\x00"}, "invalid_input"),
    "a name with an escape": ({"last_name": "a\x1b[31m"}, "invalid_input"),
    "a name that is a number": ({"last_name": 5}, "invalid_input"),
    "a name that is missing": ({"last_name": None}, "invalid_input"),
    "no consent": ({"sms_consent": False}, "consent_required"),
    "consent as a word": ({"sms_consent": "true"}, "invalid_input"),
    "consent as a number": ({"sms_consent": 1}, "invalid_input"),
    "a note of 2001 characters": ({"note": "a" * 2001}, "invalid_input"),
    "a note with NUL": ({"note": "a\x00"}, "invalid_input"),
    "a note with a bell": ({"note": "a\x07"}, "invalid_input"),
    "a zone that is a path": ({"time_zone": "../../etc/passwd"}, "invalid_input"),
    "a zone with a line break": ({"time_zone": "Europe/London\n"}, "invalid_input"),
    "a language that is none": ({"language": "english"}, "invalid_input"),
    "an unknown field": ({"price_minor": 1}, "invalid_input"),
}
DETAILS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"mobile: {name}": ({"mobile": number}, code) for name, (number, code) in MOBILES.items()},
    **{f"e-mail: {name}": ({"email": address}, code) for name, (address, code) in EMAILS.items()},
    **OTHER_DETAILS,
}


@pytest.mark.parametrize("name", DETAILS)
async def test_details_that_are_wrong_are_refused(standing_house: House, token: str, name: str) -> None:
    changes, code = DETAILS[name]
    before = await everything(standing_house.db)

    answer = await standing_house.http.put(f"/api/booking/appointments/{token}/details", json=some_details(**changes))

    is_a_problem(answer, 400, code)
    assert await everything(standing_house.db) == before
    assert (await standing_house.visit(token))["status"] == "draft"


async def test_tokens_that_we_did_not_sign_open_nothing(standing_house: House, token: str) -> None:
    house = standing_house
    appointment_id = (await house.visit(token))["appointment_id"]
    from uuid import UUID

    forged = {
        "of another key": visit_token([b"x" * 32], UUID(appointment_id), 0),
        "of another serial": visit_token(house.settings.keyring, UUID(appointment_id), 1),
        "of no appointment": visit_token(house.settings.keyring, uuid4(), 0),
        "cut": token[:-1],
        "longer": token + "A",
        "with its last letter changed": token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
        "upper case": token.upper(),
        "empty base64": "AAAA",
        "not base64": "!!!!",
        "with NUL": "%00" + token,
        "of another alphabet": "%C5%BC%C3%B3%C5%82w",
        "very long": "A" * 5000,
        "the appointment's id": appointment_id,
    }
    before = await everything(house.db)

    for name, bad in forged.items():
        address = f"/api/booking/appointments/{bad}"
        answers = [
            await house.http.get(address),
            await house.http.put(f"{address}/details", json=some_details()),
            await house.http.post(f"{address}/payment"),
            await house.http.post(f"{address}/resend"),
            await house.http.delete(f"{address}/hold"),
        ]
        for answer in answers:
            assert answer.status_code == 404, f"{name}: {answer.status_code} {answer.text}"
            is_a_problem(answer, 404, "not_found")
    assert await everything(house.db) == before


@pytest.mark.parametrize("key", ["", "a" * 201, "ключ".encode()])
async def test_an_idempotency_key_that_cannot_be_kept_is_refused(standing_house: House, key: str | bytes) -> None:
    body = await a_hold_request(standing_house)
    before = await everything(standing_house.db)

    answer = await standing_house.http.post(
        "/api/booking/quay/holds",
        json=body,
        headers=[(b"Idempotency-Key", key if isinstance(key, bytes) else key.encode())],
    )

    is_a_problem(answer, 400, "invalid_input")
    assert await everything(standing_house.db) == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("POST", "/api/booking/quay", 405),
        ("DELETE", "/api/appointments", 405),
        ("PATCH", "/api/session", 405),
        ("GET", "/webhooks/stripe", 405),
    ],
)
async def test_addresses_and_methods_that_do_not_exist_say_so(
    standing_house: House, method: str, path: str, status: int
) -> None:
    answer = await standing_house.http.request(method, path)

    is_a_problem(answer, status)


async def test_what_is_odd_but_right_is_taken(standing_house: House) -> None:
    house = standing_house
    odd: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"first_name": "Zoë 🙂"}, {"patient_first_name": "Zoë 🙂"}),
        ({"first_name": "J"}, {"patient_first_name": "J"}),
        ({"first_name": "O'Neil <script>"}, {"patient_first_name": "O'Neil <script>"}),
        ({"first_name": "a" * 100}, {"patient_first_name": "a" * 100}),
        ({"first_name": "\u202eAda\u202c  Lou "}, {"patient_first_name": "Ada Lou"}),
        ({"first_name": "Zoe\u0308"}, {"patient_first_name": "Zoë"}),
        ({"mobile": "٢١٢٥٥٥٠١٢٣"}, {"mobile_masked": "+1 … 23"}),
        ({"mobile": "+44 7911 123456"}, {"mobile_masked": "+4 … 56"}),
        ({"mobile": "011 44 7911 123456"}, {"mobile_masked": "+4 … 56"}),
        ({"email": "a+b@exämple.com"}, {"email_masked": "a…@exämple.com"}),
        ({"language": "xx"}, {}),
        ({"time_zone": "Asia/Kathmandu"}, {"patient_time_zone": "Asia/Kathmandu"}),
    ]
    held = (await house.hold(at(house.organised, 7, 9))).json()

    for changes, expected in odd:
        answer = await house.details(held["token"], **changes)

        assert answer.status_code == 200, (changes, answer.text)
        assert {name: answer.json()[name] for name in expected} == expected
    await house.http.delete(f"/api/booking/appointments/{held['token']}/hold")


async def test_a_zone_that_nobody_lives_in_does_not_keep_the_messages(standing_house: House) -> None:
    house = standing_house
    held = (await house.hold(at(house.organised, 8, 9), service_id=house.organised.intro)).json()

    for zone in ("Mars/Base", "Europe", "posixrules/x", "Factory-"):
        answer = await house.details(held["token"], time_zone=zone)
        if answer.status_code == 200:
            break
        is_a_problem(answer, 400, "invalid_input")
    else:
        await house.details(held["token"])
    await house.settle()

    sent = await house.outbox(held["appointment_id"])
    assert len(sent) == 4
    assert {item["status"] for item in sent} <= {"sent", "delivered"}


async def test_a_british_clinic_reads_numbers_as_british(standing_house: House) -> None:
    house = standing_house
    held = (
        await house.hold(
            at(house.organised, 7, 9, zone="Europe/London"), clinic="moor", provider_id=str(house.organised.cleo)
        )
    ).json()

    landline = await house.details(held["token"], mobile="020 7946 0000")
    american = await house.details(held["token"], mobile="(212) 555-0123")
    mobile = await house.details(held["token"], mobile="07911 123456")

    is_a_problem(landline, 400, "invalid_mobile")
    is_a_problem(american, 400, "invalid_mobile")
    assert mobile.json()["mobile_masked"] == "+4 … 56"


async def test_no_case_of_this_file_made_a_payment(standing_house: House) -> None:
    assert await value(standing_house.db, "SELECT count(*) FROM payments") == 0
