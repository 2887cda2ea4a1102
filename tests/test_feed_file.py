"""Feeds on disk: valid, whole at every moment, and the same however often they are written."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alerts import FeedFile
from alerts.channels.feed_writer import ATOM, Entry, FeedWriter, as_atom, as_json, newest
from alerts.digest.composing import compose
from alerts.model import Delivery, DeliveryError, Waiting
from alerts.schedule import Slot
from tests.alert_samples import BRAND, NOW, account, full, mention, waiting
from tests.contracts.test_senders import hostile
from tests.contracts.ways import TEMPLATES, delivery_of

# JSON Feed 1.1 publishes no schema; this is what its text requires of the fields that we write.
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "home_page_url": {"type": "string", "format": "uri"},
        "feed_url": {"type": "string", "format": "uri"},
        "language": {"type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_html"],
                "properties": {
                    "id": {"type": "string"},
                    "url": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "content_html": {"type": "string"},
                    "date_published": {"type": "string", "format": "date-time"},
                    "authors": {
                        "type": "array",
                        "items": {"required": ["name"], "additionalProperties": False,
                                  "properties": {"name": {"type": "string"}}},
                    },
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}  # fmt: skip
ABOUT = {"id": "urn:uuid:6f3c1f9e-4a0e-5b57-9d0f-6d9f0b6c1d7a", "title": "Acmé", "language": "en"}


def feed(folder: Path, **more: object) -> FeedFile:
    return FeedFile(name="press", file=folder / "acme", **more)  # type: ignore[arg-type]


def deliveries(channel: FeedFile, what: Waiting, at: datetime = NOW) -> tuple[Delivery, ...]:
    slot = Slot(at=at, since=at - timedelta(days=1), late=False)
    digest = compose(channel, what, slot, at, [BRAND], "Europe/Paris")
    return tuple(map(delivery_of, channel.messages(TEMPLATES, digest, channel.recipients)))


def write(channel: FeedFile, what: Waiting, at: datetime = NOW) -> str:
    (delivery,) = deliveries(channel, what, at)
    return channel.open(delivery.recipient).send(delivery, lambda: None)


def items(folder: Path) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads((folder / "acme.json").read_text())["items"]
    return told


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("entries", ["digests", "posts"])
@pytest.mark.parametrize("address", ["", "https://acme.example/feeds/acme"])
def test_both_files_are_valid(tmp_path: Path, entries: str, address: str) -> None:
    channel = feed(tmp_path, entries=entries, address=address)
    write(channel, full())
    write(channel, hostile(), NOW + timedelta(days=1))
    told = json.loads((tmp_path / "acme.json").read_text())
    assert [error.message for error in Draft202012Validator(JSON_FEED).iter_errors(told)] == []
    read = feedparser.parse((tmp_path / "acme.atom").read_bytes())
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == "press"
    assert [entry.id for entry in read.entries] == [item["id"] for item in told["items"]]
    root = ET.fromstring((tmp_path / "acme.atom").read_bytes())
    for one in (root, *root.iterfind(f"{{{ATOM}}}entry")):  # RFC 4287, 4.1.1 and 4.1.2
        for name in ("id", "title", "updated"):
            (element,) = one.iterfind(f"{{{ATOM}}}{name}")
            assert element.text
    assert root.find(f"{{{ATOM}}}author/{{{ATOM}}}name") is not None


def test_writing_an_entry_twice_changes_no_octet(tmp_path: Path) -> None:
    channel = feed(tmp_path, entries="posts")
    write(channel, full())
    before = files(tmp_path)
    write(channel, full())
    assert files(tmp_path) == before
    assert set(before) == {"acme.atom", "acme.json"}


def test_the_newest_entries_stay(tmp_path: Path) -> None:
    channel = feed(tmp_path, keep=3)
    for day in range(5):
        write(channel, full(), NOW + timedelta(days=day))
    dates = [str(item["date_published"])[:10] for item in items(tmp_path)]
    assert dates == ["2026-03-14", "2026-03-13", "2026-03-12"]


def test_a_post_told_in_two_digests_is_one_entry(tmp_path: Path) -> None:
    channel = feed(tmp_path, entries="posts")
    lou = mention("plivelo again", by=account("lou"), id="1", word="plivelo")
    write(channel, waiting(mentions=(lou,)))
    edited = replace(lou, post=replace(lou.post, text="plivelo, corrected"))
    write(channel, waiting(mentions=(edited,)), NOW + timedelta(days=1))
    (item,) = items(tmp_path)
    assert "corrected" in str(item["content_html"])
    assert item["url"] == "https://social.example/@lou/1"


def test_a_digest_without_posts_makes_no_entry_of_a_post(tmp_path: Path) -> None:
    assert deliveries(feed(tmp_path, entries="posts"), waiting()) == ()


def test_a_crash_between_the_two_files_is_mended_by_the_next_attempt(tmp_path: Path) -> None:
    channel = feed(tmp_path)
    write(channel, full())
    old_atom = (tmp_path / "acme.atom").read_bytes()
    write(channel, full(), NOW + timedelta(days=1))
    both = files(tmp_path)
    (tmp_path / "acme.atom").write_bytes(old_atom)
    write(channel, full(), NOW + timedelta(days=1))
    assert files(tmp_path) == both


def test_nothing_is_seen_before_the_handing_over_is_noted(tmp_path: Path) -> None:
    channel = feed(tmp_path)
    (delivery,) = deliveries(channel, full())

    def crash() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        channel.open("acme").send(delivery, crash)
    assert files(tmp_path) == {}


def test_a_file_that_is_no_feed_of_ours_is_put_aside_and_that_is_said(tmp_path: Path) -> None:
    channel = feed(tmp_path)
    (tmp_path / "acme.json").write_text("[my own notes")
    answer = write(channel, full())
    assert "acme.json.broken" in answer
    assert (tmp_path / "acme.json.broken").read_text() == "[my own notes"
    assert len(items(tmp_path)) == 1


def test_a_date_without_its_offset_is_none_of_ours(tmp_path: Path) -> None:
    channel = feed(tmp_path)
    write(channel, full())
    path = tmp_path / "acme.json"
    told = json.loads(path.read_text())
    told["items"][0]["date_published"] = "2026-03-10"
    path.write_text(json.dumps(told))
    assert "acme.json.broken" in write(channel, full(), NOW + timedelta(days=1))
    assert len(items(tmp_path)) == 1


def test_a_message_that_is_no_entry_is_permanent(tmp_path: Path) -> None:
    (delivery,) = deliveries(feed(tmp_path), full())
    with pytest.raises(DeliveryError) as caught:
        feed(tmp_path).open("acme").send(replace(delivery, payload=b"{}"), lambda: None)
    assert caught.value.kind == "permanent"


def test_who_may_read_a_feed_is_kept(tmp_path: Path) -> None:
    write(feed(tmp_path, inside=True), full())
    assert (tmp_path / "acme.atom").stat().st_mode & 0o777 == 0o640
    (tmp_path / "acme.atom").chmod(0o600)
    write(feed(tmp_path, inside=True), full(), NOW + timedelta(days=1))
    assert (tmp_path / "acme.atom").stat().st_mode & 0o777 == 0o600


texts = st.text(max_size=30)
entries = st.builds(
    Entry,
    id=st.sampled_from(["urn:a", "urn:b", "urn:c", "urn:d"]),
    title=texts,
    html=texts,
    published=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.isoformat(timespec="seconds") + "+00:00"
    ),
    author=texts,
    tags=st.lists(texts, max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=6), st.integers(1, 4))
def test_whatever_is_in_it_a_feed_is_well_formed(told: list[Entry], keep: int) -> None:
    kept = newest({entry.id: entry for entry in told}.values(), keep)
    assert len(kept) <= keep
    ET.fromstring(as_atom(ABOUT, kept))
    octets = as_json(ABOUT, kept)
    assert Draft202012Validator(JSON_FEED).is_valid(json.loads(octets))


@settings(max_examples=25, deadline=None)
@given(st.lists(entries, min_size=1, max_size=5))
def test_entries_one_by_one_or_twice_make_the_same_feed(told: list[Entry]) -> None:
    by_id = list({entry.id: entry for entry in told}.values())
    once = newest(by_id, 3)
    merged: list[Entry] = []
    for entry in (*by_id, *by_id):
        merged = newest({one.id: one for one in (*merged, entry)}.values(), 3)
    assert merged == once


def test_a_feed_writer_is_checked_without_leaving_anything(tmp_path: Path) -> None:
    FeedWriter(tmp_path / "new" / "acme", about=ABOUT, keep=5).check()
    assert list((tmp_path / "new").iterdir()) == []
