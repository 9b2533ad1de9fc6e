"""The embedded engines, really started: which programs run, who may start them, and how they end."""

import json
import os
import pwd
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from server.embedded import EngineError, Running, engines, running_engines
from server.engine_programs import COPIES, ProgramMissing, postgres_programs, valkey_program

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 60
OWNER = """
import sys, time
from pathlib import Path
from server.embedded import engines
with engines(Path(sys.argv[1]), fast=True):
    print("running", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def owner(tmp_path: Path):
    """Another process that runs engines in `tmp_path`, and waits until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        yield process
        process.kill()


def has_ended(pid: int) -> bool:
    """Wait for the end of a process that is not our child; False when it outlives the bound."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], BOUND_SECONDS)[0])
    finally:
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def engine_pids(home: Path) -> list[int]:
    files = home / "postgres" / "postmaster.pid", home / "valkey.pid"
    return [int(file.read_text().split()[0]) for file in files]


async def answers(running: Running, *statements: str) -> list[object]:
    connection = await asyncpg.connect(running.database_url)
    try:
        return [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()


def engine_paths(home: Path) -> list[Path]:
    return [Path(f"/proc/{pid}/exe").readlink() for pid in engine_pids(home)]


async def test_the_engines_are_the_ones_from_the_wheels(tmp_path: Path):
    with engines(tmp_path, fast=True) as running:
        redis = Redis.from_url(running.redis_url)
        valkey = await redis.info("server")
        await redis.aclose()
        (version,) = await answers(running, "show server_version")
        programs = engine_paths(tmp_path)

    assert str(version).startswith("18.")
    assert str(valkey["valkey_version"]).startswith("9.")
    site_packages = Path(asyncpg.__file__).parents[1]
    for program in programs:
        assert any(place in program.parents for place in (site_packages, *COPIES)), program


async def test_names_outside_ascii_are_similar_to_themselves(tmp_path: Path):
    with engines(tmp_path, fast=True, valkey=False) as running:
        _, similarity = await answers(
            running, "create extension if not exists pg_trgm", "select similarity('Иванов', 'Иванова')"
        )

    assert similarity == pytest.approx(2 / 3)


async def test_a_second_start_keeps_the_data_and_the_password(tmp_path: Path):
    with engines(tmp_path) as first:
        await answers(first, "create table kept as select 42 as number")
        redis = Redis.from_url(first.redis_url)
        await redis.set("kept", "43")
        await redis.aclose()

    with engines(tmp_path) as second:
        (number,) = await answers(second, "select number from kept")
        redis = Redis.from_url(second.redis_url, decode_responses=True)
        kept = await redis.get("kept")
        await redis.aclose()

    assert (number, kept) == (42, "43")


async def test_engines_that_are_set_elsewhere_are_not_started(tmp_path: Path):
    with engines(tmp_path, fast=True, postgres=False) as running:
        environment = running.environment

    assert running.database_url == ""
    assert set(environment) == {"FRONTDESK_REDIS_URL"}
    assert not (tmp_path / "postgres").exists()


def test_secrets_in_the_state_folder_are_private_and_not_in_a_command_line(tmp_path: Path):
    with engines(tmp_path, fast=True) as running:
        files = [tmp_path / "engine-password", tmp_path / "running.json"]
        modes = [file.stat().st_mode & 0o777 for file in files]
        password = files[0].read_text()
        command_lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in engine_pids(tmp_path)]

    assert modes == [0o600, 0o600]
    assert password in running.database_url
    assert not any(password in line for line in command_lines)


def test_a_second_owner_of_the_same_folder_is_refused_with_a_sentence(tmp_path: Path, owner: subprocess.Popen[str]):
    with pytest.raises(EngineError, match=r"another Frontdesk already runs its engines in .* set FRONTDESK_HOME"):
        engines(tmp_path, fast=True).__enter__()

    assert owner.poll() is None


def test_another_process_finds_the_running_engines(tmp_path: Path, owner: subprocess.Popen[str]):
    found = running_engines(tmp_path)

    assert found == Running(**json.loads((tmp_path / "running.json").read_text()))
    assert found is not None
    assert found.database_url.startswith("postgresql://frontdesk:")

    owner.communicate()
    assert running_engines(tmp_path) is None


def test_engines_stop_in_order_when_their_owner_ends(tmp_path: Path, owner: subprocess.Popen[str]):
    pids = engine_pids(tmp_path)

    owner.communicate()

    assert owner.returncode == 0
    assert not any(is_alive(pid) for pid in pids)
    assert "database system is shut down" in (tmp_path / "logs" / "postgres.log").read_text()


def test_engines_end_with_an_owner_that_is_killed(tmp_path: Path, owner: subprocess.Popen[str]):
    pids = engine_pids(tmp_path)

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    assert all(has_ended(pid) for pid in pids)
    assert "database system is shut down" in (tmp_path / "logs" / "postgres.log").read_text()


def test_a_start_right_after_a_kill_waits_for_the_old_engines(tmp_path: Path, owner: subprocess.Popen[str]):
    old = engine_pids(tmp_path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()

    with engines(tmp_path, fast=True):
        alive = [pid for pid in old if is_alive(pid)]

    assert alive == []


def test_a_stale_lock_file_of_a_crashed_database_is_no_obstacle(tmp_path: Path):
    with engines(tmp_path, fast=True, valkey=False):
        stale = (tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()
    stale[0] = str(os.getpid())
    (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join(stale))

    with engines(tmp_path, fast=True, valkey=False) as running:
        assert running.database_url


def test_data_of_another_major_version_gets_a_sentence_about_dumping(tmp_path: Path):
    with engines(tmp_path, fast=True, valkey=False):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(
        EngineError, match=r"made by PostgreSQL 16 and the one found here is 18: dump it with pg_dumpall"
    ):
        engines(tmp_path, fast=True, valkey=False).__enter__()


def test_an_interrupted_first_start_is_made_good_by_the_next(tmp_path: Path):
    half_made = tmp_path / "postgres.part"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")

    with engines(tmp_path, fast=True, valkey=False) as running:
        assert running.database_url

    assert not half_made.exists()


def test_a_start_outside_the_main_thread_is_refused(tmp_path: Path):
    refusals: list[str] = []

    def start() -> None:
        try:
            engines(tmp_path, fast=True).__enter__()
        except EngineError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert refusals == ["the embedded engines must be started from the main thread"]


def test_an_engine_that_dies_at_once_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with engines(tmp_path, fast=True, valkey=False):
        pass
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")

    with pytest.raises(EngineError, match=r"(?s)postgres did not start; .*no_such_setting"):
        engines(tmp_path, fast=True, valkey=False).__enter__()


def test_a_chosen_postgresql_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(EngineError, match=r"there is no bin/postgres in"):
        engines(tmp_path / "home", postgres_dir=tmp_path).__enter__()


def test_missing_programs_say_what_to_install_and_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("server.engine_programs.importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("server.engine_programs.SYSTEM_POSTGRES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramMissing, match=r"apt-get install postgresql.*FRONTDESK_DATABASE_URL"):
        postgres_programs()
    with pytest.raises(ProgramMissing, match=r"apt-get install redis-server.*FRONTDESK_REDIS_URL"):
        valkey_program()


def test_the_engines_run_without_root_in_a_folder_that_is_closed_to_others(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with engines(closed / "home", fast=True):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in engine_pids(closed / "home")}

    assert owners == {os.getuid() or pwd.getpwnam("nobody").pw_uid}


def test_the_engines_do_not_inherit_our_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FRONTDESK_SECRET_KEYS", "only-for-the-server-itself-0000000000")

    with engines(tmp_path, fast=True):
        environments = [Path(f"/proc/{pid}/environ").read_text() for pid in engine_pids(tmp_path)]

    assert not any("FRONTDESK" in environment for environment in environments)
