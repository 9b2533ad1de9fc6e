"""The program itself: started as a process, it signs in, shows live data, saves a picture and ends cleanly."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop.qt_libraries import missing_for_a_window
from tests.desktop.factories import a_busy_fortnight
from tests.desktop.scripted_server import PASSWORD, ScriptedServer

ROOT = Path(__file__).resolve().parents[2]


def an_environment(home: Path, **more: str) -> dict[str, str]:
    """What the console needs from the environment, and nothing of this machine's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(home), "PYTHONPATH": str(ROOT)} | more


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desktop", *arguments],
        env=an_environment(home, **environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_signs_in_and_saves_a_picture_with_live_data(server: ScriptedServer, tmp_path: Path, theme: str) -> None:
    server.rows = a_busy_fortnight(40)
    picture = tmp_path / "console.png"

    done = run(
        tmp_path,
        *("--server", server.url, "--email", "desk@demo.test", "--theme", theme, "--screenshot", str(picture)),
        FRONTDESK_DESKTOP_PASSWORD=PASSWORD,
    )

    assert done.returncode == 0, done.stderr
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1440, 900)
    assert (image.pixelColor(700, 890).lightness() < 60) == (theme == "dark")


def test_a_wrong_password_gives_no_picture_and_says_why(server: ScriptedServer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("wrong\n")
    picture = tmp_path / "console.png"

    done = run(
        tmp_path,
        *("--server", server.url, "--email", "desk@demo.test"),
        *("--password-file", str(password), "--screenshot", str(picture)),
    )

    assert done.returncode == 1
    assert "The e-mail or the password is wrong." in done.stderr
    assert not picture.exists()


def test_without_a_display_it_says_so_and_does_not_crash(tmp_path: Path) -> None:
    done = run(tmp_path)

    assert done.returncode == 2
    assert done.stderr == "There is no display here. Start the console on a desktop, or under xvfb-run.\n"


def test_a_terminate_signal_ends_it_cleanly(server: ScriptedServer, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "desktop", "--server", server.url, "--email", "desk@demo.test"],
        env=an_environment(tmp_path, QT_QPA_PLATFORM="offscreen", FRONTDESK_DESKTOP_PASSWORD=PASSWORD),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.wait_for_stream(), "it did not sign in"

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_missing_display_library_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.qt_libraries._FOR_A_WINDOW", ("libthat-is-not-there.so.0",))

    sentence = missing_for_a_window({"DISPLAY": ":0"})

    assert "libthat-is-not-there.so.0 is missing" in sentence
    assert "apt-get install" in sentence


def test_nothing_slow_is_imported_before_the_first_paint() -> None:
    code = (
        "import sys, desktop.app, desktop.views.main_window;"
        "print([name for name in ('httpx', 'pyqtgraph', 'numpy') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=an_environment(ROOT),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "[]\n", done.stderr
