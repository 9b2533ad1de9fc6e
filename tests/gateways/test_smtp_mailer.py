"""The production mailer against the pretended mail server, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy

import pytest

from server.db.session import Database
from server.gateways.email import Mail, SmtpMailer
from server.gateways.errors import GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError
from server.sandbox.smtp import listening
from tests.sandbox.vendors import Vendors

ROW = "0190aaaa-0000-7000-8000-0000000000bb"


def a_mail(*, to: str = "pat@example.org", subject: str = "Your visit", text: str = "See you.\n") -> Mail:
    return Mail(to=to, subject=subject, text=text, html="<p>See you.</p>", message_id=f"{ROW}@demo.test")


@asynccontextmanager
async def a_mailer(db: Database) -> AsyncIterator[SmtpMailer]:
    async with listening(db, "127.0.0.1", 0) as port:
        mailer = SmtpMailer(url=f"smtp://127.0.0.1:{port}", sender="Town Clinic <visits@demo.test>", timeout=5)
        try:
            yield mailer
        finally:
            await mailer.close()


async def arrived(vendors: Vendors) -> list[EmailMessage]:
    rows = await vendors.rows("SELECT raw FROM sandbox_emails ORDER BY received_at")
    return [message_from_bytes(row.raw, policy=default_policy) for row in rows]


async def test_a_mail_arrives_whole_in_text_and_html(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        await mailer.send(a_mail(subject="Ваш визит: 9 Uhr früh", text="Grüße\n.\n.. and dots\n"))

    message = (await arrived(vendors))[0]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert (message["Subject"], message["To"], message["From"]) == (
        "Ваш визит: 9 Uhr früh",
        "pat@example.org",
        "Town Clinic <visits@demo.test>",
    )
    assert text.get_content().replace("\r\n", "\n") == "Grüße\n.\n.. and dots\n"
    assert html.get_content().strip() == "<p>See you.</p>"
    assert message["Message-ID"] == f"<{ROW}@demo.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime is not None
    row = (await vendors.rows("SELECT message_id FROM sandbox_emails"))[0]
    assert str(row.message_id) == ROW


@pytest.mark.parametrize("subject", ["Visit\r\nBcc: all@example.org", "Visit\nX: y"])
async def test_a_line_break_cannot_become_a_header(vendors: Vendors, subject: str) -> None:
    async with a_mailer(vendors.db) as mailer:
        with pytest.raises(GatewayRefusedError):
            await mailer.send(a_mail(subject=subject))

    assert await arrived(vendors) == []


@pytest.mark.parametrize(
    "to", ["a@b.org, c@d.org", "a@b.org\r\nRCPT TO:<c@d.org>", "", "nobody", "<a@b.org> SIZE=1", "a b@c.org"]
)
async def test_what_is_not_one_address_is_refused(vendors: Vendors, to: str) -> None:
    async with a_mailer(vendors.db) as mailer:
        with pytest.raises(GatewayRefusedError):
            await mailer.send(a_mail(to=to))

    assert await arrived(vendors) == []


async def test_an_address_outside_ascii_is_sent_where_the_server_takes_it(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        await mailer.send(a_mail(to="jörg@example.org"))

    rows = await vendors.rows("SELECT recipient FROM sandbox_emails")
    assert [row.recipient for row in rows] == ["jörg@example.org"]


async def test_a_mailbox_that_does_not_exist_is_refused_and_the_next_mail_goes_out(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        with pytest.raises(GatewayRefusedError) as refused:
            await mailer.send(a_mail(to="bounce@example.org"))
        await mailer.send(a_mail())

    assert refused.value.code == "550"
    rows = await vendors.rows("SELECT recipient FROM sandbox_emails")
    assert [row.recipient for row in rows] == ["pat@example.org"]


async def test_a_server_that_puts_us_off_is_asked_again_later(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        with pytest.raises(GatewayUnavailableError) as put_off:
            await mailer.send(a_mail(to="greylist@example.org"))
        await mailer.send(a_mail(to="greylist@example.org"))

    assert put_off.value.code == "451"
    assert len(await arrived(vendors)) == 1


async def test_a_connection_that_dies_after_the_data_leaves_the_outcome_unknown(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        with pytest.raises(OutcomeUnknownError):
            await mailer.send(a_mail(to="lost@example.org"))
        await mailer.send(a_mail())

    assert len(await arrived(vendors)) == 2


async def test_a_server_that_nobody_runs_is_unavailable() -> None:
    mailer = SmtpMailer(url="smtp://127.0.0.1:1", sender="visits@demo.test", timeout=5)

    with pytest.raises(GatewayUnavailableError):
        await mailer.send(a_mail())


async def test_mails_sent_at_once_go_one_after_the_other_over_one_connection(vendors: Vendors) -> None:
    async with a_mailer(vendors.db) as mailer:
        await asyncio.gather(*(mailer.send(a_mail(to=f"p{number}@example.org")) for number in range(10)))

    rows = await vendors.rows("SELECT recipient FROM sandbox_emails")
    assert {row.recipient for row in rows} == {f"p{number}@example.org" for number in range(10)}


@asynccontextmanager
async def a_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """A mail server that does only what `talk` does; yields its port and leaves no conversation behind."""
    talks: list[asyncio.Task[None]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(one(reader, writer)))

    listener = await asyncio.start_server(begin, host, 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await listener.wait_closed()
        await asyncio.gather(*talks)


async def test_a_connection_that_the_server_dropped_meanwhile_is_opened_again() -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes one mail a connection, says 421 to the second, as servers do after an idle while."""
        nonlocal connections
        connections += 1
        writer.write(b"220 ready\r\n")
        taken = False
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL" and taken:
                writer.write(b"421 idle for too long\r\n")
                return
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                taken = True
            writer.write(b"250 ok\r\n" if verb != b"QUIT" else b"221 bye\r\n")
            if verb == b"QUIT":
                return

    async with a_server(talk) as port:
        mailer = SmtpMailer(url=f"smtp://127.0.0.1:{port}", sender="visits@demo.test", timeout=5)
        await mailer.send(a_mail())
        await mailer.send(a_mail())
        await mailer.close()

    assert connections == 2


async def test_a_password_is_not_sent_to_another_machine_without_tls() -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(b"250-plain\r\n250 AUTH PLAIN LOGIN\r\n" if line.startswith(b"EHLO") else b"250 ok\r\n")

    async with a_server(talk, "127.0.0.2") as port:
        mailer = SmtpMailer(url=f"smtp://me:hunter2@127.0.0.2:{port}", sender="visits@demo.test", timeout=5)
        with pytest.raises(GatewayUnavailableError):
            await mailer.send(a_mail())
        await mailer.close()

    assert heard
    assert not any(b"AUTH" in line for line in heard)


async def test_a_caller_that_gives_up_leaves_no_half_mail_behind() -> None:
    reached = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Never answers RCPT."""
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            if line.startswith(b"RCPT"):
                reached.set()
                continue
            writer.write(b"250 ok\r\n")

    async with a_server(talk) as port:
        mailer = SmtpMailer(url=f"smtp://127.0.0.1:{port}", sender="visits@demo.test", timeout=5)
        sending = asyncio.create_task(mailer.send(a_mail()))
        await reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await mailer.close()

    assert sending.cancelled()
