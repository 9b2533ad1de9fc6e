"""Texts: the protocol, and Twilio behind it. A text is never sent twice because an answer got lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


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
