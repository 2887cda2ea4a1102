"""Sources as TOML: with the rules that each feeds above it, to be pasted into the configuration."""

from collections.abc import Iterable, Mapping
from typing import Any

from watcher.sourcing.proposal import Draft
from watcher.starter import quoted


def named(drafts: Iterable[Draft], taken: Iterable[str]) -> list[tuple[str, Draft]]:
    """Give each draft a name that no source has."""
    names = {name.strip().casefold() for name in taken}
    result = []
    for draft in drafts:
        name, number = draft.called, 1
        while name.casefold() in names:
            number += 1
            name = f"{draft.called} {number}"
        names.add(name.casefold())
        result.append((name, draft))
    return result


def table(name: str, draft: Draft) -> str:
    """Return a source as TOML, with notes above it."""
    notes = [f"# for {', '.join(_plain(rule) for rule in draft.rules)}"]
    if draft.why:
        notes.append(f"# {_plain(draft.why)}")
    keys = {"name": name, **draft.table}
    return "\n".join(
        [*notes, "[[sources]]", *(f"{key} = {_value(value)}" for key, value in keys.items())]
    )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return "[" + ", ".join(map(_value, value)) + "]"
