"""`frontdesk demo`: engines, data, server, worker, a sample website and the desktop, started and stopped together.

What lives here: the order of starts and ends, and what a person is told. What must not: the demo's data, and
anything that a production server would do differently: the children are the ordinary commands.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from server.child_process import Child, child, wait_until
from server.config import DEMO_SECRET_KEY, Mode, Settings
from server.db.migrate import upgrade
from server.db.session import asyncpg_url
from server.db.tables import Clinic
from server.demo_data import fill, register_sample_website
from server.domain.links import Links
from server.embedded import engines
from server.sample_website import sample_website
from server.state_folder import kept_secret, logs, owning

ROOT = Path(__file__).parents[1]
PASSWORD = "frontdesk-demo"
SEED = 20260
READY_SECONDS = 90.0
OURS = (
    *("postgres", "postgres.part", "valkey", "logs"),
    *("running.json", "valkey.pid", "engine-password", "secret-keys"),
    *("demo.lock", "owner.lock", "engines.lock", "migrate.lock"),
)


class DemoError(Exception):
    """The demo cannot start or go on; the message says why and what to do."""


def run(settings: Settings) -> int:
    """Run the demo until Ctrl-C or SIGTERM (0), or until one of its parts ends (1)."""
    try:
        with ExitStack() as stack:
            try:
                _run(settings, stack)
            except (KeyboardInterrupt, SystemExit):
                _say("\nStopping")
                raise
    except (KeyboardInterrupt, SystemExit):
        _say("Stopped. The data is kept; `make demo` goes on from here, `make demo-reset` forgets it.")
        return 0
    except DemoError as problem:
        print(f"frontdesk: {problem}", file=sys.stderr)
        return 1
    raise AssertionError("the demo ended without a reason")


def reset(settings: Settings) -> int:
    """Forget what the demo keeps in its state folder; refuses while it runs. A database elsewhere is left alone."""
    home = settings.home.absolute()
    if not home.exists():
        print(f"there is nothing to forget in {home}")
        return 0
    refusal = DemoError(f"Frontdesk is running in {home}: stop it first")
    try:
        with owning(home / "demo.lock", refusal), owning(home / "owner.lock", refusal):
            for path in (home / name for name in OURS):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
    except DemoError as problem:
        print(f"frontdesk: {problem}", file=sys.stderr)
        return 1
    if not any(home.iterdir()):
        home.rmdir()
    print(f"forgot the demo's data in {home}")
    return 0


def _run(settings: Settings, stack: ExitStack) -> None:
    if settings.mode is not Mode.SANDBOX:
        raise DemoError("the demo pretends every vendor: unset FRONTDESK_MODE, or use `frontdesk serve` and `work`")
    home = settings.home.absolute()
    try:
        logs(home)
    except OSError as problem:
        raise DemoError(
            f"{home} cannot be used ({problem.strerror}): set FRONTDESK_HOME to another folder"
        ) from problem
    refusal = f"a demo already runs in {home}: stop it, or set FRONTDESK_HOME (and FRONTDESK_PORT) for a second one"
    stack.enter_context(owning(home / "demo.lock", DemoError(refusal)))
    _refuse_taken_ports(settings)
    settings = _with_own_keys(replace(settings, home=home))

    _say("Starting the engines")
    running = stack.enter_context(engines(home, postgres=not settings.database_url, valkey=not settings.redis_url))
    settings = replace(
        settings,
        database_url=settings.database_url or running.database_url,
        redis_url=settings.redis_url or running.redis_url,
    )
    _say("Migrating")
    _prepare_data(settings)
    _say("Starting server and worker")
    environment = _environment(settings)
    serve = stack.enter_context(_python("serve", ["-m", "server", "serve"], home, environment))
    work = stack.enter_context(_python("work", ["-m", "server", "work"], home, environment))
    _wait_until_ready(settings, (serve, work))
    try:
        stack.enter_context(sample_website(settings.host, settings.port + 1, settings.public_url))
    except OSError as problem:
        raise DemoError(f"the sample website cannot be served: {problem}") from problem
    print(addresses(settings), flush=True)
    desktop = _open_desktop(settings, stack, environment)
    _watch((serve, work), desktop)


def _refuse_taken_ports(settings: Settings) -> None:
    for offset, purpose in enumerate(("the server", "the sample website", "the sandbox's mail")):
        port = settings.port + offset
        try:
            socket.create_server((settings.host, port)).close()
        except OSError as problem:
            reason = str(problem.strerror).partition(" (while")[0]
            raise DemoError(
                f"port {port} on {settings.host} is not free for {purpose} ({reason}): "
                "set FRONTDESK_PORT to another number (the demo takes that port and the two after it)"
            ) from problem


def _with_own_keys(settings: Settings) -> Settings:
    """Keys that are this demo's own: tokens of one demo must not open another one."""
    if settings.secret_keys != DEMO_SECRET_KEY:
        return settings
    return replace(settings, secret_keys=kept_secret(settings.home / "secret-keys"))


def _prepare_data(settings: Settings) -> None:
    upgrade(settings.database_url)
    if asyncio.run(_is_empty(settings.database_url)):
        _say("Filling in two clinics (only at the first start)")
        asyncio.run(fill(settings.database_url, SEED, Links(settings.public_url, settings.keyring)))
    # At every start, because FRONTDESK_PORT may have changed since the last one.
    origins = [website_url(settings).rstrip("/"), f"http://{settings.host}:{settings.port + 1}"]
    asyncio.run(register_sample_website(settings.database_url, origins))


async def _is_empty(database_url: str) -> bool:
    engine = create_async_engine(asyncpg_url(database_url))
    try:
        async with engine.connect() as connection:
            return (await connection.execute(select(Clinic.id).limit(1))).first() is None
    finally:
        await engine.dispose()


def _environment(settings: Settings) -> dict[str, str]:
    """What the children get: our own environment, and the settings that were decided here."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "FRONTDESK_HOME": str(settings.home),
        "FRONTDESK_DATABASE_URL": settings.database_url,
        "FRONTDESK_REDIS_URL": settings.redis_url,
        "FRONTDESK_SECRET_KEYS": settings.secret_keys,
    }


@contextmanager
def _python(name: str, arguments: Sequence[str], home: Path, environment: dict[str, str]) -> Iterator[Child]:
    # Without us the engines are gone at the same moment: nothing is left that an orderly end could still do,
    # and a worker that waits for its queue to come back would outlive us.
    with child(
        name,
        [sys.executable, *arguments],
        log=logs(home) / f"{name}.log",
        stop=signal.SIGTERM,
        orphaned=signal.SIGKILL,
        environment=environment,
    ) as process:
        yield process


def _wait_until_ready(settings: Settings, children: Sequence[Child]) -> None:
    url = f"http://{settings.host}:{settings.port}/health/ready"
    wait_until(lambda: any(item.has_ended for item in children) or _answers(url), READY_SECONDS)
    _refuse_ended(children)
    if not _answers(url):
        raise DemoError(f"{url} does not answer 200; {children[0].last_words()}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def website_url(settings: Settings) -> str:
    """`localhost` where the server is `127.0.0.1`, so that a browser takes the two for strangers, as it should."""
    local = settings.host in {"127.0.0.1", "0.0.0.0", "::1", "::"}
    return f"http://{'localhost' if local else settings.host}:{settings.port + 1}/"


def addresses(settings: Settings) -> str:
    """What a person needs to look around, as a block of lines."""
    own = settings.public_url
    lines = {
        "booking pages": f"{own}/book/harbor",
        "": f"{own}/book/lakeside",
        "sample website": website_url(settings),
        "sent messages": f"{own}/sandbox/outbox",
        "API": f"{own}/schema",
        "accounts": "admin@demo.test  manager@demo.test  desk@demo.test  provider@demo.test",
        "password": PASSWORD,
        "logs": str(settings.home / "logs"),
    }
    width = max(map(len, lines))
    rows = [f"  {name:<{width}}  {value}" for name, value in lines.items()]
    return "\n".join(["", "Frontdesk is ready.", "", *rows, ""])


def _open_desktop(settings: Settings, stack: ExitStack, environment: dict[str, str]) -> Child | None:
    if not has_display(os.environ):
        _say("There is no display here, so the desktop stays closed; the server goes on. Ctrl-C stops it.")
        return None
    _say("Opening the desktop as desk@demo.test. Closing it leaves the server running; Ctrl-C stops everything.")
    arguments = [
        "-m",
        "desktop",
        "--server",
        settings.public_url,
        "--email",
        "desk@demo.test",
    ]
    # The desktop is a client: our addresses with passwords and our keys are none of its business.
    own = {name: value for name, value in environment.items() if not name.startswith("FRONTDESK_")}
    own["FRONTDESK_DESKTOP_PASSWORD"] = PASSWORD
    return stack.enter_context(_python("desktop", arguments, settings.home, own))


def has_display(environment: dict[str, str] | os._Environ[str], platform: str = sys.platform) -> bool:
    """Whether a window can be shown: always on macOS and Windows, elsewhere when X11 or Wayland is there."""
    named = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return platform in {"darwin", "win32"} or bool(named)


def _watch(children: Sequence[Child], desktop: Child | None) -> None:
    """Return never: raises DemoError when server or worker ends. The desktop may end, and is only spoken of."""
    while True:
        _refuse_ended(children)
        if desktop is not None and desktop.has_ended:
            closed = desktop.process.returncode == 0
            _say("The desktop was closed; the server goes on." if closed else _desktop_failed(desktop))
            desktop = None
        time.sleep(0.25)


def _refuse_ended(children: Sequence[Child]) -> None:
    for item in children:
        if item.has_ended:
            raise DemoError(f"`{item.name}` has ended by itself; {item.last_words()}")


def _desktop_failed(desktop: Child) -> str:
    advice = "`python packaging/system-packages run` says which system libraries are missing"
    return f"The desktop could not go on ({advice}); the server does. {desktop.last_words()}"


def _say(line: str) -> None:
    print(line, flush=True)
