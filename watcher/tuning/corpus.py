"""The posts that a rule is tried on, and what people said of them.

They come in batches, so that a store of millions needs no more memory than a small one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.archive import ArchiveReader
from watcher.backends.formats import dig
from watcher.store import Store

Report = Callable[[int, int], None]
"""Is told (done, total) now and then; total is 0 where nobody knows."""

BATCH = 2000
"""Posts at a time."""
MOST_NAMED = 5
"""Records that could not be read, named in `skipped`; the others are only counted."""

_YES = frozenset({"true", "yes", "1", "related", "relevant", "y", "oui"})
_NO = frozenset({"false", "no", "0", "unrelated", "irrelevant", "n", "non"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A post, and whether a person called it relevant; None where nobody said."""

    post: Post
    relevant: bool | None = None


class Corpus(Protocol):
    """Posts to try a rule on. Each is read once."""

    @property
    def noun(self) -> str:
        """What to call one of them: `stored post`."""
        ...

    def batches(self, report: Report) -> Iterator[Sequence[Known]]:
        """Yield every post. Raises `StoreError` or `BackendError`."""
        ...

    def remarks(self) -> list[str]:
        """Say, once it has been read, what was left out; may quote a stranger."""
        ...


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The posts of the store in the order of their arrival."""

    store: Store
    judged: Mapping[str, bool] = field(default_factory=dict)
    """What people said, by the posts' keys."""
    since: datetime | None = None
    """Only posts written at this moment or later."""
    noun: str = "stored post"

    def batches(self, report: Report) -> Iterator[Sequence[Known]]:
        """Yield the posts."""
        done = rid = 0
        total = self.store.count_posts()
        while stored := self.store.posts_after(rid, BATCH):
            rid, done = stored[-1].rid, done + len(stored)
            yield [
                Known(post=one.post, relevant=self.judged.get(one.post.key))
                for one in stored
                if self.since is None or one.post.posted_at >= self.since
            ]
            report(done, total)

    def remarks(self) -> list[str]:
        """Nothing is ever left out."""
        return []


@dataclass(kw_only=True)
class Archived:
    """The posts of a file, with the judgements that stand in its records."""

    reader: ArchiveReader
    label: str = ""
    """Where in a record the judgement stands (`labels.related`); empty where there is none."""
    where: Sequence[tuple[str, str]] = ()
    """(path, value) that a record must have, compared without regard to case."""
    noun: str = "post"
    _seen: set[str] = field(default_factory=set, init=False, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _named: list[str] = field(default_factory=list, init=False, repr=False)

    def batches(self, report: Report) -> Iterator[Sequence[Known]]:
        """Yield the posts, each once, also where the file has it again."""
        batch: list[Known] = []
        done = 0
        for where, parsed, problem in self.reader.records():
            for trouble in [problem] if problem else parsed.notes:
                self._count("skipped")
                if len(self._named) < MOST_NAMED:
                    self._named.append(f"{where}: {trouble}")
            for post, record in zip(parsed.posts, parsed.origins, strict=True):
                if self._wanted(post, record):
                    batch.append(Known(post=post, relevant=self._judgement(record)))
            if len(batch) >= BATCH:
                done += len(batch)
                yield batch
                report(done, 0)
                batch = []
        yield batch

    def remarks(self) -> list[str]:
        """Say what was skipped or left out, what came twice and what has no judgement."""
        said = []
        wanted = " and ".join(f"{path}={value}" for path, value in self.where)
        for kind, one, many in (
            ("skipped", "item could not be read", "items could not be read"),
            ("repeated", "post came more than once", "posts came more than once"),
            ("elsewhere", f"post left out: not {wanted}", f"posts left out: not {wanted}"),
            ("unlabelled", f"post has no yes or no at {self.label}",
             f"posts have no yes or no at {self.label}"),
        ):  # fmt: skip
            if number := self._counts.get(kind, 0):
                said.append(f"{number:,} {one if number == 1 else many}")
        return said + [f"  {named}" for named in self._named]

    def _wanted(self, post: Post, record: object) -> bool:
        if any(_written(dig(record, path)) != value.casefold() for path, value in self.where):
            self._count("elsewhere")
            return False
        if post.key in self._seen:
            self._count("repeated")
            return False
        self._seen.add(post.key)
        return True

    def _judgement(self, record: object) -> bool | None:
        if not self.label:
            return None
        said = _written(dig(record, self.label))
        if said in _YES or said in _NO:
            return said in _YES
        self._count("unlabelled")
        return None

    def _count(self, kind: str) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """One text that somebody pasted, as a post of now by nobody."""

    text: str
    now: datetime
    noun: str = "pasted post"

    @property
    def post(self) -> Post:
        """The text as a post."""
        return pasted(self.text, self.now)

    def batches(self, report: Report) -> Iterator[Sequence[Known]]:  # noqa: ARG002 - one post
        """Yield the one post."""
        yield [Known(post=self.post)]

    def remarks(self) -> list[str]:
        """Nothing is left out."""
        return []


def pasted(text: str, now: datetime) -> Post:
    """Return a text as a post of `now` by nobody: its links, tags and mentions are its own."""
    nobody = Account(network="pasted", id="?", handle="?")
    return Post(
        network="pasted",
        id="1",
        author=nobody,
        text=text,
        posted_at=now,
        links=plaintext.links(text),
        hashtags=plaintext.hashtags(text),
        mentions=plaintext.mentions(text),
    )


def _written(value: object) -> str:
    """A value of a record as a person writes it in lower case: `true`, `audi`, `3`."""
    return "" if value is None else str(value).strip().casefold()
