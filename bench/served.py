"""A real `serve` process over real engines, with fsync on as in production, and nobody else's settings."""

import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

from server.child_process import child, wait_until
from server.db.migrate import upgrade
from server.embedded import engines
from server.state_folder import logs

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    address: tuple[str, int]
    database_url: str


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    """Engines, a migrated database and one server process, until the block ends. From the main thread only."""
    with engines(home) as running:
        upgrade(running.database_url)
        port = _free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
        environment = {
            **inherited,
            **running.environment,
            "PYTHONPATH": str(ROOT),
            "FRONTDESK_HOME": str(home),
            "FRONTDESK_PORT": str(port),
            "FRONTDESK_LOG_LEVEL": "WARNING",
            # Requests are counted as ever; only the limit is out of reach.
            "FRONTDESK_RATE_LIMIT_READS": "100000000/minute",
            "FRONTDESK_RATE_LIMIT_WRITES": "100000000/minute",
        }
        with child(
            "serve",
            [sys.executable, "-m", "server", "serve"],
            log=logs(home) / "serve.log",
            stop=signal.SIGTERM,
            orphaned=signal.SIGKILL,
            environment=environment,
        ) as server:
            address = ("127.0.0.1", port)
            wait_until(lambda: server.has_ended or _is_ready(address), READY_SECONDS)
            if not _is_ready(address):
                raise RuntimeError(f"the server does not answer; {server.last_words()}")
            yield Served(address, running.database_url)


def _is_ready(address: tuple[str, int]) -> bool:
    host, port = address
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    """One with two more behind it, which the sandbox takes."""
    for port in range(21_000, 32_000, 7):
        try:
            for number in (port, port + 1, port + 2):
                create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        return port
    raise RuntimeError("no three free ports in a row between 21000 and 32000")
