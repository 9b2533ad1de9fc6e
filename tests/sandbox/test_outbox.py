"""What the outbox shows: our messages beside what the vendors received."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from server.db.ids import new_id, new_reference
from server.db.session import Database
from server.db.tables import Appointment, Message
from server.gateways.email import Mail, SmtpMailer
from server.gateways.texts import TwilioTexts
from server.sandbox.outbox import linked
from server.sandbox.smtp import listening
from tests.organisation import Organised
from tests.sandbox.vendors import Vendors

MOBILE = "+447400123456"


async def an_appointment(db: Database, organised: Organised) -> UUID:
    """A draft: enough for a message to belong to."""
    appointment, now = new_id(), await db.now()
    async with db.write.begin() as connection:
        await connection.execute(
            insert(Appointment).values(
                id=appointment,
                reference=new_reference(),
                clinic_id=organised.quay,
                service_id=organised.consult,
                provider_id=organised.ann,
                status="draft",
                source="web",
                starts_at=now,
                ends_at=now + timedelta(hours=1),
                day=now.date(),
                expires_at=now + timedelta(minutes=10),
                currency="USD",
                price_minor=0,
                total_minor=0,
            )
        )
    return appointment


async def a_message(db: Database, appointment: UUID, **changes: Any) -> UUID:
    message = new_id()
    values: dict[str, Any] = {
        "id": message,
        "appointment_id": appointment,
        "revision": 0,
        "kind": "confirmation",
        "audience": "patient",
        "channel": "email",
        "recipient": "pat@example.org",
        "status": "queued",
        "due_at": await db.now(),
    }
    async with db.write.begin() as connection:
        await connection.execute(insert(Message).values(values | changes))
    return message


async def send_mail(
    vendors: Vendors, message: UUID | str, *, to: str = "pat@example.org", html: str = "<p>Hi</p>"
) -> None:
    async with listening(vendors.db, "127.0.0.1", 0) as port:
        mailer = SmtpMailer(url=f"smtp://127.0.0.1:{port}", sender="Town <visits@demo.test>", timeout=5)
        await mailer.send(
            Mail(
                to=to,
                subject="Booked <b>",
                text="See http://x.test/j?a=1&b=2.\n",
                html=html,
                message_id=f"{message}@demo.test",
            )
        )
        await mailer.close()


async def items(vendors: Vendors, query: str = "") -> list[dict[str, Any]]:
    answer = await vendors.http.get(f"/sandbox/outbox.json{query}")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["items"]
    return listed


async def test_a_mail_is_listed_as_it_was_received(vendors: Vendors, organised: Organised) -> None:
    appointment = await an_appointment(vendors.db, organised)
    message = await a_message(vendors.db, appointment, status="sent", body="what we meant to say")

    await send_mail(vendors, message)

    (item,) = await items(vendors)
    assert item["body"].strip() == "See http://x.test/j?a=1&b=2."
    assert item["subject"] == "Booked <b>"
    assert {name: item[name] for name in ("channel", "audience", "kind", "recipient", "appointment", "status")} == {
        "channel": "email",
        "audience": "patient",
        "kind": "confirmation",
        "recipient": "pat@example.org",
        "appointment": str(appointment),
        "status": "sent",
    }
    assert item["message_id"] == str(message)
    assert item["reference"]


async def test_a_message_that_was_sent_twice_is_listed_twice(vendors: Vendors, organised: Organised) -> None:
    message = await a_message(vendors.db, await an_appointment(vendors.db, organised))

    await send_mail(vendors, message)
    await send_mail(vendors, message)

    assert [item["message_id"] for item in await items(vendors)] == [str(message)] * 2


async def test_a_text_is_listed_under_our_id_and_replies_only_on_the_page(
    vendors: Vendors, organised: Organised
) -> None:
    appointment = await an_appointment(vendors.db, organised)
    message = await a_message(vendors.db, appointment, channel="text", recipient=MOBILE)
    texts = TwilioTexts.from_settings(vendors.settings, vendors.transport)
    await texts.send(to=MOBILE, body="Your visit: http://x.test/a", message_id=message, validity_seconds=60)
    await vendors.http.post("/sandbox/texts/replies", data={"sender": MOBILE, "body": "Thanks <3"})

    listed = await items(vendors)
    page = (await vendors.http.get("/sandbox/outbox")).text

    assert [(item["channel"], item["message_id"], item["body"]) for item in listed] == [
        ("text", str(message), "Your visit: http://x.test/a")
    ]
    assert '<a href="http://x.test/a" target="_blank" rel="noopener">http://x.test/a</a>' in page
    assert "Thanks &lt;3" in page


async def test_a_message_that_has_not_left_shows_its_own_row(vendors: Vendors, organised: Organised) -> None:
    appointment = await an_appointment(vendors.db, organised)
    await a_message(vendors.db, appointment, status="suppressed", body="Never sent", channel="text", recipient=MOBILE)

    (item,) = await items(vendors)

    assert (item["status"], item["body"]) == ("suppressed", "Never sent")


async def test_a_mail_that_is_none_of_ours_is_listed_without_a_kind(vendors: Vendors) -> None:
    await send_mail(vendors, "hand-written")

    (item,) = await items(vendors)

    assert (item["kind"], item["message_id"], item["recipient"]) == (None, None, "pat@example.org")


async def test_the_list_narrows_by_appointment_and_keeps_its_limit(vendors: Vendors, organised: Organised) -> None:
    one, other = await an_appointment(vendors.db, organised), await an_appointment(vendors.db, organised)
    wanted = await a_message(vendors.db, one)
    await a_message(vendors.db, other)

    narrowed = await items(vendors, f"?appointment={one}")
    limited = await items(vendors, "?limit=1")
    nothing = await items(vendors, f"?appointment={uuid4()}")

    assert [item["message_id"] for item in narrowed] == [str(wanted)]
    assert (len(limited), nothing) == (1, [])


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?limit=x", "?appointment=x"])
async def test_a_wrong_filter_is_a_400(vendors: Vendors, query: str) -> None:
    assert (await vendors.http.get(f"/sandbox/outbox.json{query}")).status_code == 400


async def test_the_page_filters_by_recipient_and_channel(vendors: Vendors) -> None:
    await send_mail(vendors, "a", to="ann_1@example.org")
    await send_mail(vendors, "b", to="annx1@example.org")

    everything = (await vendors.http.get("/sandbox/outbox")).text
    one = (await vendors.http.get("/sandbox/outbox?recipient=ANN_1")).text
    texts = (await vendors.http.get("/sandbox/outbox?channel=text")).text
    wrong = await vendors.http.get("/sandbox/outbox?channel=fax")

    assert ("ann_1@" in everything, "annx1@" in everything) == (True, True)
    assert ("ann_1@" in one, "annx1@" in one) == (True, False)
    assert "ann_1@" not in texts
    assert wrong.status_code == 400


async def test_a_mails_html_stays_inside_its_frame(vendors: Vendors) -> None:
    await send_mail(vendors, "a", html='<script>alert(1)</script>"><script>alert(2)</script>')

    answer = await vendors.http.get("/sandbox/outbox")

    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        (
            "see https://x.test/a?b=1&c=2.",
            'see <a href="https://x.test/a?b=1&amp;c=2" target="_blank" rel="noopener">https://x.test/a?b=1&amp;c=2</a>.',
        ),
        (
            'http://x.test/"onclick=',
            '<a href="http://x.test/" target="_blank" rel="noopener">http://x.test/</a>&#34;onclick=',
        ),
        (None, ""),
    ],
)
def test_addresses_become_links_and_nothing_else_becomes_markup(plain: str | None, html: str) -> None:
    assert linked(plain) == html
