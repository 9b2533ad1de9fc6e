"""The house's rules that imports cannot show. `make check` looks at the borders between rooms; here is the rest.

Each rule that reads source has a case beside it that breaks it, so that a rule which sees nothing is noticed.
"""

import ast
import fnmatch
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

import server.app  # noqa: F401 (brings every DomainError into being, wherever it is defined)
from server.config import DEMO_SECRET_KEY, Settings
from server.domain.errors import DomainError
from server.domain.outreach import AUDIENCES
from server.jobs import tasks
from server.jobs.reactions import MESSAGES, REACTIONS, JobName
from server.routes.errors import STATUS
from server.templates.render import template_name
from shared.schemas.enums import Channel, EventKind

ROOT = Path(__file__).parents[1]


@cache
def committed_files() -> tuple[Path, ...]:
    """Every file that git would take, found without git: a copy of the sources has none."""
    ignored = [line.strip() for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()]
    ignored.append(".git")

    def below(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch.fnmatch(path.name, pattern.strip("/")) for pattern in ignored):
                continue
            if path.is_dir():
                yield from below(path)
            else:
                yield path

    return tuple(below(ROOT))


def python_files(*rooms: str) -> list[Path]:
    chosen = [path for path in committed_files() if path.suffix == ".py"]
    return [path for path in chosen if not rooms or str(path.relative_to(ROOT)).startswith(rooms)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(source: str) -> set[str]:
    """The modules a source imports, with their names: `from datetime import time` is `datetime.time`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


# The domain decides from its arguments alone

PURE = (
    *("base64", "bisect", "collections", "contextvars", "dataclasses", "decimal", "enum", "fractions", "functools"),
    *("hashlib", "heapq", "hmac", "itertools", "math", "operator", "re", "string", "typing", "unicodedata"),
    *("datetime", "zoneinfo.ZoneInfo", "uuid.UUID", "shared.schemas.enums", "server.domain"),
)
CLOCKS_AND_DOORS = {"now", "utcnow", "today", "fromtimestamp", "open", "input", "print", "exec", "eval", "__import__"}


def impurities(source: str) -> list[str]:
    """What makes a source depend on more than its arguments."""
    found = [f"imports {module}" for module in sorted(imported(source)) if not within(module, *PURE)]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"line {node.lineno}: asynchronous")
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in CLOCKS_AND_DOORS:
                found.append(f"line {node.lineno}: calls {name}")
    return found


@pytest.mark.parametrize("path", python_files("server/domain/"), ids=named)
def test_the_domain_has_no_clock_no_chance_no_await_and_no_door(path: Path) -> None:
    assert impurities(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import random",
        "import secrets",
        "import os",
        "import asyncio",
        "from uuid import uuid4",
        "from pathlib import Path",
        "from server.db.session import Database",
        "from shared.schemas.booking import Slot",
        "import sqlalchemy",
        "from datetime import datetime\nwhen = datetime.now()",
        "from datetime import date\nday = date.today()",
        "text = open('file').read()",
        "async def decide(): ...",
    ],
)
def test_whatever_is_impure_is_noticed(source: str) -> None:
    assert impurities(source) != []


def test_times_and_zones_as_arguments_are_pure() -> None:
    assert impurities("from datetime import datetime, time\nfrom zoneinfo import ZoneInfo\nfrom uuid import UUID") == []


# Tables that must not have holes


def test_every_event_says_what_follows_from_it() -> None:
    assert set(REACTIONS) == set(EventKind)


def test_every_job_follows_from_something_and_is_carried_out() -> None:
    run = ast.parse(inspect.getsource(tasks.run))
    handled = {
        JobName[node.attr]
        for node in ast.walk(run)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "JobName"
    }

    assert handled | set(MESSAGES) == set(JobName)
    assert {job for jobs in REACTIONS.values() for job in jobs} == set(JobName)
    assert not handled & set(MESSAGES), "a message is written by the first branch; another one would never be reached"


def test_every_message_that_somebody_is_told_has_its_words() -> None:
    wanted = {
        template_name(kind, audience, channel, "en")
        for kind, audiences in AUDIENCES.items()
        for audience in audiences
        for channel in Channel
    }

    assert sorted(name for name in wanted if not (ROOT / "server/templates" / name).is_file()) == []
    assert set(MESSAGES.values()) == set(AUDIENCES), "every kind is written by a job"


def test_every_error_code_has_a_status() -> None:
    kinds = list(subclasses(DomainError))

    assert {kind.code for kind in kinds} == set(STATUS)
    assert all(400 <= status < 600 for status in STATUS.values())


def test_nobody_raises_an_error_without_a_code_of_its_own() -> None:
    raised = re.compile(r"raise DomainError\b")

    assert [named(path) for path in python_files("server/") if raised.search(path.read_text())] == []


def subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from subclasses(kind)


def test_every_setting_is_in_the_readme_with_its_default_and_meaning() -> None:
    wanted = [
        f"| `{setting.metadata['name']}` | {shown_default(setting.default)} | {setting.metadata['meaning']} |"
        for setting in fields(Settings)
    ]

    found = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `FRONTDESK_")]

    assert found == wanted, "the README's table has to read:\n" + "\n".join(wanted)


def shown_default(default: object) -> str:
    if default == DEMO_SECRET_KEY:
        return "the demo's"
    return f"`{default}`" if default != "" else ""


# Files

TALKATIVE = re.compile(r"(^|_)(utils?|helpers?|managers?|base|common|misc)$")
LONGEST_FILE = 450
LONG_FOR_A_REASON = {
    "server/db/migrations/versions/0001_first_schema.py": "a schema is one list, and a migration is never cut up",
}


def test_no_file_has_a_name_that_says_nothing() -> None:
    code = [path for path in committed_files() if path.suffix in {".py", ".js", ".css", ".html"}]

    assert [named(path) for path in code if TALKATIVE.search(path.stem)] == []
    assert [name for name in ("utils", "date_utils", "helper", "base") if not TALKATIVE.search(name)] == []
    assert not TALKATIVE.search("database")


def test_no_file_is_long_without_a_reason() -> None:
    long = {named(path) for path in python_files() if len(path.read_text().splitlines()) > LONGEST_FILE}

    assert sorted(long - LONG_FOR_A_REASON.keys()) == [], "a file this long has a noun along which it splits"
    assert sorted(LONG_FOR_A_REASON.keys() - long) == [], "these are short again: take them off the list"


# Everything is installed by the machine's own package registries: a committed address would go round them.
DOWNLOADS = re.compile(
    r"https?://[^\s\"')]+\.(whl|tar\.gz|tar\.xz|tgz|zip|deb|rpm|exe|dmg|AppImage|msi)\b"
    r"|https?://[^\s\"')]+/(releases|archive)/[^\s\"')]+"
    r"|--(extra-)?index-url|--find-links[ =]|\"resolved\":"
)


def test_no_committed_file_holds_a_download_address() -> None:
    found = [
        f"{named(path)}: {hit.group()}"
        for path in committed_files()
        for hit in DOWNLOADS.finditer(path.read_bytes().decode("utf-8", errors="replace"))
    ]

    assert found == []


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/tool" + ".tar.gz",
        "https://example.org/someone/tool/" + "releases/download/v1/tool",
        "pip install --index" + "-url https://example.org/simple",
    ],
)
def test_a_download_address_would_be_found(address: str) -> None:
    assert DOWNLOADS.search(address)


# Tests

SKIPS_AND_SLEEPS = {
    *("pytest.skip", "pytest.xfail", "pytest.importorskip"),
    *("pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"),
    *("time.sleep", "QTest.qWait", "QTest.qSleep", "QThread.sleep", "QThread.msleep", "unittest.skip", "qtbot.wait"),
}


def skips_and_sleeps(source: str) -> list[str]:
    found = sorted(imported(source) & SKIPS_AND_SLEEPS)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)) in SKIPS_AND_SLEEPS:
            found.append(f"line {node.lineno}: {name}")
    return found


@pytest.mark.parametrize("path", python_files("tests/"), ids=named)
def test_no_test_skips_or_sleeps(path: Path) -> None:
    assert skips_and_sleeps(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test(): ...",
        "import pytest\npytest.skip('not here')",
        "from time import sleep\nsleep(1)",
        "import time\ntime.sleep(1)",
    ],
)
def test_a_skip_or_a_sleep_would_be_found(source: str) -> None:
    assert skips_and_sleeps(source) != []


# Rooms


@pytest.mark.parametrize("path", python_files("server/routes/"), ids=named)
def test_routes_write_no_sql(path: Path) -> None:
    # What a lost database looks like is an error that has to be answered: its exceptions are known here.
    database = {module for module in imported(path.read_text()) if within(module, "sqlalchemy", "asyncpg")}

    assert sorted(module for module in database if not within(module, "sqlalchemy.exc")) == []


@pytest.mark.parametrize("path", python_files("server/jobs/"), ids=named)
def test_jobs_reach_neither_network_nor_tables(path: Path) -> None:
    doors = ("httpx", "sqlalchemy", "asyncpg", "redis", "stripe", "twilio", "server.db.tables", "server.db.reads")

    assert sorted(module for module in imported(path.read_text()) if within(module, *doors)) == []


def test_only_the_settings_read_the_environment() -> None:
    # The engines' and the demo's children get an environment made for them; a test and the desktop have their own.
    makes_one = {"server/config.py", "server/embedded.py", "server/engine_programs.py", "server/demo.py"}
    reading = re.compile(r"\bos\.(environ|getenv)\b")

    found = {named(path) for path in python_files("server/") if reading.search(path.read_text())}

    assert found <= makes_one


# Versions that matter


@pytest.mark.parametrize(
    ("package", "pinned", "installed"),
    [
        # 6.12.0 loses a reference to None at every call and ends the process after some thousands.
        ("PySide6-Essentials", "==6.11.3", r"6\.11\.3"),
        ("shiboken6", "==6.11.3", r"6\.11\.3"),
        # The queue does not work with 8.
        ("redis", ">=7.4,<8", r"7\."),
        # Its API version stands on the webhook endpoint.
        ("stripe", "==16.1.*", r"16\.1\."),
        ("litestar", "==2.25.*", r"2\.25\."),
    ],
)
def test_a_version_that_matters_is_pinned_and_installed(package: str, pinned: str, installed: str) -> None:
    wanted = re.findall(rf'"{package}(?:\[[a-z,]+\])?([=<>][^";]*)', (ROOT / "pyproject.toml").read_text())

    assert wanted == [pinned]
    assert re.match(installed, version(package)), f"{version(package)} is installed: run `make test`"
