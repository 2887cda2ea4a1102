"""What a source may read, as it is written: `public`, `#tag`, `@account`, `search:words` ..."""

import re
from dataclasses import dataclass
from typing import Literal, Self

Kind = Literal["public", "local", "home", "tag", "list", "account", "search"]

_TAG = re.compile(r"\w{1,100}")
_LIST = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ACCOUNT = re.compile(r"[\w.-]{1,100}(?:@[\w.-]{1,253}(?::[0-9]{1,5})?)?")
_LONGEST_SEARCH = 500

HOW_TO_WRITE = (
    'write "public", "local", "home", "#tag", "list:ID", "@account", "@account@other.example"'
    ' or "search:some words"'
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood."""

    kind: Kind
    value: str = ""
    """The tag without `#`, the list's id, the handle without `@`, the words."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a query; None where it is none."""
        if text in ("public", "local", "home"):
            return cls(text)  # type: ignore[arg-type]
        if text.startswith("#") and _TAG.fullmatch(text[1:]):
            return cls("tag", text[1:])
        if text.startswith("list:") and _LIST.fullmatch(text[5:]):
            return cls("list", text[5:])
        if text.startswith("@") and _ACCOUNT.fullmatch(text[1:]):
            return cls("account", text[1:])
        words = text.removeprefix("search:").strip()
        if text.startswith("search:") and 0 < len(words) <= _LONGEST_SEARCH:
            return cls("search", words)
        return None

    @property
    def needs_account(self) -> bool:
        """Whether only somebody with an account can ask this."""
        return self.kind in ("home", "list")

    @property
    def has_stream(self) -> bool:
        """Whether servers also send it as it is written."""
        return self.kind in ("public", "local", "home", "tag", "list")
