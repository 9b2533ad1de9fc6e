"""The `frontdesk` command as a person runs it: what it prints, and its exit code."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded import Running, engines

ROOT = Path(__file__).parents[2]


def frontdesk(*arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these settings and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        check=False,
        cwd=ROOT,
        env={**inherited, **{f"FRONTDESK_{name}": value for name, value in settings.items()}},
        input=typed,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def running(tmp_path: Path):
    with engines(tmp_path, fast=True) as addresses:
        yield addresses


def urls(running: Running) -> dict[str, str]:
    return {"DATABASE_URL": running.database_url, "REDIS_URL": running.redis_url}


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The doctor's findings by their names."""
    words = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return {rest[:10].strip(): f"{verdict} {rest[10:].strip()}" for verdict, rest in words}


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "demo"])
def test_a_setting_that_cannot_be_read_is_named_and_the_exit_code_is_2(command: str, tmp_path: Path):
    done = frontdesk(command, HOME=str(tmp_path), MODE="play")

    assert done.returncode == 2
    assert "FRONTDESK_MODE='play' cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_live_server_without_its_settings_names_each_of_them(tmp_path: Path):
    done = frontdesk("serve", HOME=str(tmp_path), MODE="live")

    assert done.returncode == 2
    assert "FRONTDESK_DATABASE_URL is not set" in done.stderr
    assert "FRONTDESK_SECRET_KEYS is the demo's key" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_command_shows_the_usage():
    done = frontdesk()

    assert done.returncode == 2
    assert "usage: frontdesk" in done.stderr


def test_migrate_starts_the_embedded_engines_and_says_what_it_did(tmp_path: Path):
    first = frontdesk("migrate", HOME=str(tmp_path))
    second = frontdesk("migrate", HOME=str(tmp_path))

    assert first.stdout.startswith("migrated: 0001"), first.stderr
    assert second.stdout == "the database is at the newest schema already\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_command_uses_the_engines_that_another_process_runs_in_the_same_folder(tmp_path: Path, running: Running):
    done = frontdesk("migrate", HOME=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("migrated: 0001")


def test_a_command_says_which_settings_to_share_when_the_found_engines_are_not_enough(tmp_path: Path):
    with engines(tmp_path, fast=True, postgres=False):
        done = frontdesk("migrate", HOME=str(tmp_path))

    assert done.returncode == 1
    assert "set FRONTDESK_DATABASE_URL and FRONTDESK_REDIS_URL here as they are set there" in done.stderr


def test_an_administrator_is_added_once_with_the_password_from_a_pipe(running: Running):
    frontdesk("migrate", **urls(running))
    arguments = ("create-admin", "--email", "owner@clinic.test", "--name", "Owner")

    short = frontdesk(*arguments, typed="short\n", **urls(running))
    first = frontdesk(*arguments, typed="several words make a good one\n", **urls(running))
    second = frontdesk(*arguments, typed="several words make a good one\n", **urls(running))

    assert (short.returncode, short.stderr[:37]) == (1, "frontdesk: The password is shorter th")
    assert (first.returncode, first.stdout) == (0, "owner@clinic.test can sign in as admin\n"), first.stderr
    assert second.returncode == 1
    assert "There is a user with this e-mail address already." in second.stderr


def test_a_taken_port_is_named_with_the_setting_that_moves_it(running: Running):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = frontdesk("serve", PORT=str(port), **urls(running))

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use): end the program" in done.stderr
    assert "FRONTDESK_PORT" in done.stderr


def test_openapi_prints_the_interface_without_any_engine(tmp_path: Path):
    done = frontdesk("openapi", HOME=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "/api/booking/{clinic}" in json.loads(done.stdout)["paths"]
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_approves_of_migrated_engines(tmp_path: Path, running: Running):
    frontdesk("migrate", **urls(running))

    done = frontdesk("doctor", HOME=str(tmp_path), **urls(running))

    found = lines(done)
    assert done.returncode == 0, done.stdout
    assert found["database"].startswith("ok PostgreSQL 18.")
    assert found["extensions"] == "ok btree_gist, pg_trgm, citext, unaccent"
    assert found["migrations"] == "ok at the newest schema"
    assert found["queue"].startswith("ok Valkey 9.")
    assert found["keys"].startswith("warn 1 secret key(s), mode sandbox, the demo's key among them")
    assert found["mail"].endswith("start `frontdesk serve`")


def test_the_doctor_fails_a_database_without_migrations_and_says_what_to_run(tmp_path: Path, running: Running):
    done = frontdesk("doctor", HOME=str(tmp_path), **urls(running))

    found = lines(done)
    assert done.returncode == 1
    assert found["extensions"].startswith("FAIL not created: btree_gist")
    assert found["migrations"].startswith("FAIL missing: 0001")
    assert found["migrations"].endswith("→ run `frontdesk migrate`")


def test_the_doctor_never_prints_a_password(tmp_path: Path, running: Running):
    wrong = running.database_url.replace("frontdesk:", "frontdesk:wrong")

    done = frontdesk("doctor", HOME=str(tmp_path), DATABASE_URL=wrong, REDIS_URL="redis://:a-secret@127.0.0.1:1/0")

    found = lines(done)
    assert done.returncode == 1
    assert found["database"].startswith("FAIL 127.0.0.1:")
    assert "password authentication failed" in found["database"]
    assert "correct FRONTDESK_REDIS_URL" in found["queue"]
    assert "a-secret" not in done.stdout + done.stderr
    assert (tmp_path / "engine-password").read_text() not in done.stdout + done.stderr


def test_the_doctor_names_an_embedded_engine_that_is_not_running(tmp_path: Path):
    done = frontdesk("doctor", HOME=str(tmp_path))

    found = lines(done)
    assert done.returncode == 0
    assert found["database"].endswith("start `frontdesk serve`, or set FRONTDESK_DATABASE_URL")
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_repeats_what_is_wrong_with_the_settings():
    done = frontdesk("doctor", PORT="99999")

    assert done.returncode == 1
    assert "FAIL  settings    FRONTDESK_PORT must lie between 1 and 65533" in done.stdout
