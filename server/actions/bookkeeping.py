"""Post to the ledger: append-only, balanced, each movement of money once."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from server.db.ids import new_id
from server.db.tables import Appointment, Clinic, LedgerEntry
from server.db.unit_of_work import Work
from server.domain.ledger import EntryKind, Line


async def post(
    work: Work,
    kind: EntryKind,
    lines: Sequence[Line],
    *,
    moved: UUID | str,
    appointment_id: UUID,
    payment_id: UUID,
    currency: str,
) -> None:
    """Write one transaction's lines. `moved` names the payment or refund that moved the money: a second posting for
    it violates a unique constraint instead of counting twice. The day is the clinic's calendar day now."""
    clinic = (
        await work.connection.execute(
            select(Clinic.id, Clinic.time_zone)
            .join(Appointment, Appointment.clinic_id == Clinic.id)
            .where(Appointment.id == appointment_id)
        )
    ).one()
    day = work.now.astimezone(ZoneInfo(clinic.time_zone)).date()
    transaction_id = new_id()
    await work.connection.execute(
        insert(LedgerEntry),
        [
            {
                "transaction_id": transaction_id,
                "source": f"{kind}:{moved}",
                "kind": kind,
                "account": line.account,
                "amount_minor": line.amount_minor,
                "currency": currency,
                "clinic_id": clinic.id,
                "appointment_id": appointment_id,
                "payment_id": payment_id,
                "day": day,
                "at": work.now,
            }
            for line in lines
        ],
    )
