"""A cold start of the console: a new process, `import desktop`, until its first window has been painted.

The floor is an empty window of PySide6 in a process of its own. Both run offscreen, with settings of their own.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.figures import say

STARTS = 5
ROOT = Path(__file__).parents[1]
# Ends with the first paint of a visible window, or with a trace after a minute without one.
_UNTIL_PAINTED = """
import faulthandler, os, sys
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

class FirstPaint(QObject):
    window = ""

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget) and watched.window().isVisible():
            FirstPaint.window = watched.window().metaObject().className()
        return False

faulthandler.dump_traceback_later(60, exit=True)

def until_painted(*_):
    application = QApplication.instance()
    watcher = FirstPaint()
    application.installEventFilter(watcher)
    while not FirstPaint.window:
        application.processEvents()
    print(FirstPaint.window, flush=True)
    os._exit(0)
"""
_EMPTY = (
    _UNTIL_PAINTED
    + """
application = QApplication([])
window = QWidget()
window.resize(1200, 800)
window.show()
until_painted()
"""
)
_CONSOLE = (
    """
import desktop.app
"""
    + _UNTIL_PAINTED
    + """
QApplication.exec = until_painted
sys.exit(desktop.app.main(["--server", "http://127.0.0.1:1"]))
"""
)


def run(home: Path) -> None:
    ours: list[float] = []
    floor: list[float] = []
    # The first start of each fills the caches of files and of compiled modules, and is not counted.
    for counted in [False] + [True] * STARTS:
        for program, window, into in ((_CONSOLE, "MainWindow", ours), (_EMPTY, "QWidget", floor)):
            seconds = _start(program, window, home)
            if counted:
                into.append(seconds)
    say("desktop", "cold start to first window", median(ours) * 1000, "ms", median(floor) * 1000)


def _start(program: str, window: str, home: Path) -> float:
    """Seconds from starting the process until it says which window it has painted. RuntimeError when it was another."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    with (home / "desktop.log").open("w+b") as log:
        begun = perf_counter()
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=home) as process:
            assert process.stdout is not None
            said = process.stdout.readline().decode().strip()
            seconds = perf_counter() - begun
        if said != window:
            log.seek(0)
            words = log.read().decode(errors="replace")[-1500:]
            raise RuntimeError(f"the first window is {said or 'none'} and not {window}:\n{words}")
    return seconds
