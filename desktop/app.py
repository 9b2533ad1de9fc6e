"""Starts the console: options, the application, the window, and a clean end. Wires the parts; does nothing itself.

Qt is imported only after its system libraries have been checked; the network starts after the first paint.
"""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.qt_libraries import missing_for_a_window, missing_to_start

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from desktop.views.main_window import MainWindow

DEFAULT_SERVER = "http://127.0.0.1:8100"
PASSWORD_VARIABLE = "FRONTDESK_DESKTOP_PASSWORD"  # noqa: S105 - the name of a variable, not a password
PICTURE_SECONDS = 30


def main(argv: list[str] | None = None) -> int:
    """Run the console until it is closed. Returns the exit status: 0 closed, 1 no picture, 2 it cannot run here."""
    options = _options(sys.argv[1:] if argv is None else argv)
    if options.screenshot and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    reason = missing_to_start() or missing_for_a_window()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    password = _password(options.password_file)

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from desktop.background import Background
    from desktop.store import Store
    from desktop.theme import Theme
    from desktop.views.main_window import MainWindow

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Frontdesk")
    application.setDesktopFileName("frontdesk")
    settings = _settings()
    theme = Theme(application, options.theme or str(settings.value("theme", "light")))
    background = Background()
    store = Store(background)
    application.aboutToQuit.connect(store.close)
    application.aboutToQuit.connect(background.stop)
    server = options.server or str(settings.value("server", DEFAULT_SERVER))
    window = MainWindow(store, theme, settings, server, options.email)
    _quit_on_signals(application)
    if options.screenshot:
        window.resize(1440, 900)
        _take_picture(application, window, options.screenshot, options.show)
    window.show()

    def begin() -> None:
        background.start()
        if options.email and password:
            window.sign_in.password.setText(password)
            window.sign_in.submit()

    # A timer of zero fires when the event loop is idle for the first time: the window has been painted.
    QTimer.singleShot(0, begin)
    return application.exec()


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m desktop", description="Frontdesk's desktop console.")
    parser.add_argument("--server", metavar="URL", help="the server's address; the last one used is remembered")
    parser.add_argument("--email", default="", help="who signs in")
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help=f"file that holds the password; else {PASSWORD_VARIABLE}"
    )
    parser.add_argument("--theme", choices=("light", "dark"), help="the last one used is remembered")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture with live data, then quit")
    parser.add_argument(
        "--show",
        choices=("details", "chart", "booking"),
        default="details",
        help="what the picture shows beside the list",
    )
    options = parser.parse_args(argv)
    if options.screenshot and not options.email:
        parser.error("--screenshot needs --email and a password: it shows live data")
    return options


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text("utf-8").rstrip("\r\n")
    # Taken out of the environment, so that no program started from here inherits it.
    return os.environ.pop(PASSWORD_VARIABLE, "")


def _settings() -> "QSettings":
    from platformdirs import user_config_path
    from PySide6.QtCore import QSettings

    return QSettings(str(user_config_path("frontdesk") / "desktop.ini"), QSettings.Format.IniFormat)


def _quit_on_signals(application: "QApplication") -> None:
    """SIGINT and SIGTERM close the console cleanly. Qt's loop does not run Python code by itself, so a socket wakes it."""
    from PySide6.QtCore import QSocketNotifier

    inside, outside = socket.socketpair()
    for end in (inside, outside):
        end.setblocking(False)
    signal.set_wakeup_fd(outside.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(inside.fileno(), QSocketNotifier.Type.Read, application)
    notifier.activated.connect(application.quit)
    # Both ends live as long as the application does.
    notifier.setProperty("sockets", (inside, outside))


def _take_picture(application: "QApplication", window: "MainWindow", file: Path, show: str) -> None:
    """Grab the window once list, figures and details have arrived, then quit; exit status 1 when they do not."""
    from PySide6.QtCore import QTimer

    workspace = window.workspace
    awaited = {"list", "stream"}

    def arrived(name: str) -> None:
        awaited.discard(name)
        if not awaited:
            # One more turn of the loop for what is laid out lazily, the chart above all.
            QTimer.singleShot(500, grab)

    def grab() -> None:
        saved = window.grab().save(str(file))
        print(f"saved {file}" if saved else f"{file} cannot be written", file=sys.stderr)
        application.exit(0 if saved else 1)

    def listed() -> None:
        if "list" in awaited:
            if show == "chart":
                workspace.sales.open_chart.setChecked(True)
            if show == "booking":
                window.action_set["book"].trigger()
            elif workspace.appointments.model.rowCount():
                awaited.add("details")
                workspace.appointments.table.selectRow(0)
        arrived("list")

    def give_up() -> None:
        print(f"no picture: {window.sign_in.notice.text or 'no live data has arrived'}", file=sys.stderr)
        application.exit(1)

    workspace.appointments.loaded.connect(listed)
    workspace.detail.shown.connect(lambda detail: arrived("details") if detail else None)
    window.store.stream_changed.connect(lambda status: arrived("stream") if status.state == "live" else None)
    window.sign_in.refused.connect(give_up)
    QTimer.singleShot(PICTURE_SECONDS * 1000, give_up)
