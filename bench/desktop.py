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
# Ends as soon as the first paint of a visible window is through the loop; what comes later is not the first window.
_UNTIL_PAINTED = """
import os, sys
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

class FirstPaint(QObject):
    seen = False

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget) and watched.window().isVisible():
            FirstPaint.seen = True
        return False

def until_painted(*_):
    application = QApplication.instance()
    watcher = FirstPaint()
    application.installEventFilter(watcher)
    while not FirstPaint.seen:
        application.processEvents()
    print(QApplication.topLevelWidgets()[0].metaObject().className(), flush=True)
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
    ours, floor = [], []
    _start(_CONSOLE, home)
    _start(_EMPTY, home)
    for _ in range(STARTS):
        ours.append(_start(_CONSOLE, home))
        floor.append(_start(_EMPTY, home))
    say("desktop", "cold start to first window", median(ours) * 1000, "ms", median(floor) * 1000)


def _start(program: str, home: Path) -> float:
    """Seconds from starting the process until it says that it has painted."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    begun = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, cwd=home
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        seconds = perf_counter() - begun
    if not said or process.returncode != 0:
        raise RuntimeError("the window was never painted; what it said stands above")
    return seconds
