"""Finding stored posts, by the index of the database or one in a folder.

interface    the seam: what is asked of either
in_database  beside a store in PostgreSQL: that database's full-text index
in_folder    beside a store in SQLite: catch up with SQL, mend, rebuild, forget, search
folder       its folder: partitions, the lock, one partition replacing another
partitions   one partition on disk, how documents are added to it
segments     a part of it opened for reading
disk         all that Whoosh does, which is known nowhere else
keys         what is kept of a post
planning     what is asked for an expression
plans        how that is asked, of a segment or of the database
newest       from candidates to verified hits, newest first
"""

from pathlib import Path

from watcher.search.errors import SearchError
from watcher.search.in_database import DatabaseIndex
from watcher.search.in_folder import FolderIndex
from watcher.search.interface import Index, Progress, StoreReader
from watcher.search.newest import Hit, Results
from watcher.store import Store

__all__ = [
    "DatabaseIndex",
    "FolderIndex",
    "Hit",
    "Index",
    "Progress",
    "Results",
    "SearchError",
    "StoreReader",
    "open_index",
]


def open_index(folder: Path, store: Store) -> Index:
    """Open the index of a store: in its own database on PostgreSQL, else in `folder`.

    Raises SearchError where neither can be used.
    """
    return DatabaseIndex.open(store) if store.on_server else FolderIndex.open(folder)
