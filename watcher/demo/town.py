"""Fills the embedded microblog with the town.

`town.jsonl` holds three kinds of lines, in this order: accounts (`days` old), who follows whom, and
posts, oldest first (`ago`: minutes before now; a `label` names a post for replies and reposts).
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from watcher.backends.local import Microblog, NewPost, Profile
from watcher.backends.local.microblog import Change

FOLDER = Path(__file__).resolve().parent

CONFIG = FOLDER / "config.toml"
"""The demo's configuration; it expects the town in `town.sqlite` beside itself."""


def found_town(file: Path, now: datetime) -> None:
    """Make the microblog at `file` and let the whole town speak, the last of it just before `now`.

    `now` is aware. The same `now` gives the same town. Raises `BackendError` where the file cannot
    be written; an existing microblog gets the posts that it does not have yet.
    """
    lines = (FOLDER / "town.jsonl").read_text(encoding="utf-8").splitlines()
    with Microblog.found(file, now).change() as change:
        for line in map(json.loads, lines):
            if "account" in line:
                _settle(change, line, now)
            elif "follows" in line:
                for followed in line["follows"]:
                    change.follow(line["by"], followed)
            else:
                _speak(change, line, now - timedelta(minutes=line["ago"]))


def _settle(change: Change, line: dict[str, Any], now: datetime) -> None:
    profile = Profile(
        display_name=line["name"],
        bio=line["bio"],
        created=now - timedelta(days=line["days"]),
        bot=line.get("bot", False),
        locked=line.get("locked", False),
        discoverable=line.get("discoverable", True),
    )
    change.account(line["account"], now, profile)


def _speak(change: Change, line: dict[str, Any], at: datetime) -> None:
    """Write one post. What it answers is known by its label, which is its `ref` here."""
    parents = {
        kind: change.post_of_ref(line[kind])
        for kind in ("reply_to", "quote_of", "repost_of")
        if kind in line
    }
    if original := parents.get("repost_of"):
        change.repost(line["by"], original, at)
        return
    change.post(
        NewPost(
            author=line["by"],
            text=line["text"],
            posted_at=at,
            language=line["lang"],
            reply_to=parents.get("reply_to"),
            quote_of=parents.get("quote_of"),
            likes=line.get("likes", 0),
            ref=line.get("label", f"{line['by']}-{line['ago']}"),
        )
    )
