"""From a tree back to text: the canonical expression, and its meaning in plain words."""

from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Leaf,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.language.vocabulary import FIELDS, HAS, IS
from rules.text import fold_words


def render(node: Node) -> str:
    """The expression that `parse` turns into this tree, with as few brackets as can be."""
    if isinstance(node, Or):
        return " OR ".join(render(part) for part in node.parts)
    if isinstance(node, And):
        return " ".join(_bracketed(part, Or) for part in node.parts)
    if isinstance(node, Not):
        return "-" + _bracketed(node.part, And, Or, Not)
    return _leaf(node)


def _bracketed(node: Node, *kinds: type) -> str:
    return f"({render(node)})" if isinstance(node, kinds) else render(node)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word(text=text):
            return text
        case Phrase(text=text):
            return _quoted(text)
        case Prefix(text=text):
            return f"{text}*"
        case Exact(text=text, phrase=phrase):
            return "=" + (_quoted(text) if phrase else text)
        case Hashtag(text=text):
            return f"#{text}"
        case Mention(text=text):
            return f"@{text}"
        case Field(name=name, value=value):
            plain = value and not any(c.isspace() or c in '()"“”„«»\0' for c in value)
            return f"{name}:{value if plain else _quoted(value)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def explain(node: Node, indent: int = 0) -> str:
    """What the tree asks for in plain words, one line a part, deeper parts indented."""
    margin = "  " * indent
    if isinstance(node, And | Or):
        head = "all of:" if isinstance(node, And) else "any of:"
        lines = [explain(part, indent + 1) for part in node.parts]
        return "\n".join([margin + head, *lines])
    if isinstance(node, Not):
        if isinstance(node.part, And | Or | Not):
            return f"{margin}not:\n{explain(node.part, indent + 1)}"
        return f"{margin}not {_described(node.part)}"
    return margin + _described(node)


def _described(leaf: Leaf) -> str:
    match leaf:
        case Word(text=text) if len(fold_words(text)) > 1:
            return f'the words "{" ".join(fold_words(text))}" next to each other'
        case Word(text=text):
            return f'the word "{text}"'
        case Phrase(text=text):
            return f'the words "{" ".join(fold_words(text))}" next to each other'
        case Prefix(text=text):
            return f'a word that begins with "{text}"'
        case Exact(text=text, phrase=True):
            return f'exactly "{text}", with its capitals, accents and punctuation'
        case Exact(text=text):
            return f'exactly "{text}", with its capitals and accents'
        case Hashtag(text=text):
            return f"the hashtag #{text}"
        case Mention(text=text):
            return f"a mention of @{text}"
        case Field():
            return _described_field(leaf)


def _described_field(field: Field) -> str:
    meanings = {
        "from": f"written by @{field.value}",
        "to": f"an answer to @{field.value}",
        "lang": f"stated to be in the language {field.value}",
        "network": f"from the network {field.value}",
        "source": f'brought by the source "{field.value}"',
        "is": IS.get(field.value, field.value),
        "has": f"has {HAS.get(field.value, field.value)}",
        "domain": f"links to {field.value} or a domain below it",
    }
    return meanings.get(field.name, FIELDS[field.name])
