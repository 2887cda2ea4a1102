"""Habits of servers that speak Mastodon's API, each one's own, and of their streams."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from alerts.secret import Secret
from tests.contracts.live import SECRET
from tests.contracts.world import FOUNDED, Said
from tests.contracts.worlds.mastodon import GoToSocialWorld, SnacWorld, TownWorld
from tests.faults import Asked, Fault, Reply
from watcher.backends import MastodonSource
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Page
from watcher.backends.mastodon import events, features, pull, sse, stream
from watcher.backends.mastodon.client import Client
from watcher.backends.mastodon.cursor import OVERLAP, State
from watcher.backends.mastodon.network import MastodonNetwork
from watcher.backends.mastodon.stream import MastodonStream

pytestmark = pytest.mark.drill

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know nothing of any server, and wait for little."""
    SHARED.forget()
    features.forget()
    monkeypatch.setattr(stream, "PATIENCE", 0.2)


class Village(TownWorld):
    """A server whose answers a test changes."""

    instance: dict[str, Any] | None = None
    """What it says of itself; None: nothing."""
    found: tuple[str, ...] = ()
    """Texts that its search finds."""
    link = ""
    refusal = 401

    def number(self, count: int) -> str:
        return super().number(10 * count)  # room for what arrives late

    def answer(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/api/")
        if "instance" in path:
            told = self.instance
            return self.json(told) if told is not None else self.json({"error": "no"}, 404)
        if path == "v2/search":
            statuses = [status for status in self.statuses if status["content"] in self.found]
            offset = int(asked.query.get("offset", "0"))
            return self.json({"accounts": [], "statuses": statuses[offset:]})
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return self.json({"error": "Invalid access token"}, self.refusal)
        reply = super().answer(asked)
        return Reply(reply.status, reply.body, {**reply.headers, "Link": self.link})

    def network(self, query: str = "public", token: str = SECRET) -> MastodonNetwork:
        source = MastodonSource(
            name="here", server=self.server.url, query=query, token=Secret(token)
        )
        return source.open(self.path)

    def pages(self, cursor: str | None = None, query: str = "public") -> list[Page]:
        with closing(self.network(query)) as network:
            return list(network.pages(cursor))


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    world = Village(tmp_path)
    yield world
    world.close()


@pytest.fixture
def founding(tmp_path: Path) -> Iterator[Callable[[type[TownWorld]], TownWorld]]:
    worlds: list[TownWorld] = []

    def found(kind: type[TownWorld]) -> TownWorld:
        worlds.append(kind(tmp_path))
        return worlds[-1]

    yield found
    for world in worlds:
        world.close()


def some(first: int, last: int) -> list[Said]:
    return [Said(f"post {i}", at=FOUNDED + i * MINUTE) for i in range(first, last)]


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


# Reading


@pytest.mark.parametrize("kind", [GoToSocialWorld, SnacWorld])
def test_ids_of_any_shape_are_read_on_from(
    founding: Callable[[type[TownWorld]], TownWorld], kind: type[TownWorld]
) -> None:
    world = founding(kind)
    world.say(*some(0, 100))
    pages = list(world.reader().pages(None))
    world.say(*some(100, 190))
    more = list(world.reader().pages(pages[-1].cursor))
    assert texts(pages + more) == [f"post {i}" for i in range(190)]
    assert [gap for page in more for gap in page.gaps] == []


def test_where_only_the_newest_are_shown_the_rest_is_a_gap(
    founding: Callable[[type[TownWorld]], TownWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "BACK", 80)
    world = founding(SnacWorld)
    world.say(*some(0, 10))
    cursor = list(world.reader().pages(None))[-1].cursor
    world.say(*some(10, 300))
    pages = list(world.reader().pages(cursor))
    assert texts(pages) == [f"post {i}" for i in range(220, 300)]
    (gap,) = [gap for page in pages for gap in page.gaps]
    assert (gap.since, gap.until) == (FOUNDED + 9 * MINUTE, FOUNDED + 220 * MINUTE)
    assert "80 newest" in gap.why


def test_a_post_that_arrives_late_stands_before_the_others_and_is_read(village: Village) -> None:
    village.say(*some(0, 60))
    pages = village.pages()
    between = str(int(village.number(57)) + 5)
    uri = "https://elsewhere.example/late"
    late = {**village.statuses[56], "id": between, "uri": uri, "content": "late"}
    village.statuses.insert(57, late)
    (page,) = village.pages(pages[-1].cursor)
    assert texts([page]) == ["late"]
    assert village.pages(page.cursor) == []


def test_what_is_older_than_what_is_read_again_is_not_asked_for(village: Village) -> None:
    village.say(*some(0, 300))
    pages = village.pages()
    village.server.asked.clear()
    assert village.pages(pages[-1].cursor) == []
    timelines = [asked for asked in village.server.asked if "timelines" in asked.path]
    assert len(timelines) == -(-OVERLAP // pull.PAGE) + (OVERLAP % pull.PAGE == 0)


def test_all_that_was_read_being_deleted_begins_nothing_anew(village: Village) -> None:
    village.say(*some(0, 90))
    cursor = village.pages()[-1].cursor
    village.statuses.clear()
    village.say(*some(90, 92))
    pages = village.pages(cursor)
    assert texts(pages) == ["post 90", "post 91"]
    assert 0 < len(pages[-1].deleted) <= pull.MOST_ASKED_FOR


def test_all_that_was_deleted_at_once_is_told_in_the_end(village: Village) -> None:
    village.say(*some(0, 60))
    cursor = village.pages()[-1].cursor
    gone = [f"{village.server.host}/{status['id']}" for status in village.statuses[20:45]]
    del village.statuses[20:45]
    told: list[str] = []
    for _ in range(3):
        page = village.pages(cursor)[-1]
        cursor = page.cursor
        told += page.deleted
    assert sorted(told) == sorted(gone)


def test_what_left_a_timeline_alone_is_asked_about_once(village: Village) -> None:
    village.say(*some(0, 5))
    cursor = village.pages()[-1].cursor
    page = village.page
    village.page = lambda query: [  # type: ignore[method-assign]
        status for status in page(query) if status["content"] != "post 3"
    ]
    for asked in (1, 0):
        village.server.asked.clear()
        cursor = [cursor, *(found.cursor for found in village.pages(cursor))][-1]
        assert sum("/statuses/" in one.path for one in village.server.asked) == asked


def test_the_server_s_word_on_where_to_read_on_goes_before_its_order(village: Village) -> None:
    village.say(*some(0, 30))
    cursor = village.pages()[-1].cursor
    village.say(*some(30, 75))
    village.shuffled = True
    village.link = f'<{village.server.url}/x?min_id={village.number(45)}>; rel="prev"'
    assert sorted(texts(village.pages(cursor))) == sorted(f"post {i}" for i in range(30, 75))


def test_a_deleted_post_that_the_server_still_gives_is_not_told_as_gone(village: Village) -> None:
    village.say(*some(0, 5))
    cursor = village.pages()[-1].cursor
    page = village.page

    def hides_one(query: dict[str, str]) -> list[dict[str, Any]]:
        return [status for status in page(query) if status["content"] != "post 3"]

    village.page = hides_one  # type: ignore[method-assign]
    village.say(*some(5, 6))
    (found,) = village.pages(cursor)
    assert (texts([found]), found.deleted) == (["post 5"], ())


def test_what_a_closed_server_hides_from_strangers_it_tells_its_own(village: Village) -> None:
    answer = village.server.answer

    def to_its_own(asked: Asked) -> Reply:
        if asked.headers.get("authorization") is None:
            return Reply(401, b"{}")
        return answer(asked)

    village.server.answer = to_its_own
    village.instance = {"domain": "village.example", "version": "4.4.0"}
    assert village.network(token="").features.closed
    assert village.network().features.domain == "village.example"


def test_who_asks_not_to_be_found_is_left_out_and_counted(village: Village) -> None:
    village.say(*some(0, 3))
    village.statuses[1]["account"]["noindex"] = True
    boosted = {**village.statuses[1], "id": "1"}
    village.statuses[2] = {**village.statuses[2], "reblog": boosted}
    (page,) = village.pages()
    assert texts([page]) == ["post 0"]
    assert page.skipped_count == 2
    assert {skipped.why for skipped in page.skipped} == {
        "its author asks not to be found by search"
    }
    assert village.pages(page.cursor) == []


def test_a_status_of_few_words_is_read(village: Village) -> None:
    """Servers leave out what they do not have."""
    village.count += 1
    village.statuses.append(
        {"id": village.number(1), "created_at": "2026-03-01T08:00:00Z", "content": "short",
         "account": {"id": "7", "username": "marie"}}
    )  # fmt: skip
    ((post,),) = [page.posts for page in village.pages()]
    assert post.id == f"{village.server.host}/{village.number(1)}"
    assert post.author.handle == f"marie@{village.server.host}"


def test_a_server_that_answers_400_to_a_bad_token_refuses_it(village: Village) -> None:
    village.refusal = 400
    with (
        closing(village.network(token="other")) as network,
        pytest.raises(BackendError, match="does not know our log-in") as raised,
    ):
        list(network.pages(None))
    assert raised.value.kind == "refused"


def test_a_400_for_another_reason_is_no_matter_of_the_token(village: Village) -> None:
    village.say(*some(0, 1))
    answer = village.answer
    village.server.answer = lambda asked: (
        village.json({}, 400) if "timelines" in asked.path else answer(asked)
    )
    with pytest.raises(BackendError, match="did not understand") as raised:
        village.pages()
    assert raised.value.kind == "broken"


# Search


def test_what_a_search_finds_comes_once(village: Village) -> None:
    village.say(*some(0, 50))
    village.found = tuple(f"post {i}" for i in range(3))
    pages = village.pages(query="search:post")
    assert texts(pages) == ["post 0", "post 1", "post 2"]
    village.found += ("post 7",)
    more = village.pages(pages[-1].cursor, query="search:post")
    assert texts(more) == ["post 7"]
    assert village.pages(more[-1].cursor, query="search:post") == []


@pytest.mark.parametrize(
    ("version", "name"),
    [("0.19.1+git-cb24be4", "GoToSocial 0.19.1"), ("4.0.0 (compatible; snac 2.68)", "snac 2.68"),
     ("takahe/0.11.0", "Takahē")],
)  # fmt: skip
def test_a_server_without_a_search_is_named(village: Village, version: str, name: str) -> None:
    village.instance = {"version": version}
    with pytest.raises(BackendError, match=f"runs {name}, whose search finds no posts") as raised:
        village.pages(query="search:post")
    assert raised.value.kind == "gone"
    assert "#tag" in raised.value.help


def test_a_search_that_finds_nothing_is_no_failure_elsewhere(village: Village) -> None:
    village.instance = {"version": "2.7.2 (compatible; Pleroma 2.5.0)"}
    assert village.pages(query="search:post") == []
    client = Client(village.server.url, SECRET, "")
    assert features.features(client).software == "Pleroma 2.5.0"
    client.close()


def test_what_a_server_is_is_asked_for_where_the_api_has_it(village: Village) -> None:
    """Not at `/api/v2/instance/`, as the library asks: strict servers have nothing there."""
    village.instance = {"version": "4.5.0"}
    assert "Mastodon 4.5.0" in village.network().check()
    asked = [one.path for one in village.server.asked if "instance" in one.path]
    assert asked == ["/api/v2/instance"]


@pytest.mark.parametrize(
    ("told", "domain"),
    [
        ({"domain": "town.example"}, "town.example"),
        ({"uri": "https://town.example/"}, "town.example"),
        ({"uri": "Town.example"}, "town.example"),
        ({"domain": "a b"}, None),
        ({"domain": 7}, None),
        (None, None),
    ],
)  # fmt: skip
def test_handles_are_whole_with_the_server_s_domain(
    village: Village, told: dict[str, Any] | None, domain: str | None
) -> None:
    village.instance = told
    village.say(*some(0, 1))
    (page,) = village.pages()
    assert page.posts[0].author.handle == f"marie@{domain or village.server.host}"


# Streams


class Sockets:
    """A WebSocket server that sends what a test gives it, to whoever has the right token."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._connections: list[ServerConnection] = []
        self._connected = threading.Condition()
        self._server = serve(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _serve(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        self.asked.append(request.path)
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            connection.send(json.dumps({"error": "Invalid token", "status": 401}))
            return
        with self._connected:
            self._connections.append(connection)
            self._connected.notify_all()
        with suppress(ConnectionClosed):
            for _ in connection:
                pass

    def send(self, name: str, payload: Any) -> None:
        with self._connected:
            assert self._connected.wait_for(lambda: self._connections, 5)
            text = payload if isinstance(payload, str) else json.dumps(payload)
            message = {"stream": ["public"], "event": name, "payload": text}
            self._connections[-1].send(json.dumps(message))

    def break_off(self) -> None:
        """Close the newest connection without a word."""
        with self._connected:
            self._connections.pop().socket.close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(5)


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    server = Sockets()
    yield server
    server.close()


@pytest.fixture
def gotosocial(village: Village, sockets: Sockets) -> Village:
    """A server that sends over sockets only."""
    urls = {"urls": {"streaming_api": sockets.url}}
    village.instance = {"version": "0.19.1+git-cb24be4", "uri": "town.example", **urls}
    return village


def live(village: Village, cursor: str | None = None, token: str = SECRET) -> Iterator[Page]:
    network = village.network(token=token)
    assert isinstance(network, MastodonStream)
    with closing(network):
        yield from network.live(cursor, lambda: False)


def until(pages: Iterator[Page], text: str) -> list[Page]:
    """Take pages until a post comes."""
    found = []
    for page in pages:
        found.append(page)
        if text in texts([page]):
            return found
    raise AssertionError(f"{text!r} never came")


def test_posts_edits_and_deletions_come_over_a_socket(
    gotosocial: Village, sockets: Sockets
) -> None:
    gotosocial.say(*some(0, 3))
    with closing(live(gotosocial)) as pages:
        assert texts([next(pages)]) == ["post 0", "post 1", "post 2"]
        gotosocial.say(*some(3, 4))
        status = gotosocial.statuses[-1]
        sockets.send("update", status)
        sockets.send("update", status)
        (page,) = [page for page in until(pages, "post 3") if page.posts]
        edited = {**status, "content": "mended", "edited_at": "2026-03-02T00:00:00Z"}
        sockets.send("notification", {"id": "1"})
        sockets.send("update", "no JSON")
        sockets.send("status.update", edited)
        found = until(pages, "mended")
        assert found[-1].posts[-1].edited_at == datetime(2026, 3, 2, tzinfo=UTC)
        assert sum(page.skipped_count for page in found) == 1
        sockets.send("delete", status["id"])
        page = next(page for page in pages if page.deleted)
        assert page.deleted == (f"{gotosocial.server.host}/{status['id']}",)
    assert sockets.asked == ["/api/v1/streaming?stream=public"]
    assert SECRET not in sockets.asked[0]


def test_what_was_written_while_a_stream_was_broken_is_read_first(
    gotosocial: Village, sockets: Sockets
) -> None:
    gotosocial.say(*some(0, 2))
    got = []
    with closing(live(gotosocial)) as pages:
        got.append(next(pages))
        gotosocial.say(*some(2, 3))
        sockets.send("update", gotosocial.statuses[-1])
        got += until(pages, "post 2")
        sockets.break_off()
        with pytest.raises(BackendError) as raised:
            list(pages)
        assert raised.value.kind == "temporary"
    gotosocial.say(*some(3, 6))
    with closing(live(gotosocial, got[-1].cursor)) as pages:
        got.append(next(pages))
        sockets.send("update", gotosocial.statuses[-1])  # both bring it
        gotosocial.say(*some(6, 7))
        sockets.send("update", gotosocial.statuses[-1])
        got += until(pages, "post 6")
    assert texts(got) == [f"post {i}" for i in range(7)]
    assert sum(page.repeated for page in got) == 1


def test_a_late_post_in_a_stream_does_not_move_the_place_to_read_on_from(
    gotosocial: Village, sockets: Sockets
) -> None:
    gotosocial.say(*some(0, 200))
    with closing(live(gotosocial)) as pages:
        list(zip(range(5), pages, strict=False))
        late = {**gotosocial.statuses[0], "id": "7", "uri": "https://a.example/late"}
        sockets.send("update", {**late, "content": "late"})
        cursor = until(pages, "late")[-1].cursor
    start = State.load(gotosocial.server.host, "public", cursor).start
    assert start is not None
    assert int(start) > int(gotosocial.number(100))


def test_a_stream_for_members_refuses_strangers(gotosocial: Village) -> None:
    gotosocial.refusal = 403
    with pytest.raises(BackendError) as raised:
        list(live(gotosocial, token="other"))
    assert raised.value.kind == "refused"


def test_a_server_that_has_no_stream_says_so(village: Village) -> None:
    with pytest.raises(BackendError, match="as it is written") as raised:
        list(live(village))
    assert raised.value.kind == "gone"
    assert "pulled" in raised.value.help


class Talking(Village):
    """A server that sends a heartbeat, one event, and nothing more."""

    pieces = (b":)\n\n", b'event: update\ndata: {"id": "1", "cre', b'ated_at": 0}\n\n')

    def answer(self, asked: Asked) -> Reply:
        if "streaming" in asked.path:
            body = b"".join(self.pieces)
            return Reply(200, body, {"Content-Type": "text/event-stream"})
        return super().answer(asked)


def test_a_stream_that_ends_is_opened_again_by_whoever_reads_it(tmp_path: Path) -> None:
    village = Talking(tmp_path)
    pages = live(village)
    found = []
    with pytest.raises(BackendError, match="ended its stream") as raised:
        found.extend(pages)
    village.close()
    assert raised.value.kind == "temporary"
    assert texts(found) == []
    assert sum(page.skipped_count for page in found) == 1  # what came with it was no status


def test_silence_ends_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "SILENCE", 0.2)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:)\n\n"
    village = Talking(tmp_path)
    network = village.network()
    assert isinstance(network, MastodonStream)
    assert network.features
    silent = Fault("silent", (), lambda _: iter([head]), hold=True)
    village.server.fail(silent, times=1)
    with pytest.raises(BackendError, match=r"sent nothing for 0\.2 seconds") as raised:
        list(network.live(None, lambda: False))
    network.close()
    village.close()
    assert raised.value.kind == "temporary"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    octets = (
        b':)\n\nevent: update\ndata: {"a":\ndata: 1}\n\n:thump\n\r\nevent:delete\r\ndata:7\r\n\r\n'
        b"data: without a name\n\nevent: without data\n\nevent: update\ndata: caf\xc3\xa9\n\n"
        b"event: update\ndata: not finished\n"
    )
    pieces = (octets[at : at + size] for at in range(0, len(octets), size))
    assert list(sse.events(pieces, "town.example")) == [
        ("update", '{"a":\n1}'), ("delete", "7"), ("update", "café"),
    ]  # fmt: skip


@pytest.mark.parametrize("piece", [b"x" * 10_000, b"data: " + b"x" * 10_000 + b"\n"])
def test_an_event_without_an_end_is_broken(piece: bytes) -> None:
    endless = (piece for _ in range(10**6))
    with pytest.raises(BackendError, match="more than 2 MB") as raised:
        list(sse.events(endless, "town.example"))
    assert raised.value.kind == "broken"


class Flood:
    """A wire that sends as much as is taken."""

    def __init__(self, most: int) -> None:
        self.sent = 0
        self._most = most

    def receive(self, take: Callable[[str, str], None]) -> None:
        while self.sent < self._most:
            take("delete", str(self.sent))
            self.sent += 1

    def close(self) -> None:
        pass


def test_while_nobody_reads_nothing_more_is_received(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_EVENTS", 50)
    monkeypatch.setattr(events, "STALL", 0.0)
    wire = Flood(200)
    with closing(events.Events(wire, "town.example")) as queue:
        first = queue.next(5)
        assert first is not None
        assert wire.sent <= 52
        names: list[events.Event] = []
        with pytest.raises(BackendError, match="ended its stream"):
            names.extend(iter(lambda: queue.next(5), None))
    deletions = [event.payload for event in names if event.name == "delete"]
    assert [first.payload, *deletions] == [str(i) for i in range(200)]
    assert [event.name for event in names].count(events.STALLED) <= 1


def test_a_reader_too_slow_for_a_stream_looks_at_the_timeline_again(
    gotosocial: Village, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server threw away meanwhile is there."""
    monkeypatch.setattr(events, "STALL", 0.0)
    gotosocial.say(*some(0, 2))
    with closing(live(gotosocial)) as pages:
        found = [next(pages)]
        gotosocial.say(*some(2, 6))
        sockets.send("update", gotosocial.statuses[3])  # the only one that was not thrown away
        found += until(pages, "post 5")
    assert sorted(texts(found)) == [f"post {i}" for i in range(6)]


# The table


def source(**values: Any) -> MastodonSource:
    return MastodonSource(**{"name": "here", "server": "https://town.example", **values})


@pytest.mark.parametrize(
    "query", ["public", "local", "home", "#clio", "#été", "list:12", "list:01ABC", "@marie",
              "@marie@town.example", "@marie@town.example:8443", "search:a b"]
)  # fmt: skip
def test_a_query_that_can_be_read(query: str) -> None:
    assert list(source(query=query).problems()) == []


@pytest.mark.parametrize(
    "query", ["", "everything", "#", "#a b", "#a/b", "list:", "list:../1", "@", "@a b", "search:",
              "search: ", "@a@b@c", "#" + "a" * 200]
)  # fmt: skip
def test_a_query_that_cannot(query: str) -> None:
    assert [problem.code for problem in source(query=query).problems()] == ["bad-query"]


@pytest.mark.parametrize(
    "server", ["town.example", "http://town.example", "https://", "https://town.example/web",
               "https://me:pw@town.example", "ftp://town.example", "https://[", "https://a:99999"]
)  # fmt: skip
def test_a_server_that_is_none_or_not_safe(server: str) -> None:
    assert [problem.code for problem in source(server=server).problems()] == ["bad-server"]


def test_a_server_on_this_machine_may_speak_plainly() -> None:
    for server in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000"):
        assert list(source(server=server).problems()) == []


def test_only_timelines_that_are_also_sent_have_a_stream() -> None:
    for query, has in (("public", True), ("home", True), ("@marie", False), ("search:a", False)):
        assert hasattr(source(query=query).open(Path()), "live") is has


def test_a_source_does_not_show_its_token() -> None:
    assert "s3cret" not in repr(replace(source(), token=Secret("s3cret")))
