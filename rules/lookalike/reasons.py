"""Every sentence that a look-alike suspect can say of itself.

The English templates double as message ids of the catalogues: each sentence of a suspect comes from
`REASONS`, so a catalogue that translates all of them is complete. Values come from strangers and are
cut and cleaned by `quotable` before they enter a sentence.
"""

import unicodedata
from types import MappingProxyType
from typing import Final

from rules.model import Reason

LONGEST_VALUE: Final = 100
"""Characters of a hostile name that a sentence repeats."""

REASONS: Final = MappingProxyType(
    {
        "same": '"{name}" is written like {brand}.',
        "same-elsewhere": '"{name}" is the handle of {brand}, on another network or server.',
        "tld-swap": '"{name}" is the domain of {brand} with another ending.',
        "subdomain": '"{name}" bears the name of {brand} in front of a domain that is not its own.',
        "affix": '"{name}" is {brand} with "{affix}" added.',
        "number": '"{name}" is {brand} with a number added.',
        "homoglyph": '"{name}" reads like {brand}, with letters that only look alike.',
        "respelled": '"{name}" reads like {brand}, spelled differently.',
        "respelled-affix": '"{name}" reads like {brand}, spelled differently, with "{affix}" added.',
        "contains": '"{name}" contains the name of {brand}.',
        "word-order": '"{name}" is {brand} with its words in another order.',
        "unlike": '"{name}" does not resemble {brand}.',
    }
)


def quotable(name: str) -> str:
    """Return `name` as one short line that is safe to quote: no control or direction characters.

    Lone surrogates become U+FFFD; what is cut is marked by an ellipsis.
    """
    kept = [
        "\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c
        for c in name[: LONGEST_VALUE * 4]
        if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp", "Cn", "Co"}
    ]
    line = "".join(kept).strip()
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"


def reason(kind: str, **values: str) -> Reason:
    """Return the sentence `kind` of `REASONS` with its values made quotable."""
    return Reason(
        template=REASONS[kind], values={key: quotable(value) for key, value in values.items()}
    )
