"""From a tree back to text: the canonical expression."""

from rules.language.marks import needs_quotes, quoted
from rules.language.ranges import write_range
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


def render(node: Node) -> str:
    """The expression that `parse` turns into this tree, with as few brackets as can be."""
    if isinstance(node, Or):
        return " OR ".join(render(part) for part in node.parts)
    if isinstance(node, And):
        return " ".join(_bracketed(part, Or) for part in node.parts)
    if isinstance(node, Not):
        return "-" + _bracketed(node.part, And, Or, Not, Near, AtLeast)
    if isinstance(node, Near):
        operator = f"{'O' if node.ordered else ''}NEAR/{node.distance}"
        return f"{_bracketed(node.left, Or)} {operator} {_bracketed(node.right, Or, Near)}"
    if isinstance(node, AtLeast):
        return f"{node.count} OF ({', '.join(render(part) for part in node.parts)})"
    return _leaf(node)


def _bracketed(node: Node, *kinds: type) -> str:
    return f"({render(node)})" if isinstance(node, kinds) else render(node)


def _leaf(leaf: Leaf | Reference) -> str:
    match leaf:
        case Word(text=text) | Emoji(text=text):
            return text
        case Phrase(text=text):
            return quoted(text)
        case Prefix(text=text):
            return f"{text}*"
        case Fuzzy(text=text):
            return f"{text}~1"
        case Exact(text=text, phrase=phrase):
            return "=" + (quoted(text) if phrase else text)
        case Regex(pattern=pattern):
            return f"/{pattern.replace('/', chr(92) + '/')}/"
        case Hashtag(text=text):
            return f"#{text}"
        case Mention(text=text):
            return f"@{text}"
        case Cashtag(text=text):
            return f"${text}"
        case Field(name=name, value=value):
            return f"{name}:{quoted(value) if needs_quotes(value) else value}"
        case Range():
            return write_range(leaf)
        case BrandName(name=name):
            return f"brand:{quoted(name) if needs_quotes(name) else name}"
        case ListName(name=name, within=within):
            field = f"{within}:" if within else ""
            return f"{field}@list({quoted(name) if _hides_its_end(name) else name})"


def _hides_its_end(name: str) -> bool:
    """Whether the name of a list has to stand in quotation marks."""
    return name != name.strip() or not name or any(sign in '()\uff08\uff09"\\' for sign in name)
