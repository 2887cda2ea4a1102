"""Turns a digest into mails: the only module that knows Jinja2 and css-inline.

A mail is a folder of three templates, `subject.txt`, `body.txt` and `body.html`. They are given the
digest as `d` and the methods of `Speech` to say things with; HTML is autoescaped, and every string
of a stranger goes through `name`, `passage`, `reason` or `link`. Equal input gives equal bytes.
"""

import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import css_inline
import jinja2
from jinja2.environment import Environment
from markupsafe import Markup, escape

from alerts import hostile, message
from alerts.cut import cut
from alerts.digest import Digest
from alerts.model import OutgoingMail
from alerts.parts import Item
from alerts.translations import Catalogue, Words, fill
from rules.errors import WatcherError
from rules.model import Match, Post, Reason, Suspect
from rules.rates import length
from rules.rates.reasons import UNITS
from rules.reasons import QUOTED, SAYS

LARGEST_HTML = 88_000
"""Bytes; Gmail clips a message at about 102 KB."""

LONGEST_NAME = 80
LONGEST_SENTENCE = 260
LONGEST_PASSAGE = 480
LONGEST_SAMPLE = 160

# Places of reasons whose values are figures, written as the reader's language does.
_FIGURES = frozenset({"count", "least", "posts", "before", "usual", "followers"})
# Those that are lengths of time, as a rule writes them: `1h`.
_LENGTHS = frozenset({"within"})
# Those that are words of ours, with a translation of their own.
_WORDS = frozenset({"unit"})

_WORD = re.compile("“([^“”]*)”")
_LONG_WORD = 14
# After `_` and `-`, before `[.]`: where a handle or a domain may be broken.
_SEAM = re.compile(r"(?<=[_-])(?=[^\W_])|(?=\[\.\])")


class TemplateError(WatcherError):
    """A template cannot be read or filled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A digest in words: what every recipient of it gets."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates and translations in `folder`; files in `own_folder` come first.

    Nothing is read before the first mail, and each catalogue once.
    """

    def __init__(self, folder: Path, own_folder: Path | None = None) -> None:
        self._folders = [own_folder, folder] if own_folder else [folder]
        self._catalogues: dict[str, Catalogue] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which mails can be written, English first."""
        found = {
            path.parent.parent.name
            for folder in self._folders
            for path in folder.glob("locale/*/LC_MESSAGES/watcher.po")
        }
        return ("en", *sorted(found - {"en"}))

    def catalogue(self, language: str) -> Catalogue:
        """The translations into a language, else into its general form, else English.

        Raises `CatalogueError` for a file that cannot be read.
        """
        asked = language.replace("-", "_")
        for name in dict.fromkeys((asked, asked.split("_")[0])):
            if name in self._catalogues:
                return self._catalogues[name]
            for folder in self._folders:
                path = folder / "locale" / name / "LC_MESSAGES" / "watcher.po"
                if path.is_file():
                    self._catalogues[name] = Catalogue.read(path, name)
                    return self._catalogues[name]
        return Catalogue.english()

    def fill(self, name: str, context: Mapping[str, object]) -> str:
        """Fill one template; HTML is escaped, text is not. Raises `TemplateError`."""
        environment = self._html if name.endswith(".html") else self._text
        try:
            return environment.get_template(name).render(context)
        except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
            where = f"{error.name}:{error.lineno}" if isinstance(error, _PLACED) else name
            raise TemplateError(
                f"the template {where} cannot be filled: {error}",
                help="mend the template, or remove your own copy of it",
            ) from error

    @cached_property
    def _html(self) -> Environment:
        return self._environment(autoescape=True)

    @cached_property
    def _text(self) -> Environment:
        return self._environment(autoescape=False)

    def _environment(self, *, autoescape: bool) -> Environment:
        return Environment(
            loader=jinja2.FileSystemLoader(self._folders),
            autoescape=autoescape,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )


_PLACED = (jinja2.TemplateSyntaxError,)


class Speech:
    """What templates say things with, in one language, as HTML or as plain text."""

    def __init__(self, words: Words, digest: Digest, *, html: bool) -> None:
        self.words = words
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
        if key in _WORDS and value in UNITS.values():
            return self.words.one(value)
        return self._quoted(value) if key == "words" else self.sentence(value)

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


def render(templates: Templates, digest: Digest) -> Rendered:
    """Put a digest into words, in as many posts as the channel asks for and the size allows.

    Raises `TemplateError`, `CatalogueError`.
    """
    words = Words(
        catalogue=templates.catalogue(digest.channel.language), zone=digest.zone, now=digest.now
    )
    posts = digest.channel.posts
    while True:
        shown = cut(digest, posts) if posts else _bare(digest)
        subject = _subject(templates, shown, words)
        html = _html(templates, shown, words, subject)
        size = len(html.encode())
        if size <= LARGEST_HTML or not posts:
            break
        posts = min(posts - 1, int(posts * LARGEST_HTML / size))
    context = _context(shown, Speech(words, shown, html=False), subject)
    text = templates.fill("digest/body.txt", context)
    return Rendered(subject=subject, text=text, html=html)


def mails(
    templates: Templates,
    digest: Digest,
    sender_address: str,
    *,
    contact: str = "",
) -> tuple[OutgoingMail, ...]:
    """Make one mail for each recipient of the digest's channel.

    `sender_address` is what `From` says, `contact` the address to write to about these mails
    (empty: the sender's). Raises `TemplateError`, `CatalogueError`, `AddressError`.
    """
    rendered = render(templates, digest)
    return tuple(
        message.build(
            digest,
            recipient=recipient,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            sender_address=sender_address,
            contact=contact,
        )
        for recipient in digest.channel.to
    )


def _bare(digest: Digest) -> Digest:
    """The last resort against hostile sizes: counts instead of lists."""
    few = 3
    return replace(
        cut(digest, 0),
        alarms=tuple(replace(alarm, posts=()) for alarm in digest.alarms[:few]),
        more_alarms=digest.more_alarms + len(digest.alarms[few:]),
        urgent=digest.urgent[:few],
        volumes=digest.volumes[:few],
        more_volumes=digest.more_volumes + len(digest.volumes[few:]),
        suspects=digest.suspects[:few],
        more_suspects=digest.more_suspects + len(digest.suspects[few:]),
        proposals=digest.proposals[:few],
        more_proposals=digest.more_proposals + len(digest.proposals[few:]),
        watched=digest.watched[:few],
        more_watched=digest.more_watched + len(digest.watched[few:]),
    )


def _subject(templates: Templates, digest: Digest, words: Words) -> str:
    speech = Speech(words, digest, html=False)
    text = templates.fill("digest/subject.txt", _context(digest, speech, ""))
    return hostile.one_line(text, 140)


def _html(templates: Templates, digest: Digest, words: Words, subject: str) -> str:
    context = _context(digest, Speech(words, digest, html=True), subject)
    html = templates.fill("digest/body.html", context)
    try:
        return _inliner().inline(html)
    except (css_inline.InlineError, ValueError) as error:
        raise TemplateError(f"the styles of digest/body.html cannot be inlined: {error}") from error


def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)


def _context(digest: Digest, speech: Speech, subject: str) -> dict[str, object]:
    words = speech.words
    return {
        "d": digest,
        "subject": subject,
        "language": words.catalogue.language.replace("_", "-"),
        "direction": words.direction,
        "title": speech.name(digest.channel.title or digest.channel.name),
        "most": max(
            [v.posts for v in digest.volumes] + [v.before or 0 for v in digest.volumes] + [1]
        ),
        "t": speech.t,
        "tn": speech.tn,
        "reason": speech.reason,
        "name": speech.name,
        "sentence": speech.sentence,
        "suspect": speech.suspect,
        "passage": speech.passage,
        "sample": speech.sample,
        "is_marked": speech.is_marked,
        "link": speech.link,
        "wrap": speech.wrap,
        "number": words.number,
        "day": words.day,
        "moment": words.moment,
        "clock": words.clock,
        "offset": words.offset,
        "duration": words.duration,
        "listed": words.listed,
    }
