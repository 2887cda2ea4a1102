"""What networks write, read into our words: one module per shape, none of them touches a file.

A format is an object with `parse(record, line) -> Parsed`. `record` is decoded JSON (or a CSV row
as a dict) from a stranger; what cannot be a post raises `UnreadableError`.
"""

from watcher.backends.formats import bluesky_views
from watcher.backends.formats.bluesky import Jetstream
from watcher.backends.formats.mastodon import Mastodon
from watcher.backends.formats.parsed import Format, Line, Parsed, UnreadableError
from watcher.backends.formats.simple import FieldMapping, Simple, dig
from watcher.backends.formats.x import X

__all__ = [
    "FieldMapping",
    "Format",
    "Jetstream",
    "Line",
    "Mastodon",
    "Parsed",
    "Simple",
    "UnreadableError",
    "X",
    "dig",
    "recognise",
]


def recognise(record: object) -> str:
    """Return the name of the format a record is in: mastodon, bluesky, x or jsonl."""
    if isinstance(record, list):
        return recognise(record[0]) if record else "jsonl"
    if not isinstance(record, dict):
        return "jsonl"
    if ("did" in record and "kind" in record) or bluesky_views.is_post(record):
        return "bluesky"
    if isinstance(record.get("account"), dict) and ("content" in record or "reblog" in record):
        return "mastodon"
    if "edit_history_tweet_ids" in record or "referenced_tweets" in record:
        return "x"
    if isinstance(record.get("data"), list | dict) and "text" not in record:
        return "x"
    if "author_id" in record and not isinstance(record.get("author"), str):
        return "x"
    return "jsonl"
