"""What is stored, as tables: each column with its type and what it means. `docs/export.md` tells.

A column keeps its name and its meaning for good; new ones come last.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.evaluator import Evaluator
from rules.text import analyse
from watcher.export.errors import ExportError
from watcher.export.table import Column, Table, Type, Value
from watcher.store import Store, Wanted
from watcher.store.exporting import KINDS, Keep

_ABOUT_POST: tuple[tuple[str, Type, str], ...] = (
    ("post", "text", "Key of the post: the `key` of `posts`."),
    ("posted_at", "time", "When the post was written."),
    ("author_key", "text", "Key of its author: the `key` of `accounts`."),
    ("author", "text", "Handle of its author, without `@`."),
    ("text", "text", "The post as plain text."),
    ("language", "text", "The language that the post states, as BCP 47; empty where it says none."),
    ("url", "text", "Address of the post."),
    ("private", "boolean", "Whether only those may read it whom its author chose."),
)
_COUNTS: tuple[tuple[str, Type, str], ...] = (
    ("likes", "integer", "Likes, as the network told them when the post was read last."),
    ("reposts", "integer", "Reposts, likewise."),
    ("replies", "integer", "Answers, likewise."),
)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One of the tables that hold what is stored."""

    name: str
    meaning: str
    """What one row is."""
    time: str
    """The column that `since` and `until` are held against."""
    columns: tuple[Column, ...]

    @property
    def narrowed_by(self) -> tuple[str, ...]:
        """By what rows can be chosen, beside the time."""
        kind = KINDS[self.name]
        found = {"brand": kind.brand, "rule": kind.rule, "find": kind.post}
        return tuple(name for name, how in found.items() if how is not None)


def _stored(name: str, meaning: str, time: str, *columns: tuple[str, Type, str]) -> Stored:
    return Stored(
        name=name, meaning=meaning, time=time, columns=tuple(Column(*one) for one in columns)
    )


_ALL = (
    _stored(
        "posts",
        "A stored post, whether a rule found it or not.",
        "posted_at",
        ("key", "text", "The post: its network and id, `mastodon:...`."),
        ("network", "text", "Where it was written: `mastodon`, `bluesky`, `x`, `local` ..."),
        ("id", "text", "Its id on its network; never a number, however it looks."),
        ("posted_at", "time", "When it was written."),
        ("seen", "time", "When it was read first."),
        ("author_key", "text", "Key of its author: the `key` of `accounts`."),
        ("author", "text", "Handle of its author, without `@`."),
        ("author_name", "text", "Display name of its author."),
        ("author_followers", "integer", "Followers of its author, when the account was seen last."),
        ("author_bot", "boolean", "Whether its author says to be a machine."),
        ("text", "text", "What it says, as plain text."),
        ("language", "text", "The language that it states, as BCP 47; empty where it says none."),
        ("url", "text", "Its address."),
        ("source", "text", "Name of the configured source that brought it first."),
        ("reply_to", "text", "Key of the post that it answers."),
        ("reply_to_handle", "text", "Handle of the account that it answers."),
        ("repost_of", "text", "Key of the post that it passes on."),
        ("quote_of", "text", "Key of the post that it quotes."),
        ("links", "texts", "Addresses in it."),
        ("titles", "texts", "Titles of the pages that it links to, as the network states them."),
        ("hashtags", "texts", "Its hashtags, without `#`."),
        ("mentions", "texts", "Handles that it mentions, without `@`."),
        ("media", "texts", "Addresses of its pictures and films."),
        *_COUNTS,
        ("edited_at", "time", "When its author changed it last; empty where nobody says so."),
        ("private", "boolean", "Whether only those may read it whom its author chose."),
    ),
    _stored(
        "matches",
        "A post that a rule found; a post has a row for each rule that found it.",
        "posted_at",
        ("id", "integer", "Number of the match, as `watcher matches show` takes it."),
        ("rule", "text", "Name of the rule."),
        ("found", "time", "When the rule found it."),
        *_ABOUT_POST,
        ("matched", "texts", "The words that matched, in the order of the text."),
        ("reason", "text", "Why the rule found it, in one sentence."),
        ("verdict", "text", "What a person said of it: `relevant`, `irrelevant` or nothing."),
        ("copy_of", "integer", "The `id` of the match whose post says the same, where it is one."),
        ("source", "text", "Name of the configured source that brought the post first."),
    ),
    _stored(
        "spoken",
        "A post that speaks of a brand, whatever the rules; of two brands: two rows.",
        "posted_at",
        ("brand", "text", "Name of the brand."),
        *_ABOUT_POST,
        ("tone", "text", "`negative`, `neutral` or `positive`; empty where nothing can tell."),
        ("confidence", "number", "How likely the tone is, 0 to 1; 1 where a person said it."),
        ("complaint", "boolean", "Whether somebody complains in it."),
        ("relevance", "number", "How likely it is about the brand, 0 to 1; empty: not asked."),
        ("left_out", "boolean", "Whether it clearly is not about the brand: not counted."),
        ("repost_of", "text", "Key of the post that it passes on."),
        *_COUNTS,
    ),
    _stored(
        "suspects",
        "An account or a domain that looks like a brand.",
        "last_seen",
        ("id", "integer", "Number of the suspect, as `watcher suspects show` takes it."),
        ("subject", "text", "Key of the account (`network:id`), or the domain."),
        ("name", "text", "Handle or domain that resembles the brand."),
        ("display_name", "text", "Display name of the account."),
        ("brand", "text", "The brand that it looks like."),
        ("rule", "text", "Name of the rule that raised it."),
        ("score", "number", "How alike it is, 0 to 1."),
        ("band", "text", "The same in a word: `high`, `medium` or `low`."),
        ("techniques", "texts", "How the name was changed."),
        ("reason", "text", "Why it was raised, in one sentence."),
        ("evidence", "texts", "What speaks for it and against it, a sentence each."),
        ("verdict", "text", "`open`, or what a person said: `confirmed`, `dismissed`, `ours` ..."),
        ("first_seen", "time", "When it was raised."),
        ("last_seen", "time", "When it was seen last."),
        ("account_key", "text", "Key of the account; empty for a domain."),
        ("url", "text", "Address of the account."),
        ("created", "time", "When the account was made, as the network says."),
        ("followers", "integer", "Followers of the account, when it was seen last."),
        ("bio", "text", "What the account says of itself."),
    ),
    _stored(
        "suspect_events",
        "Something that became of a suspect: raised, renamed, judged ...",
        "at",
        ("suspect", "integer", "The `id` of the suspect."),
        ("subject", "text", "Key of the account, or the domain."),
        ("at", "time", "When it happened."),
        ("kind", "text", "What: `raised`, `rescored`, `renamed`, `changed`, `judged`, `noted` ..."),
        ("what", "text", "What was seen, in one sentence."),
        ("score", "number", "The score after it."),
        ("before", "number", "The score before it."),
        ("verdict", "text", "The verdict of a `judged`."),
        ("by", "text", "Who judged or noted; empty where the watcher saw something."),
        ("note", "text", "What that person noted."),
    ),
    _stored(
        "accounts",
        "An account that wrote a stored post, or was looked at.",
        "seen",
        ("key", "text", "The account: its network and id."),
        ("network", "text", "Where it is."),
        ("id", "text", "Its id on its network; never a number, however it looks."),
        ("handle", "text", "Its handle, without `@`."),
        ("display_name", "text", "Its display name."),
        ("bio", "text", "What it says of itself."),
        ("url", "text", "Its address."),
        ("avatar", "text", "Address of its picture."),
        ("created", "time", "When it was made, as the network says."),
        ("followers", "integer", "How many follow it."),
        ("following", "integer", "How many it follows."),
        ("bot", "boolean", "Whether it says to be a machine; empty where nobody says."),
        ("locked", "boolean", "Whether it decides who may follow it."),
        ("discoverable", "boolean", "Whether it wants to be found."),
        ("verified", "texts", "Addresses that the network found to link back to it."),
        ("last_post", "time", "When it posted last, as the network says."),
        ("seen", "time", "When it looked like this."),
    ),
    _stored(
        "alarms",
        "A storm, a silence or a new term that a rate told of.",
        "raised",
        ("id", "integer", "Number of the alarm, as `watcher alarms show` takes it."),
        ("rule", "text", "Name of the rule."),
        ("kind", "text", "What was unusual: `storm`, `silence` ..."),
        ("group", "text", "The author, brand, domain or term that it is about; often empty."),
        ("raised", "time", "When it was raised."),
        ("since", "time", "Where the stretch of time begins that it is about."),
        ("until", "time", "Where that stretch ends."),
        ("count", "integer", "How many posts there were in it."),
        ("reason", "text", "What is unusual and by how much, in one sentence."),
        ("going", "time", "When it was last seen to go on."),
        ("ended", "time", "When it was found to be over; empty until then."),
        ("acknowledged", "time", "When somebody said to see to it."),
        ("acknowledged_by", "text", "Who said so."),
    ),
    _stored(
        "digests",
        "A message made for a channel, for however many recipients.",
        "created",
        ("id", "integer", "Number of the digest."),
        ("channel", "text", "Name of the channel."),
        (
            "kind",
            "text",
            "`digest`, `report`, or what was told beside: `escalation`, `heartbeat`, `blind`.",
        ),
        ("slot", "time", "The time that it was due."),
        ("created", "time", "When it was made."),
        ("mentions", "integer", "How many posts it shows."),
        ("suspects", "integer", "How many suspects it shows."),
        ("more", "integer", "How many findings it only counts."),
        ("late", "boolean", "Whether it was made late."),
        ("urgent", "boolean", "Whether somebody is to acknowledge it."),
        ("acknowledged", "time", "When somebody did."),
        ("acknowledged_by", "text", "Who did."),
    ),
    _stored(
        "deliveries",
        "One message to one recipient, without its content.",
        "created",
        ("id", "integer", "Number of the delivery, as `watcher deliveries show` takes it."),
        ("digest", "integer", "The `id` of the digest."),
        ("channel", "text", "Name of the channel."),
        ("kind", "text", "`email`, or what a channel of another kind hands over."),
        ("recipient", "text", "Address of the recipient, or what stands for one elsewhere."),
        ("state", "text", "`waiting`, `sent`, `failed`, `parked` ..."),
        ("attempts", "integer", "How often it was tried."),
        ("uncertain", "integer", "How often nobody knows whether it arrived."),
        ("created", "time", "When it was written."),
        ("next_attempt", "time", "When it is tried next."),
        ("settled", "time", "When it was sent, refused for good or parked."),
        ("answer", "text", "What the other side said last."),
        ("message_id", "text", "Its Message-ID."),
    ),
    _stored(
        "judgements",
        "Something that a person said of a match; the last one of a match counts.",
        "at",
        ("match", "integer", "The `id` of the match."),
        ("rule", "text", "Name of the rule."),
        ("post", "text", "Key of the post."),
        ("verdict", "text", "`relevant` or `irrelevant`; empty takes back what was said before."),
        ("note", "text", "Why."),
        ("by", "text", "Who said so."),
        ("at", "time", "When."),
    ),
    _stored(
        "follows",
        "An account that was proposed to be followed.",
        "created",
        ("id", "integer", "Number of the proposal, as `watcher follows show` takes it."),
        ("account_key", "text", "Key of the account."),
        ("handle", "text", "Its handle, without `@`."),
        ("channel", "text", "Name of the channel that proposed it."),
        ("rule", "text", "Name of the rule that led to it."),
        ("clause", "text", "The clause of the policy that decided."),
        ("reason", "text", "Why, in one sentence."),
        ("points", "integer", "What the clauses that it met come to."),
        ("state", "text", "`proposed`, `approved`, `followed`, `refused`, `undone` ..."),
        ("created", "time", "When it was proposed."),
        ("decided", "time", "When a person or the policy decided."),
        ("by", "text", "Who decided."),
        ("note", "text", "What that person noted."),
    ),
)  # fmt: skip

STORED: Mapping[str, Stored] = {one.name: one for one in _ALL}
"""The tables of what is stored, by name, in the order in which they are told of."""


@dataclass(frozen=True, slots=True)
class _Anew:
    """Rows that are read again each time that somebody begins to."""

    read: Callable[[], Iterator[tuple[Value, ...]]]

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return self.read()


def stored(
    store: Store, name: str, wanted: Wanted | None = None, find: Evaluator | None = None
) -> Table:
    """Return a table of what is stored; each time it is gone through, the rows are read anew.

    `find` chooses rows by their posts. Raises `ExportError` for a table that does not exist or
    cannot be narrowed so; reading raises `StoreError`.
    """
    wanted = wanted or Wanted()
    shape = shape_of(name)
    for key, value in (("brand", wanted.brand), ("rule", wanted.rule), ("find", find)):
        if value is not None and key not in shape.narrowed_by:
            fit = ", ".join(one.name for one in _ALL if key in one.narrowed_by)
            raise ExportError(f"{name} cannot be chosen by {key}", help=f"these can: {fit}")
    names = [column.name for column in shape.columns]
    keep = _keeping(store, find) if find else None
    return Table(name, shape.columns, _Anew(lambda: store.export_rows(name, names, wanted, keep)))


def shape_of(name: str) -> Stored:
    """Return what a table is like. Raises `ExportError` for one that does not exist."""
    if name not in STORED:
        raise ExportError(
            f"there is no table called {name[:60]!r}", help=f"there are: {', '.join(STORED)}"
        )
    return STORED[name]


def _keeping(store: Store, find: Evaluator) -> Keep:
    def keep(rids: Sequence[int]) -> frozenset[int]:
        return frozenset(
            one.rid
            for one in store.posts_by_rid(list(dict.fromkeys(rids)))
            if find.spans(analyse(one.post)) is not None
        )

    return keep
