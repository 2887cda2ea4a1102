"""What a value becomes on its way into the database, and back: the one boundary for all of them.

Texts come from strangers, and neither database takes all that Python calls a string: PostgreSQL
refuses NUL, both refuse lone surrogates. Each such character becomes U+FFFD here, one for one, so
that offsets into a text (the spans of matches) stay true. Nothing is ever shortened but a key.
"""
# ruff: noqa: ARG002, D102 - the methods of the column types are SQLAlchemy's

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from rules.model import Reason

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**63 - 1
_KEY_LENGTH = 255

RowId = BigInteger().with_variant(Integer, "sqlite")
"""A row's number. SQLite numbers rows by itself only where the type is spelled INTEGER."""


def storable(text: str) -> str:
    """Return `text` as either database can hold it: same length, NUL and surrogates as U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return _UNSTORABLE.sub("\ufffd", text)


def storable_key(text: str) -> str:
    """Return an identifier that an index can hold, the same one for the same text, always.

    No index page of PostgreSQL takes more than 2,700 bytes, and no network's identifier comes near
    255 characters; what a hostile source makes longer ends in a digest of the whole.
    """
    if len(text) <= _KEY_LENGTH and text.isascii() and "\0" not in text:
        return text
    text = storable(text)
    if len(text) <= _KEY_LENGTH:
        return text
    return f"{text[: _KEY_LENGTH - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"


def storable_count(number: int | None) -> int | None:
    """Return a number that a network tells, cut to what 64 bits hold."""
    return None if number is None else max(-_LARGEST, min(_LARGEST, number))


def folded_handle(handle: str) -> str:
    """Return a handle as it is looked up: without `@` in front and whatever its case."""
    return storable_key(handle.removeprefix("@").casefold())


def in_microseconds(moment: datetime) -> int:
    """Return a moment as the database has it: whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


class Words(TypeDecorator[str]):
    """Any text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Key(TypeDecorator[str]):
    """An identifier, of whatever length, that an index holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_key(value)


class Moment(TypeDecorator[datetime]):
    """An aware time, as whole microseconds since 1970: exact, ordered and quick on any database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Count(TypeDecorator[int]):
    """A number that a network tells."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return storable_count(value)


class Labels(TypeDecorator[tuple[str, ...]]):
    """A list of texts, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        if not value:
            return None if value is None else "[]"
        return json.dumps([storable(item) for item in value], ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        if value is None or value == "[]":
            return None if value is None else ()
        return tuple(json.loads(value))


class Spans(TypeDecorator[tuple[tuple[int, int], ...]]):
    """Offsets into a text, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self,
        value: tuple[tuple[int, int], ...] | None,
        dialect: Dialect,
    ) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,
    ) -> tuple[tuple[int, int], ...] | None:
        return None if value is None else tuple((start, end) for start, end in json.loads(value))


def _reason_out(reason: Reason) -> dict[str, Any]:
    values = {storable(name): storable(value) for name, value in reason.values.items()}
    weight = {"weight": round(reason.weight, 4)} if reason.weight else {}
    return {"template": storable(reason.template), "values": values} | weight


class Why(TypeDecorator[Reason]):
    """A reason, as JSON: template and values apart, so that it can be told in any language."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(_reason_out(value), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Reason | None:
        return None if value is None else Reason(**json.loads(value))


class Whys(TypeDecorator[tuple[Reason, ...]]):
    """Several reasons, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Reason, ...] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return json.dumps([_reason_out(reason) for reason in value], ensure_ascii=False)

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[Reason, ...] | None:
        return None if value is None else tuple(Reason(**item) for item in json.loads(value))
