"""What must agree across the tables of a configuration: names, zones, rules, what is used.

Pure functions over a `Config`, one module for each subject; the paths of their problems lead from
the root of the file.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rules.errors import Problem
from watcher.coherence import brands, doubts, follows, lists, names, routing, settings, unfed, usage
from watcher.coherence.names import LONGEST_NAME
from watcher.coherence.usage import silent

if TYPE_CHECKING:
    from watcher.config import Config

__all__ = ["LONGEST_NAME", "problems", "silent"]


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what is wrong across tables, and what only looks so (warnings)."""
    for subject in (settings, brands, names, lists, routing, follows, doubts, unfed, usage):
        yield from subject.problems(config)
