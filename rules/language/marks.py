"""The signs of the language, and the ones that look like them: quotes, brackets, dashes."""

QUOTES = {
    '"': '"',
    "“": "”",
    "”": "”",
    "„": "“”",
    "«": "»",
    "»": "«»",
    "\uff02": "\uff02",  # full-width
    "「": "」",
    "『": "』",
}
"""Quotation marks with those that close them."""
_CLOSING = frozenset("".join(QUOTES.values()))

BRACKETS = {"(": "(", ")": ")", "\uff08": "(", "\uff09": ")"}
"""Brackets, the full-width ones too."""

DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d")
"""The hyphen, and what word processors make of it."""

ENDS_WORD = frozenset(BRACKETS) | frozenset(QUOTES) | _CLOSING | {"\0"}
"""What no word holds, spaces apart."""

INVISIBLE = frozenset(
    "\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e"
) | frozenset("\u2066\u2067\u2068\u2069")
"""Characters that come along in what is pasted and that no word needs. The joiners are not among
them: emoji, Persian and Indic words are written with them."""
_DROP_INVISIBLE = {ord(character): None for character in INVISIBLE}


def visible(text: str) -> str:
    """The text without the characters of `INVISIBLE`."""
    return text if text.isascii() else text.translate(_DROP_INVISIBLE)


def needs_quotes(value: str) -> bool:
    """Whether a value cannot stand behind a colon as it is."""
    held = ENDS_WORD | INVISIBLE | {","}
    return not value or any(c.isspace() or c in held for c in value)


def quoted(text: str) -> str:
    """The text in quotation marks."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write_field(name: str, value: str) -> str:
    """A field with its value, in quotation marks where it needs them."""
    return f"{name}:{quoted(value) if needs_quotes(value) else value}"
