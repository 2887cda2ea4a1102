"""An embedded microblog in one file, and the source that watches it like any other network."""

from watcher.backends.local.importing import Imported, import_pages
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.backends.local.network import LocalNetwork
from watcher.backends.local.source import LocalSource

__all__ = [
    "Imported",
    "LocalNetwork",
    "LocalSource",
    "Microblog",
    "NewPost",
    "Profile",
    "import_pages",
]
