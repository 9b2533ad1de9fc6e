"""End a background task for certain.

A cancellation can get lost: a database driver that is interrupted in the middle of an answer may raise an error of its
own instead, and a loop that survives such errors then lives on. So it is asked again until it has ended.
"""

import asyncio
from typing import Any

ASK_AGAIN_SECONDS = 0.5


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancel the task and return once it is done. What it raised while ending is of no interest any more."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=ASK_AGAIN_SECONDS)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody warns of an exception that was never retrieved
