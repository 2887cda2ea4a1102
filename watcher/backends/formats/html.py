"""A status's HTML as plain text, with the links it really leads to.

Written by hand because the standard library's parser takes quadratic time on broken tags (80 kB of
`<a ` keep it busy for a minute), and posts come from strangers. Servers send a small, sanitised
vocabulary; here every tag is either known or gone, a `<` that begins no tag is text, and each
character is looked at a bounded number of times.
"""

import re
from html import unescape
from typing import NamedTuple
from urllib.parse import urljoin

_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})((?:\s[^<>]*)?)/?>|<[!?][^<>]*>")
_HREF = re.compile(
    r"(?<![\w-])href\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))", re.IGNORECASE
)
_CLASS = re.compile(r"(?<![\w-])class\s{0,9}=\s{0,9}[\"']([^\"']*)[\"']", re.IGNORECASE)
_BLOCKS = frozenset({"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5"})
_HIDDEN = frozenset({"script", "style", "template", "noscript"})


class Plain(NamedTuple):
    """What a person reads, and where its links lead."""

    text: str
    links: tuple[str, ...]
    """Targets of links that are neither mentions nor hashtags; http(s) only."""


def to_plain(html: str, base: str = "") -> Plain:
    """Return the text of HTML: paragraphs apart by an empty line, line breaks kept.

    The parts of a link that Mastodon hides from the eye are kept, so that the text holds the whole
    address. Relative links begin at `base`, an http(s) address; without one they are none.
    """
    parts: list[str] = []
    links: list[str] = []
    hidden, position = "", 0
    for token in _TOKEN.finditer(html):
        if not hidden:
            parts.append(unescape(html[position : token.start()]))
        position = token.end()
        closing, name, attributes = token.group(1), (token.group(2) or "").lower(), token.group(3)
        if hidden:
            hidden = "" if closing and name == hidden else hidden
        elif name in _HIDDEN:
            hidden = "" if closing else name
        elif name == "a" and not closing:
            links += _target(attributes, base)
        else:
            parts.append(_white(name, closing=bool(closing)))
    if not hidden:
        parts.append(unescape(html[position:]))
    text = re.sub(r"\n{3,}", "\n\n", "".join(parts))
    return Plain(text.strip(), tuple(links))


def _white(name: str, *, closing: bool) -> str:
    """Return the white space that a tag stands for."""
    if name == "br":
        return "\n"
    if name == "li":
        return "" if closing else "\n- "
    if name in _BLOCKS:
        return "\n\n" if closing else ""
    return ""


def _target(attributes: str, base: str) -> list[str]:
    names = _CLASS.search(attributes)
    if names and {"mention", "hashtag", "u-url"} & set(names.group(1).split()):
        return []
    href = _HREF.search(attributes)
    if href is None:
        return []
    link = unescape(next(group for group in href.groups() if group is not None)).strip()
    if base and link:
        try:
            link = urljoin(base, link)
        except ValueError:  # `http://[`
            return []
    return [link] if link[:8].lower().startswith(("http://", "https://")) else []
