"""A feed's octets as text that no XML parser can be hurt with.

Strangers choose the encoding and the entities. Python knows encodings that take quadratic time or
are none, and entities can grow a kilobyte into a gigabyte, so neither is left to a parser: the text
is decoded here, from a closed list, and entities of a document's own are taken away.
"""

import codecs
import re
from html.entities import html5
from typing import NamedTuple

from watcher.backends.feed import labour
from watcher.backends.interface import BackendError

_SAFE = re.compile(
    r"(utf-?(8|16|32)([-_](le|be))?|us-?ascii|ascii|iso-?8859-?\d{1,2}|(cp|windows-?)\d{3,4}|latin-?\d"
    r"|koi8-[rut]|mac-?(roman|cyrillic|latin2)|shift[-_]?jis|euc[-_]?(jp|kr)|iso-?2022-?(jp|kr)"
    r"|gb(2312|k|18030)|big5|tis-?620)"
)
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,500}\?>")
_DOCTYPE = re.compile(
    r"<!DOCTYPE\s[^\[\]<>]{0,2000}(?:\[[^\]]{0,100000}\]\s{0,99})?>", re.IGNORECASE
)
_DECLARES = re.compile(r"<!(?=DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30};)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ROOT = re.compile(r"<([A-Za-z_][\w.-]{0,60}(?::[\w.-]{1,60})?)[\s>/]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(octets: bytes, stated: str = "") -> str:
    """Return the text of a document; `stated` is the charset of its Content-Type.

    A mark at its beginning counts most. Then UTF-8 where it is valid, whatever is stated: hardly
    any other text happens to be. Then what the document or the server states, at last
    windows-1252. What no encoding explains becomes U+FFFD.
    """
    for mark, encoding in _BOMS:
        if octets.startswith(mark):
            return octets.decode(encoding, "replace")
    found = _DECLARED.match(octets[:500].lstrip())
    names = [stated, found[1].decode() if found else "", "windows-1252"]
    if octets[:2] == b"<\0" or octets[:2] == b"\0<":
        names.insert(0, "utf-16-le" if octets[1] == 0 else "utf-16-be")
    elif b"\x1b" not in octets:
        names.insert(0, "utf-8")
    for name in names:
        if _SAFE.fullmatch(name.lower()):
            try:
                return octets.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return octets.decode("utf-8", "replace")


class Document(NamedTuple):
    """What may be parsed."""

    text: str
    """To be parsed as UTF-8."""
    more: int
    """Entries that it has beside these."""


def harmless(text: str, host: str) -> Document:
    """Return a document that a parser can be given.

    Raises `BackendError` for what is no whole document of XML, or too laborious to read.
    """
    text = _ILLEGAL.sub("", text)
    text = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
    if (head := _DOCTYPE.search(text, 0, 200_000)) and not _ROOT.search(text, 0, head.start()):
        text = text[: head.start()] + text[head.end() :]
    # What still declares something is markup in a post, or an attack: from here on it is neither.
    text = _DECLARES.sub("<!x", text)
    root = _ROOT.search(text)
    if root is None:
        raise BackendError(f"what {host} answers is no feed", kind="broken")
    if root[1].lower() == "html":
        raise BackendError(
            f"{host} answers with a web page instead of a feed",
            kind="broken",
            help="the address of a page's feed stands in the page's source: look for rss or atom",
        )
    if f"</{root[1]}" not in text[-2000:]:
        raise BackendError(f"the feed of {host} breaks off before its end", kind="broken")
    text, more = labour.cut(text, host)
    return Document('<?xml version="1.0" encoding="utf-8"?>' + _NAMED.sub(_numbered, text), more)


def _numbered(entity: re.Match[str]) -> str:
    """Return an entity of HTML, which XML does not know, by the numbers of its characters."""
    characters = "" if entity[1] in _OF_XML else html5.get(entity[1], "")
    return "".join(f"&#{ord(one)};" for one in characters) or entity[0]
