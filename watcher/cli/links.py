"""Addresses in what strangers wrote, so written that no terminal makes a link of them."""

import re
from collections.abc import Collection

from rich.text import Text

from alerts.words.hostile import is_suspect
from rules.model import Verdict
from watcher.store import Store

_ADDRESS = re.compile(r"(?P<scheme>://)?(?P<host>\w[\w-]*(?:[.。．｡][\w-]+)+)")


def defanged(address: str) -> str:
    """Return a domain or address that no terminal turns into a link."""
    return address.replace(".", "[.]").replace("://", "[:]//")


def suspect_domains(store: Store) -> frozenset[str]:
    """Return the domains that are suspects: not those judged harmless or ours."""
    return frozenset(
        record.suspect.name.lower()
        for verdict in (Verdict.OPEN, Verdict.CONFIRMED)
        for record in store.suspects(verdict=verdict, limit=10**9)
        if record.suspect.is_domain
    )


def defused(
    text: str | Text,
    domains: Collection[str] = (),
    *,
    all_links: bool = False,
    all_hosts: bool = False,
) -> Text:
    """Return a text, its styles kept, in which what leads to one of the domains is no link.

    `domains` are those of suspects; what lies below them counts too. With `all_links` nothing that
    begins like `https://` stays one, with `all_hosts` nothing that could be the name of a host.
    """
    whole = Text(text) if isinstance(text, str) else text
    result, done = Text(), 0
    for match in _ADDRESS.finditer(whole.plain):
        is_link = match["scheme"] is not None
        wanted = (all_links and is_link) or (all_hosts and not match["host"][-1].isdigit())
        if not wanted and not is_suspect(match["host"].lower(), domains):
            continue
        for at in range(match.start(), match.end()):
            sign = whole.plain[at]
            if (sign == ":" and is_link and at == match.start()) or sign in ".。．｡":
                result.append_text(whole[done:at]).append("[:]" if sign == ":" else "[.]")
                done = at + 1
    return result.append_text(whole[done:])
