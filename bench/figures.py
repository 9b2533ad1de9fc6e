"""Work handed to clients, the time it took, and the lines that are printed about it."""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import TypeVar

Item = TypeVar("Item")
Client = Callable[[Item], Awaitable[None]]


@dataclass(slots=True)
class Timing:
    """What several rounds of the same work took: each item in seconds, and items a second of each round."""

    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """The seconds within which this share of the items was done."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def drive(timing: Timing, clients: Sequence[Client[Item]], items: Iterable[Item]) -> None:
    """One round: each client takes the next item as soon as it is done with its last."""
    waiting = iter(items)

    async def work(client: Client[Item]) -> None:
        for item in waiting:
            begun = perf_counter()
            await client(item)
            timing.seconds.append(perf_counter() - begun)

    before = len(timing.seconds)
    gc.collect()
    begun = perf_counter()
    await asyncio.gather(*(work(client) for client in clients))
    timing.rates.append((len(timing.seconds) - before) / (perf_counter() - begun))


def say_timings(bench: str, clients: int, ours: Timing, floor: Timing) -> None:
    """Median, 99th percentile and throughput, each beside the floor's."""
    case = f"{clients} client" if clients == 1 else f"{clients} clients"
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        say(bench, f"{case}, {name}", ours.at(share) * 1000, "ms", floor.at(share) * 1000)
    say(bench, f"{case}, throughput", median(ours.rates), "requests/s", median(floor.rates))


def say(bench: str, case: str, value: float, unit: str, floor: float) -> None:
    """One JSON object on a line; `ratio` is value / floor, whichever of them is better."""
    line = {
        "bench": bench,
        "case": case,
        "value": rounded(value),
        "unit": unit,
        "floor": rounded(floor),
        "ratio": rounded(value / floor),
    }
    print(json.dumps(line), flush=True)


def rounded(figure: float) -> float:
    return float(f"{figure:.3g}") if figure < 100 else round(figure)
