"""An invented town for `watcher demo`: a railway, its rival, its travellers and its impostors.

Nordelia, Voltrame, and everybody in `town.jsonl` are made up, and so is every word they say. The
domains end in `.example`, which nobody can own.
"""

from watcher.demo.town import CONFIG, found_town

__all__ = ["CONFIG", "found_town"]
