"""Secrets: `"${NAME}"` from the environment, `"${file:path}"` from a file.

The only module that looks them up. No message contains a value.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from alerts.secret import Secret
from rules.errors import WatcherError

REFERENCE = re.compile(r"\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|file:(?P<file>[^}]+))\}")
LARGEST = 65_536
"""Octets of a secret's file."""


class SecretError(WatcherError):
    """A secret cannot be had: `plain-secret` or `unreadable-secret`."""

    def __init__(self, message: str, *, code: str, help: str) -> None:
        super().__init__(message, help=help)
        self.code = code


def resolve(text: str, folder: Path, env: Mapping[str, str]) -> Secret:
    """Return the secret a text refers to; files are relative to `folder`. Raises `SecretError`."""
    reference = REFERENCE.fullmatch(text)
    if reference is None:
        raise SecretError(
            "a secret is not written in the configuration, where others may read it",
            code="plain-secret",
            help='put it in the environment and write "${NAME}", '
            'or in a file and write "${file:path/to/it}"',
        )
    if name := reference["name"]:
        return _from_environment(name, env)
    return _from_file(reference["file"].strip(), folder)


def _from_environment(name: str, env: Mapping[str, str]) -> Secret:
    value = env.get(name, "")
    if not value:
        state = "is empty" if name in env else "is not set"
        raise SecretError(
            f"the environment variable {name} {state}",
            code="unreadable-secret",
            help=f"export {name}=... before the watcher starts",
        )
    return Secret(value)


def _from_file(written: str, folder: Path) -> Secret:
    def unreadable(why: str) -> SecretError:
        return SecretError(
            f"the secret's file {written} {why}",
            code="unreadable-secret",
            help="a relative path starts at the folder of the configuration",
        )

    try:
        with (folder / Path(written).expanduser()).open("rb") as file:
            octets = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise unreadable(f"cannot be read: {reason}") from error
    except (RuntimeError, ValueError) as error:  # nobody's home; a NUL in the name
        raise unreadable("has no path that a file could have") from error
    if len(octets) > LARGEST:
        raise unreadable(f"is over {LARGEST // 1024} kB, which no secret is")
    try:
        value = octets.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise unreadable("is not UTF-8") from None
    if not value:
        raise unreadable("is empty")
    return Secret(value)
