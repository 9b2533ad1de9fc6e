"""E-mail: the protocol, and SMTP by aiosmtplib behind it."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import SMTPUTF8 as SMTPUTF8_POLICY
from email.utils import format_datetime, parseaddr
from typing import NoReturn, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from server.config import Settings
from server.domain.boundary import assert_no_open_transaction
from server.gateways.errors import GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError

_TIMEOUT_SECONDS = 30.0
_ONE_ADDRESS = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\]\\]{1,64}@[^\x00-\x20\x7f\"(),:;<>@\\]{1,190}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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


class SmtpMailer:
    """One connection, used by one mail at a time, opened when needed and again when the server has dropped it.

    `url` is `smtp://user:password@host:587` (STARTTLS when the server offers it) or `smtps://…`. With a user
    name and a server that is not this machine, STARTTLS is required: a password is not sent in the clear.
    """

    def __init__(self, *, url: str, sender: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        address = urlsplit(url)
        secure = address.scheme == "smtps"
        name, self._sender = parseaddr(sender)
        self._from = _address(self._sender, name)
        self._lock = asyncio.Lock()
        self._smtp = aiosmtplib.SMTP(
            hostname=address.hostname,
            port=address.port or (465 if secure else 587),
            username=unquote(address.username) if address.username else None,
            password=unquote(address.password) if address.password else None,
            use_tls=secure,
            start_tls=True if not secure and address.username and address.hostname not in _LOOPBACK else None,
            # Asked of the resolver otherwise, which can take seconds where there is none.
            local_hostname=self._sender.rpartition("@")[2].encode("idna").decode(),
            timeout=timeout,
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> "SmtpMailer":
        return cls(url=settings.smtp_url, sender=settings.mail_from)

    async def send(self, mail: Mail) -> None:
        assert_no_open_transaction()
        try:
            message = self._composed(mail)
        except (ValueError, MessageError) as error:
            raise GatewayRefusedError("smtp", "bad_address", str(error)) from error
        async with self._lock:
            try:
                await self._open_envelope(mail.to)
                await self._hand_over(message, mail.to)
            except asyncio.CancelledError:
                self._smtp.close()
                raise

    async def close(self) -> None:
        async with self._lock:
            if self._smtp.is_connected:
                try:
                    await self._smtp.quit()
                except aiosmtplib.SMTPException:
                    self._smtp.close()

    def _composed(self, mail: Mail) -> EmailMessage:
        """Raises ValueError for whatever would break out of its header."""
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._from
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail.message_id}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message

    async def _open_envelope(self, to: str) -> None:
        """MAIL and RCPT. Nothing is handed over yet, so a connection that turns out to be dead is simply renewed."""
        reused = self._smtp.is_connected
        try:
            await self._envelope(to)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPSenderRefused) as error:
            code = getattr(error, "code", 421)
            if not (reused and code == 421):
                await self._fail(error)
            self._smtp.close()
            try:
                await self._envelope(to)
            except (aiosmtplib.SMTPException, OSError) as again:
                await self._fail(again)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._fail(error)

    async def _envelope(self, to: str) -> None:
        if not self._smtp.is_connected:
            await self._smtp.connect()
            await self._smtp.ehlo()
        encoding, options = "ascii", list[str]()
        if not to.isascii():
            if not self._smtp.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("the mail server takes no address outside ASCII")
            encoding, options = "utf-8", ["SMTPUTF8"]
        await self._smtp.mail(self._sender, encoding=encoding, options=options)
        await self._smtp.rcpt(to, encoding=encoding)

    async def _hand_over(self, message: EmailMessage, to: str) -> None:
        policy = SMTP_POLICY if to.isascii() else SMTPUTF8_POLICY
        try:
            await self._smtp.data(message.as_bytes(policy=policy))
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as error:
            # The server may have taken it: an answer to DATA is all that would have told us.
            self._smtp.close()
            raise OutcomeUnknownError("smtp", "connection_lost", str(error)) from error
        except aiosmtplib.SMTPException as error:
            await self._fail(error)

    async def _fail(self, error: Exception) -> NoReturn:
        if self._smtp.is_connected:
            # The envelope that was begun must not become part of the next mail.
            try:
                await self._smtp.rset()
            except (aiosmtplib.SMTPException, OSError):
                self._smtp.close()
        about_us = aiosmtplib.SMTPConnectError | aiosmtplib.SMTPHeloError | aiosmtplib.SMTPAuthenticationError
        code = getattr(error, "code", None)
        # Not str(error): that names the recipient, and this goes to the log.
        detail = getattr(error, "message", None) or type(error).__name__
        if isinstance(error, aiosmtplib.SMTPNotSupported):
            raise GatewayRefusedError("smtp", "not_supported", detail) from error
        if code is not None and code >= 500 and not isinstance(error, about_us):
            raise GatewayRefusedError("smtp", str(code), detail) from error
        raise GatewayUnavailableError("smtp", str(code or "connection_failed"), detail) from error


def _address(text: str, name: str = "") -> Address:
    """Of one mailbox and nothing else; a comma or a bracket would make it several. Raises ValueError."""
    if not _ONE_ADDRESS.fullmatch(text):
        raise ValueError("not one plain address")
    local, _, domain = text.rpartition("@")
    return Address(name, local, domain)
