"""Addresses written so that nobody clicks them: `hxxp://acme[.]com/x`, `acme(dot)com`.

Who warns of a fraud writes its domain like this. A rule that asks for the domain wants the warning.
"""

import re
from collections.abc import Iterator

from rules.metadata import domain_terms

_DOT = re.compile(r"\s{0,2}[\[({]\s?(?:\.|dot|point)\s?[\])}]\s{0,2}", re.IGNORECASE)
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
# A run is entered at its beginning only and never given back, so each character is read once.
_NAME = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]++)*+(?:\0[\w-]++(?:\.[\w-]++)*+)++")
_DISARMED = re.compile(r"[Hh][Xx]{2}[Pp][Ss]?(?::|\[:\])//([^\s/?#<>\"]{1,260}+)")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.(?:[^\W\d_]{{2,}}|xn--[\w-]+)")
_LONGEST = 253


def may_be_disarmed(text: str) -> bool:
    """Whether the text may name a domain so; False is certain."""
    if "[" in text or "(" in text or "{" in text:
        return True
    return "//" in text and ("xxp" in text or "XXP" in text or "XXp" in text)


def defanged_domains(text: str) -> Iterator[str]:
    """Yield the terms of the domains (`domain:acme.com`) that the text names without linking to."""
    for host in _hosts(text):
        if len(host) <= _LONGEST and _HOST.fullmatch(host):
            yield from domain_terms(host)


def _hosts(text: str) -> Iterator[str]:
    marked = _DOT.sub("\0", text) if _may_hold_dots(text) else text
    if marked is not text:
        for match in _NAME.finditer(marked):
            yield match[0].replace("\0", ".")
    if "xxp" in text or "XXP" in text or "XXp" in text:
        for match in _DISARMED.finditer(marked):
            yield match[1].replace("\0", ".").rpartition("@")[2].partition(":")[0]


def _may_hold_dots(text: str) -> bool:
    return ("[" in text or "(" in text or "{" in text) and _DOT.search(text) is not None
