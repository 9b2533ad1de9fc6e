"""The line that every look at a patient's visit leaves behind."""

from uuid import UUID

from sqlalchemy import insert

from server.db.session import Database
from server.db.tables import AccessLine
from server.domain.permissions import Viewer


async def note_access(
    db: Database,
    viewer: Viewer,
    what: str,
    *,
    appointment_id: UUID | None = None,
    patient_id: UUID | None = None,
    rows: int = 1,
) -> None:
    """Write who saw what. Before the answer leaves: a look that cannot be recorded does not happen."""
    async with db.read.connect() as connection:
        await connection.execute(
            insert(AccessLine).values(
                user_id=viewer.user_id,
                what=what,
                appointment_id=appointment_id,
                patient_id=patient_id,
                rows=rows,
            )
        )
