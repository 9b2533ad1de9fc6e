"""E-mail: the protocol, and SMTP by aiosmtplib behind it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """`message_id` (without angle brackets) is stable per message row, so a resend after a crash can be recognised."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server. Raises GatewayRefusedError (5xx), GatewayUnavailableError (4xx, no
        connection) or OutcomeUnknownError (connection lost after DATA)."""
        ...

    async def close(self) -> None: ...
