"""The staff's appointments: list, detail, phone booking, cancel, refund, resend, export."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter, SkipValidation
from litestar.response import Stream

from server.actions import canceling, messaging, phone_booking, refunding
from server.config import Settings
from server.db.reads.appointment_detail import appointment_detail
from server.db.reads.appointments import appointment_page, every_appointment
from server.db.reads.filters import Filters
from server.db.session import Database
from server.domain.links import Links
from server.domain.permissions import Viewer
from server.gateways.payments import PaymentProcessor
from server.routes.filters import provide_filters
from server.routes.idempotency import once
from server.routes.staff import requires
from shared.schemas.appointments import (
    AppointmentDetail,
    AppointmentPage,
    AppointmentRow,
    CancelRequest,
    PhoneBookingRequest,
    RefundRequest,
    ResendRequest,
)
from shared.schemas.booking import ResendReceipt
from shared.schemas.enums import Order, Verb

Db = NamedDependency[SkipValidation[Database]]
Who = NamedDependency[SkipValidation[Viewer]]
LinkMaker = NamedDependency[SkipValidation[Links]]
Processor = NamedDependency[SkipValidation[PaymentProcessor]]
Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


@get("/", guards=[requires(Verb.VIEW_SCHEDULE)])
async def list_appointments(
    db: Db,
    viewer: Who,
    filters: NamedDependency[SkipValidation[Filters]],
    cursor: Annotated[str | None, QueryParameter(name="cursor", max_length=200)] = None,
    limit: Annotated[int, QueryParameter(name="limit", ge=1, le=200)] = 50,
    order: Annotated[Order, QueryParameter(name="order")] = Order.LATEST_FIRST,
) -> AppointmentPage:
    return await appointment_page(db, viewer, filters, cursor=cursor, limit=limit, order=order)


@post("/", guards=[requires(Verb.BOOK_APPOINTMENT)])
async def create_appointment(
    data: JSONBody[PhoneBookingRequest],
    db: Db,
    viewer: Who,
    payments: Processor,
    links: LinkMaker,
    settings: NamedDependency[SkipValidation[Settings]],
    idempotency_key: Key = None,
) -> AppointmentDetail:
    """A booking for a caller, by the rules of the web."""
    appointment_id = await phone_booking.book_by_phone(
        db,
        payments,
        viewer,
        data,
        pay_link_minutes=settings.pay_link_minutes,
        once=once(f"phone:{viewer.user_id}", idempotency_key, data),
    )
    return await appointment_detail(db, links, viewer, appointment_id)


@get("/{appointment_id:uuid}", guards=[requires(Verb.VIEW_APPOINTMENT)])
async def read_appointment(appointment_id: FromPath[UUID], db: Db, viewer: Who, links: LinkMaker) -> AppointmentDetail:
    return await appointment_detail(db, links, viewer, appointment_id)


@post(
    "/{appointment_id:uuid}/cancel",
    guards=[requires(Verb.CANCEL_APPOINTMENT)],
    status_code=200,
)
async def cancel_appointment(
    appointment_id: FromPath[UUID],
    data: JSONBody[CancelRequest],
    db: Db,
    viewer: Who,
    payments: Processor,
    links: LinkMaker,
) -> AppointmentDetail:
    await canceling.cancel_appointment(db, payments, viewer, appointment_id, data)
    return await appointment_detail(db, links, viewer, appointment_id)


@post("/{appointment_id:uuid}/refunds", guards=[requires(Verb.REFUND_PAYMENT)])
async def create_refund(
    appointment_id: FromPath[UUID],
    data: JSONBody[RefundRequest],
    db: Db,
    viewer: Who,
    links: LinkMaker,
    idempotency_key: Key = None,
) -> AppointmentDetail:
    await refunding.request_refund(
        db,
        viewer,
        appointment_id,
        data,
        once=once(f"refund:{appointment_id}", idempotency_key, data),
    )
    return await appointment_detail(db, links, viewer, appointment_id)


@post(
    "/{appointment_id:uuid}/resend",
    guards=[requires(Verb.SEND_MESSAGE)],
    status_code=202,
)
async def resend(appointment_id: FromPath[UUID], data: JSONBody[ResendRequest], db: Db, viewer: Who) -> ResendReceipt:
    return ResendReceipt(queued=await messaging.resend_by_staff(db, viewer, appointment_id, data.channels))


COLUMNS = (
    "reference", "day", "start", "end", "time_zone", "patient", "service", "provider", "status", "payment_status",
    "total_minor", "paid_minor", "refunded_minor", "currency", "source",
)  # fmt: skip


@get("/appointments.csv", guards=[requires(Verb.EXPORT_DATA)], media_type="text/csv")
async def export_appointments(db: Db, viewer: Who, filters: NamedDependency[SkipValidation[Filters]]) -> Stream:
    async def lines() -> AsyncIterator[str]:
        yield _csv_line(COLUMNS)
        async for row in every_appointment(db, viewer, filters):
            yield _csv_line(_cells(row))

    return Stream(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointments.csv"'},
    )


def _cells(row: AppointmentRow) -> tuple[str, ...]:
    return (
        row.reference, row.day.isoformat(), _local(row.start), _local(row.end), row.time_zone, row.patient_name,
        row.service_name, row.provider_name, row.status, row.payment_status or "none", str(row.total_minor),
        str(row.paid_minor), str(row.refunded_minor), row.currency, row.source,
    )  # fmt: skip


def _local(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _csv_line(cells: tuple[str, ...]) -> str:
    # A cell that begins like a formula is run by spreadsheets; an apostrophe keeps it text.
    safe = [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells]
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(safe)
    return line.getvalue()


_filters = {"filters": Provide(provide_filters, sync_to_thread=False)}

router = Router(
    path="/api",
    route_handlers=[
        Router(
            path="/appointments",
            route_handlers=[
                list_appointments,
                create_appointment,
                read_appointment,
                cancel_appointment,
                create_refund,
                resend,
            ],
            dependencies=_filters,
        ),
        Router(path="/exports", route_handlers=[export_appointments], dependencies=_filters),
    ],
    tags=["appointments"],
)
