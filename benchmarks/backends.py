"""How many posts a second come through each live backend, from a loopback server to the store.

    python -m benchmarks.backends [NAME ...] [--quick] [--json]

The server is a process of its own that has its answers ready, so that what is measured is ours:
asking, reading JSON, making posts, and saving pages in SQLite. `of them parsed` is the rate of the
same pages when nothing is saved. A backend joins by one entry in `BACKENDS`: its server's answers,
and how its source is opened.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from watcher.backends import MastodonSource
from watcher.backends.interface import BackendError, Page
from watcher.backends.mastodon.cursor import State
from watcher.clock import utc_now
from watcher.store import Store

ROOT = Path(__file__).resolve().parents[1]
POSTS = 20_000
QUICK = 2_000
BORN = datetime(2026, 3, 1, tzinfo=UTC)
FIRST_ID = 110_000_000_000_000_000

Answer = Callable[[str, dict[str, str]], tuple[str, bytes]]
"""From a path and its parameters to a content type and a body."""


@dataclass(frozen=True)
class Backend:
    """A way into the store."""

    serve: Callable[[int], Answer]
    """Prepares so many posts and returns what the server answers with."""
    read: Callable[[str], Iterator[Page]]
    """Reads all of them from a server's address, page by page."""


# Mastodon

_WORDS = (
    "the train to Lyon is late again thanks who else waits on platform nine with coffee rain un",
    "café à la gare et personne ne sait pourquoi le service répond bonjour merci demain update",
)


def _status(number: int, chance: random.Random) -> dict[str, Any]:
    """Return a status with all that Mastodon 4.5 says of one: about 3,000 octets."""
    who = f"user{chance.randrange(5000)}"
    host = f"server{chance.randrange(200)}.example"
    text = " ".join(chance.choices(" ".join(_WORDS).split(), k=30))
    tag = f'<a href="https://{host}/tags/acme" class="mention hashtag">#<span>acme</span></a>'
    link = f'<a href="https://news.example/{number}" target="_blank" rel="nofollow">news</a>'
    account = {
        "id": str(FIRST_ID + int(who[4:])), "username": who, "acct": f"{who}@{host}",
        "uri": f"https://{host}/users/{who}", "url": f"https://{host}/@{who}",
        "display_name": who.title(), "note": f"<p>{text[:80]}</p>", "locked": False, "bot": False,
        "discoverable": True, "indexable": True, "group": False, "noindex": False, "emojis": [],
        "created_at": "2023-01-01T00:00:00.000Z", "avatar": f"https://{host}/{who}.png",
        "avatar_static": f"https://{host}/{who}.png", "header": f"https://{host}/h.png",
        "header_static": f"https://{host}/h.png", "followers_count": 120, "following_count": 80,
        "statuses_count": 900, "last_status_at": "2026-03-01", "hide_collections": None,
        "roles": [], "fields": [{"name": "Web", "value": link, "verified_at": None}],
    }  # fmt: skip
    when = (BORN + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "id": str(FIRST_ID + number), "uri": f"https://{host}/users/{who}/statuses/{number}",
        "url": f"https://{host}/@{who}/{number}", "created_at": when, "edited_at": None,
        "content": f"<p>{text} {tag}</p><p>{link}</p>", "visibility": "public", "language": "en",
        "account": account, "in_reply_to_id": None, "in_reply_to_account_id": None,
        "sensitive": False, "spoiler_text": "", "replies_count": 0, "reblogs_count": 1,
        "favourites_count": 2, "reblog": None, "media_attachments": [], "mentions": [],
        "tags": [{"name": "acme", "url": f"https://{host}/tags/acme"}], "emojis": [],
        "card": None, "poll": None, "application": None, "quote": None, "filtered": [],
    }  # fmt: skip


def _mastodon(amount: int) -> Answer:
    chance = random.Random(2026)
    statuses = [json.dumps(_status(number, chance)) for number in range(amount)]
    stream = "".join(f"event: update\ndata: {status}\n\n" for status in statuses).encode()

    def answer(path: str, query: dict[str, str]) -> tuple[str, bytes]:
        if path.endswith("/timelines/public"):
            after = int(query.get("min_id", "0")) - FIRST_ID + 1
            page = statuses[max(after, 0) :][: int(query["limit"])]
            return "application/json", f"[{','.join(reversed(page))}]".encode()
        if path.endswith("/streaming/public"):
            return "text/event-stream", stream
        return "application/json", b'{"domain": "town.example", "version": "4.5.0"}'

    return answer


def _pull(url: str) -> Iterator[Page]:
    with closing(_source(url)) as network:
        yield from network.pages(_before_all(url))


def _live(url: str) -> Iterator[Page]:
    """Read the stream; the timeline is said to be read, so that all comes by the stream."""
    with closing(_source(url)) as network:
        network._fetch = lambda *_: ()  # noqa: SLF001
        try:
            yield from network.live(_before_all(url), lambda: False)
        except BackendError as error:
            assert "ended its stream" in error.message  # noqa: PT017


def _source(url: str) -> Any:
    return MastodonSource(name="town", server=url).open(ROOT)


def _before_all(url: str) -> str:
    return State(urlsplit(url).netloc, "public", {str(FIRST_ID - 1): ""}).dump()


BACKENDS: dict[str, Backend] = {
    "mastodon": Backend(serve=_mastodon, read=_pull),
    "mastodon-stream": Backend(serve=_mastodon, read=_live),
}


# Measuring


def serve(answer: Answer) -> None:
    """Answer until killed; the first line of the output is the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            kind, body = answer(parts.path, query)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


@contextmanager
def serving(name: str, amount: int) -> Iterator[str]:
    """Start a backend's server; give its address."""
    command = [sys.executable, "-m", "benchmarks.backends", "--serve", name, str(amount)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def measure(name: str, amount: int) -> dict[str, float]:
    """Return posts a second, by the clock and by CPU-seconds of ours, saved and only parsed."""
    backend = BACKENDS[name]
    with serving(name, amount) as url, tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/posts.sqlite")
        with closing(store):
            saved = _timed(
                backend.read(url), lambda page: store.save_page("town", page, utc_now()).new, amount
            )
        parsed = _timed(backend.read(url), lambda page: len(page.posts), amount)
    return {"posts": amount, **saved, "parsed_a_second": parsed["posts_a_second"]}


def _timed(pages: Iterator[Page], take: Callable[[Page], int], amount: int) -> dict[str, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    taken = sum(map(take, pages))
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    assert taken == amount, f"{taken} of {amount} posts arrived"
    return {"posts_a_second": amount / clock, "posts_a_cpu_second": amount / cpu}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BACKENDS))
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} posts only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        serve(BACKENDS[options.serve[0]].serve(int(options.serve[1])))
        return 0
    if unknown := set(options.names) - BACKENDS.keys():
        parser.error(f"there is no backend {', '.join(sorted(unknown))}")
    amount = QUICK if options.quick else POSTS
    found = {name: measure(name, amount) for name in options.names or BACKENDS}
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{'backend':18}{'stored/s':>10}{'per CPU-s':>12}{'only parsed/s':>16}")
    for name, one in found.items():
        print(
            f"{name:18}{one['posts_a_second']:10,.0f}{one['posts_a_cpu_second']:12,.0f}"
            f"{one['parsed_a_second']:16,.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
