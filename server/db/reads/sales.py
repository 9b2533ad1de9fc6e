"""Sales: sums over the ledger, per currency and day. Nothing else is a sales figure."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from server.db.reads.filters import Filters, about_appointments
from server.db.session import Database
from server.db.tables import Appointment, Clinic, LedgerEntry
from server.domain.errors import ForbiddenError
from server.domain.ledger import Account, EntryKind
from server.domain.permissions import Viewer
from shared.schemas.enums import Verb
from shared.schemas.sales import SalesDay, SalesDays, SalesSummary, SalesTotals


async def sales_summary(db: Database, viewer: Viewer, filters: Filters) -> SalesSummary:
    """Totals of the money that moved on the days asked for (clinic days), for the appointments that match.

    Raises ForbiddenError: the front desk sees the clinic's present day only.
    """
    statement = _sums(filters).group_by(LedgerEntry.currency).order_by(LedgerEntry.currency)
    async with db.read.connect() as connection:
        await _check(connection, viewer, filters)
        rows = (await connection.execute(statement)).all()
    return SalesSummary(
        totals=[
            SalesTotals(
                currency=row.currency,
                currency_exponent=row.currency_exponent,
                gross_minor=int(row.gross),
                refunds_minor=int(row.refunds),
                net_minor=int(row.gross - row.refunds),
                paid_count=row.paid_count,
                average_minor=int((row.gross + row.paid_count // 2) // row.paid_count) if row.paid_count else 0,
            )
            for row in rows
        ]
    )


async def sales_daily(db: Database, viewer: Viewer, filters: Filters) -> SalesDays:
    """The same sums by clinic day. Days without money are absent. Raises ForbiddenError."""
    statement = (
        _sums(filters, LedgerEntry.day)
        .group_by(LedgerEntry.day, LedgerEntry.currency)
        .order_by(LedgerEntry.day, LedgerEntry.currency)
    )
    async with db.read.connect() as connection:
        await _check(connection, viewer, filters)
        rows = (await connection.execute(statement)).all()
    return SalesDays(
        days=[
            SalesDay(
                day=row.day,
                currency=row.currency,
                currency_exponent=row.currency_exponent,
                gross_minor=int(row.gross),
                refunds_minor=int(row.refunds),
                net_minor=int(row.gross - row.refunds),
                paid_count=row.paid_count,
            )
            for row in rows
        ]
    )


def _sums(filters: Filters, *by: Any) -> Select[*tuple[Any, ...]]:
    # Sales are booked negative (double entry): a charge of 100 stands as -100 on the sales account.
    charged = case((LedgerEntry.kind == EntryKind.CHARGE, -LedgerEntry.amount_minor), else_=0)
    returned = case((LedgerEntry.kind == EntryKind.REFUND, LedgerEntry.amount_minor), else_=0)
    paid = case((LedgerEntry.kind == EntryKind.CHARGE, LedgerEntry.appointment_id))
    statement = (
        select(
            *by,
            LedgerEntry.currency,
            func.max(Clinic.currency_exponent).label("currency_exponent"),
            func.sum(charged).label("gross"),
            func.sum(returned).label("refunds"),
            func.count(paid.distinct()).label("paid_count"),
        )
        .join(Clinic, Clinic.id == LedgerEntry.clinic_id)
        .where(LedgerEntry.account == Account.SALES, *_on_ledger_days(filters))
    )
    conditions = about_appointments(filters)
    if conditions:
        statement = statement.join(Appointment, Appointment.id == LedgerEntry.appointment_id).where(*conditions)
    return statement


def _on_ledger_days(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.from_day is not None:
        conditions.append(LedgerEntry.day >= filters.from_day)
    if filters.to_day is not None:
        conditions.append(LedgerEntry.day < filters.to_day)
    return conditions


async def _check(connection: Any, viewer: Viewer, filters: Filters) -> None:
    """Managers see any range. The front desk sees one day, which is today in the zone of some clinic."""
    if viewer.may(Verb.VIEW_SALES):
        return
    viewer.require(Verb.VIEW_DAY_SALES)
    local_today = func.date(func.timezone(Clinic.time_zone, func.frontdesk_now()))
    todays: set[date] = set((await connection.execute(select(local_today))).scalars())
    one_day = (
        filters.from_day is not None
        and filters.to_day is not None
        and (filters.to_day - filters.from_day).days == 1
        and filters.from_day in todays
    )
    if not one_day:
        raise ForbiddenError(
            "Your role sees the sales of the present day only.",
            next_step="Ask for today, or ask a manager.",
        )
