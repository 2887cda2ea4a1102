"""Frames of a repository stream: the only module that knows libipld.

A frame is two values of DAG-CBOR: what it is, and what it says. A commit carries its records as the
blocks of a CAR file. Signatures are not looked at: the server that one connects to is believed.
"""

from dataclasses import dataclass, field
from typing import Any

import libipld

from watcher.backends.formats import UnreadableError, values
from watcher.backends.formats.bluesky_records import POSTS, PROFILES
from watcher.backends.interface import BackendError

MOST_CHANGES = 200
"""Changes of one commit: the protocol's own bound."""
_LARGEST_NUMBER = 2**53
_ACTIONS = frozenset({"create", "update", "delete"})


@dataclass(slots=True)
class Frame:
    """What a frame says, as events of Jetstream."""

    events: list[dict[str, Any]] = field(default_factory=list)
    number: int | None = None
    at: int | None = None
    outdated: bool = False
    unreadable: str = ""


class FutureCursorError(BackendError):
    """The server has not come as far as we have read: it was set up anew."""


def read_frame(octets: bytes) -> Frame:
    """Read a frame. Raises `BackendError` where it says that the stream ends."""
    try:
        head, body = libipld.decode_dag_cbor_multi(octets)
        kind, operation = head.get("t"), head.get("op")
        if operation == -1:
            raise _ended(body)
        number = body.get("seq")
    except (ValueError, RecursionError, AttributeError, TypeError):
        return Frame(unreadable="a frame cannot be read")
    if kind == "#info":
        return Frame(outdated=body.get("name") == "OutdatedCursor")
    if not isinstance(number, int) or not 0 <= number < _LARGEST_NUMBER:
        return Frame(unreadable="a frame without a number")
    frame = Frame(number=number, at=_microseconds(body.get("time")))
    try:
        if kind == "#commit":
            frame.events = _changes(body, frame)
        elif kind in ("#identity", "#account"):
            frame.events = [{"did": body.get("did"), "kind": kind[1:], kind[1:]: body}]
    except (ValueError, RecursionError, AttributeError, TypeError):
        frame.events, frame.unreadable = [], "a commit cannot be read"
    for event in frame.events:
        event["time_us"] = frame.at
    return frame


def _ended(body: Any) -> BackendError:
    name = values.words(values.record(body).get("error"), 80)
    if name == "FutureCursor":
        return FutureCursorError("the server has not come so far yet", kind="temporary")
    why = "as we read too slowly" if name == "ConsumerTooSlow" else "with an error"
    return BackendError(f"the server ended the stream {why}", kind="temporary")


def _changes(body: dict[str, Any], frame: Frame) -> list[dict[str, Any]]:
    """Return the changes of posts and profiles that a commit makes."""
    wanted = [
        (change, *change["path"].split("/", 1))
        for change in values.records(body.get("ops"))[:MOST_CHANGES]
        if str(change.get("path")).startswith((f"{POSTS}/", f"{PROFILES}/"))
        and change.get("action") in _ACTIONS
    ]
    if not wanted:
        return []
    blocks = libipld.decode_car(body["blocks"])[1] if body.get("blocks") else {}
    events = []
    for change, collection, key in wanted:
        commit = {"operation": change["action"], "collection": collection, "rkey": key}
        if change["action"] != "delete":
            record = blocks.get(change.get("cid"))
            if record is None:
                frame.unreadable = "a commit without the record that it writes"
                continue
            commit["record"] = _as_json(record)
        events.append({"did": body.get("repo"), "kind": "commit", "commit": commit})
    return events


def _as_json(value: Any) -> Any:
    """Return a record as JSON has it: links to blobs by their names."""
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, bytes):
        try:
            return {"$link": libipld.encode_cid(value)}
        except ValueError:
            return None
    return value


def _microseconds(stated: Any) -> int | None:
    try:
        return round(values.moment(stated).timestamp() * 1_000_000)
    except UnreadableError:
        return None
