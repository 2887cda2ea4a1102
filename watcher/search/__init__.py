"""Finding stored posts: the only room that knows Whoosh.

index     the index as a whole: catch up with SQL, mend, rebuild, forget, search
folder    its folder: partitions, the lock, one partition replacing another
segments  one partition on disk, and all that Whoosh does
terms     what is kept of a post, and what is asked for an expression
newest    from candidates to verified hits, newest first
"""

from watcher.search.errors import SearchError
from watcher.search.index import Index, Progress, StoreReader
from watcher.search.newest import Hit, Results

__all__ = ["Hit", "Index", "Progress", "Results", "SearchError", "StoreReader"]
