"""From a tree to plain words, for people who want to know how they were understood."""

from rules.language.ranges import range_in_words
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
    Leaf,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Reference,
    Regex,
    Word,
)
from rules.language.vocabulary import FIELDS, HAS, IS, SENTIMENTS
from rules.text import fold_words


def explain(node: Node, indent: int = 0) -> str:
    """What the tree asks for in plain words, one line a part, deeper parts indented."""
    margin = "  " * indent
    if isinstance(node, Not):
        if isinstance(node.part, And | Or | Not | Near | AtLeast):
            return f"{margin}not:\n{explain(node.part, indent + 1)}"
        return f"{margin}not {_described(node.part)}"
    if isinstance(node, And | Or | AtLeast | Near):
        parts = (node.left, node.right) if isinstance(node, Near) else node.parts
        lines = [explain(part, indent + 1) for part in parts]
        return "\n".join([margin + _head(node), *lines])
    return margin + _described(node)


def _head(node: And | Or | AtLeast | Near) -> str:
    match node:
        case And(parts=()):
            return "anything"
        case Or(parts=()):
            return "nothing"
        case And():
            return "all of:"
        case Or():
            return "any of:"
        case AtLeast(count=count, parts=parts):
            return f"at least {count} of these {len(parts)}:"
        case Near(distance=1, ordered=ordered):
            return f"next to each other, {_order(ordered)}:"
        case Near(distance=distance, ordered=ordered):
            return f"within {distance} words of each other, {_order(ordered)}:"


def _order(ordered: bool) -> str:
    return "in this order" if ordered else "in any order"


def _described(leaf: Leaf | Reference) -> str:
    match leaf:
        case Word(text=text) | Phrase(text=text) if len(fold_words(text)) > 1:
            return f'the words "{" ".join(text.split())}" next to each other'
        case Word(text=text):
            return f'the word "{text}"'
        case Phrase(text=text):
            return f'the word "{" ".join(text.split())}"'
        case Prefix(text=text):
            return f'a word that begins with "{text}"'
        case Fuzzy(text=text):
            return f'the word "{text}", or one that differs from it by one letter'
        case Exact(text=text, phrase=True):
            return f'exactly "{text}", with its capitals, accents and punctuation'
        case Exact(text=text):
            return f'exactly "{text}", with its capitals and accents'
        case Regex(pattern=pattern):
            return f"text that fits the regular expression {pattern}"
        case Emoji(text=text):
            return f"the emoji {text}, of any skin"
        case Hashtag(text=text):
            return f"the hashtag #{text}"
        case Cashtag(text=text):
            return f"the cashtag ${text}"
        case Mention(text=text):
            return f"a mention of @{text}"
        case Range():
            return range_in_words(leaf)
        case BrandName(name=name):
            return f'the brand "{name}": any of its spellings, accounts and hashtags'
        case ListName(name=name, within=""):
            return f'anything of the list "{name}"'
        case ListName(name=name, within=within):
            return f'{_WITHIN[within]} an account of the list "{name}"'
        case Field():
            return _described_field(leaf)


_WITHIN = {"from": "written by", "to": "an answer to", "mentions": "mentioning"}


def _described_field(field: Field) -> str:
    meanings = {
        "from": f"written by @{field.value}",
        "to": f"an answer to @{field.value}",
        "mentions": f"mentioning @{field.value}",
        "bio": f'by an account whose description says "{field.value}"',
        "lang": f"in the language {field.value}, stated or else detected",
        "network": f"from the network {field.value}",
        "source": f'brought by the source "{field.value}"',
        "is": IS.get(field.value, field.value),
        "has": f"has {HAS.get(field.value, field.value)}",
        "domain": f"links to {field.value} or a domain below it",
        "url": f'links to a page with "{field.value}" in its path or title',
        "sentiment": SENTIMENTS.get(field.value, field.value),
    }
    return meanings.get(field.name, FIELDS[field.name])
