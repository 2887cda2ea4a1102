"""A tree with what it refers to in its place: brands, shared lists, forms of words."""

import re
from collections.abc import Callable, Iterable, Sequence

from rules.characters import EMOJI, fold_case
from rules.inflections import Language, inflections
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Emoji,
    Field,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Word,
)
from rules.model import Brand, Definitions, WordList
from rules.text import fold_words

_HANDLE = re.compile(r"(?=.*\w)[\w.-]+(?:@[\w.-]+)?")
_Leaf = Callable[[Node], Node]


def expand(node: Node, definitions: Definitions) -> Node:
    """The tree without references: each brand and list is replaced by what it stands for.

    What the definitions do not have matches nothing. Names are compared whatever their case.
    """
    brands = {fold_case(brand.name): brand for brand in definitions.brands}
    lists = {fold_case(words.name): words for words in definitions.lists}

    def leaf(node: Node) -> Node:
        if isinstance(node, BrandName):
            brand = brands.get(fold_case(node.name))
            return _any(_of_brand(brand) if brand else ())
        if isinstance(node, ListName):
            words = lists.get(fold_case(node.name))
            return _any(_of_list(words, node) if words else ())
        return node

    return _replaced(node, leaf)


def inflect(node: Node, languages: Sequence[Language]) -> Node:
    """The tree with each bare word replaced by any of its regular plural and singular forms."""

    def leaf(node: Node) -> Node:
        if not isinstance(node, Word):
            return node
        forms = (form for language in languages for form in inflections(node.text, language))
        others = dict.fromkeys(form for form in forms if form != fold_case(node.text))
        return _any([node, *(Word(text=form, at=node.at) for form in others)])

    return _replaced(node, leaf) if languages else node


def _replaced(node: Node, leaf: _Leaf) -> Node:
    """The tree with its leaves replaced, alternatives within alternatives taken up into them.

    A node in which nothing was replaced comes back itself.
    """
    if isinstance(node, And | Or | AtLeast):
        parts = [_replaced(part, leaf) for part in node.parts]
        if all(new is old for new, old in zip(parts, node.parts, strict=True)):
            return node
        if isinstance(node, AtLeast):
            return AtLeast(count=node.count, parts=tuple(parts), at=node.at)
        if isinstance(node, And):
            return And(parts=tuple(parts), at=node.at)
        taken = [q for part in parts for q in (part.parts if isinstance(part, Or) else (part,))]
        return Or(parts=tuple(taken), at=node.at)
    if isinstance(node, Not):
        inner = _replaced(node.part, leaf)
        return node if inner is node.part else Not(part=inner, at=node.at)
    if isinstance(node, Near):
        left, right = _replaced(node.left, leaf), _replaced(node.right, leaf)
        if left is node.left and right is node.right:
            return node
        return Near(
            left=left, right=right, distance=node.distance, ordered=node.ordered, at=node.at
        )
    return leaf(node)


def _any(parts: Iterable[Node]) -> Node:
    """Any of the parts, each once; the part itself where there is one."""
    distinct = tuple(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else Or(parts=distinct)


def _of_brand(brand: Brand) -> list[Node]:
    """The spellings of a brand, its accounts, and its spellings as hashtags."""
    names = (brand.name, *brand.spellings)
    spellings = [leaf for name in names for leaf in _words(name)]
    tags: list[Node] = [
        Hashtag(text=tag)
        for name in names
        if (tag := "".join(fold_words(name))).strip("0123456789") and not EMOJI.search(tag)
    ]
    accounts: list[Node] = [
        Mention(text=handle) for account in brand.accounts if (handle := _handle(account))
    ]
    return [*spellings, *tags, *accounts]


def _handle(account: str) -> str:
    """The handle of `handle`, `@handle` or `network:handle`."""
    return account.rpartition(":")[2].strip().lstrip("@\uff20")


def _of_list(words: WordList, node: ListName) -> list[Node]:
    """The items of a list: words, or behind `from:` and its like accounts.

    Phrases, hashtags and emoji name no account, and are looked for only where words are.
    """
    if node.within:
        handles = filter(_HANDLE.fullmatch, map(_handle, words.items))
        return [Field(name=node.within, value=handle) for handle in handles]
    return [leaf for item in words.items for leaf in _item(item.strip())]


def _item(item: str) -> list[Node]:
    sign, rest = item[:1], item[1:].strip()
    if sign in ("@", "\uff20") and rest:
        return [Mention(text=rest)]
    if sign in ("#", "\uff03") and rest.strip("0123456789_"):
        return [Hashtag(text=rest)]
    if sign in ("$", "\uff04") and rest.replace(".", "").isalpha():
        return [Cashtag(text=rest)]
    return _words(item)


def _words(text: str) -> list[Node]:
    """The leaf that looks for the text as it is; none where it says nothing."""
    count = len(fold_words(text))
    if count == 0:
        return []
    if count > 1 or any(c.isspace() for c in text.strip()):
        return [Phrase(text=text.strip())]
    if EMOJI.fullmatch(text):
        return [Emoji(text=text)]
    return [Word(text=text.strip())]
