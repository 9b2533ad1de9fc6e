"""The engines for when no address is set: PostgreSQL and Valkey, started on loopback and stopped with us.

What lives here: their folders, passwords, start and end. What must not: tables, migrations, or anything that knows
what the engines are used for. As root they run as `nobody` with their data folder as working directory, because
every path above it may be closed to that user (a clone under root's home, a `mktemp -d`).
"""

import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from server.child_process import ENDS_WITH_US, STOP_SECONDS, Child, child, wait_until
from server.engine_programs import ProgramMissing, postgres_programs, valkey_program
from server.state_folder import (
    is_owned,
    kept_secret,
    logs,
    owning,
    try_lock,
    write_private,
)

START_SECONDS = 60.0
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
# All that the engines see of ours: our environment may hold vendor keys, or PG… variables meant for another server.
ENVIRONMENT = {"PATH": os.defpath}


class EngineError(Exception):
    """An engine could not be found, started or stopped; the message says what to do."""


class EnginesTaken(EngineError):
    """Another process runs engines in the same state folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of running engines; empty for an engine that was not asked for."""

    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a production server sets by hand, for child processes."""
        urls = {
            "FRONTDESK_DATABASE_URL": self.database_url,
            "FRONTDESK_REDIS_URL": self.redis_url,
        }
        return {name: url for name, url in urls.items() if url}


@contextmanager
def engines(
    home: Path,
    *,
    fast: bool = False,
    postgres: bool = True,
    valkey: bool = True,
    postgres_dir: Path | None = None,
) -> Iterator[Running]:
    """Start the engines with their data in `home`, stop them on the way out.

    `fast` gives up durability for speed (tests); `postgres_dir` is a PostgreSQL installation to use instead of the
    wheel's. Call it from the main thread: Linux ends the engines when the thread that started them ends.
    Raises EngineError, and EnginesTaken when another process runs engines in the same folder.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EngineError("the embedded engines must be started from the main thread")
    home = home.absolute()
    note = home / "running.json"
    refusal = f"another Frontdesk already runs its engines in {home}: stop it, or set FRONTDESK_HOME to another folder"
    with ExitStack() as stack:
        try:
            logs(home)
            stack.enter_context(owning(home / "owner.lock", EnginesTaken(refusal)))
            note.unlink(missing_ok=True)
            held = stack.enter_context(_engines_lock(home))
            password = kept_secret(home / "engine-password")
            programs = postgres_programs(postgres_dir) if postgres else None
            running = Running(
                stack.enter_context(_postgres(home, programs, password, held, fast)) if programs else "",
                stack.enter_context(_valkey(home, valkey_program(), password, held, fast)) if valkey else "",
            )
            write_private(note, json.dumps(asdict(running)))
        except ProgramMissing as missing:
            raise EngineError(str(missing)) from missing
        except (OSError, subprocess.SubprocessError) as problem:
            raise EngineError(f"the embedded engines cannot be started in {home}: {problem}") from problem
        stack.callback(note.unlink, missing_ok=True)
        yield running


def running_engines(home: Path) -> Running | None:
    """The engines that another process runs in `home`; None when none are running, or they are still starting."""
    with suppress(FileNotFoundError):
        if is_owned(home / "owner.lock"):
            return Running(**json.loads((home / "running.json").read_text()))
    return None


@contextmanager
def shared_engines(home: Path, *, postgres: bool = True, valkey: bool = True) -> Iterator[Running]:
    """The engines that another process runs in `home`, or our own when there are none. Raises EngineError."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(engines(home, postgres=postgres, valkey=valkey))
        except EnginesTaken:
            wait_until(lambda: running_engines(home) is not None, START_SECONDS)
            found = running_engines(home)
            if found is None:
                raise
            if (postgres and not found.database_url) or (valkey and not found.redis_url):
                raise EngineError(
                    f"the Frontdesk that runs in {home} has its database or its queue elsewhere: "
                    "set FRONTDESK_DATABASE_URL and FRONTDESK_REDIS_URL here as they are set there"
                ) from None
            running = found
        yield running


@contextmanager
def _engines_lock(home: Path) -> Iterator[int]:
    """A lock that the engines inherit, so it is held until the last of them has ended, however their parent ended."""
    with (home / "engines.lock").open("a+b") as lock:
        # After a SIGKILL of their parent, Linux tells the engines to stop (see child_process); elsewhere we do.
        free = wait_until(lambda: try_lock(lock.fileno()), STOP_SECONDS if ENDS_WITH_US else 0)
        if not free:
            for pid_file in (home / "postgres" / "postmaster.pid", home / "valkey.pid"):
                if pid_file.exists():
                    os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
            free = wait_until(lambda: try_lock(lock.fileno()), STOP_SECONDS)
        if not free:
            raise EngineError(f"engines of an earlier run still use {home} and do not stop: end them by hand")
        # Nobody runs here now, so this file is stale; its number may meanwhile belong to another process.
        (home / "postgres" / "postmaster.pid").unlink(missing_ok=True)
        yield lock.fileno()


@contextmanager
def _postgres(home: Path, programs: Path, password: str, held: int, fast: bool) -> Iterator[str]:
    version = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    major = re.findall(r"\d+", version)[0]
    data = home / "postgres"
    if not data.exists():
        _initialise(home, programs, int(major), password, fast)
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != major:
        raise EngineError(
            f"the data in {data} was made by PostgreSQL {made_by} and the one found here is {major}: dump it with "
            f"pg_dumpall of version {made_by}, move the folder away, start again and restore the dump with psql"
        )
    port = _free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    chosen = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command: list[str | Path] = [
        programs / "postgres",
        "-D",
        _within(data),
        *chosen,
        *(FAST if fast else ()),
    ]
    url = f"postgresql://frontdesk:{password}@127.0.0.1:{port}/frontdesk"
    with _engine("postgres", command, data, held, signal.SIGINT) as process:
        _wait_for(process, lambda: _postgres_is_ready(data))
        _prepare_database(programs, port, password)
        yield url


def _initialise(home: Path, programs: Path, major: int, password: str, fast: bool) -> None:
    """Make an empty cluster, aside and then renamed, so that an interrupted start leaves nothing half made."""
    part = home / "postgres.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    owner = _unprivileged()
    secret, ready = os.pipe()
    os.write(ready, password.encode() + b"\n")
    os.close(ready)
    if owner:
        os.chown(part, owner["user"], owner["group"])
        os.fchown(secret, owner["user"], owner["group"])
    # pg_trgm finds nothing in non-ASCII text when the character type is plain C, hence C.UTF-8 in both forms.
    builtin = [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--lc-collate=C",
        "--lc-ctype=C.UTF-8",
    ]
    locale = builtin if major >= 17 else ["--locale=C.UTF-8"]
    command: list[str | Path] = [programs / "initdb", "-D", _within(part), *locale]
    command += [
        "--username=frontdesk",
        f"--pwfile=/dev/fd/{secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
    ]
    command += ["--no-instructions", *(["--no-sync"] if fast else [])]
    made = subprocess.run(
        command,
        check=False,
        cwd=part,
        env=ENVIRONMENT,
        pass_fds=[secret],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **owner,
    )
    os.close(secret)
    if made.returncode != 0:
        raise EngineError(f"initdb failed in {part}:\n{made.stdout[-600:]}{made.stderr[-1200:]}")
    part.rename(home / "postgres")


def _within(data: Path) -> str:
    """The data folder as its own process can always name it: as root, paths above it may be closed to that process."""
    if os.getuid() != 0:
        return str(data)
    if not ENDS_WITH_US:
        raise EngineError("as root the embedded engines run on Linux only: use another user, or set the two URLs")
    return "/proc/self/cwd"


def _postgres_is_ready(data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _prepare_database(programs: Path, port: int, password: str) -> None:
    script = """
        select 'create database frontdesk'
        where not exists (select from pg_database where datname = 'frontdesk') \\gexec
        create extension if not exists pg_trgm;
        select similarity('Иванов', 'Иванова') > 0.5;
    """
    address = ["-h", "127.0.0.1", "-p", str(port), "-U", "frontdesk", "-d", "postgres"]
    done = subprocess.run(
        [programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *address],
        check=False,
        input=f"set client_min_messages = warning; {script}",
        env={
            **ENVIRONMENT,
            "PGPASSWORD": password,
            "PGCLIENTENCODING": "UTF8",
            "PGCONNECT_TIMEOUT": "30",
        },
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode != 0:
        raise EngineError(f"the embedded PostgreSQL refuses its first statements: {done.stderr.strip()}")
    if done.stdout.strip() != "t":
        raise EngineError("the embedded PostgreSQL cannot compare non-ASCII names: its data has the wrong locale")


@contextmanager
def _valkey(home: Path, program: Path, password: str, held: int, fast: bool) -> Iterator[str]:
    data = home / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    owner = _unprivileged()
    if owner:
        os.chown(data, owner["user"], owner["group"])
    port = _free_port()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        "maxmemory-policy noeviction",
        'save ""',
        f"appendonly {'no' if fast else 'yes'}",
        "appendfsync everysec",
    ]
    # The settings go in by standard input: a command line, with its password, can be read by every user.
    with _engine("valkey", [program, "-"], data, held, signal.SIGTERM, "\n".join(lines)) as process:
        (home / "valkey.pid").write_text(str(process.process.pid))
        _wait_for(process, lambda: _valkey_is_ready(port, password))
        yield f"redis://:{password}@127.0.0.1:{port}/0"


def _valkey_is_ready(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"+PONG" in b"".join(iter(lambda: connection.recv(1024), b""))
    except OSError:
        return False


def _engine(
    name: str,
    command: list[str | Path],
    data: Path,
    held: int,
    stop: signal.Signals,
    text: str = "",
) -> AbstractContextManager[Child]:
    log = logs(data.parent) / f"{name}.log"
    return child(
        name,
        command,
        log=log,
        stop=stop,
        orphaned=stop,
        environment=ENVIRONMENT,
        folder=data,
        text=text,
        inherits=[held],
        rights=_unprivileged(),
    )


def _wait_for(engine: Child, ready: Callable[[], bool]) -> None:
    wait_until(lambda: engine.has_ended or ready(), START_SECONDS)
    if engine.has_ended or not ready():
        raise EngineError(f"{engine.name} did not start; {engine.last_words()}")


def _unprivileged() -> dict[str, Any]:
    """Arguments for Popen that drop root's rights, which PostgreSQL refuses; empty for any other user."""
    if os.getuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EngineError("as root the engines run as user nobody, whom this system does not have") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    # Below the range that systems hand out to outgoing connections: none of those can take it before the engine does.
    for port in random.sample(range(20000, 32000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise EngineError("no free port between 20000 and 32000 on 127.0.0.1")
