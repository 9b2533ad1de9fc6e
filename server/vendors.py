"""The vendors behind this process's gateways, made from the settings."""

from dataclasses import dataclass

import httpx

from server.config import Settings
from server.gateways.email import Mailer, SmtpMailer
from server.gateways.payments import PaymentProcessor, StripePayments
from server.gateways.texts import TextSender, TwilioTexts
from server.gateways.video import MeetingRooms, ZoomMeetings


@dataclass(frozen=True, slots=True)
class Gateways:
    payments: PaymentProcessor
    texts: TextSender
    mailer: Mailer
    meetings: MeetingRooms

    @classmethod
    def from_settings(cls, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> "Gateways":
        """`transport` replaces the network for everything that speaks HTTP."""
        return cls(
            payments=StripePayments.from_settings(settings, transport),
            texts=TwilioTexts.from_settings(settings, transport),
            mailer=SmtpMailer.from_settings(settings),
            meetings=ZoomMeetings.from_settings(settings, transport),
        )

    async def close(self) -> None:
        for gateway in (self.payments, self.texts, self.mailer, self.meetings):
            await gateway.close()
