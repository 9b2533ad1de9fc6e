"""Child processes that end with us, even when we are killed, and whose output goes to a log of their own.

What lives here: starting, watching and ending a process. What must not: what the process is for.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child that has dropped its rights may not be able to read the library any more.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
ENDS_WITH_US = _LIBC is not None
"""Whether this system ends children by itself when their parent is killed: only Linux does."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child process, its name for people, and the file that holds its output."""

    name: str
    process: "subprocess.Popen[str]"
    log: Path

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self, characters: int = 1500) -> str:
        """The end of its log, with the place where all of it stands."""
        return f"{self.log} ends with:\n{self.log.read_text(errors='replace')[-characters:].strip()}"


@contextmanager
def child(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    stop: signal.Signals,
    orphaned: signal.Signals,
    environment: Mapping[str, str],
    folder: Path | None = None,
    text: str = "",
    inherits: Sequence[int] = (),
    rights: Mapping[str, Any] | None = None,
) -> Iterator[Child]:
    """Run `command` until the block ends, then send it `stop` and wait for it; after 20 seconds it is killed.

    `orphaned` is the signal it gets from Linux when we end without that, being killed ourselves.
    The child gets `text` on its standard input, the open files named in `inherits`, and `rights` (Popen's `user`,
    `group`, `extra_groups`). It is out of reach of the terminal's Ctrl-C, so that only we decide the order of ends.
    Call it from the main thread: Linux ends a child together with the thread that started it.
    """
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    parent = os.getpid()
    with log.open("xb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            pass_fds=inherits,
            start_new_session=True,
            preexec_fn=(lambda: _end_with_parent(parent, orphaned)) if _LIBC else None,  # noqa: PLW1509 (C calls only)
            **(rights or {}),
        )
    try:
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(text)
        yield Child(name, process, log)
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask `condition` until it is met or `seconds` have passed; whether it was met."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return met


def _end_with_parent(parent: int, orphaned: signal.Signals) -> None:
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(orphaned), 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask for the signal
        os._exit(1)
