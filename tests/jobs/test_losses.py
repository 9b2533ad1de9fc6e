"""What gets lost costs seconds, not messages: the queue, a worker in the middle of its work, an answer."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from server.actions import delivering, promising
from server.db.unit_of_work import SYSTEM, unit_of_work
from server.domain.boundary import VendorCallInTransactionError
from server.gateways.email import Mail
from server.jobs import tasks
from server.jobs.reactions import REACTIONS, JobName
from shared.schemas.enums import EventKind
from tests.house import House
from tests.organisation import at
from tests.routes.evidence import all_four, mails_at_vendor, rows, texts_at_vendor, told, value


class WorkerDiedError(BaseException):
    """Nothing of ours catches this, as nothing catches a SIGKILL."""


class DiesAfterSending:
    """A sender whose process ends after the vendor has taken the message and before anybody knows."""

    def __init__(self, sender: Any) -> None:
        self._sender = sender

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        await self._sender.send(*args, **kwargs)
        raise WorkerDiedError


async def a_confirmed_visit(house: House) -> str:
    """Confirmed in the database; no job has run yet."""
    held = (await house.hold(at(house.organised, 3, 10), service_id=house.organised.intro)).json()
    assert (await house.details(held["token"])).status_code == 200
    return str(held["appointment_id"])


async def written_messages(house: House) -> list[Any]:
    """Run the jobs that write messages, and none that sends them."""
    await promising.dispatch_events(house.db, REACTIONS)
    for job in await promising.due_jobs(house.db):
        await tasks.do_job({"tools": house.tools}, row=str(job))
    return await delivering.due_messages(house.db)


async def test_a_worker_that_dies_before_it_reaches_the_vendor_loses_nothing(house: House) -> None:
    appointment_id = await a_confirmed_visit(house)
    for message in await written_messages(house):
        await claimed_and_left(house, message)

    early = await delivering.due_messages(house.db)
    await house.advance(delivering.LEASE_SECONDS + 1)
    await house.settle()

    assert early == []
    assert told(await house.outbox(appointment_id)) == all_four("confirmation")
    assert await texts_at_vendor(house.db, appointment_id) == 2
    assert await mails_at_vendor(house.db, appointment_id) == 2


async def claimed_and_left(house: House, message: Any) -> None:
    """A worker has taken the message and is gone before it does anything."""

    class Gone:
        async def send(self, *_: Any, **__: Any) -> Any:
            raise WorkerDiedError

    outbox = replace(house.tools.outbox, mailer=Gone(), texts=Gone())  # type: ignore[arg-type]
    with pytest.raises(WorkerDiedError):
        await delivering.deliver(house.db, outbox, message)


async def test_a_text_that_left_before_its_worker_died_is_found_at_the_vendor_and_not_sent_again(
    house: House,
) -> None:
    appointment_id = await a_confirmed_visit(house)
    due = await written_messages(house)
    texts = [row[0] for row in await rows(house.db, "SELECT id FROM messages WHERE channel = 'text'")]
    outbox = replace(house.tools.outbox, texts=DiesAfterSending(house.tools.outbox.texts))  # type: ignore[arg-type]
    for message in texts:
        with pytest.raises(WorkerDiedError):
            await delivering.deliver(house.db, outbox, message)

    await house.advance(delivering.LEASE_SECONDS + 1)
    await house.settle()

    assert (len(due), len(texts)) == (4, 2)
    assert await texts_at_vendor(house.db, appointment_id) == 2
    assert told(await house.outbox(appointment_id)) == all_four("confirmation")


async def test_a_mail_that_left_before_its_worker_died_is_sent_under_the_same_id(house: House) -> None:
    appointment_id = await a_confirmed_visit(house)
    await written_messages(house)
    mails = [row[0] for row in await rows(house.db, "SELECT id FROM messages WHERE channel = 'email'")]
    outbox = replace(house.tools.outbox, mailer=DiesAfterSending(house.tools.outbox.mailer))  # type: ignore[arg-type]
    for message in mails:
        with pytest.raises(WorkerDiedError):
            await delivering.deliver(house.db, outbox, message)

    await house.advance(delivering.LEASE_SECONDS + 1)
    await house.settle()

    copies = await rows(
        house.db, "SELECT message_id, count(*), count(DISTINCT recipient) FROM sandbox_emails GROUP BY message_id"
    )
    assert {row[0] for row in copies} == set(mails)
    assert all(row[1] <= 2 and row[2] == 1 for row in copies)
    assert {line["status"] for line in (await house.detail(appointment_id))["messages"]} <= {"sent", "delivered"}


async def test_a_job_whose_worker_died_is_done_by_another(house: House) -> None:
    appointment_id = await a_confirmed_visit(house)
    await promising.dispatch_events(house.db, REACTIONS)
    left = [await promising.claim_job(house.db, job) for job in await promising.due_jobs(house.db)]

    early = await promising.due_jobs(house.db)
    await house.advance(promising.LEASE_SECONDS + 1)
    await house.settle()

    assert len(left) == 2
    assert early == []
    assert told(await house.outbox(appointment_id)) == all_four("confirmation")


async def test_a_job_that_runs_twice_writes_its_messages_once(house: House) -> None:
    appointment_id = await a_confirmed_visit(house)
    await house.settle()

    from uuid import UUID

    for _ in range(2):
        await tasks.run(house.tools, JobName.WRITE_CONFIRMATION, UUID(appointment_id))
        await tasks.run(house.tools, JobName.MAKE_MEETING, UUID(appointment_id))
    await house.settle()

    assert told(await house.outbox(appointment_id)) == all_four("confirmation")


async def test_a_confirmation_that_waits_while_the_visit_is_canceled_never_leaves(house: House) -> None:
    appointment_id = await a_confirmed_visit(house)
    await written_messages(house)
    await house.http.post(
        f"/api/appointments/{appointment_id}/cancel", json={"reason": "closed"}, headers=await house.staff()
    )

    await house.settle()

    assert told(await house.outbox(appointment_id)) == all_four("cancellation")
    lines = (await house.detail(appointment_id))["messages"]
    assert {line["status"] for line in lines if line["kind"] == "confirmation"} == {"suppressed"}
    assert all(line["explanation"] for line in lines if line["kind"] == "confirmation")


async def test_a_unit_of_work_does_not_nest(house: House) -> None:
    async with unit_of_work(house.db, SYSTEM):
        with pytest.raises(RuntimeError, match="does not nest"):
            async with unit_of_work(house.db, SYSTEM):
                pass


async def test_no_vendor_is_called_while_a_transaction_is_open(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    intent = await value(house.db, "SELECT intent_id FROM payments")
    tools = house.tools
    calls: list[Any] = [
        lambda: tools.payments.retrieve_intent(intent),
        lambda: tools.payments.cancel_intent(intent),
        lambda: tools.outbox.texts.find(to="+12125550123", body="x", since=house.organised.now),
        lambda: tools.outbox.mailer.send(Mail(to="a@example.com", subject="x", text="x", html="", message_id="x@y")),
        lambda: tools.meetings.delete("12345678901"),
    ]
    before = await value(house.db, "SELECT count(*) FROM sandbox_emails")

    async with unit_of_work(house.db, SYSTEM):
        for call in calls:
            with pytest.raises(VendorCallInTransactionError):
                await call()

    assert await value(house.db, "SELECT count(*) FROM sandbox_emails") == before
    assert (await house.visit(held["token"]))["status"] == "confirmed"


async def claimed_for_nobody(house: House) -> None:
    """A unit of work that records an event, and a claim of an appointment that does not exist: checked at commit."""
    async with unit_of_work(house.db, SYSTEM) as work:
        work.record(EventKind.HOLD_EXPIRED)
        await work.connection.execute(
            text(
                "INSERT INTO claims (id, resource_id, appointment_id, lane, during) VALUES (gen_random_uuid(),"
                " :ann, gen_random_uuid(), 0, tstzrange(now(), now() + interval '1 hour', '[)'))"
            ),
            {"ann": house.organised.ann},
        )


async def test_a_commit_that_fails_writes_nothing_and_wakes_nobody(house: House) -> None:
    woken = []

    async def wake() -> None:
        woken.append(1)

    house.db.after_commit = wake
    with pytest.raises(Exception, match="fk_claims_appointment_id"):
        await claimed_for_nobody(house)

    assert woken == []
    assert await value(house.db, "SELECT count(*) FROM claims") == 0
    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'hold_expired'") == 0


async def test_a_wake_up_that_fails_does_not_undo_the_commit(house: House) -> None:
    async def nobody() -> None:
        raise ConnectionError

    house.db.after_commit = nobody
    async with unit_of_work(house.db, SYSTEM) as work:
        work.record(EventKind.HOLD_EXPIRED)

    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'hold_expired'") == 1


async def test_the_ledger_cannot_be_changed_nor_unbalanced(house: House) -> None:
    await house.booked(at(house.organised, 3, 10))

    for statement in (
        "UPDATE ledger_entries SET amount_minor = 1",
        "DELETE FROM ledger_entries",
        (
            "INSERT INTO ledger_entries (transaction_id, source, kind, account, amount_minor, currency, clinic_id,"
            " appointment_id, payment_id, day) SELECT gen_random_uuid(), 'x', kind, account, 1, currency, clinic_id,"
            " appointment_id, payment_id, day FROM ledger_entries LIMIT 1"
        ),
    ):
        with pytest.raises(Exception, match=r"append-only|zero|balance"):
            async with house.db.write.begin() as connection:
                await connection.execute(text(statement))

    assert await value(house.db, "SELECT count(*) FROM ledger_entries") == 2
