"""Turns a digest into mails: the only module that knows Jinja2 and css-inline.

A mail is a folder of three templates, `subject.txt`, `body.txt` and `body.html`. They are given the
digest as `d` and the methods of `Speech` to say things with; HTML is autoescaped, and every string
of a stranger goes through `name`, `passage`, `reason` or `link`. Equal input gives equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import css_inline
import jinja2
from jinja2.environment import Environment

from alerts.digest.chart import HEIGHT, WIDTH, sparkline
from alerts.digest.composing import Digest
from alerts.digest.cut import cut
from alerts.digest.strips import MOST_STRIPS, strip
from alerts.digest.urgent import VOLUMES, compared
from alerts.digest.weight import reactions
from alerts.mail import message
from alerts.mail.message import Picture, data_address
from alerts.model import OutgoingMail
from alerts.returns.address import Tokens
from alerts.words import hostile
from alerts.words.notices import notice
from alerts.words.speech import Speech
from alerts.words.translations import Catalogue, CatalogueError, Words
from rules.errors import WatcherError

LARGEST_HTML = 88_000
"""Bytes; Gmail clips a message at about 102 KB."""


class TemplateError(WatcherError):
    """A template cannot be read or filled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A digest in words: what every recipient of it gets."""

    subject: str
    text: str
    html: str
    """Speaks of the pictures as `cid:` and their names."""
    pictures: tuple[Picture, ...] = ()

    @property
    def page(self) -> str:
        """The HTML with its pictures inside, to be looked at in a browser."""
        page = self.html
        for picture in self.pictures:
            page = page.replace(f"cid:{picture.name}", data_address(picture.png))
        return page


class Templates:
    """The templates and translations in `folder`; files in `own_folder` come first.

    Nothing is read before the first mail, and each catalogue once.
    """

    def __init__(self, folder: Path, own_folder: Path | None = None) -> None:
        self._folders = [own_folder, folder] if own_folder else [folder]
        self._catalogues: dict[str, Catalogue] = {}

    @property
    def shipped(self) -> "Templates | None":
        """The templates that come with the program alone; None where there are no others."""
        return Templates(self._folders[-1]) if len(self._folders) > 1 else None

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
        except Exception as error:  # a template is a program, and may be anybody's
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


def render(
    templates: Templates, digest: Digest, *, answers: str = "", strict: bool = False
) -> Rendered:
    """Put a digest into words, in as many posts as the channel asks for and the size allows.

    `answers` is the mail address at which readers may say what they think of a post; empty: none.
    Where the user's own templates cannot be filled, those that come with the program are, and a
    notice says so; with `strict` that raises too. Raises `TemplateError`, `CatalogueError`.
    """
    try:
        return _rendered(templates, digest, answers)
    except (TemplateError, CatalogueError) as error:
        shipped = templates.shipped
        if shipped is None or strict:
            raise
        said = notice("own-templates", error=error.message)
        return _rendered(shipped, replace(digest, notices=(*digest.notices, said)), answers)


def _rendered(templates: Templates, digest: Digest, answers: str) -> Rendered:
    words = Words(
        catalogue=templates.catalogue(digest.channel.language), zone=digest.zone, now=digest.now
    )
    strips = {one.brand: strip(one.bars, words) for one in digest.brands[:MOST_STRIPS]}
    posts = digest.channel.posts
    while True:
        shown = cut(digest, posts) if posts else _bare(digest)
        subject = _subject(templates, shown, words)
        speech = Speech(words, shown, html=True, answers=answers)
        html = _html(templates, shown, speech, subject, strips)
        size = len(html.encode())
        if size <= LARGEST_HTML or not posts:
            break
        posts = min(posts - 1, int(posts * LARGEST_HTML / size))
    speech = Speech(words, shown, html=False, answers=answers)
    text = templates.fill("digest/body.txt", _context(shown, speech, subject, strips))
    return Rendered(subject=subject, text=text, html=html, pictures=tuple(strips.values()))


def mails(
    templates: Templates,
    digest: Digest,
    sender_address: str,
    recipients: Sequence[str],
    *,
    contact: str = "",
    tokens: Tokens | None = None,
) -> tuple[OutgoingMail, ...]:
    """Make one mail for each recipient.

    `sender_address` is what `From` says, `contact` the address to write to about these mails
    (empty: the sender's). `tokens` give each mail an address at which its reader may answer.
    Raises `TemplateError`, `CatalogueError`, `AddressError`.
    """
    answers = tokens.returns.of(tokens.stand_in) if tokens else ""
    rendered = render(templates, digest, answers=answers)
    return tuple(
        message.build(
            digest,
            recipient=recipient,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            sender_address=sender_address,
            contact=contact,
            pictures=rendered.pictures,
            tokens=tokens,
        )
        for recipient in recipients
    )


def spoken(templates: Templates, name: str, digest: Digest, speech: Speech, **more: object) -> str:
    """Fill a template that is no mail with a digest, what to say it with, and `more`.

    Raises `TemplateError`.
    """
    return templates.fill(name, {**_context(digest, speech, ""), **more})


def _bare(digest: Digest) -> Digest:
    """The last resort against hostile sizes: counts instead of lists."""
    few = 3
    return replace(
        cut(digest, 0),
        alarms=tuple(replace(alarm, posts=()) for alarm in digest.alarms[:few]),
        more_alarms=digest.more_alarms + len(digest.alarms[few:]),
        urgent=digest.urgent[:few],
        brands=digest.brands[:few],
        more_brands=digest.more_brands + len(digest.brands[few:]),
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


def _html(
    templates: Templates,
    digest: Digest,
    speech: Speech,
    subject: str,
    strips: Mapping[str, Picture],
) -> str:
    html = templates.fill("digest/body.html", _context(digest, speech, subject, strips))
    try:
        return _inliner().inline(html)
    except (css_inline.InlineError, ValueError) as error:
        raise TemplateError(f"the styles of digest/body.html cannot be inlined: {error}") from error


def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)


def _context(
    digest: Digest,
    speech: Speech,
    subject: str,
    strips: Mapping[str, Picture] = MappingProxyType({}),
) -> dict[str, object]:
    words = speech.words
    return {
        "d": digest,
        "subject": subject,
        "language": words.catalogue.language.replace("_", "-"),
        "direction": words.direction,
        "title": speech.name(digest.channel.title or digest.channel.name),
        "most": max(
            [v.posts for v in digest.volumes] + [compared(v) or 0 for v in digest.volumes] + [1]
        ),
        "compared": compared,
        "strips": strips,
        "strip_size": (WIDTH, HEIGHT),
        "sparkline": sparkline,
        "surge": next((why for why in digest.urgent if why.template in VOLUMES), None),
        "hour": timedelta(hours=1),
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
        "relevant": speech.relevant,
        "irrelevant": speech.irrelevant,
        "mute": speech.mute,
        "answers": speech.answers,
        "wrap": speech.wrap,
        "number": words.number,
        "day": words.day,
        "moment": words.moment,
        "clock": words.clock,
        "offset": words.offset,
        "duration": words.duration,
        "span": words.span,
        "percent": words.percent,
        "tick": words.tick,
        "reactions": reactions,
        "listed": speech.listed,
    }
