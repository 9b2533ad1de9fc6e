"""A small peer that speaks the HTTP contract from memory, on a real socket: what the console talks to in these tests.

It is not the server and holds none of its rules; it remembers what it was asked, and misbehaves when told.
"""

import asyncio
import base64
import socket
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, delete, get, post
from litestar.response import Stream

from shared.schemas.appointments import AppointmentDetail, AppointmentPage, AppointmentRow
from shared.schemas.booking import ResendReceipt, Slot, SlotList
from shared.schemas.enums import AppointmentStatus, BookingSource, EventKind, PaymentStatus
from shared.schemas.events import EventHint, StreamHello
from shared.schemas.problems import Problem
from shared.schemas.sales import SalesDay, SalesDays, SalesSummary, SalesTotals
from shared.schemas.session import Session, StaffUser
from tests.desktop.factories import CLINICS, a_detail, a_profile, a_row, a_slot, a_user, an_instant, an_organisation

PASSWORD = "frontdesk-demo"
JSON = {"Content-Type": "application/json"}


class ScriptedServer:
    """`rows` is what there is; `failures[path]` are answers to give instead, one a request; `asked` what came in."""

    def __init__(self) -> None:
        self.rows: list[AppointmentRow] = []
        self.slots: list[Slot] = [a_slot(an_instant(None, hour)) for hour in (9, 10, 11)]
        self.user: StaffUser = a_user()
        self.environment = "sandbox"
        self.failures: dict[str, list[Problem]] = defaultdict(list)
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.token = "scripted-token"
        self.resumes = True
        self.hello_cursors: list[str | None] = []
        self.bookings_by_key: dict[str, AppointmentDetail] = {}
        self.gate = threading.Event()
        self.gate.set()
        self._followed = threading.Event()
        self._log: list[EventHint] = []
        self._streams: set[asyncio.Queue[EventHint | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Life

    def start(self) -> None:
        ready = threading.Event()
        app = Litestar(
            [
                post("/api/session", status_code=201)(self.post_session),
                get("/api/session")(self.get_session),
                delete("/api/session", status_code=204)(self.delete_session),
                get("/api/organisation")(self.get_organisation),
                get("/api/booking/{slug:str}")(self.get_profile),
                get("/api/booking/{slug:str}/slots")(self.get_slots),
                get("/api/appointments")(self.get_appointments),
                post("/api/appointments", status_code=201)(self.post_appointment),
                get("/api/appointments/{appointment_id:uuid}")(self.get_appointment),
                post("/api/appointments/{appointment_id:uuid}/cancel", status_code=200)(self.post_cancel),
                post("/api/appointments/{appointment_id:uuid}/refunds", status_code=201)(self.post_refund),
                post("/api/appointments/{appointment_id:uuid}/resend", status_code=202)(self.post_resend),
                get("/api/sales/summary")(self.get_summary),
                get("/api/sales/daily")(self.get_daily),
                get("/api/exports/appointments.csv")(self.get_export),
                get("/api/events")(self.get_events),
            ],
            openapi_config=None,
            logging_config=None,
        )
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, lifespan="off")
        self._server = uvicorn.Server(config)

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            assert self._server is not None
            # The socket is listening before uvicorn takes it, so whoever connects first waits for an answer.
            listening = socket.create_server(("127.0.0.1", 0))
            self.port = listening.getsockname()[1]
            ready.set()
            await self._server.serve([listening])
            listening.close()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name="scripted-server")
        self._thread.start()
        assert ready.wait(10), "the scripted server did not start"

    def stop(self) -> None:
        assert self._server is not None
        assert self._thread is not None
        self.gate.set()
        self.drop_streams()
        self._server.should_exit = True
        self._thread.join(10)

    # What a test makes happen

    def tell(self, kind: EventKind, appointment_id: UUID | None, send: bool = True) -> None:
        """An event: into the log, and to whoever follows."""
        number = len(self._log) + 1
        hint = EventHint(
            cursor=str(number), kind=kind, at=datetime.now(UTC), appointment_id=appointment_id, clinic_id=None
        )
        self._log.append(hint)
        if send:
            self._to_streams(hint)

    def drop_streams(self) -> None:
        self._to_streams(None)

    def wait_for_stream(self, seconds: float = 20) -> bool:
        """True once somebody follows the stream."""
        return self._followed.wait(seconds)

    def put(self, row: AppointmentRow) -> None:
        """Add or replace a row."""
        self.rows = [one for one in self.rows if one.id != row.id] + [row]

    def fail(self, path: str, status: int, code: str, detail: str = "It did not work.", **more: Any) -> None:
        """Answer the next request for `path` with a problem."""
        problem = Problem(type="about:blank", title=code, status=status, code=code, detail=detail, **more)
        self.failures[path].append(problem)

    def requests(self, method: str, path: str) -> list[tuple[dict[str, str], Any]]:
        """(headers, query or body) of what was asked, oldest first."""
        return [(headers, content) for verb, where, headers, content in self.asked if (verb, where) == (method, path)]

    def _to_streams(self, message: EventHint | None) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for queue in list(self._streams):
                self._loop.call_soon_threadsafe(queue.put_nowait, message)

    # Endpoints

    async def _answer(self, request: Request[Any, Any, Any], answer: Any, status: int = 200) -> Response[bytes]:
        await asyncio.to_thread(self.gate.wait, 10)
        path = request.url.path
        content = await request.json() if request.method in {"POST", "PUT"} else dict(request.query_params)
        self.asked.append((request.method, path, dict(request.headers), content))
        problem = self.failures[path].pop(0) if self.failures[path] else None
        public = path == "/api/session" or path.startswith("/api/booking/")
        if problem is None and not public and request.headers.get("authorization") != f"Bearer {self.token}":
            problem = Problem(type="about:blank", title="x", status=401, code="unauthenticated", detail="Sign in.")
        if problem is not None:
            return Response(
                msgspec.json.encode(problem), status_code=problem.status, media_type="application/problem+json"
            )
        made = answer(content) if callable(answer) else answer
        return Response(msgspec.json.encode(made), status_code=status, media_type="application/json")

    async def post_session(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        typed = await request.json()
        if typed["password"] != PASSWORD:
            self.fail(
                "/api/session",
                401,
                "invalid_credentials",
                "The e-mail or the password is wrong.",
                next_step="Try again.",
            )
        session = Session(token=self.token, user=self.user, expires_at=datetime.now(UTC) + timedelta(hours=12))
        return await self._answer(request, session, 201)

    async def get_session(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return await self._answer(request, self.user)

    async def delete_session(self, request: Request[Any, Any, Any]) -> None:
        self.asked.append(("DELETE", "/api/session", dict(request.headers), None))

    async def get_organisation(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return await self._answer(request, an_organisation(self.environment))

    async def get_profile(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return await self._answer(
            request, a_profile(next(one for one in CLINICS if one.slug == request.path_params["slug"]))
        )

    async def get_slots(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        profile = a_profile(next(one for one in CLINICS if one.slug == request.path_params["slug"]))

        def found(query: dict[str, str]) -> SlotList:
            from zoneinfo import ZoneInfo

            zone = ZoneInfo(profile.time_zone)
            chosen = [
                slot
                for slot in self.slots
                if query["from"] <= str(slot.start.astimezone(zone).date()) < query["to"]
                and query.get("provider_id", str(slot.provider_id)) == str(slot.provider_id)
            ]
            return SlotList(time_zone=profile.time_zone, slots=sorted(chosen, key=lambda slot: slot.start))

        return await self._answer(request, found)

    def _filtered(self, query: dict[str, str]) -> list[AppointmentRow]:
        first, end = query.get("from", "0000"), query.get("to", "9999")
        found = [
            row
            for row in self.rows
            if first <= str(row.day) < end
            and query.get("clinic_id", str(row.clinic_id)) == str(row.clinic_id)
            and query.get("service_id", str(row.service_id)) == str(row.service_id)
            and query.get("provider_id", str(row.provider_id)) == str(row.provider_id)
            and query.get("status", row.status) in (row.status, "rescheduled" if row.rescheduled else None)
            and query.get("payment_status", row.payment_status or "none") == (row.payment_status or "none")
            and query.get("q", "").lower() in f"{row.patient_name} {row.reference}".lower()
        ]
        return sorted(found, key=lambda row: (row.start, row.id), reverse=query.get("order") != "soonest_first")

    async def get_appointments(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        def page(query: dict[str, str]) -> AppointmentPage:
            found, limit = self._filtered(query), int(query.get("limit", "50"))
            if cursor := query.get("cursor"):
                start, row_id = base64.b64decode(cursor).decode().split("|")
                places = [(row.start.isoformat(), str(row.id)) for row in found]
                found = found[places.index((start, row_id)) + 1 :]
            items, more = found[:limit], len(found) > limit
            last = f"{items[-1].start.isoformat()}|{items[-1].id}".encode() if items else b""
            return AppointmentPage(items=items, next_cursor=base64.b64encode(last).decode() if more else None)

        return await self._answer(request, page)

    def _row(self, request: Request[Any, Any, Any]) -> AppointmentRow:
        return next(row for row in self.rows if row.id == request.path_params["appointment_id"])

    async def get_appointment(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return await self._answer(request, lambda _: a_detail(self._row(request)))

    async def post_appointment(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        key = request.headers["idempotency-key"]

        def book(body: dict[str, Any]) -> AppointmentDetail:
            if key not in self.bookings_by_key:
                row = a_row(
                    f"{body['first_name']} {body['last_name']}",
                    start=datetime.fromisoformat(body["start"]),
                    source=BookingSource.PHONE,
                    payment_status=None,
                    paid_minor=0,
                )
                self.put(row)
                self.tell(EventKind.APPOINTMENT_CONFIRMED, row.id)
                self.bookings_by_key[key] = a_detail(row)
            return self.bookings_by_key[key]

        return await self._answer(request, book, 201)

    async def post_cancel(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        def cancel(body: dict[str, Any]) -> AppointmentDetail:
            refunded = body.get("refund_minor", 0)
            row = msgspec.structs.replace(
                self._row(request),
                status=AppointmentStatus.CANCELED,
                refunded_minor=refunded,
                payment_status=PaymentStatus.REFUNDED if refunded else PaymentStatus.SUCCEEDED,
            )
            self.put(row)
            self.tell(EventKind.APPOINTMENT_CANCELED, row.id)
            return a_detail(row)

        return await self._answer(request, cancel)

    async def post_refund(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        def refund(body: dict[str, Any]) -> AppointmentDetail:
            row = msgspec.structs.replace(
                self._row(request),
                refunded_minor=body["amount_minor"],
                payment_status=PaymentStatus.PARTIALLY_REFUNDED,
            )
            self.put(row)
            return a_detail(row)

        return await self._answer(request, refund, 201)

    async def post_resend(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return await self._answer(request, lambda body: ResendReceipt(queued=len(body["channels"])), 202)

    async def get_summary(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        def totals(query: dict[str, str]) -> SalesSummary:
            made = []
            for currency in sorted({row.currency for row in self._filtered(query) if row.paid_minor}):
                paid = [row for row in self._filtered(query) if row.currency == currency and row.paid_minor]
                gross, back = sum(row.paid_minor for row in paid), sum(row.refunded_minor for row in paid)
                made.append(
                    SalesTotals(
                        currency=currency,
                        currency_exponent=2,
                        gross_minor=gross,
                        refunds_minor=back,
                        net_minor=gross - back,
                        paid_count=len(paid),
                        average_minor=gross // len(paid),
                    )
                )
            return SalesSummary(totals=made)

        return await self._answer(request, totals)

    async def get_daily(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        def days(query: dict[str, str]) -> SalesDays:
            sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
            for row in self._filtered(query):
                if row.paid_minor:
                    one = sums[row.day, row.currency]
                    one[0] += row.paid_minor
                    one[1] += row.refunded_minor
                    one[2] += 1
            return SalesDays(
                days=[
                    SalesDay(
                        day=day,
                        currency=currency,
                        currency_exponent=2,
                        gross_minor=gross,
                        refunds_minor=back,
                        net_minor=gross - back,
                        paid_count=count,
                    )
                    for (day, currency), (gross, back, count) in sorted(sums.items())
                ]
            )

        return await self._answer(request, days)

    async def get_export(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        lines = [
            "reference,patient",
            *(f"{row.reference},{row.patient_name}" for row in self._filtered(dict(request.query_params))),
        ]
        return Response("\n".join(lines).encode(), media_type="text/csv")

    async def get_events(self, request: Request[Any, Any, Any]) -> Stream | Response[bytes]:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return await self._answer(request, None)
        last = request.headers.get("last-event-id")
        self.hello_cursors.append(last)
        resumed = last is not None and self.resumes
        queue: asyncio.Queue[EventHint | None] = asyncio.Queue()
        missed = [hint for hint in self._log if resumed and int(hint.cursor) > int(last or 0)]
        cursor = last if resumed and last is not None else str(len(self._log))
        self._streams.add(queue)
        self._followed.set()

        async def lines() -> AsyncIterator[bytes]:
            try:
                hello = msgspec.json.encode(StreamHello(cursor=cursor, resumed=resumed))
                yield b"event: hello\ndata: " + hello + b"\n\n: heartbeat\n\n"
                for hint in missed:
                    yield _event(hint)
                while (hint_or_end := await queue.get()) is not None:
                    yield _event(hint_or_end)
            finally:
                self._streams.discard(queue)

        return Stream(lines(), media_type="text/event-stream")


def _event(hint: EventHint) -> bytes:
    return f"id: {hint.cursor}\nevent: {hint.kind.value}\ndata: ".encode() + msgspec.json.encode(hint) + b"\n\n"
