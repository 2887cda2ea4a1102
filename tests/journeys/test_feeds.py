"""A feed, from a server on loopback to a mail."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from tests.faults import FAILURES, Asked, Fault, Loopback, Reply
from tests.terminal import Terminal
from watcher.backends.http.budget import SHARED

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

CONFIG = """\
data = "data"
timezone = "Europe/Paris"
contact = "watch@acme.example"

[mail]
kind = "outbox"
from = "watcher@acme.example"
folder = "outbox"

[[brands]]
name = "Acme"

[[sources]]
name = "press"
kind = "feed"
url = "{url}/feed?key={{secret}}"
secret = "${{FEED_TOKEN}}"

[[sources]]
name = "blog"
kind = "feed"
url = "{url}/blog"

[[rules]]
name = "acme"
find = "acme OR #acme"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
to = ["ada@acme.example"]
send = "instant"
interval = "0s"
"""
ITEM = """<item><guid>{number}</guid><title>{title}</title><link>https://press.example/{number}</link>
<author>Marie</author><pubDate>Tue, 10 Mar 2026 06:0{number}:00 GMT</pubDate>
<description>&lt;p&gt;{text} &lt;script&gt;alert(1)&lt;/script&gt;&lt;/p&gt;</description></item>"""
TOKEN = "s3cret-0123456789"


class Press:
    """A server with two feeds."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.feeds = {"/feed": "", "/blog": ""}
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        items = self.feeds[asked.path]
        etag = f'"{len(items)}"'
        if asked.headers.get("if-none-match") == etag:
            return Reply(304)
        document = f"<rss version='2.0'><channel><title>Press</title>{items}</channel></rss>"
        return Reply(200, document.encode(), {"ETag": etag})

    def write(self, feed: str, number: int, title: str, text: str) -> None:
        self.feeds[feed] = ITEM.format(number=number, title=title, text=text) + self.feeds[feed]


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    SHARED.forget()
    with Loopback(lambda _: Reply()) as server:
        yield Press(server)


@pytest.fixture
def terminal(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("FEED_TOKEN", TOKEN)
    (tmp_path / "watcher.toml").write_text(CONFIG.format(url=press.server.url))
    return Terminal(tmp_path, monkeypatch)


def mails(folder: Path) -> list[EmailMessage]:
    files = sorted((folder / "outbox").rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]  # type: ignore[misc]


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_what_a_feed_says_reaches_the_reader_once(terminal: Terminal, press: Press) -> None:
    press.write("/feed", 1, "Acme opens in Lyon", "A café of ten rooms")
    press.write("/feed", 2, "Weather", "It rains")
    seen = terminal.pipe("once")
    assert seen.code == 0, seen.out + seen.err
    assert "pulled press: 2 new posts" in seen.out
    (mail,) = mails(terminal.folder)
    assert "A café of ten rooms" in body(mail)
    assert "https://press.example/1" in body(mail)
    assert "Marie" in body(mail)
    assert "rains" not in body(mail)
    for kind in ("plain", "html"):
        assert "alert(1)" not in body(mail, kind)
    press.write("/blog", 3, "We like Acme", "and its coffee")
    terminal.now += timedelta(minutes=30)
    seen = terminal.pipe("once")
    assert "pulled press: 0 new posts" in seen.out
    _, second = mails(terminal.folder)
    assert "its coffee" in body(second)
    assert "ten rooms" not in body(second)
    assert press.server.asked[-2].headers["if-none-match"]
    assert "watch@acme.example" in press.server.asked[-1].headers["user-agent"]


@pytest.mark.parametrize("fault", FAILURES[:1], ids=str)
def test_a_feed_that_fails_is_told_and_stops_no_other(
    terminal: Terminal, press: Press, fault: Fault
) -> None:
    press.write("/feed", 1, "Acme opens in Lyon", "A café of ten rooms")
    press.write("/blog", 3, "We like Acme", "and its coffee")
    press.server.fail(fault, times=1)
    seen = terminal.pipe("once")
    assert seen.code == 1
    told = seen.out + seen.err
    assert f"{press.server.host} failed (500)" in told
    assert "pulled blog: 1 new post" in told
    assert TOKEN not in told
    (mail,) = mails(terminal.folder)
    assert "its coffee" in body(mail)
    assert TOKEN not in mail.as_string()
    status = terminal.pipe("status")
    assert "failed (500)" in status.out
    SHARED.forget()
    terminal.now += timedelta(minutes=30)
    assert "pulled press: 1 new post" in terminal.pipe("once").out
    assert "ten rooms" in body(mails(terminal.folder)[-1])


def test_check_tries_the_feeds(terminal: Terminal, press: Press) -> None:
    press.write("/feed", 1, "Acme opens in Lyon", "A café of ten rooms")
    press.feeds["/blog"] = "</channel>"
    seen = terminal.pipe("check")
    told = seen.out + seen.err
    assert "Press: 1 entry" in told
    assert TOKEN not in told
