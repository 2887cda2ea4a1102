"""A feed on loopback."""

from html import escape
from pathlib import Path
from zlib import crc32

from tests.contracts.live import CONTACT, LiveWorld
from tests.contracts.world import Said
from tests.faults import Asked, Reply
from watcher.backends.feed import FeedSource
from watcher.backends.interface import Reader

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Town</title>'


class FeedWorld(LiveWorld):
    """RSS 2.0, newest first, as most software writes it."""

    exact = False  # XML has no NUL
    secret = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.items: list[tuple[str, str]] = []
        """(what was said, the item), the oldest first."""
        self.count = 0

    def reader(self, secret: str = "") -> Reader:
        assert not secret, "feeds are for everybody"
        return FeedSource(name="here", url=f"{self.server.url}/feed", contact=CONTACT).open(
            self.path
        )

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/feed":
            return Reply(404, b"no such thing")
        items = "".join(item for _, item in self.served(self.items[::-1]))
        body = f"{HEAD}{items}</channel></rss>".encode()
        etag = f'"{crc32(body):x}"'
        if asked.headers.get("if-none-match") == etag:
            return Reply(304)
        kind = "application/rss+xml; charset=utf-8"
        return Reply(200, body, {"Content-Type": kind, "ETag": etag})

    def say(self, *posts: Said) -> None:
        for said in posts:
            self.count += 1
            self.items.append((said.text, self._item(self.count, said)))

    def say_broken(self) -> None:
        self.items.append(("", "<item><title> </title></item>"))

    def edit(self, text: str, new: str) -> None:
        index = [said for said, _ in self.items].index(text)
        self.items[index] = (new, self.items[index][1].replace(escape(text), escape(new)))

    def delete(self, text: str) -> None:
        self.items = [item for item in self.items if item[0] != text]

    def _item(self, number: int, said: Said) -> str:
        written = escape(escape(said.text).replace("\n", "<br>"))
        date = said.at.strftime(f"%a, %d %b {said.at.year:04} %H:%M:%S GMT")
        return (
            f"<item><guid isPermaLink='false'>{number}</guid><pubDate>{date}</pubDate>"
            f"<author>{escape(said.author)}</author><description>{written}</description></item>"
        )
