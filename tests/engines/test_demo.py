"""`frontdesk demo`, really run without a display: what it refuses, what it starts, and that it leaves nothing."""

import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server.demo import has_display

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 120
# One worker of a divided run takes all of them, so that the clinics are filled in once.
pytestmark = pytest.mark.xdist_group("demo")


def three_free_ports() -> int:
    """The first of three neighbouring ports that are free now."""
    for port in range(21000 + os.getpid() % 900 * 10, 32000, 3):
        try:
            for offset in range(3):
                socket.create_server(("127.0.0.1", port + offset)).close()
        except OSError:
            continue
        return port
    raise AssertionError("no three free ports")


def demo_process(home: Path, port: int, *arguments: str) -> "subprocess.Popen[str]":
    hidden = ("FRONTDESK_", "DISPLAY", "WAYLAND_DISPLAY")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.Popen(
        [sys.executable, "-m", "server", "demo", *arguments],
        cwd=ROOT,
        # As a shell script starts a background command: with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 (one C call)
        env={**inherited, "FRONTDESK_HOME": str(home), "FRONTDESK_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=BOUND_SECONDS)
    return process.returncode, output, errors


def read_until_ready(process: "subprocess.Popen[str]") -> str:
    """Everything that the demo printed up to its last line before it goes on in silence."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if "There is no display here" in line:
            return printed
    process.wait(BOUND_SECONDS)
    assert process.stderr is not None
    raise AssertionError(f"the demo ended:\n{printed}{process.stderr.read()}")


def descendants(pid: int) -> set[int]:
    """Every process below `pid`, as Linux lists them."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found |= {child} | descendants(child)
    return found


def have_ended(pids: set[int]) -> bool:
    """Wait for processes that are not our children; False when one of them outlives the bound."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], BOUND_SECONDS)[0]:
                return False
        finally:
            os.close(descriptor)
    return True


@dataclass(frozen=True)
class FirstRun:
    """A demo that was started in an empty folder and stopped with Ctrl-C, and what it left."""

    home: Path
    printed: str
    code: int
    errors: str
    all_ended: bool


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    home = tmp_path_factory.mktemp("demo") / "home"
    process = demo_process(home, three_free_ports())
    printed = read_until_ready(process)
    below = descendants(process.pid)
    assert len(below) > 3
    process.send_signal(signal.SIGINT)
    code, rest, errors = ended(process)
    return FirstRun(home, printed + rest, code, errors, have_ended(below))


def copied(first_run: FirstRun, folder: Path) -> Path:
    """A state folder of one's own with the data of the first run: filling takes long. `cp` keeps the owners."""
    subprocess.run(["cp", "-a", first_run.home, folder / "home"], check=True)
    return folder / "home"


@pytest.fixture(scope="module")
def home(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(first_run, tmp_path_factory.mktemp("running"))


@pytest.fixture(scope="module")
def port() -> int:
    return three_free_ports()


@pytest.fixture(scope="module")
def demo(home: Path, port: int):
    """A running demo, and what it printed when it was ready."""
    process = demo_process(home, port)
    try:
        yield read_until_ready(process)
    finally:
        process.terminate()
        ended(process)


def test_ctrl_c_ends_the_demo_and_everything_below_it(first_run: FirstRun):
    assert (first_run.code, first_run.errors) == (0, "")
    assert "Stopped. The data is kept" in first_run.printed
    assert first_run.all_ended


def test_only_the_first_start_fills_in_the_clinics(first_run: FirstRun, demo: str):
    assert "Filling in two clinics" in first_run.printed
    assert "Filling in" not in demo


def test_the_demo_answers_at_every_address_that_it_prints(demo: str, port: int):
    assert "desk@demo.test" in demo
    addresses = [word for word in demo.split() if word.startswith("http")]
    assert len(addresses) == 5
    assert f"http://localhost:{port + 1}/" in addresses
    for address in addresses:
        assert httpx.get(address, follow_redirects=True).status_code == 200, address
    assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200


def test_the_sample_website_embeds_the_booking_page_of_this_demo(demo: str, port: int):
    page = httpx.get(f"http://localhost:{port + 1}/").text

    assert f"http://127.0.0.1:{port}/embed.js" in page
    assert "{{" not in page


def test_a_second_demo_in_the_same_folder_is_refused(demo: str, home: Path):
    code, _, errors = ended(demo_process(home, three_free_ports()))

    assert code == 1
    assert f"a demo already runs in {home}" in errors
    assert "FRONTDESK_HOME" in errors


def test_a_demo_on_a_taken_port_names_the_port_and_the_setting(demo: str, port: int, tmp_path: Path):
    code, _, errors = ended(demo_process(tmp_path / "other", port - 1))

    assert code == 1
    assert f"port {port} on 127.0.0.1 is not free for the sample website (Address already in use)" in errors
    assert "FRONTDESK_PORT" in errors


def test_a_running_demo_is_not_reset(demo: str, home: Path, port: int):
    code, _, errors = ended(demo_process(home, port, "--reset"))

    assert code == 1
    assert "stop it first" in errors


def test_a_killed_demo_leaves_no_process(first_run: FirstRun, tmp_path: Path):
    process = demo_process(copied(first_run, tmp_path), three_free_ports())
    read_until_ready(process)
    below = descendants(process.pid)

    process.kill()
    process.communicate()

    assert have_ended(below)


def test_a_part_that_ends_by_itself_ends_the_demo_with_its_last_words(first_run: FirstRun, tmp_path: Path):
    process = demo_process(copied(first_run, tmp_path), three_free_ports())
    read_until_ready(process)
    (server,) = [
        pid for pid in descendants(process.pid) if Path(f"/proc/{pid}/cmdline").read_text().endswith("server\0serve\0")
    ]

    os.kill(server, signal.SIGKILL)
    code, _, errors = ended(process)

    assert code == 1
    assert "`serve` has ended by itself" in errors


def test_a_reset_forgets_the_demo_and_nothing_else(first_run: FirstRun, tmp_path: Path):
    home = copied(first_run, tmp_path)
    (home / "a note of mine").write_text("keep")

    code, printed, _ = ended(demo_process(home, three_free_ports(), "--reset"))

    assert code == 0
    assert printed.startswith("forgot the demo's data")
    assert [path.name for path in home.iterdir()] == ["a note of mine"]


@pytest.mark.parametrize(
    ("environment", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_display_is_known_by_its_variables(environment: dict[str, str], platform: str, shown: bool):
    assert has_display(environment, platform) is shown
