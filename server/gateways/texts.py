"""Texts: the protocol, and Twilio behind it. A text is never sent twice because an answer got lost.

Sending is not idempotent at the vendor, so nothing here repeats a request by itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from logging import getLogger
from typing import Any, NoReturn, Protocol, TypeVar
from uuid import UUID

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from server.config import Settings
from server.domain.boundary import assert_no_open_transaction
from server.gateways.errors import BadSignatureError, GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError

_TIMEOUT_SECONDS = 15.0
_VENDOR_URL = "https://api.twilio.com"
_T = TypeVar("_T")
# How far the vendor's clock may lag behind ours when a text is looked up.
_CLOCK_SLACK = timedelta(seconds=5)


class TextStatus(StrEnum):
    """How far a text has come; the vendor's finer states are folded into these. Order of arrival is not given."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    id: str
    status: TextStatus
    error_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundText:
    id: str
    sender: str
    body: str


class TextSender(Protocol):
    async def send(self, *, to: str, body: str, message_id: UUID, validity_seconds: int) -> SentText:
        """Send one text. `message_id` comes back in the status callback's path. `validity_seconds` 1..36000.

        Raises GatewayRefusedError (code such as 21211, 21610), GatewayUnavailableError (never left our side)
        or OutcomeUnknownError (the answer was lost: use `find`, never send again blindly).
        """
        ...

    async def find(self, *, to: str, body: str, since: datetime) -> SentText | None:
        """The text with this recipient and body that the vendor accepted since then, if there is one."""
        ...

    def read_status(self, *, url: str, form: Mapping[str, str], signature: str) -> SentText:
        """Verify and read a status callback. `url` is the public one, with query. Raises BadSignatureError."""
        ...

    def read_inbound(self, *, url: str, form: Mapping[str, str], signature: str) -> InboundText:
        """Verify and read a text that somebody sent to us. Raises BadSignatureError."""
        ...

    async def close(self) -> None: ...


_STATUS = {
    "delivered": TextStatus.DELIVERED,
    "read": TextStatus.DELIVERED,
    "undelivered": TextStatus.FAILED,
    "failed": TextStatus.FAILED,
    "canceled": TextStatus.FAILED,
}


class _HttpxClient(AsyncHttpClient):  # type: ignore[misc]
    """The twilio library over our one httpx client, with the vendor's address replaced by the one that is set."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        super().__init__(getLogger("twilio"), is_async=True)
        self._http = http
        self._url = url

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, str | int] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature; the client has its own)
        allow_redirects: bool = False,
    ) -> Any:
        answer = await self._http.request(
            method, uri.replace(_VENDOR_URL, self._url, 1), params=params, data=data, headers=headers, auth=auth
        )
        return Response(answer.status_code, answer.text, answer.headers)


class TwilioTexts:
    """Twilio by its official client. `sender` is a number (E.164) or a messaging service (MG…)."""

    def __init__(
        self,
        *,
        url: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS)
        # An environment of our own: the library would read its region and edge from the process's otherwise.
        self._messages = Client(
            account_sid,
            auth_token,
            http_client=_HttpxClient(self._http, url.rstrip("/")),
            environment={"TWILIO_EDGE": ""},
        ).messages
        self._validator = RequestValidator(auth_token)
        self._sender = {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
        self._public_url = public_url

    @classmethod
    def from_settings(cls, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> "TwilioTexts":
        return cls(
            url=settings.twilio_url,
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            sender=settings.twilio_from,
            public_url=settings.public_url,
            transport=transport,
        )

    async def send(self, *, to: str, body: str, message_id: UUID, validity_seconds: int) -> SentText:
        message = await _call(
            lambda: self._messages.create_async(
                to=to,
                body=body,
                status_callback=f"{self._public_url}/webhooks/twilio/status/{message_id}",
                validity_period=validity_seconds,
                **self._sender,
            ),
            writes=True,
        )
        return _sent(message.sid, message.status, message.error_code)

    async def find(self, *, to: str, body: str, since: datetime) -> SentText | None:
        # Not by the vendor's date filter: it goes by the day of sending, which a queued text does not have yet.
        messages = await _call(lambda: self._messages.list_async(to=to, limit=100, page_size=100), writes=False)
        earliest = since - _CLOCK_SLACK
        for message in messages:
            if message.body == body and message.date_created is not None and message.date_created >= earliest:
                return _sent(message.sid, message.status, message.error_code)
        return None

    def read_status(self, *, url: str, form: Mapping[str, str], signature: str) -> SentText:
        self._verify(url, form, signature)
        return _sent(_field(form, "MessageSid"), _field(form, "MessageStatus"), form.get("ErrorCode"))

    def read_inbound(self, *, url: str, form: Mapping[str, str], signature: str) -> InboundText:
        self._verify(url, form, signature)
        return InboundText(id=_field(form, "MessageSid"), sender=_field(form, "From"), body=form.get("Body", ""))

    async def close(self) -> None:
        await self._http.aclose()

    def _verify(self, url: str, form: Mapping[str, str], signature: str) -> None:
        if not self._validator.validate(url, dict(form), signature):
            raise BadSignatureError("this callback was not signed with our auth token, or not for this address")


async def _call(ask: Callable[[], Awaitable[_T]], *, writes: bool) -> _T:
    assert_no_open_transaction()
    try:
        return await ask()
    except TwilioRestException as error:
        _raise_mapped(error, error.status, error.code, error.msg, writes)
    except TwilioServiceException as error:
        _raise_mapped(error, error.status, error.code, error.detail or error.title, writes)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise GatewayUnavailableError("twilio", "connection_failed", type(error).__name__) from error
    except (httpx.HTTPError, TwilioException, ValueError) as error:
        # ValueError: an answer that is no JSON.
        kind = OutcomeUnknownError if writes else GatewayUnavailableError
        raise kind("twilio", "connection_lost", type(error).__name__) from error


def _raise_mapped(error: Exception, status: int, code: object, detail: object, writes: bool) -> NoReturn:
    answer = ("twilio", str(code or status), str(detail))
    if status >= 500 and writes:
        raise OutcomeUnknownError(*answer) from error
    # 401 and 403 are about our account, not about this text: it can go out once the settings are mended.
    if status >= 500 or status in (401, 403, 429):
        raise GatewayUnavailableError(*answer) from error
    raise GatewayRefusedError(*answer) from error


def _sent(sid: str, status: str, error_code: object) -> SentText:
    """Every state on the way counts as sent; the vendor adds words for it from time to time."""
    return SentText(
        id=sid, status=_STATUS.get(status, TextStatus.SENT), error_code=str(error_code) if error_code else None
    )


def _field(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise BadSignatureError(f"a callback without {name} is none of Twilio's")
    return form[name]
