"""Real servers of other projects, started for the tests in a temporary folder and stopped after."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

_PATIENCE = 60
"""Seconds until a server that was started must answer."""


class MissingServerError(Exception):
    """A server cannot be had on this machine, and why."""


class Postgres:
    """A throw-away PostgreSQL cluster that listens on a socket in its own folder."""

    def __init__(self, *, durable: bool = False) -> None:
        """Start one; `durable` says that what it has confirmed must survive its own crash."""
        programs = _postgres_programs()
        self._user = _unprivileged_user()
        # Not under pytest's folder: only its owner may enter that, and a socket's path is short.
        self._folder = Path(tempfile.mkdtemp(prefix="watcher-pg-"))
        if self._user:
            shutil.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        data = self._folder / "data"
        command = [programs / "initdb", "-D", data, "-U", "watcher", "-A", "trust", "-E", "UTF8"]
        self._run([*command, "--locale=C", "--no-sync"])
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
        options = [option for setting in quick for option in ("-c", setting)]
        place = [programs / "postgres", "-D", data, "-k", self._folder, "-h", ""]
        self._command = [*place, *(() if durable else options)]
        self._start()

    def _start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, **self._as_user()
            )
        self._wait()

    def url(self, database: str) -> str:
        """Return the address of a database of this cluster."""
        return f"postgresql+psycopg://watcher@/{database}?host={self._folder}"

    @property
    def folder(self) -> Path:
        """Where its socket lies: the host to name to clients that take a folder for one."""
        return self._folder

    @property
    def pid(self) -> int:
        """The number of its first process, whose children do the work."""
        return self._server.pid

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction, beside all databases of the tests."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def restart(self, *, immediate: bool) -> None:
        """Stop the server, under the feet of its clients, and start it again.

        `immediate` lets it end as in a crash, without tidying up.
        """
        self._server.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self._server.wait(_PATIENCE)
        self._start()

    def kill(self) -> None:
        """Kill its first process and all others with the signal that none can catch."""
        first = psutil.Process(self._server.pid)
        first.suspend()  # so that it starts no further one meanwhile
        others = first.children(recursive=True)
        for one in (first, *others):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self._server.wait()
        psutil.wait_procs(others, timeout=_PATIENCE)

    def start_again(self) -> None:
        """Start it after `kill`, and wait until it has recovered."""
        self._start()

    def stop(self) -> None:
        """Stop the server at once and remove its folder."""
        self._server.send_signal(2)
        try:
            self._server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _run(self, command: list[object]) -> None:
        made = subprocess.run(command, capture_output=True, cwd=self._folder, **self._as_user())
        if made.returncode:
            raise MissingServerError(f"{command[0]} failed: {made.stderr.decode(errors='replace')}")

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.execute("SELECT 1")
            except OperationalError:
                if self._server.poll() is not None or time.monotonic() > until:
                    said = (self._folder / "log").read_text(errors="replace")
                    self.stop()
                    raise MissingServerError(f"PostgreSQL does not start: {said}") from None
                time.sleep(0.05)


def _postgres_programs() -> Path:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    on_path = shutil.which("postgres")
    if on_path:
        # Debian's wrappers and links stand alone: initdb is beside the real program.
        places.append(Path(on_path).resolve())
    for place in reversed(places):
        if (place.parent / "initdb").exists():
            return place.parent
    raise MissingServerError(
        "PostgreSQL is not installed: `make test` installs it, or tests/install-servers"
    )


def _version(path: Path) -> int:
    number = path.parent.parent.name
    return int(number) if number.isdigit() else 0


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return whom to run PostgreSQL as: it refuses root. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise MissingServerError("PostgreSQL does not run as root, and there is no user `nobody`")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; the test is skipped where there is none, and fails under CI."""
    try:
        server = Postgres()
    except MissingServerError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty PostgreSQL database, for this test alone."""
    name = f"test_{time.monotonic_ns()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def faketime() -> Path:
    """The library that gives a process a clock of its own; without it skipped, failed under CI."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if libraries:
        return libraries[0]
    missing = "libfaketime is not installed: `make test` installs it, or tests/install-servers"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
