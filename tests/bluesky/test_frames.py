"""Frames of a repository stream, as they should be and as they come from a stranger."""

from typing import Any

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.backends.bluesky.repository import FutureCursorError, read_frame
from watcher.backends.bluesky.streams import Repositories
from watcher.backends.interface import BackendError


def frame(kind: str, body: Any, op: int = 1) -> bytes:
    head = {"op": op, "t": kind} if kind else {"op": op}
    return libipld.encode_dag_cbor(head) + libipld.encode_dag_cbor(body)


def commit(**more: Any) -> dict[str, Any]:
    return {"seq": 7, "repo": "did:plc:m", "time": "2026-03-01T08:00:00Z", "ops": [], **more}


POST = {"action": "create", "path": "app.bsky.feed.post/3k", "cid": b"\x01q\x12 " + b"\0" * 32}


def test_a_name_and_a_departure_are_events() -> None:
    body = {"seq": 7, "did": "did:plc:m", "time": "2026-03-01T08:00:00Z"}
    named = read_frame(frame("#identity", {**body, "handle": "m.example"}))
    assert named.events[0]["identity"]["handle"] == "m.example"
    left = read_frame(frame("#account", {**body, "active": False, "status": "deleted"}))
    assert (left.number, left.events[0]["kind"]) == (7, "account")
    assert left.at == left.events[0]["time_us"] == 1_772_352_000_000_000


def test_a_deletion_needs_no_record() -> None:
    gone = read_frame(frame("#commit", commit(ops=[{**POST, "action": "delete", "cid": None}])))
    assert gone.events[0]["commit"] == {
        "operation": "delete",
        "collection": "app.bsky.feed.post",
        "rkey": "3k",
    }


def test_a_commit_without_its_records_is_counted() -> None:
    for blocks in (b"", b"\x3aabc"):
        found = read_frame(frame("#commit", commit(ops=[POST], blocks=blocks)))
        assert (found.events, found.number) == ([], 7)
        assert found.unreadable


def test_what_is_no_post_and_no_profile_passes_by() -> None:
    like = {**POST, "path": "app.bsky.feed.like/3k"}
    found = read_frame(frame("#commit", commit(ops=[like], blocks=b"never looked at")))
    assert (found.events, found.unreadable, found.number) == ([], "", 7)
    assert read_frame(frame("#sync", commit())).number == 7


@pytest.mark.parametrize(
    ("name", "kind"),
    [("FutureCursor", FutureCursorError), ("ConsumerTooSlow", BackendError), (7, BackendError)],
)
def test_a_frame_that_ends_the_stream_is_raised(name: Any, kind: type[BackendError]) -> None:
    with pytest.raises(kind) as raised:
        read_frame(frame("", {"error": name, "message": "secret\nwords"}, op=-1))
    assert raised.value.kind == "temporary"
    assert "secret" not in str(raised.value)


def test_an_outdated_cursor_is_said() -> None:
    assert read_frame(frame("#info", {"name": "OutdatedCursor"})).outdated
    assert not read_frame(frame("#info", {"name": "Else"})).outdated


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=9)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["seq", "ops", "path", "action", "cid", "blocks", "repo", "time", "did"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.binary(max_size=200) | st.builds(
    frame, st.sampled_from(["#commit", "#identity", "#account", "#info", "#sync", ""]),
    ANY | st.builds(lambda more: commit(**more), st.dictionaries(
        st.sampled_from(["seq", "ops", "blocks", "repo", "time"]), ANY, max_size=3)),
))  # fmt: skip
def test_whatever_comes_it_is_read_or_counted(octets: bytes) -> None:
    found = read_frame(octets)
    assert found.number is None or found.number >= 0
    assert isinstance(found.events, list)


def test_a_text_in_place_of_a_frame_is_counted() -> None:
    assert Repositories().read("hello").unreadable
