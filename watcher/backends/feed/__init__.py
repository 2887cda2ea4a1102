"""Feeds: RSS, Atom and JSON Feed. Any blog, forum search or network without an API."""

from watcher.backends.feed.source import FeedSource

__all__ = ["FeedSource"]
