"""A digest as a short message for chats and phones: a title, plain text, and Markdown.

Services read words of strangers as commands: `@everyone`, `<!channel>`, `[text](address)`. Here
they are broken with characters of no width, or escaped, whatever service it will be.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.digest.composing import Digest
from alerts.digest.cut import cut
from alerts.digest.parts import Item
from alerts.words import hostile
from alerts.words.hostile import ZERO_WIDTH_SPACE
from alerts.words.render import Templates, spoken
from alerts.words.speech import Speech
from alerts.words.translations import Words

LONGEST_TITLE = 200
LONGEST_QUOTE = 300
LONGEST_BODY = 12_000
"""Characters; nobody reads more on a phone, whatever the service would take."""

# What begins a mention (@everyone, <!channel>, <@U1>), an entity, a strike-through or a spoiler.
_COMMAND = re.compile(r"[@＠<&](?=[^\s\u200b])|~(?=~)|\|(?=\|)|\](?=[(\[:])")
# What some services look for within addresses too: an account may be called so.
_ROLE = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
_MARKDOWN = re.compile(r"[\\`*_\[\]]")


def harmless(text: str, *, markdown: bool) -> str:
    """One line of a stranger's words in which no service finds a mention, a link or a format."""
    text = _COMMAND.sub(lambda found: found.group() + ZERO_WIDTH_SPACE, text)
    return _MARKDOWN.sub(r"\\\g<0>", text) if markdown else text


class ChatSpeech(Speech):
    """What the templates of messages say things with, as plain text or as Markdown."""

    def __init__(self, words: Words, digest: Digest, *, markdown: bool) -> None:
        super().__init__(words, digest, html=False)
        self._markdown = markdown

    def strong(self, words: str) -> str:
        """Words of ours, or made harmless, that stand out."""
        return f"**{words}**" if self._markdown and words else words

    def linked(self, words: str, url: str) -> str:
        """Words that lead to an address which `link` has let pass; the words alone without one."""
        if not url:
            return words
        url = _ROLE.sub("%40", url)
        if not self._markdown:
            return f"{words} {url}"
        return f"[{words}]({url.replace('(', '%28').replace(')', '%29')})"

    def quote(self, item: Item) -> str:
        """The text of a post around what matched, on one line that begins no list or heading."""
        spans = sorted(span for match in item.matches for span in match.spans)
        pieces = hostile.passage(item.post.text, spans, LONGEST_QUOTE, self._suspects)
        text = " ".join("".join(piece.text for piece in pieces).split())
        return ZERO_WIDTH_SPACE + self._isolated(text) if text else ""

    def _fill(self, template: str, values: Mapping[str, object]) -> str:
        # A sentence of ours may put the @ before a stranger's name.
        return harmless(super()._fill(template, values), markdown=False)

    def _isolated(self, text: str) -> str:
        return harmless(super()._isolated(text), markdown=self._markdown)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message before it is fitted to a service; the payload of a delivery."""

    title: str
    """On one line, plain text."""
    text: str
    markdown: str
    cut: str
    """What is said where the rest is left out; plain text of ours."""

    @classmethod
    def of(cls, templates: Templates, digest: Digest) -> "Message":
        """Put a digest into words. Raises `TemplateError`, `CatalogueError`."""
        words = Words(
            catalogue=templates.catalogue(digest.channel.language),
            zone=digest.zone,
            now=digest.now,
        )
        shown = cut(digest, digest.channel.posts)
        plain = ChatSpeech(words, shown, markdown=False)
        marked = ChatSpeech(words, shown, markdown=True)
        title = spoken(templates, "notify/title.txt", shown, plain)
        return cls(
            title=hostile.one_line(title, LONGEST_TITLE),
            text=_paragraphs(_body(templates, shown, plain)),
            markdown=_paragraphs(_body(templates, shown, marked)),
            cut=spoken(templates, "notify/cut.txt", shown, plain).strip(),
        )

    @classmethod
    def read(cls, payload: bytes) -> "Message":
        """Read what `payload` gave. Raises `ValueError`."""
        told = json.loads(payload)
        try:
            return cls(**{key: str(told[key]) for key in ("title", "text", "markdown", "cut")})
        except (KeyError, TypeError) as error:
            raise ValueError("this is no message of ours") from error

    @property
    def payload(self) -> bytes:
        """The message as it is stored: equal messages give equal bytes."""
        told = {
            "title": self.title,
            "text": self.text,
            "markdown": self.markdown,
            "cut": self.cut,
        }
        return json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def fitted(text: str, limit: int, cut: str) -> str:
    """Return as many whole paragraphs as `limit` characters hold, and `cut` where some are left.

    Where not even the first fits, its lines are taken, and at last its characters.
    """
    limit = min(limit, LONGEST_BODY)
    if len(text) <= limit:
        return text
    for parting in ("\n\n", "\n"):
        parts = text.split(parting)
        room = limit - len(cut) - len(parting)
        kept = 0
        length = -len(parting)
        while kept < len(parts) and length + len(parting) + len(parts[kept]) <= room:
            length += len(parting) + len(parts[kept])
            kept += 1
        if kept:
            return parting.join([*(part.rstrip() for part in parts[:kept]), cut])
    return text[: max(0, limit - 1)].rstrip("\\ \n") + "…"


def _body(templates: Templates, digest: Digest, speech: ChatSpeech) -> str:
    return spoken(
        templates,
        "notify/body.txt",
        digest,
        speech,
        strong=speech.strong,
        linked=speech.linked,
        quote=speech.quote,
    )


def _paragraphs(text: str) -> str:
    """Leave one empty line at most between paragraphs, and none around them."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(str.rstrip, text.strip().split("\n"))))
