"""What the database promised is kept, whatever happens to the queue, to a worker, or to the order of commits."""

from uuid import UUID

from sqlalchemy import insert, select, text, update

from server.actions.promising import dispatch_events
from server.config import Settings
from server.db.reads.events import START, events_after
from server.db.session import Database
from server.db.tables import Event, Job, Message
from server.event_tail import EventTail
from server.jobs.reactions import REACTIONS
from server.wake import Waker, redis_client
from server.worker import working
from shared.schemas.enums import EventKind
from tests.house import House
from tests.organisation import at


def an_event(kind: EventKind = EventKind.STAFF_CREATED) -> dict[str, str]:
    return {"kind": kind, "actor_kind": "system", "actor": "system"}


async def kinds_seen(db: Database) -> list[EventKind]:
    async with db.read.connect() as connection:
        return [event.kind for event in await events_after(connection, START, 100)]


async def test_an_event_committed_late_is_neither_skipped_nor_overtaken(db: Database) -> None:
    slow, quick = await db.write.connect(), await db.write.connect()
    await slow.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_IN)))
    await quick.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_OUT)))
    await quick.commit()

    while_open = await kinds_seen(db)
    await slow.commit()
    after = await kinds_seen(db)

    assert while_open == []
    assert after == [EventKind.STAFF_SIGNED_IN, EventKind.STAFF_SIGNED_OUT]
    await slow.close()
    await quick.close()


async def test_dispatch_reads_each_event_once_also_when_commits_cross(db: Database) -> None:
    slow, quick = await db.write.connect(), await db.write.connect()
    await slow.execute(insert(Event).values(an_event(EventKind.REFUND_REQUESTED)))
    await quick.execute(insert(Event).values(an_event(EventKind.REFUND_REQUESTED)))
    await quick.commit()

    early = await dispatch_events(db, REACTIONS)
    await slow.commit()
    late = await dispatch_events(db, REACTIONS)
    nothing = await dispatch_events(db, REACTIONS)

    assert (early, late, nothing) == (0, 2, 0)
    async with db.read.connect() as connection:
        assert len((await connection.execute(select(Job.id))).all()) == 2
    await slow.close()
    await quick.close()


async def test_the_live_stream_sees_both_of_two_crossing_commits(db: Database, settings: Settings) -> None:
    redis = redis_client(settings.redis_url)
    waker = Waker(redis)
    tail = EventTail(db, waker)
    async with tail.running(), tail.following(None) as follower:
        slow, quick = await db.write.connect(), await db.write.connect()
        await slow.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_IN)))
        await quick.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_OUT)))
        await quick.commit()
        await slow.commit()
        await waker.wake()

        seen = [(await follower.next()).kind, (await follower.next()).kind]

        await slow.close()
        await quick.close()
    await redis.aclose()
    assert seen == [EventKind.STAFF_SIGNED_IN, EventKind.STAFF_SIGNED_OUT]


async def test_a_follower_that_was_away_gets_exactly_what_it_missed(db: Database, settings: Settings) -> None:
    redis = redis_client(settings.redis_url)
    tail = EventTail(db, Waker(redis))
    async with db.write.begin() as connection:
        await connection.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_IN)))
    async with db.read.connect() as connection:
        (first,) = await events_after(connection, START, 10)
    async with db.write.begin() as connection:
        await connection.execute(insert(Event).values(an_event(EventKind.STAFF_SIGNED_OUT)))

    async with tail.running(), tail.following(first.cursor) as follower:
        missed = await follower.next()
        resumed = follower.resumed
    await redis.aclose()

    assert resumed
    assert missed.kind is EventKind.STAFF_SIGNED_OUT


async def sent_by_vendor(house: House, appointment_id: str) -> list[tuple[str, str]]:
    """(table, message) of everything that really arrived at the pretended vendors."""
    async with house.db.read.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT 'email' AS way, e.message_id::text AS message FROM sandbox_emails e"
                " JOIN messages m ON m.id = e.message_id WHERE m.appointment_id = :appointment"
                " UNION ALL SELECT 'text', t.message_id::text FROM sandbox_texts t"
                " JOIN messages m ON m.id = t.message_id WHERE m.appointment_id = :appointment"
            ),
            {"appointment": UUID(appointment_id)},
        )
        return [(row.way, row.message) for row in rows]


async def test_a_flushed_queue_loses_nothing_and_doubles_nothing(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.pay(held["token"])
    redis = redis_client(house.settings.redis_url)

    async with working(house.settings):
        for _ in range(400):
            await redis.flushall()
            arrived = await sent_by_vendor(house, held["appointment_id"])
            if len(arrived) == 4:
                break
    await house.settle()
    await redis.aclose()

    arrived = await sent_by_vendor(house, held["appointment_id"])
    assert sorted(way for way, _ in arrived) == ["email", "email", "text", "text"]
    assert len({message for _, message in arrived}) == 4


async def test_a_sender_that_died_after_the_vendor_took_the_text_does_not_send_it_again(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    before = await sent_by_vendor(house, held["appointment_id"])
    async with house.db.write.begin() as connection:  # as if our commit of the vendor's answer had never come
        await connection.execute(
            update(Message)
            .where(Message.channel == "text")
            .values(status="sending", lease_until=text("frontdesk_now() - interval '1 second'"), sent_at=None)
        )

    await house.settle()

    after = await sent_by_vendor(house, held["appointment_id"])
    assert sorted(after) == sorted(before)
    detail = await house.detail(held["appointment_id"])
    assert {line["status"] for line in detail["messages"]} <= {"sent", "delivered"}


async def test_a_job_whose_worker_died_is_done_by_another_once_its_lease_is_over(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    async with house.db.write.begin() as connection:
        await connection.execute(
            update(Job).values(status="running", lease_until=text("frontdesk_now() + interval '1 minute'"))
        )

    await house.settle()
    async with house.db.read.connect() as connection:
        while_leased = set((await connection.execute(select(Job.status))).scalars())
    await house.advance(61)
    await house.settle()

    async with house.db.read.connect() as connection:
        afterwards = set((await connection.execute(select(Job.status))).scalars())
    assert (while_leased, afterwards) == ({"running"}, {"done"})
    assert len(await sent_by_vendor(house, held["appointment_id"])) == 4
