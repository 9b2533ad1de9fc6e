"""The one worker thread: it owns the asyncio loop, and with it every request and the stream.

The GUI thread hands in coroutines and gets results and messages back by queued signals, so no view ever
waits and no coroutine ever runs under a modal dialog. Nothing here knows what the requests are about.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

T = TypeVar("T")

# Single signals at a thousand a second make the GUI stutter; one list each 50 ms does not, and nobody sees 50 ms.
BATCH_SECONDS = 0.05
# Opening a connection is not interrupted, and may take 5 s to fail.
JOIN_SECONDS = 8.0


class Background(QObject):
    """Start it once, stop it before the application's objects die. All methods but `post` belong to the GUI thread."""

    messages_arrived = Signal(list)
    _settled = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._leave: asyncio.Event | None = None
        self._waiting: list[object] = []
        self._numbers = itertools.count(1)
        self._requests: dict[int, _Request] = {}
        self._newest: dict[tuple[int, str], int] = {}
        self._owners: set[int] = set()
        self._clean_ups: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._settled.connect(self._on_settled, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        """Start the thread and wait until its loop runs (well below a millisecond)."""
        if self._thread is not None:
            return
        ready = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(ready,), name="frontdesk-background", daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Cancel everything, let it clean up, and join the thread. Results still on their way are dropped."""
        if self._thread is None or self._loop is None or self._leave is None:
            return
        self._requests.clear()
        self._newest.clear()
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(JOIN_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"the background thread did not end within {JOIN_SECONDS:.0f} s")
        self._thread = self._loop = self._leave = None

    def at_stop(self, clean_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this on the worker's loop when it stops, after everything else has been cancelled."""
        self._clean_ups.append(clean_up)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the worker's loop. The future can be cancelled from here."""
        if self._loop is None:
            coroutine.close()
            raise RuntimeError("the background thread is not running")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def ask(
        self,
        owner: QObject,
        name: str,
        coroutine: Coroutine[Any, Any, T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run a coroutine for `owner` and call `done` or `failed` on the GUI thread.

        A newer request of the same owner and name cancels the older one, and only the newest answers.
        When the owner is destroyed, its requests are cancelled and nobody is called.
        """
        self._watch(owner)
        slot = (id(owner), name)
        self.cancel(owner, name)
        number = next(self._numbers)
        future = self.submit(coroutine)
        self._requests[number] = _Request(slot, future, done, failed)
        self._newest[slot] = number
        future.add_done_callback(lambda settled: self._settled.emit(number, settled))

    def cancel(self, owner: QObject, name: str) -> None:
        """Forget the owner's request of that name, if one is under way."""
        self._drop((id(owner), name))

    def post(self, message: object) -> None:
        """From the worker's loop: hand a message to the GUI with the next batch."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self._flush)
        self._waiting.append(message)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        self.messages_arrived.emit(batch)

    def _live(self, ready: threading.Event) -> None:
        async def until_told() -> None:
            self._loop = asyncio.get_running_loop()
            self._leave = asyncio.Event()
            ready.set()
            await self._leave.wait()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for clean_up in self._clean_ups:
                await clean_up()

        with asyncio.Runner() as runner:
            runner.run(until_told())

    def _watch(self, owner: QObject) -> None:
        address = id(owner)
        if address not in self._owners:
            self._owners.add(address)
            owner.destroyed.connect(lambda: self._forget(address))

    def _forget(self, address: int) -> None:
        # Afterwards another object may get the same id.
        self._owners.discard(address)
        for slot in [slot for slot in self._newest if slot[0] == address]:
            self._drop(slot)

    def _drop(self, slot: tuple[int, str]) -> None:
        number = self._newest.pop(slot, None)
        if number is not None:
            self._requests.pop(number).future.cancel()

    def _on_settled(self, number: int, future: "Future[Any]") -> None:
        request = self._requests.pop(number, None)
        if request is None:
            return
        self._newest.pop(request.slot, None)
        try:
            result = future.result()
        except CancelledError:
            return
        except Exception as error:
            request.failed(error)
        else:
            request.done(result)


class _Request:
    __slots__ = ("done", "failed", "future", "slot")

    def __init__(
        self,
        slot: tuple[int, str],
        future: "Future[Any]",
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.slot = slot
        self.future = future
        self.done = done
        self.failed = failed
