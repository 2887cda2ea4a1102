"""What a piece of work costs, whatever else the machine does meanwhile.

Seconds of CPU alone say little: on a busy machine the same work takes twice as many, since others
use the caches and the other half of the core, and a collection of garbage, due at any moment, walks
through all that earlier tests have left. So work is measured without collections, between two
measurements of a yardstick, and told in seconds of the machine on which the yardstick was made.
"""

import gc
import time
from collections.abc import Callable

_YARD = 0.010
"""Seconds of CPU that `_yardstick` takes on a calm core of the machine of the budgets."""


def _yardstick() -> None:
    counts: dict[str, int] = {}
    for n in range(42_500):
        word = f"w{n & 1023}"
        counts[word] = counts.get(word, 0) + len(word)


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def effort(work: Callable[[], object]) -> float:
    """Return what `work` costs: seconds of CPU of a calm core of the machine of the budgets."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yards = _cpu(_yardstick)
        taken = _cpu(work)
        yards += _cpu(_yardstick)
    finally:
        if was_on:
            gc.enable()
    return taken * 2 * _YARD / yards
