"""A channel that writes an Atom feed and a JSON Feed to disk: `kind = "feed"`."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from alerts.channels.outlet import Outlet
from alerts.model import OutgoingMail, Sender
from alerts.words import hostile
from rules.errors import Problem

if TYPE_CHECKING:
    from alerts.digest.composing import Digest
    from alerts.words.render import Templates
    from alerts.words.translations import Words

NAMESPACE = uuid.UUID("6f3c1f9e-4a0e-5b57-9d0f-6d9f0b6c1d7a")
"""Of the names that entries and feeds have for ever."""
LONGEST_TITLE = 140


@dataclass(frozen=True, kw_only=True)
class FeedFile(Outlet):
    """A `[[channels]]` table with `kind = "feed"`: two files for a web server or a reader."""

    kind: Literal["feed"] = "feed"
    file: Path
    """Where to write, without an ending: `feeds/acme` makes `feeds/acme.atom` and
    `feeds/acme.json`. Relative to the configuration's folder."""
    entries: Literal["digests", "posts"] = "digests"
    """An entry for each digest, or one for each post."""
    keep: int = 50
    """So many entries stay in the feed, the newest."""
    address: str = ""
    """Where the two files can be fetched, without the ending: `https://acme.example/feeds/acme`.
    Feeds name their own address; empty where they have none."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The file's name."""
        return (self.file.name,)

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if not 1 <= self.keep <= 1000:
            yield Problem(
                code="out-of-range",
                message="a feed keeps between 1 and 1000 entries",
                path=("keep",),
            )
        if self.file.is_dir() or not self.file.name:
            yield Problem(
                code="no-feed-file",
                message="this is a folder, not the beginning of a file's name",
                path=("file",),
                help='file = "feeds/acme" makes feeds/acme.atom and feeds/acme.json',
            )
        elif self.file.suffix in {".atom", ".json"}:
            yield Problem(
                code="no-feed-file",
                message="both files get their endings from the watcher",
                path=("file",),
                help='leave it out: file = "feeds/acme" makes feeds/acme.atom and feeds/acme.json',
            )
        if self.address and not hostile.safe_link(self.address):
            yield Problem(
                code="bad-feed-address",
                message="this is no address of a web page",
                path=("address",),
                help='address = "https://acme.example/feeds/acme", or leave it out',
            )
        yield from super().problems()

    @property
    def about(self) -> dict[str, str]:
        """What the feed says of itself, whatever is in it."""
        about = {
            "id": f"urn:uuid:{uuid.uuid5(NAMESPACE, f'feed {self.name}')}",
            "title": hostile.one_line(self.title or self.name, LONGEST_TITLE),
            "language": self.language.replace("_", "-"),
        }
        if self.address:
            about["address"] = self.address
            about["home"] = "{0.scheme}://{0.netloc}/".format(urlsplit(self.address))
        return about

    def messages(
        self, templates: "Templates", digest: "Digest", recipients: Sequence[str]
    ) -> tuple[OutgoingMail, ...]:
        """Make the entries of a digest; see `Outlet.messages`."""
        from alerts.digest.cut import cut
        from alerts.words.translations import Words

        words = Words(
            catalogue=templates.catalogue(self.language), zone=digest.zone, now=digest.now
        )
        shown = cut(digest, self.posts)
        make = self._of_posts if self.entries == "posts" else self._of_digest
        entries = make(templates, shown, words)
        if not entries:
            return ()
        payload = json.dumps({"entries": entries}, ensure_ascii=False, indent=1).encode()
        told = "\0".join((self.name, digest.slot.at.isoformat(), *recipients)).encode()
        name = hashlib.sha256(told + b"\0" + payload).hexdigest()[:32]
        return tuple(
            OutgoingMail(recipient=to, message_id=f"feed_{name}", payload=payload, kind="feed")
            for to in recipients
        )

    def open(self, recipient: str) -> Sender:
        """Make the sender: wherever the feed lies now, whatever it was called."""
        del recipient
        from alerts.channels.feed_writer import FeedWriter

        return FeedWriter(self.file, about=self.about, keep=self.keep, inside=self.inside)

    def _of_digest(
        self, templates: "Templates", digest: "Digest", words: "Words"
    ) -> list[dict[str, Any]]:
        from alerts.channels.feed_writer import Entry
        from alerts.words.render import spoken
        from alerts.words.speech import Speech

        plain = Speech(words, digest, html=False)
        title = spoken(templates, "digest/subject.txt", digest, plain)
        name = f"digest {self.name} {digest.slot.at.isoformat()}"
        entry = Entry(
            id=f"urn:uuid:{uuid.uuid5(NAMESPACE, name)}",
            title=hostile.one_line(title, LONGEST_TITLE),
            html=spoken(
                templates, "feed/digest.html", digest, Speech(words, digest, html=True)
            ).strip(),
            published=digest.now.isoformat(timespec="seconds"),
            tags=tuple(group.rule for group in digest.groups),
        )
        return [asdict(entry)]

    def _of_posts(
        self, templates: "Templates", digest: "Digest", words: "Words"
    ) -> list[dict[str, Any]]:
        from alerts.channels.feed_writer import Entry
        from alerts.words.render import spoken
        from alerts.words.speech import Speech

        plain, html = (Speech(words, digest, html=one) for one in (False, True))
        entries = []
        for item in (item for group in digest.groups for item in group.items):
            post, spent = item.post, f"post {self.name} {item.post.key}"
            title = f"{plain.name('@' + post.author.handle)}: {plain.sample(post)}"
            entry = Entry(
                id=f"urn:uuid:{uuid.uuid5(NAMESPACE, spent)}",
                title=hostile.one_line(title.rstrip(": "), LONGEST_TITLE),
                html=spoken(templates, "feed/post.html", digest, html, item=item).strip(),
                published=post.posted_at.isoformat(timespec="seconds"),
                url=plain.link(post.url),
                author=plain.name(post.author.display_name or post.author.handle),
                tags=tuple(dict.fromkeys([m.rule for m in item.matches] + list(item.also))),
            )
            entries.append(asdict(entry))
        return entries
