"""What tests look at beside the answers: rows in the database, and what must hold in it at every moment.

Reading only, except where a function says that it breaks something on purpose.
"""

import re
from typing import Any

import httpx
from sqlalchemy import text

from server.db.session import Database
from server.db.tables import Row
from tests.house import House
from tests.organisation import at

TABLES = sorted(name for name in Row.metadata.tables if name != "access_log" and not name.startswith("sandbox_"))
"""What a request may write to. Looking leaves a line in the access log, and the pretended vendors have their own."""


async def rows(db: Database, sql: str, **values: Any) -> list[Any]:
    async with db.read.connect() as connection:
        return list((await connection.execute(text(sql), values)).all())


async def value(db: Database, sql: str, **values: Any) -> Any:
    async with db.read.connect() as connection:
        return (await connection.execute(text(sql), values)).scalar_one()


async def everything(db: Database) -> dict[str, int]:
    """How many rows each of TABLES has."""
    found = await rows(db, " UNION ALL ".join(f"SELECT '{table}', (SELECT count(*) FROM {table})" for table in TABLES))
    return {name: int(count) for name, count in found}


async def unbalanced(db: Database) -> list[Any]:
    """Ledger transactions whose lines do not sum to zero."""
    return await rows(
        db, "SELECT transaction_id FROM ledger_entries GROUP BY transaction_id HAVING sum(amount_minor) <> 0"
    )


async def booked_twice(db: Database) -> list[Any]:
    """Pairs of live appointments of one provider that overlap."""
    return await rows(
        db,
        "SELECT a.id, b.id FROM appointments a JOIN appointments b ON a.provider_id = b.provider_id AND a.id < b.id"
        " AND a.status = 'confirmed' AND b.status = 'confirmed'"
        " AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)",
    )


async def contradictions(db: Database) -> list[str]:
    """Everything in the database that must never be, in words; empty when all is well."""
    found = [f"transaction {row[0]} does not sum to zero" for row in await unbalanced(db)]
    found += [f"{row[0]} and {row[1]} overlap" for row in await booked_twice(db)]
    for row in await rows(
        db,
        "SELECT a.reference, a.status, count(c.id) FROM appointments a LEFT JOIN claims c ON c.appointment_id = a.id"
        " GROUP BY a.id HAVING (a.status = 'canceled') = (count(c.id) > 0)",
    ):
        found.append(f"{row[0]} is {row[1]} and has {row[2]} claims")
    for row in await rows(
        db,
        "SELECT a.reference, p.captured_minor, p.refunded_minor, l.sales FROM payments p"
        " JOIN appointments a ON a.id = p.appointment_id"
        " LEFT JOIN (SELECT payment_id, -sum(amount_minor) AS sales FROM ledger_entries WHERE account = 'sales'"
        "            GROUP BY payment_id) l ON l.payment_id = p.id"
        " WHERE p.captured_minor - p.refunded_minor <> coalesce(l.sales, 0)",
    ):
        found.append(f"{row[0]}: captured {row[1]}, refunded {row[2]}, but the ledger says {row[3]}")
    for row in await rows(
        db,
        "SELECT p.id, p.refunded_minor, coalesce(r.done, 0) FROM payments p LEFT JOIN (SELECT payment_id,"
        " sum(amount_minor) AS done FROM refunds WHERE status = 'succeeded' GROUP BY payment_id) r"
        " ON r.payment_id = p.id WHERE p.refunded_minor <> coalesce(r.done, 0)",
    ):
        found.append(f"payment {row[0]} counts {row[1]} refunded, its refunds {row[2]}")
    return found


async def charges(db: Database) -> int:
    """How many charges stand at the processor."""
    return int(
        await value(
            db,
            "SELECT count(*) FROM sandbox_stripe_objects WHERE kind = 'charge' AND (body->>'paid')::boolean",
        )
    )


async def returned_by_processor(db: Database) -> int:
    """What the processor has given back, in minor units."""
    return int(
        await value(
            db,
            "SELECT coalesce(sum((body->>'amount')::int), 0) FROM sandbox_stripe_objects"
            " WHERE kind = 'refund' AND body->>'status' = 'succeeded'",
        )
    )


async def texts_at_vendor(db: Database, appointment_id: str) -> int:
    return int(
        await value(
            db,
            "SELECT count(*) FROM sandbox_texts t JOIN messages m ON m.id = t.message_id WHERE m.appointment_id = :id",
            id=appointment_id,
        )
    )


async def mails_at_vendor(db: Database, appointment_id: str) -> int:
    return int(
        await value(
            db,
            "SELECT count(*) FROM sandbox_emails e JOIN messages m ON m.id = e.message_id WHERE m.appointment_id = :id",
            id=appointment_id,
        )
    )


def told(messages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(kind, audience, channel) of what left, sorted: a repeated message shows twice."""
    return sorted(
        (item["kind"], item["audience"], item["channel"])
        for item in messages
        if item["status"] in ("sent", "delivered")
    )


def all_four(kind: str) -> list[tuple[str, str, str]]:
    return [(kind, audience, channel) for audience in ("patient", "provider") for channel in ("email", "text")]


def to_patient(kind: str) -> list[tuple[str, str, str]]:
    return [(kind, "patient", "email"), (kind, "patient", "text")]


def visit_token(body: str) -> str:
    """The token in the link of a message to a patient."""
    found = re.search(r"/visit/([A-Za-z0-9_-]+)", body)
    assert found is not None, body
    return found[1]


async def lose_every_webhook(db: Database) -> None:
    """From now on the processor's webhooks vanish before they leave."""
    async with db.write.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION lose_webhook() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN IF NEW.vendor = 'stripe' THEN RETURN NULL; END IF; RETURN NEW; END $$"
            )
        )
        await connection.execute(
            text(
                "CREATE TRIGGER lose_webhook BEFORE INSERT ON sandbox_deliveries"
                " FOR EACH ROW EXECUTE FUNCTION lose_webhook()"
            )
        )


def is_a_problem(answer: httpx.Response, status: int | None = None, code: str | None = None) -> None:
    """A 4xx with the body that clients branch on."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers["content-type"]
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["code"]
    assert len(body["detail"]) > 10, body
    assert body["detail"].endswith("."), body
    if status is not None:
        assert (answer.status_code, body["code"]) == (status, code or body["code"]), body


async def a_hold_request(house: House, **changes: Any) -> dict[str, Any]:
    return {
        "service_id": str(house.organised.consult),
        "provider_id": str(house.organised.ann),
        "start": at(house.organised, 3, 10).isoformat(),
        **changes,
    }
