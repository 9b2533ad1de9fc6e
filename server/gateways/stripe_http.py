"""How the stripe library reaches the network: over one httpx client of ours.

Stripe's own HTTPXClient builds its client itself and takes no transport; subclassing the public HTTPClient
needs nothing private. Nothing here knows what is being asked of Stripe.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx
import stripe

_answer_lost: ContextVar[list[bool] | None] = ContextVar("_answer_lost", default=None)


@contextmanager
def watching_for_lost_answers() -> Iterator[list[bool]]:
    """The yielded list is no longer empty once a request of this block has left without an answer coming back."""
    lost: list[bool] = []
    token = _answer_lost.set(lost)
    try:
        yield lost
    finally:
        _answer_lost.reset(token)


class HttpxClient(stripe.HTTPClient):
    """Tells a request that never left from one whose answer was lost, also when a later retry ends otherwise."""

    name = "httpx"

    def __init__(self, http: httpx.AsyncClient, pause: Callable[[float], Awaitable[None]]) -> None:
        super().__init__()
        self._http = http
        self._pause = pause

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._http.request(method, url, headers=headers, content=post_data)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _no_connection(error) from error
        except httpx.HTTPError as error:
            if (lost := _answer_lost.get()) is not None:
                lost.append(True)
            raise _no_connection(error) from error
        return answer.content, answer.status_code, answer.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return self._pause(secs)

    async def close_async(self) -> None:
        await self._http.aclose()


def _no_connection(error: httpx.HTTPError) -> stripe.APIConnectionError:
    # The library's error classes carry no types.
    return stripe.APIConnectionError(type(error).__name__, should_retry=True)  # type: ignore[no-untyped-call]
