"""Ending what runs in the background."""

import asyncio

from server.background_task import ended


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    begun = asyncio.Event()
    lost: list[str] = []

    async def stubborn() -> None:
        while True:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("as a driver's own error would")

    task = asyncio.create_task(stubborn())
    await begun.wait()

    await ended(task)

    assert lost
    assert task.cancelled()


async def test_what_a_task_raises_while_ending_hurts_nobody() -> None:
    async def failing() -> None:
        raise ValueError("no longer of interest")

    task = asyncio.create_task(failing())

    await ended(task)

    assert task.done()
