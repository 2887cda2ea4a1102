"""How much of a feed is parsed: whatever a stranger writes, it costs about a second.

Feeds begin with their newest entries. So of a document that is too laborious the first ones are
read, and the others are counted.
"""

import re
from collections.abc import Iterator

from watcher.backends.interface import BackendError

MOST = 400_000
"""The work of one document: 4 for a tag, 1 for an entity or an attribute. The parsers need about
2.5 microseconds for each; a feed of 5,000 short entries comes to 275,000."""
MOST_ATTRIBUTES = 300
"""Of one tag, for which the parser's time is quadratic."""
MOST_NAMESPACES = 500
"""Of a document, likewise."""

_LONG_TAG = re.compile(rf"<[^<>]{{{2 * MOST_ATTRIBUTES},}}")
_NAMESPACE = re.compile(r"xmlns:[^\s=<>\"']{1,100}")
_PARTS = re.compile(
    r"<!\[CDATA\[|\]\]>|<!--|-->|<((?:[\w.-]{1,60}:)?(?:item|entry))[\s/>]", re.IGNORECASE
)
_ENDS = {"<![cdata[": "]]>", "<!--": "-->"}
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]{0,120})[^<>]*>")


def work(text: str, start: int = 0, end: int | None = None) -> int:
    """Return how much work a stretch of a document is, in the unit of `MOST`."""
    return (
        4 * text.count("<", start, end) + text.count("&", start, end) + text.count("=", start, end)
    )


def cut(text: str, host: str) -> tuple[str, int]:
    """Return the document with as many entries as may be read, and how many more it has.

    Raises `BackendError` where not even the first one may.
    """
    if any(tag[0].count("=") > MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(text)):
        raise _too_much(host, f"a tag with more than {MOST_ATTRIBUTES} attributes")
    if len({name[0] for name in _NAMESPACE.finditer(text)}) > MOST_NAMESPACES:
        raise _too_much(host, f"more than {MOST_NAMESPACES} namespaces")
    if work(text) <= MOST:
        return text, 0
    starts = list(_entries(text))
    done, at = 0, 0
    for number, start in enumerate(starts):
        done += work(text, at, start)
        if done > MOST:
            return _ended(text, starts, number - 1, host)
        at = start
    return _ended(text, starts, len(starts) - 1, host)


def _ended(text: str, starts: list[int], kept: int, host: str) -> tuple[str, int]:
    """Return the document with its first entries alone, and how many are left out."""
    if kept < 1:
        raise _too_much(host, "an entry of more tags than can be read")
    open_: list[str] = []
    for tag in _TAG.finditer(text, 0, starts[0]):
        closing, name = tag[1], tag[2]
        if closing and name in open_:
            del open_[open_.index(name) :]
        elif not closing and not tag[0].endswith("/>"):
            open_.append(name)
    end = "".join(f"</{name}>" for name in reversed(open_))
    return text[: starts[kept]] + end, len(starts) - kept


def _entries(text: str) -> Iterator[int]:
    """Yield where the entries begin: not within comments, nor in what is quoted whole."""
    within = ""
    for part in _PARTS.finditer(text):
        if within:
            within = "" if part[0] == within else within
        elif part[1]:
            yield part.start()
        else:
            within = _ENDS.get(part[0].lower(), "")


def _too_much(host: str, what: str) -> BackendError:
    return BackendError(f"the feed of {host} has {what}", kind="broken")
