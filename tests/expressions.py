"""Expression trees and posts made by hypothesis, from a vocabulary small enough to meet.

`trees` hold no references: whatever executes trees can execute them. `written_trees` are what a
rule may say, brands and lists by name; `DEFINITIONS` has them.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.model import Account, Brand, Definitions, Post, WordList

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
PHRASES = (
    "ma marque",
    "l'orange acme",
    "Acme été",
    "アクメ orange",
    'say "acme"',
    "yahoo! ma",
    "acme 👍",
    "👍👎",
)
TAGS = ("MaMarque", "mamarque", "Été", "acme_orange", "アクメ")
HANDLES = ("acme", "acme@far.example", "MaMarque", "orange.bsky.social")
EMOJI = ("👍", "👍🏽", "👎", "👩‍💻", "❤️", "🇫🇷")
CASHTAGS = ("ACME", "acme", "ACM.A")
FUZZY = ("orange", "marque", "mamarque", "Orängé")
REGEXES = ("acme|orange", r"ma\s+mar", r"\bé", "(?-i:A)cme", "[ ,] ?ma", "/acme", r"\\/", "👍+")
FIELDS = (
    ("from", "acme"),
    ("from", "acme@far.example"),
    ("to", "orange"),
    ("mentions", "acme"),
    ("mentions", "acme@far.example"),
    ("bio", "acme"),
    ("bio", "ma marque"),
    ("lang", "fr"),
    ("network", "local"),
    ("source", "my town"),
    ("is", "reply"),
    ("is", "own"),
    ("has", "link"),
    ("has", "question"),
    ("domain", "acme.com"),
    ("url", "orange"),
    ("url", "ma marque"),
    ("sentiment", "negative"),
    ("sentiment", "unknown"),
)
DAY = 86_400
BOUNDS = {
    "followers": (0, 10, 1000, 10_000_000),
    "likes": (0, 1, 10),
    "reposts": (0, 5, 10),
    "age": (3600, DAY, 30 * DAY, 365 * DAY),
}

DEFINITIONS = Definitions(
    brands=(
        Brand(
            name="Ma Marque",
            spellings=("Mamarque", "Été"),
            accounts=("acme", "local:orange.bsky.social"),
        ),
    ),
    lists=(
        WordList(name="fruit", items=("orange", "ma marque", "#MaMarque", "@acme")),
        WordList(name="on the (side)", items=("👍",)),
    ),
    languages=("fr", "en"),
)


def _range(name: str, low: int | None, high: int | None) -> Node:
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Range(name=name, low=low, high=high)  # type: ignore[arg-type]


def _bounds(name: str) -> st.SearchStrategy[Node]:
    bound = st.sampled_from(BOUNDS[name])
    maybe = st.none() | bound
    return st.one_of(
        st.builds(_range, st.just(name), bound, maybe),
        st.builds(_range, st.just(name), maybe, bound),
    )


placed: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(WORDS).map(lambda text: Word(text=text)),
    st.sampled_from(PHRASES).map(lambda text: Phrase(text=text)),
    st.sampled_from(("acm", "ora", "été", "mam")).map(lambda text: Prefix(text=text)),
    st.builds(Exact, text=st.sampled_from((*WORDS, *EMOJI))),
    st.builds(Exact, text=st.sampled_from(PHRASES), phrase=st.just(True)),
    st.sampled_from(FUZZY).map(lambda text: Fuzzy(text=text)),
    st.sampled_from(TAGS).map(lambda text: Hashtag(text=text)),
    st.sampled_from(HANDLES).map(lambda text: Mention(text=text)),
    st.sampled_from(EMOJI).map(lambda text: Emoji(text=text)),
    st.sampled_from(CASHTAGS).map(lambda text: Cashtag(text=text)),
)
"""Leaves that stand at places among the words."""

_list_names = st.sampled_from(("fruit", "on the (side)", "nothing"))
_placed_references: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(("Ma Marque", "ma marque", "nobody")).map(lambda name: BrandName(name=name)),
    st.builds(ListName, name=_list_names),
)
references: st.SearchStrategy[Node] = st.one_of(
    _placed_references,
    st.builds(ListName, name=_list_names, within=st.sampled_from(("from", "to", "mentions"))),
)

_conditions: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(FIELDS).map(lambda pair: Field(name=pair[0], value=pair[1])),  # type: ignore[arg-type]
    st.sampled_from(REGEXES).map(lambda pattern: Regex(pattern=pattern)),
    st.sampled_from(tuple(BOUNDS)).flatmap(_bounds),
)


def _joined(parts: list[Node], kind: type[And] | type[Or]) -> Node:
    """The parts under one node, as the parser makes it: nothing of a kind within its own kind."""
    flat = [q for p in parts for q in (p.parts if type(p) is kind else (p,))]
    return kind(parts=tuple(flat))


def _nears(operand: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Two operands near each other, which may be alternatives or near each other themselves."""
    groups = st.one_of(
        operand,
        st.lists(operand, min_size=2, max_size=3).map(lambda parts: _joined(parts, Or)),
    )
    pairs = _near(groups)
    return st.one_of(pairs, _near(st.one_of(groups, pairs)))


def _near(operand: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(
        Near,
        left=operand,
        right=operand,
        distance=st.sampled_from((1, 2, 5, 100)),
        ordered=st.booleans(),
    )


def _branches(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        several.map(lambda parts: _joined(parts, And)),
        several.map(lambda parts: _joined(parts, Or)),
        several.flatmap(
            lambda parts: st.integers(1, len(parts)).map(
                lambda count: AtLeast(count=count, parts=tuple(parts))
            )
        ),
        inner.map(lambda part: Not(part=part)),
    )


nears: st.SearchStrategy[Node] = _nears(placed)
leaves: st.SearchStrategy[Node] = st.one_of(placed, _conditions)
trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(placed, _conditions, nears), _branches, max_leaves=8
)
"""Trees without references."""
written_trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(placed, _conditions, references, _nears(st.one_of(placed, _placed_references))),
    _branches,
    max_leaves=8,
)
"""Trees as rules write them, with the names of brands and lists."""

_pieces = st.sampled_from(
    (
        *WORDS,
        *PHRASES,
        *EMOJI,
        *(f"#{tag}" for tag in TAGS),
        *(f"@{handle}" for handle in HANDLES),
        *(f"${tag}" for tag in CASHTAGS),
        "ornage",
        "marqe",
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

WHEN = datetime(2026, 5, 4, 12, tzinfo=UTC)


def post(
    text: str,
    *,
    id: str = "1",
    handle: str = "someone",
    bio: str = "",
    followers: int | None = None,
    age: timedelta | None = None,
    **more: object,
) -> Post:
    """A post that says `text`, by `handle`, whose account was `age` old."""
    author = Account(
        network="local",
        id=handle,
        handle=handle,
        bio=bio,
        followers=followers,
        created=None if age is None else WHEN - age,
    )
    return Post(network="local", id=id, author=author, text=text, posted_at=WHEN, **more)  # type: ignore[arg-type]


_counts = st.sampled_from((None, 0, 1, 5, 10, 11))
posts: st.SearchStrategy[Post] = st.builds(
    post,
    texts,
    handle=st.sampled_from(("someone", *HANDLES)),
    bio=st.sampled_from(("", "Ma marque à moi", "acme, été")),
    followers=st.sampled_from((None, 0, 9, 10, 1000, 20_000_000)),
    age=st.sampled_from((None, 0, 3600, 30 * DAY, 400 * DAY)).map(
        lambda age: None if age is None else timedelta(seconds=age)
    ),
    language=st.sampled_from((None, "fr", "fr-CA", "en")),
    source=st.sampled_from(("", "my town")),
    links=st.sampled_from(
        ((), ("https://acme.com/",), ("https://notacme.com/ma-marque",), ("https://a.fr/Orange",))
    ),
    titles=st.sampled_from(((), ("Ma marque",), ("une orange",))),
    hashtags=st.lists(st.sampled_from(TAGS), max_size=1).map(tuple),
    mentions=st.lists(st.sampled_from(HANDLES), max_size=1).map(tuple),
    reply_to=st.sampled_from((None, "0")),
    reply_to_handle=st.sampled_from((None, "orange")),
    likes=_counts,
    reposts=_counts,
)
