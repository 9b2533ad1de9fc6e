"""The server's endpoints as async methods: structs in, structs out, errors typed. Plain asyncio, no Qt.

The only module (with `stream`) that knows httpx. It decides nothing and keeps nothing but the token, in memory.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec

from desktop.errors import ApiError, AuthExpired, Conflict, Invalid, Offline, Unexpected
from desktop.filters import AppointmentFilters
from shared.schemas.appointments import (
    AppointmentDetail,
    AppointmentPage,
    AppointmentRow,
    CancelRequest,
    PhoneBookingRequest,
    RefundRequest,
    ResendRequest,
)
from shared.schemas.booking import ClinicProfile, ResendReceipt, SlotList
from shared.schemas.organisation import Organisation
from shared.schemas.problems import Problem
from shared.schemas.sales import SalesDays, SalesSummary
from shared.schemas.session import Session, SignInRequest, StaffUser

T = TypeVar("T")

ATTEMPTS = 3
BACKOFF_SECONDS = 0.2


class Api:
    """One server, one signed-in person. Use it from one event loop only.

    Reads, and writes that carry an Idempotency-Key, are tried three times when the connection fails;
    other writes once, because nobody can know whether the first one arrived.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._pause = pause
        self.client = httpx.AsyncClient(
            base_url=self.base_url,
            transport=transport,
            timeout=httpx.Timeout(15, connect=5),
            headers={"Accept": "application/json, application/problem+json"},
            # A proxy from the environment is for the internet; a server on this machine is never behind it.
            trust_env=httpx.URL(self.base_url).host not in {"127.0.0.1", "localhost", "::1"},
        )

    async def aclose(self) -> None:
        """Close the connections. The object cannot be used afterwards."""
        await self.client.aclose()

    def authorization(self) -> dict[str, str]:
        """The header that says who asks; empty before sign-in."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    # Session

    async def sign_in(self, email: str, password: str, device: str = "") -> Session:
        """Sign in and keep the token. Raises Invalid (`invalid_credentials`, `too_many_requests`)."""
        request = SignInRequest(email=email, password=password, device=device)
        session = await self._ask("POST", "/api/session", Session, body=request)
        self.token = session.token
        return session

    async def signed_in_user(self) -> StaffUser:
        return await self._ask("GET", "/api/session", StaffUser)

    async def sign_out(self) -> None:
        """End the session on the server and forget the token, whatever the server answers."""
        try:
            await self._send("DELETE", "/api/session")
        finally:
            self.token = None

    # Set-up and availability

    async def organisation(self) -> Organisation:
        return await self._ask("GET", "/api/organisation", Organisation)

    async def clinic_profile(self, clinic: str) -> ClinicProfile:
        return await self._ask("GET", f"/api/booking/{clinic}", ClinicProfile)

    async def open_slots(
        self, clinic: str, service_id: UUID, provider_id: UUID | None, first_day: date, end_day: date
    ) -> SlotList:
        """Open start times from `first_day` up to, not including, `end_day` (days of the clinic; at most 62)."""
        query = {"service_id": str(service_id), "from": str(first_day), "to": str(end_day)}
        if provider_id is not None:
            query["provider_id"] = str(provider_id)
        return await self._ask("GET", f"/api/booking/{clinic}/slots", SlotList, query=query)

    # Appointments

    async def appointments(
        self, filters: AppointmentFilters, cursor: str | None = None, limit: int = 100
    ) -> AppointmentPage:
        """One page of the list, newest start first; `limit` 1 to 200."""
        query = {**filters.query(), "limit": str(limit)}
        if cursor is not None:
            query["cursor"] = cursor
        return await self._ask("GET", "/api/appointments", AppointmentPage, query=query)

    async def first_appointments(self, filters: AppointmentFilters, count: int) -> AppointmentPage:
        """At least the first `count` rows of the list (fewer when there are no more), read in pages of 200."""
        items: list[AppointmentRow] = []
        cursor: str | None = None
        while True:
            page = await self.appointments(filters, cursor, limit=200)
            items += page.items
            cursor = page.next_cursor
            if cursor is None or len(items) >= count:
                return AppointmentPage(items=items, next_cursor=cursor)

    async def appointment(self, appointment_id: UUID) -> AppointmentDetail:
        return await self._ask("GET", f"/api/appointments/{appointment_id}", AppointmentDetail)

    async def book_by_phone(self, request: PhoneBookingRequest, key: str) -> AppointmentDetail:
        """Book a caller in. Raises Conflict (`slot_taken`, `slot_not_offered`: with alternatives) and Invalid."""
        return await self._ask("POST", "/api/appointments", AppointmentDetail, body=request, key=key)

    async def cancel_appointment(self, appointment_id: UUID, request: CancelRequest) -> AppointmentDetail:
        return await self._ask("POST", f"/api/appointments/{appointment_id}/cancel", AppointmentDetail, body=request)

    async def refund(self, appointment_id: UUID, request: RefundRequest, key: str) -> AppointmentDetail:
        path = f"/api/appointments/{appointment_id}/refunds"
        return await self._ask("POST", path, AppointmentDetail, body=request, key=key)

    async def resend(self, appointment_id: UUID, request: ResendRequest) -> ResendReceipt:
        """Queue the visit's confirmation again; the receipt counts the messages, which are sent by the worker."""
        return await self._ask("POST", f"/api/appointments/{appointment_id}/resend", ResendReceipt, body=request)

    # Figures

    async def sales_summary(self, filters: AppointmentFilters) -> SalesSummary:
        return await self._ask("GET", "/api/sales/summary", SalesSummary, query=filters.query())

    async def sales_daily(self, filters: AppointmentFilters) -> SalesDays:
        return await self._ask("GET", "/api/sales/daily", SalesDays, query=filters.query())

    async def export_appointments(self, filters: AppointmentFilters, target: Path) -> Path:
        """Stream the list as CSV into `target`, which appears only when complete. Returns `target`."""
        partial = target.with_name(target.name + ".part")
        try:
            async with self.client.stream(
                "GET", "/api/exports/appointments.csv", params=filters.query(), headers=self.authorization()
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise error_of(response)
                with partial.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        file.write(chunk)
        except httpx.TransportError as error:
            partial.unlink(missing_ok=True)
            raise Offline(self.base_url) from error
        except OSError as error:
            raise Unexpected(f"{target} could not be written.", "Choose another folder.") from error
        return partial.replace(target)

    # One request

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, str] | None = None,
        body: msgspec.Struct | None = None,
        key: str | None = None,
    ) -> T:
        response = await self._send(method, path, query=query, body=body, key=key)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.MsgspecError as error:
            raise Unexpected(
                f"The server's answer could not be read ({error}).",
                "The console may be older than the server: update it.",
            ) from error

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: msgspec.Struct | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = self.authorization()
        if key is not None:
            headers["Idempotency-Key"] = key
        options: dict[str, Any] = {"params": query, "headers": headers}
        if body is not None:
            options["content"] = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        attempts = ATTEMPTS if method == "GET" or key is not None else 1
        for attempt in range(attempts):
            try:
                response = await self._request(method, path, options)
            except httpx.TransportError as error:
                if attempt + 1 == attempts:
                    raise Offline(self.base_url) from error
                await self._pause(random.uniform(0, BACKOFF_SECONDS * 2**attempt))  # noqa: S311 - jitter
            else:
                if response.is_error:
                    raise error_of(response)
                return response
        raise AssertionError("unreachable: the loop returns or raises")

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        """One request that may be cancelled at any moment without losing a socket.

        A cancellation that fell into the opening of a connection was seen, about once in a hundred windows, to
        leave a socket that nobody owns; so it waits until the connection belongs to the pool.
        """
        connecting = _Connecting()
        request = asyncio.create_task(self.client.request(method, path, **options, extensions={"trace": connecting}))
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            await connecting.settled.wait()
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            raise


class _Connecting:
    """Knows, from httpcore's trace, whether a request is just opening its connection."""

    def __init__(self) -> None:
        self.settled = asyncio.Event()
        self.settled.set()

    async def __call__(self, step: str, _: dict[str, Any]) -> None:
        if ".connect_tcp." in step or ".start_tls." in step:
            self.settled.clear() if step.endswith(".started") else self.settled.set()


def error_of(response: httpx.Response) -> ApiError:
    """The typed error of an answer with status 400 or above, whose body has been read."""
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.MsgspecError:
        problem = None
    if response.status_code == 401 and (problem is None or problem.code == "unauthenticated"):
        return AuthExpired(problem)
    if problem is None:
        return Unexpected(
            f"The server answered {response.status_code} without saying why.",
            "Is this the address of a Frontdesk server? If so, try again, then tell whoever runs it.",
        )
    if response.status_code == 409:
        return Conflict(problem)
    if response.status_code < 500:
        return Invalid(problem)
    return Unexpected(problem.detail or problem.title, problem.next_step, problem)
