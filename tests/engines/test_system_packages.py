"""`packaging/system-packages` on a machine that has nothing and cannot install: what it says, and whether it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "system-packages"


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """An environment in which no package is installed and apt reaches no archive."""
    for name, answer in (
        ("dpkg-query", "exit 1"),
        ("apt-get", "echo no archive >&2; exit 100"),
        ("apt-cache", "exit 100"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    return {**os.environ, "PATH": str(tmp_path)}


def system_packages(purpose: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), purpose], check=False, env=environment, capture_output=True, text=True
    )


def test_missing_libraries_of_the_desktop_are_named_and_do_not_stop_the_server(bare_machine: dict[str, str]):
    done = system_packages("run", bare_machine)

    assert done.returncode == 0
    assert "apt-get install --no-install-recommends libglib2.0-0 libgl1" in done.stderr
    assert "chromium" not in done.stderr


def test_what_the_tests_miss_fails_with_the_line_that_installs_it(bare_machine: dict[str, str]):
    done = system_packages("test", bare_machine)

    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("    apt-get install --no-install-recommends ")
    assert {"libegl1", "chromium", "xvfb", "xauth", "nodejs", "npm"} <= set(line.split())


def test_this_machine_has_what_the_tests_need():
    done = system_packages("test", dict(os.environ))

    assert (done.returncode, done.stderr) == (0, "")
