"""`python -m bench [name …]`: run the benches named, or those in the variable ONLY, or all of them."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bench import desktop, holds, slots
from bench.served import Served, serving
from bench.world import World, a_world
from server.db.session import Database

SERVED: dict[str, Callable[[Served, World], Awaitable[None]]] = {"slots": slots.run, "holds": holds.run}
ALONE: dict[str, Callable[[Path], None]] = {"desktop": desktop.run}


def main(arguments: list[str]) -> int:
    chosen = arguments or os.environ.get("ONLY", "").replace(",", " ").split() or [*SERVED, *ALONE]
    unknown = [name for name in chosen if name not in SERVED and name not in ALONE]
    if unknown:
        print(f"there is no bench {', '.join(unknown)}; there are {', '.join([*SERVED, *ALONE])}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        home = Path(folder)
        served = [SERVED[name] for name in chosen if name in SERVED]
        if served:
            with serving(home / "engines") as running:
                _loop(_run(running, served))
        for name in chosen:
            if name in ALONE:
                ALONE[name](home)
    return 0


async def _run(served: Served, benches: list[Callable[[Served, World], Awaitable[None]]]) -> None:
    db = Database(served.database_url, pool_size=2)
    try:
        world = await a_world(db)
        for bench in benches:
            await bench(served, world)
    finally:
        await db.close()


def _loop(work: Awaitable[None]) -> None:
    # The clients on the server's own kind of loop, where there is one: they share its cores.
    factory = None
    with suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_awaited(work))


async def _awaited(work: Awaitable[None]) -> None:
    await work


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
