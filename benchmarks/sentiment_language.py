"""How well the language of a post is told: stated, not stated, and stated falsely."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rules.model import Account, Post
from rules.signals.language import LONG, detect, language_of

_NOBODY = Account(network="", id="", handle="")
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_FALSE = "en"


def languages(folder: Path) -> dict[str, Any]:
    """Return the figures for `langid`, among all of its languages and among English and French.

    `right` and `unsure` of posts that state nothing; `true kept` of true statements; `false mended`
    of posts that state English, are in another language, and are long enough to contradict it.
    """
    with gzip.open(folder / "langid.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [(row["text"], row["lang"]) for row in map(json.loads, lines)]
    every = tuple(sorted({language for _, language in rows}))
    return {" ".join(among): _figures(rows, among) for among in (every, ("en", "fr"))}


def _figures(rows: list[tuple[str, str]], among: tuple[str, ...]) -> dict[str, Any]:
    rows = [(text, language) for text, language in rows if language in among]
    found = [detect(_post(text), among) for text, _ in rows]
    kept = [language_of(_post(text, real), among) == real for text, real in rows]
    mended = [
        language_of(_post(text, _FALSE), among) == real
        for text, real in rows
        if real != _FALSE and sum(map(str.isalpha, text)) >= LONG
    ]
    right = sum(one == real for one, (_, real) in zip(found, rows, strict=True))
    return {
        "posts": len(rows),
        "right": round(right / len(rows), 3),
        "unsure": round(found.count(None) / len(rows), 3),
        "right of the sure": round(right / (len(rows) - found.count(None)), 3),
        "true kept": round(sum(kept) / len(kept), 4),
        "false mended": round(sum(mended) / len(mended), 3),
    }


def _post(text: str, language: str | None = None) -> Post:
    return Post(
        network="", id="", author=_NOBODY, text=text, posted_at=_ANY_TIME, language=language
    )
