"""Where the sandbox may be mounted, and what it runs beside the server."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from server.config import Mode, Settings
from server.db.session import Database
from server.gateways.email import Mail, SmtpMailer
from server.sandbox import routes, running
from tests.sandbox.test_sandbox_stripe import a_paid_intent
from tests.sandbox.vendors import ClinicServer, vendors_of


def test_a_live_server_has_no_sandbox(db: Database, settings: Settings) -> None:
    with pytest.raises(ValueError, match="live"):
        routes(replace(settings, mode=Mode.LIVE), db)


async def test_while_it_runs_mail_arrives_and_webhooks_leave(
    db: Database, settings: Settings, clinic_server: ClinicServer
) -> None:
    heard = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        heard.set()

    async with vendors_of(settings, db, clinic_server) as vendors:
        await a_paid_intent(vendors)
    listener = await asyncio.start_server(listen, settings.host, settings.port)

    async with running(settings, db):
        mailer = SmtpMailer.from_settings(settings)
        await mailer.send(Mail(to="a@b.org", subject="Hi", text="Hi", html="<p>Hi</p>", message_id="1@demo.test"))
        await mailer.close()
        await heard.wait()
    listener.close()
    await listener.wait_closed()

    assert len(await vendors.rows("SELECT id FROM sandbox_emails")) == 1


async def test_the_mail_server_stays_away_when_mail_goes_elsewhere(settings: Settings, db: Database) -> None:
    elsewhere = replace(settings, smtp_url="smtp://mail.example.org:587")

    async with running(elsewhere, db):
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as http:
                await http.get(f"http://{settings.host}:{settings.port + 2}/")
