"""Whatever happens in whatever order, the books balance, the sales are their sums, and no time is given twice.

Random walks of patients, staff, processor and clock over a real server and database. A failure prints the walk.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.house import House
from tests.organisation import at
from tests.routes.evidence import contradictions, returned_by_processor, rows, value

OUTCOMES = ("succeed", "decline", "succeed_late", "response_lost", "webhook_twice", "authenticate")
VISITS = 3
"""How many visits a walk is about; two of them want the same time."""

numbers = st.integers(0, VISITS - 1)
steps = st.one_of(
    st.tuples(st.just("hold"), numbers),
    st.tuples(st.just("details"), numbers),
    st.tuples(st.just("pay"), numbers, st.sampled_from(OUTCOMES)),
    st.tuples(st.just("authenticate"), numbers, st.sampled_from(["complete", "fail"])),
    st.tuples(st.just("release"), numbers),
    st.tuples(st.just("cancel"), numbers, st.sampled_from([0, 5_000, 12_500])),
    st.tuples(st.just("refund"), numbers, st.sampled_from([1, 4_000, 12_500])),
    st.tuples(
        st.just("bank_returns"),
    ),
    st.tuples(st.just("advance"), st.sampled_from([30, 300, 620])),
    st.tuples(st.just("settle"), st.booleans()),
)
# A walk begins with somebody who has come as far as paying, or most walks would end at closed doors.
walks = st.tuples(st.sampled_from(OUTCOMES), st.lists(steps, min_size=6, max_size=18))


class Walk:
    """One random walk in a house, on a day that no other walk uses."""

    def __init__(self, house: House, day: int) -> None:
        self._house = house
        self._starts = [at(house.organised, day, hour) for hour in (9, 9, 11)]
        self._held: dict[int, dict[str, Any]] = {}
        self._pages: dict[int, str] = {}
        self._day = day

    async def take(self, step: tuple[Any, ...]) -> int:
        """The status of what was answered: any of them is right, except a failure of the server."""
        verb, *arguments = step
        status = await getattr(self, f"_{verb}")(*arguments)
        assert status < 500 or (verb, status) == ("pay", 502), (step, status)
        return int(status)

    async def _hold(self, number: int) -> int:
        answer = await self._house.hold(self._starts[number])
        if answer.status_code == 201:
            self._held[number] = answer.json()
            self._pages.pop(number, None)
        return answer.status_code

    async def _details(self, number: int) -> int:
        held = self._held.get(number)
        return 0 if held is None else (await self._house.details(held["token"])).status_code

    async def _pay(self, number: int, outcome: str) -> int:
        held = self._held.get(number)
        if held is None:
            return 0
        step = await self._house.http.post(f"/api/booking/appointments/{held['token']}/payment")
        if step.status_code == 200 and step.json()["kind"] == "redirect":
            self._pages[number] = step.json()["url"]
        # Also when the hold has run out: the page may still be open in a browser.
        if number not in self._pages:
            return step.status_code
        return (await self._house.http.post(self._pages[number], data={"outcome": outcome})).status_code

    async def _authenticate(self, number: int, result: str) -> int:
        if number not in self._pages:
            return 0
        return (await self._house.http.post(self._pages[number], data={"authentication": result})).status_code

    async def _release(self, number: int) -> int:
        held = self._held.get(number)
        if held is None:
            return 0
        return (await self._house.http.delete(f"/api/booking/appointments/{held['token']}/hold")).status_code

    async def _cancel(self, number: int, refund_minor: int) -> int:
        return await self._by_staff(number, "cancel", {"reason": "a walk", "refund_minor": refund_minor})

    async def _refund(self, number: int, amount_minor: int) -> int:
        return await self._by_staff(number, "refunds", {"reason": "a walk", "amount_minor": amount_minor})

    async def _by_staff(self, number: int, what: str, body: dict[str, Any]) -> int:
        held = self._held.get(number)
        if held is None:
            return 0
        address = f"/api/appointments/{held['appointment_id']}/{what}"
        return (await self._house.http.post(address, json=body, headers=await self._house.staff())).status_code

    async def _bank_returns(self) -> int:
        """The newest refund that has succeeded fails after all."""
        from server.sandbox.state import Change, happen_later

        found = await rows(
            self._house.db,
            "SELECT id FROM sandbox_stripe_objects WHERE kind = 'refund' AND body->>'status' = 'succeeded'"
            " ORDER BY seq DESC LIMIT 1",
        )
        async with self._house.db.write.begin() as connection:
            for row in found:
                await happen_later(connection, Change.REFUND_FAILS, row[0], await self._house.db.now())
        return 0

    async def _advance(self, seconds: int) -> int:
        await self._house.advance(seconds)
        return 0

    async def _settle(self, ask_vendors: bool) -> int:
        await self._house.settle(ask_vendors=ask_vendors)
        return 0


async def sales_differ(house: House) -> list[str]:
    """Where the sales summary says something else than payments and refunds do."""
    headers = await house.staff("manager")
    totals = (await house.http.get("/api/sales/summary", headers=headers)).json()["totals"]
    days = (await house.http.get("/api/sales/daily", headers=headers)).json()["days"]
    gross, refunded, count = (
        await rows(
            house.db,
            "SELECT coalesce(sum(captured_minor), 0)::int, coalesce(sum(refunded_minor), 0)::int,"
            " count(DISTINCT appointment_id) FILTER (WHERE captured_minor > 0) FROM payments",
        )
    )[0]
    said = {
        name: sum(total[name] for total in totals)
        for name in ("gross_minor", "refunds_minor", "net_minor", "paid_count")
    }
    by_day = {name: sum(day[name] for day in days) for name in ("gross_minor", "refunds_minor", "net_minor")}
    rightly = {"gross_minor": gross, "refunds_minor": refunded, "net_minor": gross - refunded, "paid_count": count}
    wrong = [] if said == rightly else [f"the summary says {said}, the payments {rightly}"]
    if any(by_day[name] != rightly[name] for name in by_day):
        wrong.append(f"the days say {by_day}, the payments {rightly}")
    return wrong


async def money_differs(house: House) -> list[str]:
    """Where our books and the processor's differ, once everything has settled."""
    taken = await value(
        house.db,
        "SELECT coalesce(sum((body->>'amount')::int), 0) FROM sandbox_stripe_objects"
        " WHERE kind = 'charge' AND (body->>'paid')::boolean",
    )
    theirs = int(taken) - await returned_by_processor(house.db)
    ours = await value(
        house.db, "SELECT coalesce(sum(amount_minor), 0)::int FROM ledger_entries WHERE account = 'processor'"
    )
    return [] if theirs == ours else [f"the processor holds {theirs}, the ledger says {ours}"]


async def test_after_any_walk_the_books_balance_and_no_time_is_given_twice(house: House) -> None:
    taken: list[int] = []

    async def walked(beginning: str, further: list[tuple[Any, ...]]) -> None:
        house.tokens.clear()  # the clock has gone on by hours since they were given
        walk = Walk(house, 2 + len(taken))
        taken.append(1)
        for step in [("hold", 0), ("details", 0), ("pay", 0, beginning), *further]:
            await walk.take(step)
            assert await contradictions(house.db) == [], step
        await house.advance(1300)
        await house.settle(ask_vendors=True)
        assert await contradictions(house.db) == []
        assert await sales_differ(house) == []
        assert await money_differs(house) == []

    for beginning, further in generated(walks, 14):
        await walked(beginning, further)

    assert len(taken) == 14
    assert int(await value(house.db, "SELECT count(*) FROM ledger_entries")) > 0


def generated(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples, the same in every run. Collected first: hypothesis cannot await."""
    found: list[Any] = []

    @seed(20261120)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found[:count]
