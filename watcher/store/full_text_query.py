"""Conditions on the words of posts, as PostgreSQL's full-text search is asked for them.

A condition is one `tsquery` over keys and, where that cannot tell all of it (at least two of
three), what else must hold. Keys are quoted here and nowhere else, and every query is bound as a
value: nothing that a person or a post says becomes SQL, or an operator of the query.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, and_, cast, column, literal, or_
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

MOST_BYTES = 900_000
"""Keys of one post beyond which PostgreSQL does not take them: a `tsvector` holds a megabyte."""
MUCH = "':much'"
"""The only key of a post with more, which is looked at whatever is asked for."""
_NOTHING = "':nothing'"
"""A key of no post: those of the metadata have a second colon."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Which posts to look at. `query` is a tsquery, None for all posts; `exact` narrows it."""

    query: str | None
    exact: ColumnElement[bool] | None = None

    def clause(self) -> ColumnElement[bool] | None:
        """Return it as SQL over a column `keys`, None for all posts; those of `MUCH` are in it."""
        if self.query is None:
            return None
        found = _matches(f"{self.query} | {MUCH}")
        return found if self.exact is None else and_(found, or_(self.exact, _matches(MUCH)))

    def _whole(self) -> ColumnElement[bool]:
        found = _matches(self.query or MUCH)
        return found if self.exact is None else and_(found, self.exact)


EVERYTHING = Condition(None)
NOTHING = Condition(_NOTHING)


def lexeme(key: bytes) -> str:
    """Return a key as PostgreSQL holds it: without NUL, and without the half of a character.

    A key that begins another one still does; two that were different may be one, which only makes
    a search look at more.
    """
    return key.decode("utf-8", "ignore").replace("\0", "")


def vector(keys: Iterable[bytes]) -> str:
    """Return the keys of a post as a tsvector."""
    lexemes = set(map(lexeme, keys)) - {""}
    size = sum(len(one.encode()) + 4 for one in lexemes)
    return " ".join(map(quoted, lexemes)) if size <= MOST_BYTES else MUCH


def quoted(text: str) -> str:
    """Return a text as one lexeme of a tsvector or tsquery, whatever it holds."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def having(key: bytes) -> Condition:
    """Posts with a key."""
    return Condition(quoted(text)) if (text := lexeme(key)) else EVERYTHING


def beginning(prefix: bytes) -> Condition:
    """Posts with any key that begins so."""
    return Condition(f"{quoted(text)}:*") if (text := lexeme(prefix)) else EVERYTHING


def all_of(parts: Iterable[Condition]) -> Condition:
    """Posts that meet all of the conditions."""
    narrow = [part for part in parts if part.query is not None]
    if not narrow:
        return EVERYTHING
    exact = [part.exact for part in narrow if part.exact is not None]
    return Condition(_joined(" & ", narrow), and_(*exact) if exact else None)


def any_of(parts: Iterable[Condition]) -> Condition:
    """Posts that meet at least one of the conditions."""
    wide = list(parts)
    if not wide:
        return NOTHING
    if any(part.query is None for part in wide):
        return EVERYTHING
    if all(part.exact is None for part in wide):
        return Condition(_joined(" | ", wide))
    return Condition(_joined(" | ", wide), or_(*(part._whole() for part in wide)))  # noqa: SLF001


def several(count: int, parts: Sequence[Condition]) -> Condition:
    """Posts that meet at least so many of the conditions."""
    narrow = [part for part in parts if part.query is not None]
    count -= len(parts) - len(narrow)
    if count <= 0:
        return EVERYTHING
    if count >= len(narrow):
        return all_of(narrow) if count == len(narrow) else NOTHING
    met = sum((cast(part._whole(), Integer) for part in narrow), literal(0))  # noqa: SLF001
    return Condition(_joined(" | ", narrow), met >= count)


def _joined(sign: str, parts: Sequence[Condition]) -> str:
    queries = dict.fromkeys(part.query for part in parts if part.query is not None)
    return "(" + sign.join(queries) + ")"


def _matches(query: str) -> ColumnElement[bool]:
    return column("keys", TSVECTOR).bool_op("@@")(cast(literal(query), TSQUERY))
