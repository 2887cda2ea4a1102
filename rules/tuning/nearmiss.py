"""What in a post comes near to a leaf that it does not fit: a letter off, elsewhere, too far apart.

Each kind of leaf is asked again in a looser reading; what then fits is a near miss. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from rules.evaluator import Reading, evaluate
from rules.language.printing import render
from rules.language.tree import (
    Cashtag,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Mention,
    Near,
    Node,
    Phrase,
    Prefix,
    Range,
    Span,
    Word,
)
from rules.metadata import fold_handle
from rules.model import Post
from rules.signals.language import detect
from rules.text import Analysis, analyse, fold_words

MOST_HINTS = 3
"""Sentences about one leaf."""
SHORTEST_MISSPELT = 4
"""Letters of a word; of shorter ones every other word is one letter off."""
SHORTEST_PREFIX = 3
FURTHEST = 200
"""Words; what stands further apart is not near."""

_LONGEST_QUOTED = 40
_DAY = 86_400


def near_misses(node: Node, reading: Reading, analysis: Analysis) -> tuple[str, ...]:
    """Say in a few sentences what comes near to a leaf that the post does not fit.

    They quote at most 40 characters of the post each, in “ ”; the post is a stranger's.
    """
    hints: list[str] = []
    for hint in _hints(node, reading, analysis):
        if hint not in hints:
            hints.append(hint)
        if len(hints) == MOST_HINTS:
            break
    return tuple(hints)


def _hints(node: Node, reading: Reading, analysis: Analysis) -> Iterator[str]:
    match node:
        case Word(text=text) | Phrase(text=text):
            yield from _words(node, text, reading, analysis)
        case Exact(text=text):
            if said := _said(Phrase(text=text), reading, analysis):
                yield f"the post writes it {said}: without `=` that counts"
        case Prefix(text=text):
            yield from _elsewhere(node, text, reading, analysis)
        case Fuzzy(text=text):
            yield from _elsewhere(node, text, reading, analysis)
        case Hashtag(text=text) | Cashtag(text=text):
            if said := _said(Word(text=text), reading, analysis):
                yield f"it is there without the sign: {said}"
        case Mention(text=text):
            yield from _mention(text, reading, analysis)
        case Field():
            yield from _field(node, reading, analysis)
        case Range():
            yield _range(node, analysis)
        case Near():
            yield from _near(node, reading, analysis)


def _words(node: Word | Phrase, text: str, reading: Reading, analysis: Analysis) -> Iterator[str]:
    terms, told = fold_words(text), set[str]()
    if said := _said(node, replace(reading, fold_accents=True), analysis):
        told.add(said)
        yield f"{said} differs in accents only: fold_accents = true counts it"
    if said := _said(node, replace(reading, confusables=True), analysis):
        told.add(said)
        yield f"{said} has letters of another script: confusables = true counts it"
    if len(terms) == 1:
        yield from _spelt(terms[0], told, reading, analysis)
    elif terms:
        yield from _apart(terms, reading, analysis)
    yield from _elsewhere(node, text, reading, analysis)


def _spelt(term: str, told: set[str], reading: Reading, analysis: Analysis) -> Iterator[str]:
    """Say what is spelt like it; `told` is what has been named already."""
    if len(term) >= SHORTEST_PREFIX and (said := _said(Prefix(text=term), reading, analysis)):
        told.add(said)
        yield f"the post says {said}: {term}* finds it"
    if len(term) >= SHORTEST_MISSPELT:
        how = f"{term}~1 finds it" if len(term) >= 6 else "add that spelling with OR"
        others = (one for one in _all_said(Fuzzy(text=term), reading, analysis) if one not in told)
        yield from (f"{said} is one letter off: {how}" for said in islice(others, 1))
    tags = (token.term for token in analysis.tokens if token.term.startswith("#"))
    joined = next((tag for tag in tags if term in tag), "")
    if len(term) >= SHORTEST_PREFIX and joined:
        yield f"it is inside the hashtag {_quoted(joined)}"


def _apart(terms: tuple[str, ...], reading: Reading, analysis: Analysis) -> Iterator[str]:
    """Say that the words of a phrase are there, but not next to each other."""
    words = [Word(text=term) for term in terms]
    if not all(evaluate(word, reading, analysis) is not None for word in words):
        return
    if len(words) == 2 and (
        apart := _distance(Near(left=words[0], right=words[1], distance=1), reading, analysis)
    ):
        yield f"both words are there, {apart} apart: {terms[0]} NEAR/{apart} {terms[1]} finds them"
    else:
        yield "all of its words are there, but not next to each other"


def _elsewhere(node: Node, text: str, reading: Reading, analysis: Analysis) -> Iterator[str]:
    """Say where else than in the text it stands."""
    if not reading.handles and (said := _said(node, replace(reading, handles=True), analysis)):
        yield f'it is in the handle {said}: in = ["text", "handles"] looks there'
    if isinstance(node, Word | Phrase):
        yield from _linked(text, reading, analysis)
        in_bio = Field(name="bio", value=text)
        if evaluate(in_bio, reading, analysis) is not None:
            yield f"it is in the author's bio: {render(in_bio)} finds it"
    author = analysis.post.author
    named = f"{author.handle} {author.display_name}".casefold()
    if len(text) >= SHORTEST_PREFIX and text.casefold() in named:
        yield f"it is in the author's name, {_quoted('@' + author.handle)}"


def _linked(text: str, reading: Reading, analysis: Analysis) -> Iterator[str]:
    """Say where in a link, or in the title of what is linked, the words stand."""
    in_url = Field(name="url", value=text)
    if evaluate(in_url, reading, analysis) is not None:
        alone = replace(analysis.post, titles=())
        links = (one for one in alone.links if _has(in_url, reading, replace(alone, links=(one,))))
        link = next(links, "")
        where = f"link {_quoted(link)}" if link else "title of the linked page"
        yield f"it is in the {where}: {render(in_url)} finds it"
    [name, *more] = fold_words(text) or [""]
    domains = sorted(term for term in analysis.metadata if term.startswith("domain:"))
    labels = {domain: re.split(r"[:.-]", domain)[1:] for domain in domains}
    if not more and (domain := next((one for one in domains if name in labels[one]), "")):
        yield f"it is in the domain of a link: {domain} finds it"


def _has(node: Node, reading: Reading, post: Post) -> bool:
    return evaluate(node, reading, analyse(post)) is not None


def _mention(text: str, reading: Reading, analysis: Analysis) -> Iterator[str]:
    handle, post = fold_handle(text), analysis.post
    if fold_handle(post.author.handle).split("@")[0] == handle.split("@")[0]:
        yield f"it is the author: from:{text} finds it"
    if post.reply_to_handle and fold_handle(post.reply_to_handle) == handle:
        yield f"the post answers this account: to:{text} finds it"
    if said := _said(Word(text=text), reading, analysis):
        yield f"the name is there without the @: {said}"


def _language(reading: Reading, analysis: Analysis) -> str:
    if analysis.post.language:
        return f"is stated to be in {analysis.post.language}"
    found = detect(analysis.post, reading.languages)
    return f"states no language and reads like {found}" if found else "states no language"


def _field(field: Field, reading: Reading, analysis: Analysis) -> Iterator[str]:
    post = analysis.post
    stated: dict[str, str] = {
        "lang": _language(reading, analysis) if field.name == "lang" else "",
        "from": f"is by @{post.author.handle}",
        "to": f"answers @{post.reply_to_handle}" if post.reply_to_handle else "answers nobody",
        "network": f"is from {post.network}",
        "source": f"came from {post.source or 'no source'}",
        "domain": f"links to {post.links[0]}" if post.links else "has no link",
        "url": f"links to {post.links[0]}" if post.links else "has no link",
        "mentions": "mentions " + ", ".join(f"@{name}" for name in post.mentions[:3])
        if post.mentions
        else "mentions nobody",
        "bio": "has an author without a bio" if not post.author.bio else "",
    }
    if told := stated.get(field.name, ""):
        yield f"the post {told[:120]}"


def _range(leaf: Range, analysis: Analysis) -> str:
    value = _value(leaf, analysis)
    if value is None:
        return f"the network does not tell the {leaf.name} of this post: it is in no range"
    too_low = leaf.low is not None and value < leaf.low
    sign, bound = ("<", leaf.low) if too_low else (">", leaf.high)
    if leaf.name == "age":
        return f"age is {value / _DAY:,.0f} days {sign} {(bound or 0) / _DAY:,.0f}"
    return f"{leaf.name} is {value:,} {sign} {bound or 0:,}"


def _value(leaf: Range, analysis: Analysis) -> int | None:
    post = analysis.post
    if leaf.name == "age":
        created = post.author.created
        return None if created is None else int((post.posted_at - created).total_seconds())
    counts = {"followers": post.author.followers, "likes": post.likes, "reposts": post.reposts}
    return counts[leaf.name]


def _near(node: Near, reading: Reading, analysis: Analysis) -> Iterator[str]:
    if apart := _distance(node, reading, analysis):
        allowed = (
            f"{node.distance} are allowed" if node.distance > 1 else "must be next to each other"
        )
        yield f"they are {apart} words apart, and {allowed}"
    elif node.ordered and _distance(replace(node, ordered=False), reading, analysis):
        yield "they stand the other way round: NEAR instead of ONEAR finds them"


def _distance(node: Near, reading: Reading, analysis: Analysis) -> int:
    """The smallest distance at which the two sides are near, 0 where none up to `FURTHEST` is."""
    low, high = 1, FURTHEST
    if evaluate(replace(node, distance=high), reading, analysis) is None:
        return 0
    while low < high:
        middle = (low + high) // 2
        if evaluate(replace(node, distance=middle), reading, analysis) is None:
            low = middle + 1
        else:
            high = middle
    return low


def _said(node: Node, reading: Reading, analysis: Analysis) -> str:
    """What the post says where it fits, quoted; empty where it does not, or fits elsewhere."""
    return next(_all_said(node, reading, analysis), "")


def _all_said(node: Node, reading: Reading, analysis: Analysis) -> Iterator[str]:
    spans: tuple[Span, ...] = evaluate(node, reading, analysis) or ()
    return (_quoted(analysis.post.text[slice(*span)]) for span in spans)


def _quoted(text: str) -> str:
    """A few words of a stranger between quotation marks of which the text itself has none."""
    line = " ".join(text[: 2 * _LONGEST_QUOTED].split()).replace("“", "'").replace("”", "'")
    return f"“{line if len(line) <= _LONGEST_QUOTED else line[: _LONGEST_QUOTED - 1] + '…'}”"
