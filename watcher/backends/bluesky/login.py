"""The file that holds a log-in: an app password and the session that it opened.

Readable by its owner only, replaced as a whole, and never in a log. A network counts how often one
logs in (Bluesky: 300 a day), so a session is kept between runs and refreshed.
"""

import contextlib
import json
import os
import stat
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock, RLock
from uuid import uuid4

from watcher.backends.interface import BackendError

_LARGEST = 100_000
_HOW = "`watcher login bluesky` logs in"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What the file holds."""

    server: str
    """The address of the account's server."""
    handle: str
    password: str = field(default="", repr=False)
    """An app password; empty where the configuration holds it."""
    session: str = field(default="", repr=False)
    """What the library exported; empty where none was opened yet."""


class LoginFile:
    """One file of a log-in, shared by all sources of a process that use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = RLock()
        """Held while a session is refreshed: a token serves once."""
        self._read: tuple[tuple[int, ...], Login | None] | None = None

    def login(self) -> Login | None:
        """Return what the file holds, None where there is no file.

        Raises `BackendError` (refused) where it cannot be read, or others can.
        """
        with self.lock:
            try:
                status = self.path.stat()
                state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode)
                if self._read is None or self._read[0] != state:
                    self._read = state, self._load(status)
                return self._read[1]
            except FileNotFoundError:
                self._read = None
                return None
            except OSError as error:
                raise self._unusable(error.strerror or "it cannot be read") from error

    def save(self, login: Login) -> None:
        """Replace the file. Raises `BackendError` (refused) where it cannot be written."""
        temporary = self.path.with_name(f".{self.path.name}.{uuid4().hex}")
        text = json.dumps(asdict(login), indent=2) + "\n"
        with self.lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.path)
            except OSError as error:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise self._unusable(error.strerror or "it cannot be written") from error

    def keep_session(self, server: str, handle: str, session: str) -> None:
        """Keep a session that was opened or refreshed just now."""
        with self.lock:
            known = self.login() or Login(server=server, handle=handle)
            self.save(replace(known, session=session))

    def remove(self) -> None:
        """Forget the log-in. Raises `BackendError` (refused) where that is impossible."""
        with self.lock:
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:
                raise self._unusable(error.strerror or "it cannot be removed") from error
            self._read = None

    def _load(self, status: os.stat_result) -> Login:
        if not stat.S_ISREG(status.st_mode):
            raise self._unusable("it is no file")
        if status.st_mode & 0o077:
            raise self._unusable("others can read it", f"chmod 600 {self.path}")
        try:
            held = json.loads(self.path.read_bytes()[:_LARGEST])
            names = ("server", "handle", "password", "session")
            found = {name: held[name] for name in names}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._unusable("it holds no log-in") from error
        if not all(isinstance(value, str) for value in found.values()):
            raise self._unusable("it holds no log-in")
        return Login(**found)

    def _unusable(self, why: str, help: str = _HOW) -> BackendError:
        return BackendError(
            f"the log-in in {self.path} cannot be used: {why}", kind="refused", help=help
        )


_FILES: dict[Path, LoginFile] = {}
_FILES_LOCK = Lock()


def login_file(path: Path) -> LoginFile:
    """Return the one `LoginFile` of this process for a path."""
    with _FILES_LOCK:
        return _FILES.setdefault(path.absolute(), LoginFile(path))
