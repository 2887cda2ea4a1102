"""Values of a TOML document into frozen dataclasses, collecting everything that is wrong.

Why not cattrs, pydantic or msgspec: what is wanted here is the report. All of them stop at a value
that fails its own check or lose where it stood, none repairs the reader's line in its answer, and
with the hooks for kinds, secrets, did-you-mean and offsets inside a string they are no shorter.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from alerts.secret import Secret
from rules.errors import Problem
from watcher.toml.document import Document, Path_
from watcher.toml.kinds import (
    Key,
    alternatives_of,
    blank,
    fits,
    is_table,
    keys_of,
    kinds_of,
    members_of,
    named_keys,
    origin_of,
)
from watcher.toml.screen import ConfigError, Finding, in_order
from watcher.toml.secrets import REFERENCE, SecretError, resolve
from watcher.toml.words import (
    called,
    choice_of_kind,
    closest,
    described,
    example,
    found,
    listed,
    repaired,
)

T = TypeVar("T")
_BAD = object()
"""What a value that cannot be read is replaced by, until its table puts a stand-in there."""


class Conversion:
    """One reading of a document into dataclasses.

    A part that cannot be read is told and replaced by its default, so that the rest of its table is
    still checked in the same run; whatever is then said of the stand-in is not repeated.
    `folder` is where relative paths start, `env` what `${NAME}` is looked up in.
    """

    def __init__(self, document: Document, folder: Path, env: Mapping[str, str]) -> None:
        self.document = document
        self.folder = folder
        self.env = env
        self._problems: list[tuple[Problem, bool]] = []
        self._unread: list[Path_] = []

    def read(self, kind: type[T], **given: Any) -> T:
        """Return the whole document as `kind`, `given` filling its fields that are no keys.

        What is returned may hold stand-ins: ask `finish()` before using it.
        """
        value: T = self._table(kind, self.document.values, (), given)
        return value

    def finish(self) -> tuple[Finding, ...]:
        """Return the warnings. Raises `ConfigError` where there is an error."""
        unique = dict.fromkeys(
            self.document.finding(problem, at_key=at_key) for problem, at_key in self._problems
        )
        findings = in_order(unique)
        if any(finding.is_error for finding in findings):
            raise ConfigError.of(findings)
        return findings

    def add(self, problem: Problem, *, at_key: bool = False) -> None:
        """Tell a problem whose path leads from the root."""
        self._problems.append((problem, at_key))

    def _fail(self, code: str, message: str, path: Path_, help: str = "") -> Any:
        self.add(Problem(code=code, message=message, path=path, help=help))
        self._unread.append(path)
        return _BAD

    # Tables

    def _table(self, kind: Any, table: Mapping[str, Any], path: Path_, given: Any = None) -> Any:
        values = dict(given or {})
        known = named_keys(kind)
        taken_for = self._unknown_keys(kind, table, path, known)
        complete = True
        for key in known.values():
            at = (*path, key.name)
            value: Any = _BAD
            if key.name in table:
                value = self._value(key.type, table[key.name], at, key)
            elif key.name in taken_for:
                self._unread.append(at)
            elif key.required:
                self._missing(kind, key, at)
            else:
                continue
            if value is _BAD and Secret in members_of(key.type):
                value = Secret("")  # it is there somehow, so that nobody asks for it again
            if value is _BAD and key.required:
                value = blank(key.type)
                complete = complete and (value is not None or type(None) in members_of(key.type))
            if value is not _BAD:
                values[key.attribute] = value
        if not complete:
            return _BAD
        made = kind(**values)
        self._own_problems(made, path)
        return made

    def _unknown_keys(
        self, kind: Any, table: Mapping[str, Any], path: Path_, known: Mapping[str, Key]
    ) -> set[str]:
        """Tell every key that the table does not have; return the keys they were meant to be."""
        meant = set()
        for name in table:
            if name in known:
                continue
            former = getattr(kind, "FORMER", {}).get(name)
            if former is not None:
                self._former_key(kind, (*path, name), former(table[name]))
                continue
            free = [key for key in known if key not in table]
            near = closest(name, free)
            hint = f"did you mean `{near}`?" if near else listed("the keys are", known, "`")
            if near:
                meant.add(near)
                if Secret in members_of(known[near].type):
                    self.document.cover((*path, name))
            self.add(
                Problem(
                    code="unknown-key",
                    message=f"`{name}` is not a key of {called(kind, path)}",
                    path=(*path, name),
                    help=hint,
                ),
                at_key=True,
            )
        return meant

    def _former_key(self, kind: Any, path: Path_, now: str) -> None:
        """Tell a key that there once was, and what is written in its place."""
        self.add(
            Problem(
                code="former-key",
                message=f"{called(kind, path[:-1])} no longer has `{path[-1]}`",
                path=path,
                help=f"write: {now}",
            ),
            at_key=True,
        )

    def _missing(self, kind: Any, key: Key, path: Path_) -> None:
        self._fail(
            "missing-key",
            f"{called(kind, path[:-1])} needs the key `{key.name}`",
            path,
            f"{key.name} = {example(key.type)}",
        )

    def _own_problems(self, made: Any, path: Path_) -> None:
        for problem in getattr(made, "problems", tuple)():
            inner = tuple(
                step.removesuffix("_") if isinstance(step, str) else step for step in problem.path
            )
            whole = (*path, *inner)
            if not any(_related(whole, unread) for unread in self._unread):
                self.add(problem if whole == problem.path else replace(problem, path=whole))

    def _one_of(self, kinds: Mapping[str, type], value: Any, path: Path_, key: Key) -> Any:
        """Read a table whose `kind` says which of several it is."""
        if not isinstance(value, dict):
            return self._wrong(next(iter(kinds.values())), value, path)
        only = next(iter(kinds)) if len(kinds) == 1 else ""
        name = value.get("kind", key.default_kind or only)
        if isinstance(name, str) and name in kinds:
            return self._table(kinds[name], value, path)
        what = called(None, path)
        if not name:
            self._no_kind(kinds, value, path, what)
        elif not isinstance(name, str):
            self._wrong(str, name, (*path, "kind"))
        else:
            near = closest(name, kinds)
            self._fail(
                "unknown-kind",
                f'"{name}" is not a kind of {what.removeprefix("a ")}',
                (*path, "kind"),
                f'did you mean "{near}"?' if near else choice_of_kind(kinds),
            )
        self._unread.append(path)
        return self._stand_in(kinds, value)

    def _no_kind(
        self, kinds: Mapping[str, type], table: Mapping[str, Any], path: Path_, what: str
    ) -> None:
        meant = closest("kind", table)
        if meant is None:
            message, help_ = f"{what} needs the key `kind`", choice_of_kind(kinds)
            self._fail("missing-key", message, (*path, "kind"), help_)
            return
        self.add(
            Problem(
                code="unknown-key",
                message=f"`{meant}` is not a key of {what}",
                path=(*path, meant),
                help="did you mean `kind`?",
            ),
            at_key=True,
        )

    def _stand_in(self, kinds: Mapping[str, type], table: Mapping[str, Any]) -> Any:
        """A table of the first kind with only the name, so that others may still refer to it."""
        kind = next(iter(kinds.values()))
        values = {key.attribute: blank(key.type) for key in keys_of(kind) if key.required}
        if isinstance(table.get("name"), str):
            values["name"] = table["name"]
        return kind(**values)

    # Values

    def _value(self, kind: Any, value: Any, path: Path_, key: Key) -> Any:
        kinds = kinds_of(kind)
        members = alternatives_of(kind)
        if kinds and len(members) == len(kinds):
            return self._one_of(kinds, value, path, key)
        for member in members:
            if fits(member, value):
                return self._read(member, value, path, key)
        self._wrong(kind, value, path, key.sample)
        return self._as_list(members, value, path, key)

    def _as_list(self, kinds: tuple[Any, ...], value: Any, path: Path_, key: Key) -> Any:
        """Stand in for a list that was written as its only item, so that it still names others."""
        item = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is tuple), None)
        if item is None or not any(fits(member, value) for member in members_of(item)):
            return _BAD
        told = len(self._problems)
        read = self._value(item, value, (*path, 0), key)
        del self._problems[told:]  # one thing at a time
        return _BAD if read is _BAD else (read,)

    def _read(self, kind: Any, value: Any, path: Path_, key: Key) -> Any:
        """Read a value whose outermost type fits."""
        origin = origin_of(kind)
        if is_table(kind):
            return self._table(kind, value, path)
        if origin in (tuple, frozenset):
            items = [
                self._value(get_args(kind)[0], v, (*path, i), key) for i, v in enumerate(value)
            ]
            return origin(item for item in items if item is not _BAD)
        if origin is dict:
            read = {k: self._value(get_args(kind)[1], v, (*path, k), key) for k, v in value.items()}
            return {k: v for k, v in read.items() if v is not _BAD}
        if kind is Secret:
            return self._secret(value, path)
        if isinstance(value, str) and (reference := REFERENCE.search(value)):
            return self._fail(
                "misplaced-secret",
                f"{reference[0]} is only filled in where a key holds a secret",
                path,
                "write the value itself here",
            )
        if origin is Literal:
            return self._choice(get_args(kind), value, path)
        if kind is Path:
            return self._path(value, path)
        if kind is float:
            return float(value)
        return value

    def _choice(self, choices: tuple[Any, ...], value: Any, path: Path_) -> Any:
        if value in choices:
            return value
        near = closest(str(value), [str(choice) for choice in choices])
        return self._fail(
            "unknown-choice",
            f'"{value}" is not a choice here',
            path,
            f'did you mean "{near}"?' if near else listed("choose", choices, '"', "or"),
        )

    def _path(self, value: str, path: Path_) -> Any:
        if not value.strip() or any(ord(char) < 32 for char in value):
            if not value.strip():
                return self._fail("bad-path", "this path is empty", path)
            return self._fail(
                "bad-path",
                "this path holds a control character",
                path,
                "between single quotes a backslash is itself; / does as well",
            )
        try:
            return self.folder / Path(value).expanduser()
        except RuntimeError:
            return self._fail("bad-path", "whose home this is cannot be found out", path)

    def _secret(self, value: str, path: Path_) -> Any:
        if not REFERENCE.fullmatch(value):
            self.document.cover(path)
        try:
            return resolve(value, self.folder, self.env)
        except SecretError as error:
            return self._fail(error.code, error.message, path, error.help)

    def _wrong(self, kind: Any, value: Any, path: Path_, sample: str = "") -> Any:
        if Secret in members_of(kind):
            self.document.cover(path)
        return self._fail(
            "wrong-type",
            f"this must be {described(kind)}, not {found(value)}",
            path,
            repaired(kind, value, path, sample),
        )


def _related(one: Path_, other: Path_) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]
