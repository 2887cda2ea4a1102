"""Takes a mail that came in apart, within bounds: anybody may have written it. Pure; never raises.

The standard library's parser takes time that grows with the depth of nested parts, and its stack
too. This one reads what is needed here, a few levels deep, in linear time.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr
from itertools import islice

LARGEST = 512 * 1024
"""Octets of a mail that are read; what a mail reports comes before the mail it is about."""
LARGEST_HEAD = 64 * 1024
LONGEST_FIELD = 2_000
MOST_FIELDS = 1_000
MOST_PARTS = 50
DEEPEST = 4
LONGEST_TEXT = 20_000

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Header fields, by their names in small letters."""

    fields: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """Return the first field of a name, unfolded; empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")

    def all(self, *names: str) -> tuple[str, ...]:
        """Return every field of these names, in the order of the names."""
        return tuple(text for name in names for text in self.fields.get(name, ()))

    def words(self, name: str) -> str:
        """Return a field with its encoded words (RFC 2047) decoded."""
        text = self.get(name)
        try:
            pieces = decode_header(text)
        except (HeaderParseError, ValueError):
            return text
        return "".join(
            piece if isinstance(piece, str) else _decoded(piece, charset or "ascii")
            for piece, charset in pieces
        )

    def address(self, name: str) -> str:
        """Return the bare mail address of a field; empty where there is none."""
        try:
            return parseaddr(self.get(name))[1]
        except (ValueError, IndexError):
            return ""

    @property
    def kind(self) -> str:
        """The type of the content: `text/plain`."""
        return self.get("content-type").partition(";")[0].strip().lower() or "text/plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a mail that is not taken apart further."""

    head: Head
    body: bytes

    @property
    def text(self) -> str:
        """Its content as text, decoded as far as that goes."""
        found = _CHARSET.search(self.head.get("content-type"))
        return _decoded(self._octets()[: LONGEST_TEXT * 4], found[1] if found else "utf-8")

    def _octets(self) -> bytes:
        coding = self.head.get("content-transfer-encoding").strip().lower()
        try:
            if coding == "base64":
                whole = re.sub(rb"[^A-Za-z0-9+/]", b"", self.body)
                return base64.b64decode(whole + b"=" * (-len(whole) % 4))
            if coding == "quoted-printable":
                return quopri.decodestring(self.body)
        except (binascii.Error, ValueError):
            pass
        return self.body


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A mail in its parts."""

    head: Head
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The first of its parts that is plain text; empty where there is none."""
        plain = (part.text for part in self.parts if part.head.kind == "text/plain")
        return next(plain, "")[:LONGEST_TEXT]


def read(octets: bytes) -> Letter:
    """Take a mail apart."""
    head, body = _divided(octets[:LARGEST])
    return Letter(head=head, parts=tuple(islice(_leaves(head, body, 0), MOST_PARTS)))


def head_of(octets: bytes) -> Head:
    """Return the header of a mail alone."""
    return _divided(octets[:LARGEST_HEAD])[0]


def groups(text: str) -> Iterator[Head]:
    """Yield the groups of fields that empty lines divide, as a delivery status has them."""
    divided = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))
    for group in divided[:MOST_PARTS]:
        head = _fields(group.strip("\n").encode("utf-8", "replace"))
        if head.fields:
            yield head


def _leaves(head: Head, body: bytes, depth: int) -> Iterator[Part]:
    boundary = _BOUNDARY.search(head.get("content-type"))
    if depth >= DEEPEST or not head.kind.startswith("multipart/") or boundary is None:
        yield Part(head=head, body=body)
        return
    mark = (boundary[1] or boundary[2]).rstrip().encode("utf-8", "replace")
    for section in _sections(body, b"--" + mark):
        inner, rest = _divided(section)
        yield from _leaves(inner, rest, depth + 1)


def _sections(body: bytes, mark: bytes) -> Iterator[bytes]:
    """Yield what lies between lines that are the mark, in one walk over the body."""
    start, place = -1, 0
    while place < len(body):
        end = body.find(b"\n", place)
        end = len(body) if end < 0 else end + 1
        if body.startswith(mark, place):
            rest = body[place + len(mark) : end].strip()
            if rest in (b"", b"--"):
                if start >= 0:
                    yield body[start:place]
                start = -1 if rest else end
                if rest:
                    return
        place = end
    if start >= 0:  # cut short on the way, or by our own bound
        yield body[start:]


def _divided(octets: bytes) -> tuple[Head, bytes]:
    """Return a header and what follows the first empty line."""
    if octets[:1] == b"\n" or octets[:2] == b"\r\n":
        return Head(fields={}), octets.lstrip(b"\r\n")
    end = re.search(rb"\r?\n[ \t]*\r?\n", octets[:LARGEST_HEAD])
    if end is None:
        return _fields(octets[:LARGEST_HEAD]), b""
    return _fields(octets[: end.start()]), octets[end.end() :]


def _fields(octets: bytes) -> Head:
    found: dict[str, list[str]] = {}
    lines: list[bytes] = []
    for line in [*_LINE_END.split(octets), b""]:
        if line[:1] in (b" ", b"\t") and lines:
            lines.append(line)
            continue
        if lines and (field := _FIELD.match(b"".join(lines)[: 2 * LONGEST_FIELD])):
            text = _decoded(field[2], "utf-8").strip()[:LONGEST_FIELD]
            found.setdefault(field[1].decode("ascii").lower(), []).append(text)
            if len(found) > MOST_FIELDS:
                break
        lines = [line[: 2 * LONGEST_FIELD]]
    return Head(fields={name: tuple(texts[:MOST_PARTS]) for name, texts in found.items()})


def _decoded(octets: bytes, charset: str) -> str:
    try:
        text = octets.decode(charset, "replace")
    except (LookupError, ValueError, UnicodeError):
        text = octets.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8")
