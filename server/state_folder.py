"""The state folder (`FRONTDESK_HOME`): locks that say who uses it, and files that only we may read.

What lives here: how to lock and how to write privately. What must not: what the files mean.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def logs(home: Path) -> Path:
    """The folder of logs, made together with the state folder where that is missing."""
    folder = home / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def owning(lock_file: Path, refusal: Exception) -> Iterator[None]:
    """Hold `lock_file` for this process; raise `refusal` when another process holds it. It ends with the process."""
    with lock_file.open("a+b") as lock:
        if not try_lock(lock.fileno()):
            raise refusal
        yield


@contextmanager
def waiting_for(lock_file: Path) -> Iterator[None]:
    """Hold `lock_file` for the block, after waiting for whoever holds it."""
    with lock_file.open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_owned(lock_file: Path) -> bool:
    """Whether a living process holds `lock_file`."""
    try:
        with lock_file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def try_lock(descriptor: int) -> bool:
    """Lock an open file; False when someone else has."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(file: Path, text: str) -> None:
    """Replace a file's text in one step; only its owner may read it."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    part.replace(file)


def kept_secret(file: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """The secret that `file` keeps; made and written at the first call."""
    if not file.exists():
        write_private(file, make())
    return file.read_text()
