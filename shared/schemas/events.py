"""The live stream: kinds and ids only, never patient data; whoever listens re-reads what changed."""

from uuid import UUID

from shared.schemas.enums import EventKind
from shared.schemas.types import Instant, Wire


class EventHint(Wire):
    """`cursor` is the stream position after this event (SSE `id`); send it back as `Last-Event-ID` to resume."""

    cursor: str
    kind: EventKind
    at: Instant
    appointment_id: UUID | None
    clinic_id: UUID | None


class StreamHello(Wire):
    """First event of a stream. `resumed` false means: what happened in between is not replayed, read everything anew."""

    cursor: str
    resumed: bool
