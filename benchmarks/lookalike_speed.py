"""How fast the look-alike detector is, and how much memory it takes."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from benchmarks.imitations import brands as made_up
from benchmarks.lookalike_figures import rows
from rules.lookalike import Detector, LookalikeRule
from rules.lookalike.forms import plain
from rules.model import Account, Brand

_MEMORY = """
import psutil
from benchmarks.imitations import brands
from rules.lookalike import Detector, LookalikeRule
from rules.model import Account, Brand
detector = Detector([LookalikeRule(name="all")], [Brand(name=one) for one in brands({count})])
detector.accounts(
    Account(network="x", id=str(at), handle=f"{{one}}_{{at}}", display_name=one)
    for at, one in enumerate(brands({count}) * 3)
)
print(psutil.Process().memory_info().rss / 2**20)
"""


def accounts(folder: Path, count: int) -> list[Account]:
    """Return ordinary handles, each with an ordinary display name."""
    names = [candidate for _, candidate, _ in rows(folder, "neg_display")]
    return [
        Account(network="x", id=str(at), handle=handle, display_name=names[at * 7919 % len(names)])
        for at, (_, handle, _) in zip(range(count), rows(folder, "neg_handles"), strict=False)
    ]


def speed(folder: Path, count: int, brands: int) -> dict[str, Any]:
    """Return what a run over ordinary accounts took, beside rapidfuzz `cdist` on their handles.

    `cdist` compares whole names, one handle with one brand; it knows nothing of forms, affixes or
    display names, and is here as the speed of comparing everything in compiled code.
    """
    people = accounts(folder, 2 * count)
    names = made_up(brands) if brands > 1 else ["Nordelia"]
    detector = Detector([LookalikeRule(name="all")], [Brand(name=name) for name in names])
    raising = _per_second(detector.accounts, people[:count])
    all_alike = _per_second(detector.candidates, people[count:])
    people = people[:count]
    handles, plain_names = [plain(one.handle) for one in people], [plain(name) for name in names]
    process.cdist(handles[:1], plain_names, scorer=JaroWinkler.similarity)  # imports what it needs
    began = time.process_time()
    process.cdist(handles, plain_names, scorer=JaroWinkler.similarity, score_cutoff=0.9)
    cdist = time.process_time() - began
    return {
        "accounts": len(people),
        "accounts_per_cpu_second": raising,
        "candidates_per_cpu_second": all_alike,
        "suspects": len(detector.accounts(people)),
        "cdist_handles_per_cpu_second": round(len(people) / cdist) if cdist > 0.01 else None,
    }


def _per_second(find: Callable[[list[Account]], object], people: list[Account]) -> int:
    """Return how many accounts a CPU-second takes: the better of two halves, none seen before."""
    half = len(people) // 2
    rates = []
    for part in (people[:half], people[half:]):
        began = time.process_time()
        find(part)
        rates.append(len(part) / (time.process_time() - began))
    return round(max(rates))


def memory(brands: int) -> int:
    """Return the megabytes that a process with so many brands takes after a run."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY.format(count=brands)],
        cwd=Path(__file__).resolve().parents[1], check=True, capture_output=True, text=True,
    )  # fmt: skip
    return round(float(done.stdout))
