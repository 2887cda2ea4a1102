"""The domains and handles of brands: what is none protects nothing, silently."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rules.errors import Problem

if TYPE_CHECKING:
    from watcher.config import Config

_HANDLE = re.compile(r"(?:[\w.-]+:)?[@\uff20]?[\w.-]*\w[\w.-]*(?:@[\w.-]+)?")


def is_handle(entry: str) -> bool:
    """Return whether an entry of `accounts` or `friends` can name an account."""
    return _HANDLE.fullmatch(entry.strip()) is not None


def problems(config: "Config") -> Iterator[Problem]:
    """Yield each domain and handle of a brand that is none, and what would leave out every post."""
    yield from _domain_problems(config)
    yield from _handle_problems(config)
    yield from _context_problems(config)


def _domain_problems(config: "Config") -> Iterator[Problem]:
    """Yield what stands for a domain and is none: it would protect nothing, silently."""
    for i, brand in enumerate(config.brands):
        for j, domain in enumerate(brand.domains):
            if re.fullmatch(r"[^\s/:@.]+(\.[^\s/:@.]+)+\.?", domain):
                continue
            host = re.sub(r"^[a-z]+://|^.*@|[/:].*$", "", domain.strip())
            yield Problem(
                code="bad-domain",
                message="this is no domain",
                path=("brands", i, "domains", j),
                help=f'did you mean "{host.removeprefix("www.")}"?'
                if "." in host
                else 'a domain is written like "acme.example"',
            )


def _handle_problems(config: "Config") -> Iterator[Problem]:
    """Yield what stands for a handle and is none: that account would be taken for a suspect."""
    for i, brand in enumerate(config.brands):
        for key, entries in (("accounts", brand.accounts), ("friends", brand.friends)):
            for j, entry in enumerate(entries):
                if is_handle(entry):
                    continue
                near = _handle_in(entry)
                yield Problem(
                    code="bad-handle",
                    message="this is no handle" + " and no domain" * (key == "friends"),
                    path=("brands", i, key, j),
                    help=f'did you mean "{near}"?'
                    if near
                    else 'a handle is written like "acme" or "acme@social.example"',
                )


def _context_problems(config: "Config") -> Iterator[Problem]:
    """Yield each brand that is told by its context and has none: no post of it would be told."""
    for i, brand in enumerate(config.brands):
        words = [word for word in brand.context if re.search(r"\w", word)]
        if brand.relevance == "context" and not words:
            yield Problem(
                code="no-context",
                message="no post would be told: there is no word beside which the name means the "
                "brand",
                path=("brands", i, "relevance"),
                help='add some: context = ["forfait", "4g"]',
            )


def _handle_in(entry: str) -> str:
    """Return the handle of a profile's address, or words written as one; empty if neither."""
    if address := re.fullmatch(r"(?:https?://)?([\w.-]+\.\w+)(/[^?#]*)?.*", entry.strip()):
        *_, last = (address[2] or "").rstrip("/").split("/")
        near = last.lstrip("@") or address[1].removeprefix("www.")
    else:
        near = "_".join(entry.split())
    return near if _HANDLE.fullmatch(near) else ""
