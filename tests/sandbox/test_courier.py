"""How the pretended vendors call us: signed, until we take it, and by the sandbox's clock."""

import asyncio

import httpx

from server.sandbox import deliver_due
from server.sandbox.courier import MOST_ATTEMPTS
from tests.sandbox.test_sandbox_stripe import a_paid_intent
from tests.sandbox.vendors import ClinicServer, Unreachable, Vendors


async def open_deliveries(vendors: Vendors) -> int:
    rows = await vendors.rows("SELECT count(*) AS n FROM sandbox_deliveries WHERE done_at IS NULL")
    return int(rows[0].n)


async def test_a_webhook_that_is_refused_comes_again_after_a_pause(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    clinic_server.answers = [500, 503]
    await a_paid_intent(vendors)

    first = await vendors.deliver()
    at_once = await vendors.deliver()
    await vendors.advance(1)
    await vendors.deliver()

    assert (first, at_once) == (2, 0)
    assert sorted(clinic_server.kinds()[:4]) == sorted(["charge.succeeded", "payment_intent.succeeded"] * 2)
    assert await open_deliveries(vendors) == 0


async def test_a_webhook_is_given_up_after_many_tries(vendors: Vendors) -> None:
    await a_paid_intent(vendors)

    async with httpx.AsyncClient(transport=Unreachable()) as nobody:
        for _ in range(MOST_ATTEMPTS + 2):
            await deliver_due(vendors.db, nobody, vendors.settings)
            await vendors.advance(301)

    tried = await vendors.rows("SELECT attempts, answer_status FROM sandbox_deliveries WHERE done_at IS NOT NULL")
    assert await open_deliveries(vendors) == 0
    assert {(row.attempts, row.answer_status) for row in tried} == {(MOST_ATTEMPTS, None)}


async def test_couriers_side_by_side_deliver_each_webhook_once(vendors: Vendors, clinic_server: ClinicServer) -> None:
    for _ in range(5):
        await a_paid_intent(vendors)

    await asyncio.gather(*(deliver_due(vendors.db, vendors.http, vendors.settings) for _ in range(4)))

    assert len(clinic_server.received) == 10
    assert len({item.body for item in clinic_server.received}) == 10


async def test_a_signature_is_made_when_it_is_sent(vendors: Vendors, clinic_server: ClinicServer) -> None:
    clinic_server.answers = [500, 500]
    await a_paid_intent(vendors)
    await vendors.deliver()

    # A day later by the sandbox's clock; the receiver's five minutes go by the real one.
    await vendors.advance(86_400)
    await vendors.deliver()

    signed = [
        int(item.headers["stripe-signature"].partition("=")[2].partition(",")[0]) for item in clinic_server.received
    ]
    assert max(signed) - min(signed) < 3600
