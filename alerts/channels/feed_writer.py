"""Writes a feed as Atom (RFC 4287) and JSON Feed 1.1, both in one step each.

The JSON file is also what is remembered: an entry is added to what it holds, and both files are
written anew. So handing an entry over twice gives the same files, and a crash between the two is
mended by the next attempt. Equal entries give equal bytes.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from alerts.model import Delivery, DeliveryError

JSON_FEED = "https://jsonfeed.org/version/1.1"
ATOM = "http://www.w3.org/2005/Atom"
LARGEST = 50_000_000
"""Octets of a file of ours that are read back: a longer one is broken off, and so no feed."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a feed."""

    id: str
    """A URN that it keeps for ever."""
    title: str
    html: str
    published: str
    """ISO 8601 with its offset."""
    url: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Entry":
        """Read what was stored. Raises `ValueError`."""
        try:
            texts = {key: _clean(str(told[key])) for key in _TEXTS}
            moment = datetime.fromisoformat(texts["published"])
            tags = tuple(_clean(str(tag)) for tag in told["tags"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("this is no entry of ours") from error
        if moment.tzinfo is None:
            raise ValueError("this is no entry of ours: its date has no offset")
        return cls(**texts, tags=tags)


_TEXTS = ("id", "title", "html", "published", "url", "author")


class FeedWriter:
    """Adds entries to the two files of a feed.

    `file` is their path without an ending; `about` what the feed says of itself; `inside` keeps
    others on this machine from reading new files.
    """

    def __init__(
        self, file: Path, *, about: Mapping[str, str], keep: int, inside: bool = False
    ) -> None:
        self._json = file.with_name(file.name + ".json")
        self._atom = file.with_name(file.name + ".atom")
        self._about = about
        self._keep = keep
        self._mode = 0o640 if inside else 0o644

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Write both files with the delivery's entries in them; see `alerts.model.Sender`."""
        try:
            told = json.loads(delivery.payload)["entries"]
            new = [Entry.read(one) for one in told]
        except (ValueError, KeyError, TypeError) as error:
            raise DeliveryError(f"{error}", kind="permanent") from error
        try:
            known, note = self._known()
            entries = newest({entry.id: entry for entry in (*known, *new)}.values(), self._keep)
            self._json.parent.mkdir(parents=True, exist_ok=True)
            with _Waiting(self._json, as_json(self._about, entries), self._mode) as json_file, (
                _Waiting(self._atom, as_atom(self._about, entries), self._mode)
            ) as atom_file:  # fmt: skip
                handing_over()
                json_file.show()
                atom_file.show()
        except OSError as error:
            # Written again it is the same feed, so nothing is uncertain here.
            raise DeliveryError(
                f"the feed could not be written to {self._json.parent}: {error.strerror or error}",
                kind="temporary",
                help="make room, or let the watcher write there",
            ) from error
        return f"written to {self._atom} and {self._json.name}{note}"

    def check(self) -> str:
        """Write and remove a file; see `alerts.model.Sender`."""
        try:
            self._json.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._json.parent):
                pass
            self._read()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise DeliveryError(
                f"the feed cannot be kept in {self._json.parent}: {why or error}", kind="temporary"
            ) from error
        return f"the feed is written to {self._atom} and {self._json.name}"

    def close(self) -> None:
        """Nothing is held open."""

    def _known(self) -> tuple[list[Entry], str]:
        """Return what the feed holds; a file that is not ours is put aside, and that is said."""
        try:
            return self._read(), ""
        except ValueError as error:
            aside = self._json.with_name(self._json.name + ".broken")
            self._json.replace(aside)
            return [], f"; {error}, so it lies in {aside.name} now and the feed begins anew"

    def _read(self) -> list[Entry]:
        """Read the entries of the JSON file. Raises `ValueError`, `OSError`."""
        try:
            with self._json.open("rb") as file:
                octets = file.read(LARGEST)
        except FileNotFoundError:
            return []
        try:
            return [_entry(item) for item in json.loads(octets)["items"]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError(f"{self._json.name} was no feed of ours") from None


def newest(entries: Any, keep: int) -> list[Entry]:
    """Return the `keep` newest entries, the newest first; of one time in the order of their ids."""
    by_id = sorted(entries, key=lambda entry: entry.id)
    by_time = sorted(by_id, key=lambda entry: datetime.fromisoformat(entry.published), reverse=True)
    return by_time[:keep]


def as_json(about: Mapping[str, str], entries: Sequence[Entry]) -> bytes:
    """Return a JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    feed: dict[str, Any] = {"version": JSON_FEED, "title": about["title"]}
    if "address" in about:
        feed |= {"home_page_url": about["home"], "feed_url": about["address"] + ".json"}
    feed |= {"language": about["language"], "items": [_item(entry) for entry in entries]}
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"


def as_atom(about: Mapping[str, str], entries: Sequence[Entry]) -> bytes:
    """Return an Atom feed (RFC 4287)."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": about["language"]})
    _add(feed, "id", about["id"])
    _add(feed, "title", about["title"])
    _add(feed, "updated", entries[0].published if entries else "1970-01-01T00:00:00+00:00")
    _add(ET.SubElement(feed, "author"), "name", about["title"])
    _add(feed, "generator", "brand-watcher")
    if "address" in about:
        own = {"rel": "self", "type": "application/atom+xml", "href": about["address"] + ".atom"}
        ET.SubElement(feed, "link", own)
        ET.SubElement(feed, "link", {"rel": "alternate", "href": about["home"]})
    for entry in entries:
        one = ET.SubElement(feed, "entry")
        _add(one, "id", entry.id)
        _add(one, "title", entry.title)
        _add(one, "published", entry.published)
        _add(one, "updated", entry.published)
        if entry.author:
            _add(ET.SubElement(one, "author"), "name", entry.author)
        if entry.url:
            link = {"rel": "alternate", "href": _NOT_XML.sub("", entry.url)}
            ET.SubElement(one, "link", link)
        for tag in entry.tags:
            ET.SubElement(one, "category", {"term": _NOT_XML.sub("", tag)})
        _add(one, "content", entry.html, type="html")
    ET.indent(feed, " ")
    octets: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return octets + b"\n"


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _NOT_XML.sub("", text)


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {"id": entry.id}
    if entry.url:
        item["url"] = entry.url
    item |= {
        "title": entry.title,
        "content_html": entry.html,
        "date_published": entry.published,
    }
    if entry.author:
        item["authors"] = [{"name": entry.author}]
    if entry.tags:
        item["tags"] = list(entry.tags)
    return item


def _entry(item: Mapping[str, Any]) -> Entry:
    authors = item.get("authors") or [{"name": ""}]
    return Entry.read(
        {
            "id": item["id"],
            "url": item.get("url", ""),
            "title": item["title"],
            "html": item["content_html"],
            "published": item["date_published"],
            "author": authors[0]["name"],
            "tags": item.get("tags", ()),
        }
    )


def _clean(text: str) -> str:
    return _NOT_UTF8.sub("\ufffd", text)


class _Waiting:
    """A file that is wholly on disk under another name until `show` puts it in place."""

    def __init__(self, path: Path, content: bytes, mode: int) -> None:
        self._path = path
        self._content = content
        self._mode = mode
        self._temporary: Path | None = None

    def __enter__(self) -> "_Waiting":
        with tempfile.NamedTemporaryFile(
            dir=self._path.parent, prefix=f".{self._path.name}.", delete=False
        ) as file:
            self._temporary = Path(file.name)
            try:
                file.write(self._content)
                file.flush()
                os.fsync(file.fileno())
                self._temporary.chmod(self._mode)
            except BaseException:
                self.__exit__()
                raise
        return self

    def show(self) -> None:
        """Put it in place, in one step."""
        assert self._temporary is not None  # noqa: S101 - entered before
        with suppress(FileNotFoundError):  # who was let in by hand stays let in
            self._temporary.chmod(self._path.stat().st_mode & 0o777)
        self._temporary.replace(self._path)
        self._temporary = None

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
