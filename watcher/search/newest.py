"""Newest first: from the candidates of every segment to posts that really match, in order.

Segments are opened in the order of their newest post and only when it is their turn, so a page of
a common word reads the newest segment and no more, whatever the size of the index.
"""

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from rules.evaluator import Evaluator
from rules.language.tree import Span
from rules.model import Post
from rules.text import analyse
from watcher.search.plans import Plan
from watcher.search.segments import Segment, clamped
from watcher.store.records import StoredPost

LARGEST_READ = 500
"""Posts read from the store at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A post that matches, and where: sorted (start, end) offsets into its text."""

    rid: int
    post: Post
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """A page of hits, newest first."""

    hits: tuple[Hit, ...]
    more: bool
    """Whether older posts match too."""
    behind: int
    """How many stored posts the index did not know yet, and so could not find."""


class _Reader(Protocol):
    def posts_by_rid(self, rids: Sequence[int]) -> tuple[StoredPost, ...]: ...


def candidates(
    segments: Iterable[Segment], plan: Plan, since: datetime | None, before: datetime | None
) -> Iterator[tuple[int, int]]:
    """Yield (seconds, rid) of every document that the plan finds, newest first.

    The seconds of `since` and `before` themselves are included.
    """
    earliest = clamped(since.timestamp()) if since else 0
    latest = clamped(before.timestamp()) if before else sys.maxsize
    waiting = sorted(segments, key=lambda one: one.newest)  # the newest last
    opened: list[tuple[int, int, int, Iterator[tuple[int, int]]]] = []

    def push(number: int, rest: Iterator[tuple[int, int]]) -> None:
        for seconds, rid in rest:
            heapq.heappush(opened, (-seconds, -rid, number, rest))
            break

    while (waiting and waiting[-1].newest >= earliest) or opened:
        while waiting and (not opened or waiting[-1].newest >= -opened[0][0]):
            push(len(waiting), iter(_found(waiting.pop(), plan, earliest, latest)))
        if opened:
            seconds, rid, number, rest = heapq.heappop(opened)
            yield -seconds, -rid
            push(number, rest)


def _found(segment: Segment, plan: Plan, earliest: int, latest: int) -> list[tuple[int, int]]:
    if segment.oldest > latest or segment.newest < earliest:
        return []
    posted, rids = segment.posted, segment.rids
    found = [(posted[number], rids[number]) for number in plan.documents(segment)]
    if segment.oldest < earliest or segment.newest > latest:
        found = [one for one in found if earliest <= one[0] <= latest]
    found.sort(reverse=True)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a post must be to be a hit. `before` is excluded, `since` is not."""

    evaluator: Evaluator
    since: datetime | None = None
    before: datetime | None = None

    def answer(self, stored: StoredPost) -> Hit | None:
        """Return the post as a hit, None where it is not one."""
        posted = stored.post.posted_at
        if (self.since and posted < self.since) or (self.before and posted >= self.before):
            return None
        spans = self.evaluator.spans(analyse(stored.post))
        return None if spans is None else Hit(rid=stored.rid, post=stored.post, spans=spans)


def hits(
    found: Iterable[tuple[object, int]], question: Question, store: _Reader, first_read: int
) -> Iterator[Hit]:
    """Yield the candidates that are hits, newest first, by `posted_at` and then by `rid`.

    Candidates are (moment, rid). Posts are read from the store in batches that grow from
    `first_read`. An index may know whole seconds only, so a batch always ends with its moment.
    """
    batch: list[int] = []
    size = first_read
    for _, moment in groupby(found, key=itemgetter(0)):
        batch.extend(rid for _, rid in moment)
        if len(batch) >= size:
            yield from _verified(batch, question, store)
            batch = []
            size = min(2 * size, LARGEST_READ)
    yield from _verified(batch, question, store)


def _verified(rids: Sequence[int], question: Question, store: _Reader) -> list[Hit]:
    verified = []
    for start in range(0, len(rids), LARGEST_READ):
        posts = store.posts_by_rid(rids[start : start + LARGEST_READ])
        verified += [hit for hit in map(question.answer, posts) if hit]
    verified.sort(key=lambda hit: (hit.post.posted_at, hit.rid), reverse=True)
    return verified
