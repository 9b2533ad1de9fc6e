"""The `frontdesk` command: starts the server, the worker and the chores around them.

What lives here: arguments, settings, which engines to use, exit codes. What must not: what a command does.
Exit codes: 0 done, 1 it failed and a sentence says why, 2 the arguments or settings are wrong.
"""

import argparse
import asyncio
import contextlib
import getpass
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from server.config import Settings, SettingsError
from server.embedded import EngineError, running_engines, shared_engines
from server.state_folder import waiting_for


class CommandFailed(Exception):
    """The command cannot do its work; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    signal.signal(signal.SIGTERM, _end)
    # A shell script starts background commands with this signal ignored, and Python would leave it at that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command(chosen)
    except SettingsError as wrong:
        print(f"frontdesk: these settings are wrong:\n{wrong}", file=sys.stderr)
        return 2
    except (EngineError, CommandFailed) as problem:
        print(f"frontdesk: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frontdesk", description="Appointments, payments and messages for clinics.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], meaning: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=meaning, description=meaning)
        command.set_defaults(command=run)
        return command

    add("serve", _serve, "answer HTTP requests until stopped")
    add("work", _work, "deliver messages, handle webhooks and run sweeps until stopped")
    add("migrate", _migrate, "bring the database to the newest schema")
    demo = add("demo", _demo, "run everything with pretended vendors and a lively clinic")
    demo.add_argument(
        "--reset",
        action="store_true",
        help="forget the demo's state folder instead of running",
    )
    admin = add(
        "create-admin",
        _create_admin,
        "add an administrator; asks for the password, or reads it from a pipe",
    )
    admin.add_argument("--email", required=True)
    admin.add_argument("--name", required=True)
    add("openapi", _openapi, "print the HTTP interface as OpenAPI JSON")
    add(
        "doctor",
        _doctor,
        "check database, queue, mail, keys and addresses, and say what to fix",
    )
    return parser


def _serve(_: argparse.Namespace) -> int:
    import uvicorn

    wanted = Settings.from_environment()
    # The port comes first: engines that start only to stop again would hide what is wrong.
    with _listening(wanted.host, wanted.port) as listener, _with_engines(wanted) as settings:
        from server.app import create_app

        config = uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http="httptools",
            # Access lines would carry the tokens of patients' links.
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            # A live stream never ends by itself.
            timeout_graceful_shutdown=3,
        )
        server = uvicorn.Server(config)
        print(f"Frontdesk listens on http://{settings.host}:{settings.port}", flush=True)
        # uvicorn raises the signal again when it has shut down, which would cut off what comes after it here.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ignore)
        server.run(sockets=[listener])
    return 0 if server.started else 1


def _work(_: argparse.Namespace) -> int:
    with _with_engines(Settings.from_environment()) as settings:
        from server.worker import run

        run(settings)
    return 0


def _migrate(_: argparse.Namespace) -> int:
    from server.db.migrate import missing, upgrade

    with _with_engines(Settings.from_environment(), migrated=False) as settings:
        steps = asyncio.run(missing(settings.database_url))
        upgrade(settings.database_url)
    print(f"migrated: {', '.join(steps)}" if steps else "the database is at the newest schema already")
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from server import demo

    settings = Settings.from_environment()
    return demo.reset(settings) if chosen.reset else demo.run(settings)


def _create_admin(chosen: argparse.Namespace) -> int:
    from server.domain.errors import DomainError

    password = _password()
    with _with_engines(Settings.from_environment()) as settings:
        try:
            asyncio.run(_add_admin(settings, chosen.email, chosen.name, password))
        except DomainError as refused:
            raise CommandFailed(f"{refused.detail} {refused.next_step}".strip()) from refused
    print(f"{chosen.email} can sign in as admin")
    return 0


async def _add_admin(settings: Settings, email: str, name: str, password: str) -> None:
    from server.actions.staffing import create_staff
    from server.db.session import Database
    from shared.schemas.enums import Role

    database = Database(settings.database_url, pool_size=2)
    try:
        await create_staff(database, email=email, name=name, password=password, role=Role.ADMIN)
    finally:
        await database.close()


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        raise CommandFailed("the two passwords differ; nothing was changed")
    return password


def _openapi(_: argparse.Namespace) -> int:
    from server.app import create_app

    # The schema needs no engines, but the application wants addresses.
    unused = {
        "FRONTDESK_DATABASE_URL": "postgresql://127.0.0.1:1/unused",
        "FRONTDESK_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    app = create_app(Settings.from_environment(unused))
    print(json.dumps(app.openapi_schema.to_schema(), indent=2, ensure_ascii=False))
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from server import doctor

    return doctor.run()


@contextlib.contextmanager
def _with_engines(settings: Settings, *, migrated: bool = True) -> Iterator[Settings]:
    """Settings with both addresses: the ones that are set, and the embedded engines' for those that are not.

    The embedded database is brought to the newest schema; any other one is its owner's to migrate.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    ours = not settings.database_url
    if running_engines(settings.home):
        print(f"using the engines that another Frontdesk runs in {settings.home}; they stop with it", file=sys.stderr)
    with shared_engines(settings.home, postgres=ours, valkey=not settings.redis_url) as running:
        settings = replace(
            settings,
            database_url=settings.database_url or running.database_url,
            redis_url=settings.redis_url or running.redis_url,
        )
        if ours and migrated:
            from server.db.migrate import upgrade

            with waiting_for(settings.home / "migrate.lock"):
                upgrade(settings.database_url)
        yield settings


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as problem:
        reason = str(problem.strerror).partition(" (while")[0]
        raise CommandFailed(
            f"cannot listen on {host} port {port} ({reason}): "
            "end the program that uses it, or set FRONTDESK_HOST and FRONTDESK_PORT"
        ) from problem


def _end(number: int, frame: object) -> None:
    raise SystemExit(0)


def _ignore(number: int, frame: object) -> None:
    return None
