"""Fixtures of the console's tests, and the checks that every one of them passes: no leaked thread or timer,
no Qt warning, no exception in a slot.
"""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

# Before Qt is imported by anything: these tests need no display.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest

from desktop.qt_libraries import missing_to_start

if problem := missing_to_start():
    pytest.exit(problem, returncode=1)

from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desktop.background import Background
from desktop.store import Store
from desktop.theme import Theme
from desktop.views.main_window import MainWindow
from tests.desktop.scripted_server import PASSWORD, ScriptedServer

# A server inside this process keeps its pool for password hashes.
SERVERS_OWN = "argon2_"


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread running or a timer ticking."""
    before = set(threading.enumerate())

    yield

    if QApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    # What was forgotten without being closed warns now, in the test that forgot it.
    gc.collect()
    if QApplication.instance() is not None:
        ticking = [one for one in gc.get_objects() if isinstance(one, QTimer) and isValid(one) and one.isActive()]
        assert not ticking, f"timers still tick: {[(one.parent(), one.interval()) for one in ticking]}"
    left = [
        thread.name
        for thread in set(threading.enumerate()) - before
        if thread.is_alive() and not thread.name.startswith(SERVERS_OWN)
    ]
    assert not left, f"threads still run: {left}"


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    made = ScriptedServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def background(qapp: QApplication) -> Iterator[Background]:
    made = Background()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def store(background: Background) -> Iterator[Store]:
    made = Store(background)
    yield made
    made.close()


@pytest.fixture
def window(
    qtbot: QtBot, theme: Theme, store: Store, server: ScriptedServer, background: Background, tmp_path: Path
) -> Iterator[MainWindow]:
    """The whole console at its sign-in page, before anybody has signed in."""
    theme.use("light")
    settings = QSettings(str(tmp_path / "desktop.ini"), QSettings.Format.IniFormat)
    made = MainWindow(store, theme, settings, server.url, "desk@demo.test")
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


def sign_in(window: MainWindow, qtbot: QtBot) -> None:
    """Sign in as a person would, and wait for the list and the stream."""
    window.sign_in.password.setText(PASSWORD)
    window.sign_in.enter.click()
    store = window.store
    qtbot.waitUntil(lambda: store.stream_status is not None and store.stream_status.state == "live")
    qtbot.waitUntil(lambda: not window.workspace.appointments.reading)


@pytest.fixture
def desk(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The console with the front desk signed in to an empty clinic, live."""
    sign_in(window, qtbot)
    return window
