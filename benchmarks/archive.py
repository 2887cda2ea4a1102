"""How many posts a CPU-second an archive gives, and how much memory that takes.

    python -m benchmarks.archive [FILE ...]

Without a file: the 100,000 real posts. Nothing is stored; pages are made and let go.
"""

import resource
import sys
import time
from pathlib import Path

from watcher.backends import ArchiveSource

POSTS = Path(__file__).resolve().parents[2] / "shared/data/bench/posts-100k.jsonl.gz"


def main(files: list[Path]) -> None:
    print(f"{'file':32} {'posts':>8} {'skipped':>8} {'posts/CPU s':>12} {'peak MB':>8}")
    for file in files:
        reader = ArchiveSource(name="bench", file=str(file.absolute())).open(Path())
        posts = skipped = 0
        started = time.process_time()
        for page in reader.pages(None):
            posts += len(page.posts)
            skipped += page.skipped_count
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{file.name:32} {posts:8,} {skipped:8,} {posts / seconds:12,.0f} {peak:8.0f}")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or [POSTS])
