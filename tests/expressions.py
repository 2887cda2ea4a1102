"""Expression trees and posts made by hypothesis, from a vocabulary small enough to meet."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.model import Account, Post

WORDS = (
    "acme",
    "Acme",
    "été",
    "Ete",
    "orange",
    "l'orange",
    "ma",
    "marque",
    "mamarque",
    "アクメ",
    "メ",
)
PHRASES = ("ma marque", "l'orange acme", "Acme été", "アクメ orange", 'say "acme"', "yahoo! ma")
TAGS = ("MaMarque", "mamarque", "Été", "acme_orange", "アクメ")
HANDLES = ("acme", "acme@far.example", "MaMarque", "orange.bsky.social")
FIELDS = (
    ("from", "acme"),
    ("from", "acme@far.example"),
    ("to", "orange"),
    ("lang", "fr"),
    ("network", "local"),
    ("source", "my town"),
    ("is", "reply"),
    ("is", "own"),
    ("has", "link"),
    ("has", "question"),
    ("domain", "acme.com"),
)

leaves: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(WORDS).map(lambda text: Word(text=text)),
    st.sampled_from(PHRASES).map(lambda text: Phrase(text=text)),
    st.sampled_from(("acm", "ora", "été", "mam")).map(lambda text: Prefix(text=text)),
    st.builds(Exact, text=st.sampled_from(WORDS)),
    st.builds(Exact, text=st.sampled_from(PHRASES), phrase=st.just(True)),
    st.sampled_from(TAGS).map(lambda text: Hashtag(text=text)),
    st.sampled_from(HANDLES).map(lambda text: Mention(text=text)),
    st.sampled_from(FIELDS).map(lambda pair: Field(name=pair[0], value=pair[1])),
)


def _joined(parts: list[Node], kind: type[And] | type[Or]) -> Node:
    """The parts under one node, as the parser makes it: nothing of a kind within its own kind."""
    flat = [q for p in parts for q in (p.parts if isinstance(p, kind) else (p,))]
    return kind(parts=tuple(flat))


def _branches(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        several.map(lambda parts: _joined(parts, And)),
        several.map(lambda parts: _joined(parts, Or)),
        inner.map(lambda part: Not(part=part)),
    )


trees: st.SearchStrategy[Node] = st.recursive(leaves, _branches, max_leaves=8)

_pieces = st.sampled_from(
    (
        *WORDS,
        *PHRASES,
        *(f"#{tag}" for tag in TAGS),
        *(f"@{handle}" for handle in HANDLES),
        "https://shop.acme.com/orange?x",
        "L’Orange",
        "É́té",
        "#",
        "?",
        "ﬁn",
        "ACME",
    )
)
texts: st.SearchStrategy[str] = st.lists(
    st.one_of(_pieces, st.text(max_size=3)), max_size=8
).flatmap(lambda pieces: st.sampled_from((" ", "", ", ")).map(lambda gap: gap.join(pieces)))


def post(text: str, *, id: str = "1", handle: str = "someone", **more: object) -> Post:
    """A post that says `text`, by `handle`."""
    author = Account(network="local", id=handle, handle=handle)
    when = datetime(2026, 5, 4, 12, tzinfo=UTC)
    return Post(network="local", id=id, author=author, text=text, posted_at=when, **more)  # type: ignore[arg-type]


posts: st.SearchStrategy[Post] = st.builds(
    post,
    texts,
    handle=st.sampled_from(("someone", *HANDLES)),
    language=st.sampled_from((None, "fr", "fr-CA", "en")),
    source=st.sampled_from(("", "my town")),
    links=st.sampled_from(((), ("https://acme.com/",), ("https://notacme.com/",))),
    hashtags=st.lists(st.sampled_from(TAGS), max_size=1).map(tuple),
    mentions=st.lists(st.sampled_from(HANDLES), max_size=1).map(tuple),
    reply_to=st.sampled_from((None, "0")),
    reply_to_handle=st.sampled_from((None, "orange")),
)
