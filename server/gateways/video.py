"""Video meetings: the protocol, and Zoom (server-to-server OAuth) behind it.

The vendor is told a tag, a time and a length: never a patient's name or a service.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from server.config import Settings
from server.domain.boundary import assert_no_open_transaction
from server.gateways.errors import GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError

_TIMEOUT_SECONDS = 15.0
_RENEW_BEFORE_SECONDS = 60.0
_W = TypeVar("_W")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    id: str
    join_url: str


class MeetingRooms(Protocol):
    name: str

    async def create(self, *, host: str, starts_at: datetime, minutes: int, time_zone: str, tag: str) -> Meeting:
        """Make a meeting hosted by `host` (the vendor's user, an e-mail address). `tag` finds it again if the
        answer is lost: a second call with the same tag and host returns the first meeting."""
        ...

    async def start_url(self, meeting_id: str) -> str:
        """A fresh link that starts the meeting as its host. It is a credential: never store, log or mail it."""
        ...

    async def delete(self, meeting_id: str) -> None:
        """Delete the meeting; one that is already gone is no error."""
        ...

    async def close(self) -> None: ...


class _WireToken(msgspec.Struct):
    access_token: str
    expires_in: int


class _WireMeeting(msgspec.Struct):
    id: int
    join_url: str
    agenda: str = ""
    start_url: str = ""


class _WireMeetings(msgspec.Struct):
    meetings: list[_WireMeeting]
    next_page_token: str = ""


class _WireError(msgspec.Struct):
    code: int | str | None = None
    message: str = ""
    reason: str = ""


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class ZoomMeetings:
    """Zoom by a server-to-server app. The token is fetched by one caller at a time and renewed before its end.

    `clock` counts seconds and is only compared with itself.
    """

    name = "zoom"

    def __init__(
        self,
        *,
        url: str,
        account_id: str,
        client_id: str,
        client_secret: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS)
        self._url = url.rstrip("/")
        # Zoom hands out tokens at another host than its API; a peer of its shape does both at one.
        self._token_url = self._url.replace("https://api.zoom.us", "https://zoom.us", 1)
        self._account_id = account_id
        self._credentials = (client_id, client_secret)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._renew_at = float("-inf")

    @classmethod
    def from_settings(cls, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> "ZoomMeetings":
        return cls(
            url=settings.zoom_url,
            account_id=settings.zoom_account_id,
            client_id=settings.zoom_client_id,
            client_secret=settings.zoom_client_secret,
            transport=transport,
        )

    async def create(self, *, host: str, starts_at: datetime, minutes: int, time_zone: str, tag: str) -> Meeting:
        # Creating is not idempotent there, so every creation looks first: the answer of an earlier one, perhaps
        # by a process that is gone, may have been lost.
        if (meeting := await self._find(host, tag)) is not None:
            return meeting
        wire = await self._call(
            "POST",
            f"/v2/users/{quote(host, safe='')}/meetings",
            _WireMeeting,
            body={
                "topic": "Appointment",
                "type": 2,
                "start_time": starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "duration": minutes,
                "timezone": time_zone,
                "agenda": tag,
                "settings": {"waiting_room": True, "join_before_host": False, "auto_recording": "none"},
            },
        )
        return Meeting(id=str(wire.id), join_url=wire.join_url)

    async def start_url(self, meeting_id: str) -> str:
        wire = await self._call("GET", f"/v2/meetings/{quote(meeting_id, safe='')}", _WireMeeting)
        return wire.start_url

    async def delete(self, meeting_id: str) -> None:
        try:
            await self._call("DELETE", f"/v2/meetings/{quote(meeting_id, safe='')}", NoneType)
        except GatewayRefusedError as refused:
            if refused.code not in ("3001", "404"):
                raise

    async def close(self) -> None:
        await self._http.aclose()

    async def _find(self, host: str, tag: str) -> Meeting | None:
        page = ""
        while True:
            wire = await self._call(
                "GET",
                f"/v2/users/{quote(host, safe='')}/meetings",
                _WireMeetings,
                query={"type": "upcoming", "page_size": "300"} | ({"next_page_token": page} if page else {}),
            )
            for meeting in wire.meetings:
                if meeting.agenda == tag:
                    return Meeting(id=str(meeting.id), join_url=meeting.join_url)
            if not (page := wire.next_page_token):
                return None

    async def _call(
        self,
        method: str,
        path: str,
        wire: type[_W],
        *,
        query: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> _W:
        """One call, and a second one with a new token when the first was turned away for its token."""
        assert_no_open_transaction()
        token = await self._access_token(refused="")
        answer = await self._request(method, f"{self._url}{path}", query, body, _Bearer(token))
        if answer.status_code == 401:
            token = await self._access_token(refused=token)
            answer = await self._request(method, f"{self._url}{path}", query, body, _Bearer(token))
        return _read(answer, wire, writes=method == "POST")

    async def _access_token(self, *, refused: str) -> str:
        """The token in use; another one when it is near its end, or is the one that was just refused."""
        async with self._lock:
            if self._clock() >= self._renew_at or self._token == refused:
                answer = await self._request(
                    "POST",
                    f"{self._token_url}/oauth/token",
                    {"grant_type": "account_credentials", "account_id": self._account_id},
                    None,
                    httpx.BasicAuth(*self._credentials),
                )
                token = _read(answer, _WireToken, writes=False)
                self._token = token.access_token
                self._renew_at = self._clock() + token.expires_in - _RENEW_BEFORE_SECONDS
            return self._token

    async def _request(
        self, method: str, url: str, query: dict[str, str] | None, body: dict[str, Any] | None, auth: httpx.Auth
    ) -> httpx.Response:
        try:
            return await self._http.request(method, url, params=query, json=body, auth=auth)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise GatewayUnavailableError("zoom", "connection_failed", type(error).__name__) from error
        except httpx.HTTPError as error:
            # Only a creation leaves doubt behind; everything else may simply be asked again.
            kind = OutcomeUnknownError if body is not None else GatewayUnavailableError
            raise kind("zoom", "connection_lost", type(error).__name__) from error


def _read(answer: httpx.Response, wire: type[_W], *, writes: bool) -> _W:
    unclear = OutcomeUnknownError if writes else GatewayUnavailableError
    if answer.is_success:
        try:
            return msgspec.json.decode(answer.content or b"null", type=wire)
        except msgspec.DecodeError as error:
            raise unclear("zoom", "unreadable_answer", str(error)) from error
    failure = _WireError()
    with suppress(msgspec.DecodeError):
        failure = msgspec.json.decode(answer.content, type=_WireError)
    code, detail = (str(failure.code or answer.status_code), failure.message or failure.reason)
    if answer.status_code == 429:
        raise GatewayUnavailableError("zoom", code, detail, retry_after=_retry_after(answer))
    if answer.status_code >= 500:
        raise unclear("zoom", code, detail)
    if answer.status_code == 401 or wire is _WireToken:
        # About our account, not about this meeting.
        raise GatewayUnavailableError("zoom", code, detail)
    raise GatewayRefusedError("zoom", code, detail)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait: the header has seconds for a rate, and a moment (ISO) for the daily limit."""
    text = answer.headers.get("Retry-After", "")
    with suppress(ValueError):
        return max(0.0, float(text))
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
    return None
