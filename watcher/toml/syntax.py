"""A file that is no TOML: every broken statement of it, in words for somebody new to TOML.

tomllib stops at the first. Here a broken statement is taken out and the rest read again, as long
as the break stays within its line; after a string or list that is never closed nothing is certain.
"""

import re
import tomllib
import unicodedata

from rules.errors import Problem

MOST = 20
LISTS = {
    "accounts",
    "all",
    "allow",
    "any",
    "automatic",
    "brands",
    "channels",
    "competitors",
    "context",
    "days",
    "domains",
    "friends",
    "hold",
    "in",
    "inflections",
    "items",
    "languages",
    "none",
    "private_to",
    "regions",
    "rules",
    "seeds",
    "spellings",
    "then",
    "to",
    "trusted",
    "urls",
    "while",
    "who",
}
"""Keys that hold a list of texts, so that the repair of one does not lead to the next mistake."""
_SIGNS = frozenset("=,;:.[]{}\"'#")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PHRASES = re.compile(r"""(?:(?:'[^'"]+'|"[^'"]+")(?:\s+(?:AND|OR|NOT|AND NOT)\s+|$))+""")
_BARE_LIST = re.compile(r"\[\s*([^\W\d][^\[\]'\",#]*(?:,[^\[\]'\",#]+)*)\]")
_KEY = re.compile(r"""\s*(?P<key>[\w-]+|"[^"]*"|'[^']*')\s*""")


def broken_statements(text: str) -> list[tuple[Problem, tuple[int, int]]]:
    """Return what keeps a text from being TOML, each with (start, end) offsets; empty if it is."""
    found: list[tuple[Problem, tuple[int, int]]] = []
    rest = text
    while len(found) < MOST:
        try:
            tomllib.loads(rest)
        except tomllib.TOMLDecodeError as error:
            problem, at, within_line = _explained(rest, str(error))
            found.append((problem, at))
            if not within_line:
                break
            rest = _without_line(rest, at[0], len(found))
        except RecursionError:
            found.append((_problem("lists or tables are nested too deeply"), (0, 0)))
            break
        else:
            break
    return found


def _explained(text: str, message: str) -> tuple[Problem, tuple[int, int], bool]:
    """Return the problem, its place, and whether the break stays within its line."""
    match = _PLACE.search(message)
    what = message[: match.start()] if match else message
    at = _offset(text, match)
    first = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[first : end if end >= 0 else len(text)]
    if what.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline")):
        return _twice(text, line, first)
    if not what.startswith(("Unterminated", "Illegal", "Unescaped", "Invalid hex")):
        foreign = _foreign(text[at : at + 1])
        if foreign:
            return foreign, (at, at + 1), True
    if what == "Unclosed array" and _lacks_comma(line, at - first):
        return _problem("the items of a list are divided by commas"), (at, at + 1), True
    if what == "Unterminated string" or what == "Unclosed array":
        start = _opening(text, at, string=what == "Unterminated string")
        kind = "text" if what == "Unterminated string" else "list"
        quotes = text[start : start + 3]
        if quotes not in ('"""', "'''"):
            quotes = quotes[:1]
        closing = quotes if kind == "text" else "]"
        problem = _problem(
            f"this {kind} is never closed",
            f"end it with {closing}; what follows is read once this is mended",
        )
        return problem, (start, start + len(closing)), False
    if what == 'Expected "\'"':  # no such quote follows in the whole file
        start = text.rfind("'")
        end = text.find("\n", start)
        return *_not_closed(start, end if end >= 0 else len(text)), True
    if what.startswith(("Illegal character", "Found invalid character")):
        return _illegal(text, line, first, at)
    if what.startswith(("Unescaped", "Invalid hex")):
        problem = _problem(
            "a backslash has a meaning of its own between double quotes",
            _requoted(line, "'") or "put the text between single quotes",
        )
        return problem, (at - 2, at), True
    return *_statement(line, first, at, what), True


def _foreign(sign: str) -> Problem | None:
    """Explain a sign that looks like one of TOML's and is another; None for any other sign."""
    if sign and not sign.isascii() and unicodedata.category(sign) in ("Zs", "Cf"):
        name = unicodedata.name(sign, "").lower() or "sign that nobody sees"
        return _problem(f"here stands a {name} (U+{ord(sign):04X})", "write a plain space, or none")
    plain = unicodedata.normalize("NFKC", sign)
    if plain != sign and plain in _SIGNS:
        help_ = f"write the plain {plain}" if plain != ";" else "leave it out"
        return _problem(f"{sign} is the full-width form of {plain}", help_)
    return None


def _lacks_comma(line: str, at: int) -> bool:
    """Whether a list that ends on its line has something else where a comma belongs."""
    return "[" in line[:at] and "]" in line[at:] and line[at : at + 1] not in ("", "#", "]")


def _offset(text: str, match: re.Match[str] | None) -> int:
    if match is None or match[1] is None:
        return len(text)
    start = 0
    for _ in range(int(match[1]) - 1):
        start = text.index("\n", start) + 1
    return min(start + int(match[2]) - 1, len(text))


def _twice(text: str, line: str, first: int) -> tuple[Problem, tuple[int, int], bool]:
    # tomllib names the place behind the second one's value: on its last line or the line after.
    if not line.strip() and first:
        return _explained_line_above(text, first)
    header = re.match(r"\s*\[+\s*(.+?)\s*\]+", line)
    if header:
        name = header[1]
        start = first + header.start(1)
        return (
            _problem(
                f"the table `{name}` is already there",
                f"put all keys under one [{name}]; only what there are several of is written"
                f" [[{name}]]",
                code="duplicate-key",
            ),
            (start, start + len(name)),
            True,
        )
    key = _KEY.match(line)
    name = key["key"] if key else line.strip()
    start = first + (key.start("key") if key else 0)
    problem = _problem(f"`{name}` is given twice", "keep one of the two", code="duplicate-key")
    return problem, (start, start + len(name)), "=" in line


def _explained_line_above(text: str, first: int) -> tuple[Problem, tuple[int, int], bool]:
    above = text.rfind("\n", 0, first - 1) + 1
    return _twice(text, text[above : first - 1], above)


def _opening(text: str, at: int, *, string: bool) -> int:
    """Where the last string or list before an offset was opened, as far as can be told."""
    quotes = ('"""', "'''", '"', "'") if string else ("[",)
    if string:
        triple = max(text.rfind(quote, 0, at) for quote in quotes[:2])
        if triple >= 0 and text.count(text[triple : triple + 3], 0, at) % 2:
            return triple
    line = text.rfind("\n", 0, max(at - 1, 0)) + 1
    if string:
        found = [text.find(quote, line) for quote in quotes[2:]]
        return min((place for place in found if place >= 0), default=line)
    lists = list(re.finditer(r"^[^#\n\[]*=\s*(\[)", text[:at], re.MULTILINE))
    return lists[-1].start(1) if lists else line


def _illegal(text: str, line: str, first: int, at: int) -> tuple[Problem, tuple[int, int], bool]:
    if text[at : at + 1] == "\n":
        quote = re.search(r"""["'][^"']*$""", line)
        return *_not_closed(first + quote.start() if quote else first, at), True
    code = f"U+{ord(text[at]):04X}" if at < len(text) else "at the end"
    problem = _problem(f"a control character ({code}) may not stand here", "take it out")
    return problem, (at, at + 1), True


def _not_closed(start: int, end: int) -> tuple[Problem, tuple[int, int]]:
    problem = _problem(
        "this text is not closed on its line",
        'end it with the quote it began with; a text of several lines stands between """ and """',
    )
    return problem, (start, end)


def _statement(line: str, first: int, at: int, what: str) -> tuple[Problem, tuple[int, int]]:
    """Explain a line that is no `key = value`, by what people write instead."""
    place = (at, min(max(first + len(line.rstrip()), at), first + len(line)))
    key = _KEY.match(line)
    value = line.partition("=")[2].strip()
    if re.search("[“”„«»‘’]", line[at - first :][:1] or line.lstrip()[:1]):
        return _problem(
            "typographic quotes do not hold a text", "use straight quotes: \" or '"
        ), place
    if key and line[key.end() : key.end() + 1] == ":":
        return _problem("a key and its value are joined by `=`", f"{key['key']} = ..."), place
    if key and "=" not in line:
        return _problem("a key needs `=` and a value", f"{key['key']} = ..."), place
    if what.startswith(("Invalid value", "Expected newline")):
        if re.match(r"\d", value):
            place = (first + line.index("=") + 1 + line.partition("=")[2].index(value), place[1])
        return _value(key["key"] if key else "key", value, what), place
    if "table declaration" in what:
        return _problem("a table's name stands between brackets", "[store] or [[rules]]"), place
    if what.startswith("Invalid statement"):
        return _problem("this is neither `key = value` nor `[table]`"), place
    return _problem(f"{what[:1].lower()}{what[1:]}"), place


def _value(key: str, value: str, what: str) -> Problem:
    if not value or value.startswith("#"):
        return _problem(f"`{key}` has no value", f'{key} = "..."')
    if value.lower() in ("true", "yes", "on", "false", "no", "off"):
        word = "true" if value.lower() in ("true", "yes", "on") else "false"
        return _problem("yes and no are written true and false", f"{key} = {word}")
    if re.match(r"\d", value):
        return _problem("this is no number; text stands between quotes", f'{key} = "{value}"')
    if what.startswith("Expected newline"):
        if _PHRASES.fullmatch(value):
            phrases = value.replace("'", '"')
            return _problem("one text holds the whole expression", f"{key} = '{phrases}'")
        other = '"' if value.startswith("'") else "'"
        return _problem(
            "something follows the value on its line",
            _requoted(f"{key} = {value}", other) or "write each `key = value` on a line of its own",
        )
    if re.match(r"[\w@#]", value):
        quoted = f'["{value}"]' if key in LISTS else f'"{value}"'
        return _problem("text stands between quotes", f"{key} = {quoted}")
    if match := _BARE_LIST.fullmatch(value):
        items = ", ".join(f'"{item.strip()}"' for item in match[1].split(","))
        return _problem("texts stand between quotes, in a list too", f"{key} = [{items}]")
    return _problem("this value cannot be read")


def _requoted(line: str, quote: str) -> str:
    """The line with its text between other quotes; empty where that would not mend it."""
    match = re.fullmatch(r"""\s*(?P<key>[^=]+?)\s*=\s*(['"])(?P<text>.*)\2\s*""", line)
    if match is None or quote in match["text"] or (quote == '"' and "\\" in match["text"]):
        return ""
    return f"{match['key']} = {quote}{match['text']}{quote}"


def _without_line(text: str, at: int, count: int) -> str:
    """The text without the statement's line; a table's header is replaced, so its keys stay apart.

    Offsets behind it are kept: what is taken out becomes a comment of the same length.
    """
    first = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    line = text[first:end]
    if line.lstrip().startswith("["):
        header = f"[_{count}]"
        filler = header if len(header) <= len(line) else "#" * len(line)
        return text[:first] + filler.ljust(len(line)) + text[end:]
    return text[:first] + "#" * len(line) + text[end:]


def _problem(message: str, help: str = "", code: str = "toml-syntax") -> Problem:
    return Problem(code=code, message=message, help=help)
