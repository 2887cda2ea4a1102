"""Log-ins: one file for each server in the data folder, readable by its owner only."""

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rules.errors import WatcherError
from watcher.backends.http.errors import host_of

FOLDER = "logins"


class TokenError(WatcherError):
    """A stored log-in cannot be read or written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What a log-in left. Its `repr` tells no secret."""

    server: str
    account: str
    """Our handle there, for people."""
    scopes: tuple[str, ...]
    """What we asked to be allowed; empty where the token was pasted, and nobody knows."""
    token: str
    client_id: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        return f"Login({self.server!r}, {self.account!r})"


def place(data: Path, server: str) -> Path:
    """Return the file of a server's log-in below the data folder."""
    name = re.sub(r"[^a-z0-9.-]", "_", host_of(server).lower())
    return data / FOLDER / f"mastodon-{name}.json"


def stored(data: Path, server: str) -> Login | None:
    """Return the log-in at a server, None where there is none.

    Raises `TokenError` where it cannot be read, or others can.
    """
    path = place(data, server)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise TokenError(
                    f"the log-in in {path} is not used: others can read it",
                    help=f"chmod 600 {path}",
                )
            record = json.loads(file.read(100_000))
        scopes = tuple(str(scope) for scope in record.pop("scopes"))
        login = Login(scopes=scopes, **{key: str(value) for key, value in record.items()})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenError(f"the log-in in {path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise TokenError(
            f"the log-in in {path} is damaged",
            help=f"`watcher login mastodon {server}` writes it anew",
        ) from None
    return login


def store(data: Path, login: Login) -> Path:
    """Keep a log-in, instead of an older one of the server. Raises `TokenError`.

    Another process sees the old file or the whole new one, and nobody else sees either.
    """
    path = place(data, login.server)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".login-")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(login), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(fresh).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(fresh).unlink()
            raise
    except OSError as error:
        raise TokenError(f"{path} cannot be written: {error.strerror}") from error
    return path


def remove(data: Path, server: str) -> None:
    """Forget the log-in at a server. Raises `TokenError`."""
    try:
        place(data, server).unlink(missing_ok=True)
    except OSError as error:
        raise TokenError(f"the log-in cannot be removed: {error.strerror}") from error
