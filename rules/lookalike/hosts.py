"""Links and host names: the only module that knows tldextract and idna.

The public suffix list is the snapshot that tldextract ships; it is never fetched. Hosting platforms
of its private part (`github.io`) count as endings, so that each of their customers is a domain.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import urlsplit

import idna

LONGEST_LINK = 2048
_LONGEST_HOST = 253
_HOST = re.compile(r"[^\x00-,/:-@\[-^`{-\xa0\ud800-\udfff]+")
"""No control characters, spaces, surrogates, nor ASCII beyond letters, digits, `-`, `_`, `.`."""

_DOTS = re.compile("[\u3002\uff0e\uff61]")
"""What IDNA reads as a dot."""


@cache
def _endings() -> Callable[[str], str]:
    """Return what tells the public suffix of an ASCII host, empty where the list has none.

    Imported late: tldextract brings an HTTP client that takes a tenth of a second to import.
    """
    import tldextract

    extract = tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
    )
    return lambda host: extract.extract_str(host).suffix


@dataclass(frozen=True, slots=True)
class Host:
    """A host name that lies under a public suffix."""

    ascii: str
    """The whole host, each label in its ASCII form."""
    registrable: str
    """The registrable domain in its ASCII form."""
    shown: str
    """The registrable domain as the eye reads it."""
    label: str
    """The label before the public suffix, as the eye reads it."""
    subdomains: tuple[str, ...]
    """The labels before the registrable domain, as the eye reads them."""


def to_ascii(host: str) -> str:
    """Return a host name in lower-case ASCII; labels that IDNA does not allow by bare Punycode."""
    labels = []
    for label in _DOTS.sub(".", host.strip()).strip(".").casefold().split("."):
        if label.isascii():
            labels.append(label)
            continue
        try:
            labels.append(idna.encode(label, uts46=True).decode("ascii"))
        except UnicodeError:
            labels.append("xn--" + label.encode("punycode", "replace").decode("ascii", "replace"))
    return ".".join(labels)


def to_unicode(label: str) -> str:
    """Return one label of an ASCII host as it is shown, `xn--` decoded where it can be."""
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except UnicodeError:
        pass
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


@lru_cache(maxsize=65536)
def host(name: str) -> Host | None:
    """Return a host name taken apart; None where it is an address or no name under an ending.

    By the rules of the public suffix list an unknown last label counts as an ending.
    """
    if not name or len(name) > _LONGEST_HOST or not _HOST.fullmatch(name):
        return None
    whole = to_ascii(name)
    labels = whole.split(".")
    suffix = _endings()(whole)
    size = suffix.count(".") + 1  # an ending the list does not know is a single label
    if len(labels) <= size or "" in labels or labels[-1].isdigit():
        return None
    *under, label = map(to_unicode, labels[:-size])
    shown = ".".join(map(to_unicode, labels[-size:]))
    registrable = ".".join(labels[-size - 1 :])
    return Host(whole, registrable, f"{label}.{shown}", label, tuple(under))


def host_of(link: str) -> Host | None:
    """Return the host of an http(s) link, taken apart; None where there is none to speak of."""
    try:
        parts = urlsplit(link[:LONGEST_LINK].strip())
        name = parts.hostname or ""
    except ValueError:
        return None
    return host(name) if parts.scheme in {"http", "https"} else None
