"""Makes what strangers wrote harmless to look at: in a mail, a subject, a link.

Escaping is the templates' work (autoescape). Here goes what escaping does not touch: controls that
reorder or hide text, towers of accents, names that a mail client would turn into links by itself,
and addresses that must not be clicked.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

ZERO_WIDTH_SPACE = "\u200b"
FIRST_STRONG_ISOLATE = "\u2068"
POP_ISOLATE = "\u2069"

_LONGEST_URL = 1500

# Controls; marks and overrides of direction; invisible characters other than the two joiners that
# scripts and emoji need; lone surrogates, which no encoding carries; tags.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\x85\x0b\x0c]")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_MARK = re.compile(f"[{_MARKS}]")
_TOWER = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")
_DOTS = ".。．｡"
_DOTTED = re.compile(rf"[\w-]+(?:[{_DOTS}][\w-]+)+")
_LINK_STARTS = re.compile(r"(?<=/)/|(?<=\w)@(?=\w)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a post's text, marked if a rule matched it."""

    text: str
    marked: bool


def one_line(text: str, limit: int) -> str:
    """Clean text on one line of at most `limit` characters, an ellipsis standing for the rest."""
    text = " ".join(_clean(text[: limit * 4]).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int) -> str:
    """Clean text in its lines, at most `limit` characters, for a program rather than for eyes."""
    text = _clean(text[: limit * 2]).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def name(text: str, limit: int, suspects: Collection[str] = ()) -> str:
    """A name, handle or sentence on one line that no mail client takes for a link."""
    characters = [(c, False) for c in one_line(text, limit)]
    return "".join(piece.text for piece in _unlinked(characters, suspects))


def passage(
    text: str, spans: Sequence[tuple[int, int]], limit: int, suspects: Collection[str] = ()
) -> tuple[Piece, ...]:
    """Return the part of a text around its first span, cleaned, unlinked, and cut where marked.

    `spans` are offsets into `text`. At most about `limit` characters come back, with an ellipsis
    where something was left out. `suspects` are domains to be written with `[.]`.
    """
    start, end = window(text, spans, limit)
    inside = [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]
    marked = {position for a, b in inside for position in range(a, b)}
    characters = [
        (c, position in marked)
        for position, c in enumerate(text[start:end], start)
        if c in "\n\u2028\u2029\x85" or not _UNWANTED.match(c)
    ]
    characters = _collapse(characters)
    if start > 0:
        characters.insert(0, ("…", False))
    if end < len(text):
        characters.append(("…", False))
    return _unlinked(characters, suspects)


def defang(domain: str) -> str:
    """A domain that nobody can click by mistake: `example[.]com`."""
    return re.sub(f"[{_DOTS}]", "[.]", one_line(domain, 253))


def isolated(text: str) -> str:
    """Plain text whose direction cannot reach its surroundings."""
    if any(unicodedata.bidirectional(c) in {"R", "AL", "AN"} for c in text):
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
    return text


def safe_link(url: str, suspects: Collection[str] = ()) -> str:
    """Return the address if a reader may be sent there, else nothing.

    Only http and https with a plain host, no user name; not on a suspect domain. Hosts in other
    scripts come back in their ASCII form, so that what is clicked is what was checked.
    """
    url = url.strip()
    if len(url) > _LONGEST_URL or _UNWANTED.search(url) or re.search(r"[\s<>\"'`\\]", url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in {"http", "https"} or parts.username is not None or not host:
        return ""
    if is_suspect(host, suspects):
        return ""
    if ":" in host:
        host = f"[{host}]"
    place = f"{host}:{port}" if port else host
    keep = "%/:=&?~#+!$,;'@()*[]"
    return urlunsplit(
        (parts.scheme, place, quote(parts.path, keep), quote(parts.query, keep),
         quote(parts.fragment, keep))
    )  # fmt: skip


def is_suspect(host: str, suspects: Collection[str]) -> bool:
    """Whether a host is one of the suspect domains or lies below one."""
    host = re.sub(f"[{_DOTS}]", ".", host.casefold()).strip(".")
    return any(host == domain or host.endswith("." + domain) for domain in suspects)


def _clean(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    return _TOWER.sub(r"\1", _UNWANTED.sub("", text))


def window(text: str, spans: Sequence[tuple[int, int]], limit: int) -> tuple[int, int]:
    """Return which part of a text `passage` shows, as offsets."""
    if len(text) <= limit:
        return 0, len(text)
    first = min((a for a, _ in spans), default=0)
    if first < limit * 3 // 4:
        return 0, limit
    start = max(0, min(first - limit // 3, len(text) - limit))
    space = text.find(" ", start, start + 20)
    return (space + 1 if space >= 0 else start), start + limit


def _collapse(characters: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Make line ends alike, leave at most one empty line, and cap accents at three a letter."""
    result: list[tuple[str, bool]] = []
    accents = breaks = 0
    for character, marked in characters:
        c = "\n" if character in "\u2028\u2029\x85" else character
        breaks = breaks + 1 if c == "\n" else breaks if c in " \t" else 0
        accents = accents + 1 if _MARK.match(c) else 0
        if breaks <= 2 and accents <= 3 and (result or c != "\n"):
            result.append((c, marked))
    while result and result[-1][0].isspace():
        result.pop()
    return result


def _unlinked(
    characters: Sequence[tuple[str, bool]], suspects: Collection[str]
) -> tuple[Piece, ...]:
    """Break what a mail client would recognise as a link, then join what is marked alike."""
    text = "".join(c for c, _ in characters)
    instead: dict[int, str] = {}
    for dotted in _DOTTED.finditer(text):
        if _NUMBER.fullmatch(dotted.group()):
            continue
        dot = "[.]" if is_suspect(dotted.group(), suspects) else ZERO_WIDTH_SPACE + "."
        for position in range(*dotted.span()):
            if text[position] in _DOTS:
                instead[position] = dot
    for start in _LINK_STARTS.finditer(text):
        instead[start.start()] = ZERO_WIDTH_SPACE + start.group()
    pieces: list[Piece] = []
    for position, (c, marked) in enumerate(characters):
        shown = instead.get(position, c)
        if pieces and pieces[-1].marked == marked:
            pieces[-1] = Piece(pieces[-1].text + shown, marked)
        else:
            pieces.append(Piece(shown, marked))
    return tuple(pieces)
