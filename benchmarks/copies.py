"""How well posts that say the same are found, and how fast, beside other ways to do it.

    python -m benchmarks.copies [--quick] [--json] [FOLDER]

`recall` is the part of replab's labelled pairs of near-duplicates that are told to say the same.
`false rate` is the part of all other pairs of posts on one brand that are told so too; the labels
are not complete, so that many of these do say the same. `posts/s` is of CPU-seconds, for a stream
of posts as a rule sees it: ours compares each with the last 500 that said something new, the others
with all before it. The stream's own recall is the part of the later halves of pairs that a rule of
their brand takes for copies.

Prints figures only, no posts.
"""

import argparse
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]
from rapidfuzz import fuzz, process, utils

from rules.copies import ALIKE, SHORTEST_COMPARED, Originals, words
from rules.model import Account, Post

POSTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "posts"
WANTED = {"recall": 0.99, "false_rate": 0.001, "posts_per_cpu_second": 1000}
QUICK = 5
"""A quick run takes each fifth brand."""
_PERMUTATIONS = 64

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A post, its brand, and the first post of those that say the same."""

    post: Post
    brand: str
    first: str


def read(folder: Path, *, quick: bool = False) -> list[Labelled]:
    """Return the posts in the order in which they were written, each once."""
    found: dict[str, Labelled] = {}
    with gzip.open(folder / "replab.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            found.setdefault(row["id"], _labelled(row))
    posts = sorted(found.values(), key=lambda one: one.post.posted_at)
    if not quick:
        return posts
    brands = sorted({one.brand for one in posts})[::QUICK]
    return [one for one in posts if one.brand in brands]


def _labelled(row: dict[str, Any]) -> Labelled:
    author = Account(network="x", id=row["author"], handle=row["author"])
    post = Post(
        network="x",
        id=row["id"],
        author=author,
        text=row["text"],
        posted_at=datetime.fromisoformat(row["created_at"]),
    )
    labels = row["labels"]
    first = labels["near_duplicate_of"] or row["id"]
    return Labelled(post=post, brand=labels["entity"], first=first)


def pairs_of(posts: Sequence[Labelled]) -> set[Pair]:
    """Return the labelled pairs: a post and the one that it repeats, whatever their brands."""
    at = {one.post.id: n for n, one in enumerate(posts)}
    return {
        (min(n, at[one.first]), max(n, at[one.first]))
        for n, one in enumerate(posts)
        if one.first != one.post.id and one.first in at
    }


def others(posts: Sequence[Labelled]) -> dict[str, list[int]]:
    """Return the posts of each brand: what is false is counted among their pairs."""
    brands: dict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(posts):
        brands[one.brand].append(n)
    return brands


class _By:
    """Which pairs of posts some text of each says to be the same, from a ratio on."""

    def __init__(self, texts: Sequence[str], least: float, shortest: int = 0) -> None:
        self._texts, self._least, self._shortest = texts, least, shortest

    def same(self, one: int, other: int) -> bool:
        a, b = self._texts[one], self._texts[other]
        if a == b:
            return True
        return min(len(a), len(b)) >= self._shortest and fuzz.ratio(a, b) >= self._least

    def among(self, some: Sequence[int]) -> Iterable[Pair]:
        texts = [self._texts[n] for n in some]
        for at, text in enumerate(texts):
            ratios = process.cdist(
                [text], texts[at + 1 :], scorer=fuzz.ratio, score_cutoff=self._least
            )[0]
            for after in ratios.nonzero()[0]:
                pair = (some[at], some[at + 1 + int(after)])
                if self.same(*pair):
                    yield pair


class _Equal(_By):
    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(texts, 100)

    def same(self, one: int, other: int) -> bool:
        return self._texts[one] == self._texts[other]


class _Hashed:
    """MinHash of the three-letter pieces of texts; LSH proposes, nothing verifies."""

    def __init__(self, posts: Sequence[Labelled]) -> None:
        self._hashes = [_hash(one.post.text) for one in posts]

    def same(self, one: int, other: int) -> bool:
        return bool(self._hashes[one].jaccard(self._hashes[other]) >= 0.7)

    def among(self, some: Sequence[int]) -> Iterable[Pair]:
        index = MinHashLSH(threshold=0.7, num_perm=_PERMUTATIONS)
        for n in some:
            for other in index.query(self._hashes[n]):
                if self.same(other, n):
                    yield min(other, n), max(other, n)
            index.insert(n, self._hashes[n])


def _hash(text: str) -> MinHash:
    made = MinHash(num_perm=_PERMUTATIONS)
    plain = utils.default_process(text)
    made.update_batch([plain[at : at + 3].encode() for at in range(max(1, len(plain) - 2))])
    return made


def quality(posts: Sequence[Labelled], way: "_By | _Hashed") -> dict[str, Any]:
    """Return the recall on the labelled pairs, and the rate of others told to be the same."""
    labelled = pairs_of(posts)
    brands = others(posts)
    false = sum(
        posts[one].first != posts[other].first
        for some in brands.values()
        for one, other in way.among(some)
    )
    number = sum(len(some) * (len(some) - 1) // 2 for some in brands.values())
    return {
        "recall": round(sum(way.same(*pair) for pair in labelled) / len(labelled), 4),
        "false_rate": round(false / number, 6),
    }


def ours_in_a_stream(posts: Sequence[Labelled]) -> float:
    """Return the part of the later halves of pairs that a rule of their brand takes for copies."""
    rules: dict[str, Originals] = defaultdict(lambda: Originals("near"))
    copies = {
        n for n, one in enumerate(posts) if rules[one.brand].original_of(one.post) is not None
    }
    of_brand = [pair for pair in pairs_of(posts) if len({posts[n].brand for n in pair}) == 1]
    return round(sum(later in copies for _, later in of_brand) / len(of_brand), 4)


def ours(posts: Sequence[Labelled]) -> None:
    originals = Originals("near")
    for one in posts:
        originals.original_of(one.post)


def token_sort(posts: Sequence[Labelled]) -> None:
    """Compare each post with all before it, as rapidfuzz does by itself."""
    known: list[str] = []
    for one in posts:
        text = utils.default_process(one.post.text)
        process.extractOne(text, known, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE)
        known.append(text)


def min_hash(posts: Sequence[Labelled]) -> None:
    index = MinHashLSH(threshold=0.7, num_perm=_PERMUTATIONS)
    for n, one in enumerate(posts):
        made = _hash(one.post.text)
        index.query(made)
        index.insert(n, made)


def exact(posts: Sequence[Labelled]) -> None:
    known: set[str] = set()
    for one in posts:
        known.add(one.post.text)


def speed(find: Callable[[Sequence[Labelled]], None], posts: Sequence[Labelled]) -> int:
    """Return how many posts a CPU-second takes."""
    began = time.process_time()
    find(posts)
    return round(len(posts) / (time.process_time() - began))


def table(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return every figure."""
    posts = read(folder, quick=quick)
    few = posts[: 1500 if quick else 6000]
    sorted_ = [" ".join(sorted(utils.default_process(one.post.text).split())) for one in posts]
    ways: dict[str, tuple[_By | _Hashed, Callable[[Sequence[Labelled]], None]]] = {
        "ours": (_By([words(one.post) for one in posts], ALIKE, SHORTEST_COMPARED), ours),
        "token_sort_ratio": (_By(sorted_, ALIKE), token_sort),
        "minhash_lsh": (_Hashed(posts), min_hash),
        "exact": (_Equal([one.post.text for one in posts]), exact),
    }
    found = {
        name: quality(posts, way) | {"posts_per_cpu_second": speed(find, few)}
        for name, (way, find) in ways.items()
    }
    found["ours"]["posts_per_cpu_second"] = speed(ours, posts)
    return {
        "posts": len(posts),
        "pairs": len(pairs_of(posts)),
        "ways": found,
        "stream_recall": ours_in_a_stream(posts),
        "wanted": WANTED,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = table(asked.folder, quick=asked.quick)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['posts']:,} posts, {found['pairs']} labelled pairs\n")
    print(f"{'':18}{'recall':>8}{'false rate':>12}{'posts/s':>10}")
    for name, one in found["ways"].items():
        speed_ = one["posts_per_cpu_second"]
        print(f"{name:18}{one['recall']:8.4f}{one['false_rate']:12.6f}{speed_:10,}")
    wanted = found["wanted"]
    print(
        f"{'wanted':18}{wanted['recall']:8.4f}{wanted['false_rate']:12.6f}"
        f"{wanted['posts_per_cpu_second']:10,}"
    )
    print(f"\nours, in a stream of each brand: recall {found['stream_recall']:.4f}")


if __name__ == "__main__":
    main()
