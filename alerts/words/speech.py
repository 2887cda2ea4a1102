"""What templates say things with, in one language, as HTML or as plain text.

Every string of a stranger goes through here: made harmless, isolated, cut.
"""

import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from alerts.digest.composing import Digest
from alerts.digest.parts import Item
from alerts.returns.feedback import Feedback, What, mailto
from alerts.words import hostile
from alerts.words.translations import Words, fill
from rules.model import Match, Post, Reason, Suspect
from rules.rates import length
from rules.rates.reasons import UNITS
from rules.reasons import QUOTED, SAYS

LONGEST_NAME = 80
LONGEST_SENTENCE = 260
LONGEST_PASSAGE = 480
LONGEST_SAMPLE = 160

# Places of reasons whose values are figures, written as the reader's language does.
_FIGURES = frozenset(
    {
        "count",
        "least",
        "posts",
        "before",
        "usual",
        "followers",
        "peak",
        "copies",
        "accounts",
        "reposts",
    }
)
# Those that are lengths of time, as a rule writes them: `1h`.
_LENGTHS = frozenset({"within"})
# Those that are moments, in ISO 8601.
_MOMENTS = frozenset({"moment"})
# Spans of time, in seconds.
_SPANS = frozenset({"span"})
# Those that are words of ours, with a translation of their own.
_WORDS = frozenset({"unit"})

_WORD = re.compile("“([^“”]*)”")
_LONG_WORD = 14
# After `_` and `-`, before `[.]`: where a handle or a domain may be broken.
_SEAM = re.compile(r"(?<=[_-])(?=[^\W_])|(?=\[\.\])")


class Speech:
    """What templates say things with, in one language, as HTML or as plain text."""

    def __init__(self, words: Words, digest: Digest, *, html: bool, answers: str = "") -> None:
        """Take the address that answers go to; without one nothing asks for any."""
        self.words = words
        self.answers = answers
        self._html = html
        self._suspects = digest.suspect_domains

    def t(self, template: str, **values: Any) -> str:
        """A sentence in the reader's language with its places filled."""
        return self._fill(self.words.one(template), values)

    def tn(self, one: str, many: str, count: int, **values: Any) -> str:
        """A sentence in the form that `count` asks for; `{count}` is written as a figure."""
        values["count"] = self.words.number(count)
        return self._fill(self.words.many(one, many, count), values)

    def reason(self, reason: Reason) -> str:
        """A reason in the reader's language; its values come from strangers."""
        values = {key: self._value(key, value) for key, value in reason.values.items()}
        return self._fill(self.words.one(reason.template), values)

    def _value(self, key: str, value: str) -> str:
        if key in _FIGURES and value.isascii() and value.isdigit() and len(value) < 16:
            return self.words.number(int(value))
        if key in _LENGTHS:
            with suppress(ValueError):
                return self.words.whole(length(value))
        if key in _MOMENTS:
            with suppress(ValueError):
                return self.words.moment(datetime.fromisoformat(value))
        if key == "began":
            with suppress(ValueError):
                return self._around(datetime.fromisoformat(value))
        if key in _SPANS and value.isdigit() and len(value) < 12:
            return self.words.span(timedelta(seconds=int(value)))
        if key in _WORDS and value in UNITS.values():
            return self.words.one(value)
        return self._quoted(value) if key == "words" else self.sentence(value)

    def _around(self, moment: datetime) -> str:
        day, clock = self.words.short_day(moment), self.words.clock(moment)
        return self.t("{day} around {clock}", day=day, clock=clock)

    def name(self, text: str, limit: int = LONGEST_NAME) -> str:
        """A stranger's name or sentence on one line: isolated, unlinked, cut."""
        return self._isolated(hostile.name(text, limit, self._suspects))

    def sentence(self, text: str) -> str:
        """The same for something longer, such as an error that a server sent."""
        return self.name(text, LONGEST_SENTENCE)

    def suspect(self, suspect: Suspect) -> str:
        """A suspect's name: `@handle`, or `example[.]com` with its ASCII form where they differ."""
        if not suspect.is_domain:
            return self.name("@" + suspect.name)
        shown = hostile.defang(suspect.name)
        plain = hostile.defang(suspect.subject.removeprefix("domain:"))
        if shown.casefold() != plain.casefold():
            shown = f"{shown} ({plain})"
        return self._isolated(shown)

    def passage(self, item: Item) -> str:
        """The text of a post around what matched, which is marked."""
        pieces = hostile.passage(item.post.text, _spans(item), LONGEST_PASSAGE, self._suspects)
        if not self._html:
            return "".join(f"*{p.text}*" if p.marked else p.text for p in pieces)
        lines = Markup("").join(
            Markup("<mark>{}</mark>").format(piece.text) if piece.marked else escape(piece.text)
            for piece in pieces
        )
        return lines.replace("\n", Markup("<br>\n"))

    def sample(self, post: Post) -> str:
        """The beginning of a post's text on one line."""
        pieces = hostile.passage(post.text, [], LONGEST_SAMPLE, self._suspects)
        return self._isolated(" ".join("".join(piece.text for piece in pieces).split()))

    def is_marked(self, item: Item, match: Match) -> bool:
        """Whether the marks in the passage already say what the reason of the match says."""
        if match.reason.template != SAYS or not match.spans:
            return False
        text = item.post.text
        start, end = hostile.window(text, _spans(item), LONGEST_PASSAGE)
        seen = {text[a:b].casefold() for a, b in match.spans if start <= a and b <= end}
        return seen == {text[a:b].casefold() for a, b in match.spans}

    def link(self, url: str) -> str:
        """The address if a reader may be sent there, else nothing."""
        return hostile.safe_link(url, self._suspects)

    def relevant(self, item: Item) -> str:
        """The link that calls a post relevant; empty where nobody can answer."""
        return self._judged("relevant", item)

    def irrelevant(self, item: Item) -> str:
        """The link that calls it not relevant."""
        return self._judged("not relevant", item)

    def mute(self, rule: str) -> str:
        """The link that asks to be spared a rule."""
        return mailto(self.answers, Feedback(what="mute", rule=hostile.one_line(rule, 200)))

    def _judged(self, what: What, item: Item) -> str:
        if item.number is None:
            return ""
        return mailto(self.answers, Feedback(what=what, match=item.number))

    def listed(self, things: list[str]) -> str:
        """`a, b, and c`; what was said with `reason` or `name` stays as it is."""
        if not self._html:
            return self.words.listed(things)
        return Markup(self.words.listed([str(escape(one)) for one in things]))  # noqa: S704

    def wrap(self, text: str, indent: str = "", width: int = 72) -> str:
        """Plain text in lines of at most `width` characters, each after `indent`."""
        lines = [
            wrapped
            for line in text.split("\n")
            for wrapped in textwrap.wrap(
                line, width - len(indent), break_long_words=False, break_on_hyphens=False
            )
            or [""]
        ]
        return "\n".join((indent + line).rstrip() for line in lines)

    def _fill(self, template: str, values: Mapping[str, object]) -> str:
        if not self._html:
            return fill(template, {key: str(value) for key, value in values.items()})
        shown = {key: str(escape(value)) for key, value in values.items()}
        return Markup(fill(str(escape(template)), shown))  # noqa: S704 - both were escaped above

    def _isolated(self, text: str) -> str:
        """Keep the direction of a stranger's words from reaching ours."""
        if not self._html:
            return hostile.isolated(text)
        words = Markup("").join(_breakable(word) for word in re.split(r"(\s+)", text))
        return Markup("<bdi>{}</bdi>").format(words)

    def _quoted(self, words: str) -> str:
        """The words of a reason in the quotation marks of the language."""
        quoted = self.words.one(QUOTED)
        clean = hostile.name(words, LONGEST_SENTENCE, self._suspects)
        return self._isolated(_WORD.sub(lambda word: fill(quoted, {"word": word[1]}), clean))


def _spans(item: Item) -> list[tuple[int, int]]:
    return sorted(span for match in item.matches for span in match.spans)


def _breakable(word: str) -> Markup:
    """A long word that a narrow screen may break where its parts meet, rather than anywhere."""
    if len(word) < _LONG_WORD:
        return escape(word)
    return Markup("<wbr>").join(_SEAM.split(word))
