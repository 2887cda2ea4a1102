"""How many posts a CPU-second an archive gives, and how much memory that takes.

    python -m benchmarks.archive [--quick] [--json] [FILE ...]

Without a file: the 100,000 real posts. Nothing is stored; pages are made and let go.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from watcher.backends import ArchiveSource

POSTS = Path(__file__).resolve().parents[2] / "shared/data/bench/posts-100k.jsonl.gz"


def measure(file: Path, most: int) -> dict[str, str | int]:
    """Read a file, or its first posts, and return the figures."""
    reader = ArchiveSource(name="bench", file=str(file.absolute())).open(Path())
    posts = skipped = 0
    started = time.process_time()
    for page in reader.pages(None):
        posts += len(page.posts)
        skipped += page.skipped_count
        if posts >= most:
            break
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "file": file.name,
        "posts": posts,
        "skipped": skipped,
        "posts_per_cpu_second": round(posts / seconds),
        "peak_memory_mb": peak,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, default=[POSTS])
    parser.add_argument("--quick", action="store_true", help="20,000 posts of each file")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    absent = [file for file in options.files if not file.exists()]
    if absent:
        print(f"there are no posts at {absent[0]}: name another file", file=sys.stderr)
        return 1
    rows = [measure(file, 20_000 if options.quick else sys.maxsize) for file in options.files]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'file':32} {'posts':>8} {'skipped':>8} {'posts/CPU s':>12} {'peak MB':>8}")
    for name, posts, skipped, rate, peak in (row.values() for row in rows):
        print(f"{name:32} {posts:8,} {skipped:8,} {rate:12,} {peak:8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
