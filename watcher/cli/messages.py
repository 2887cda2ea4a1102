"""Words for messages of every kind: how many, what kind, what is in them."""

import json
from collections.abc import Mapping

from alerts.model import DeliveryKind
from alerts.words.hostile import ZERO_WIDTH_SPACE
from watcher.cli.console import count

_NOUNS: Mapping[DeliveryKind, str] = {
    "email": "mail",
    "notify": "message",
    "webhook": "webhook call",
    "feed": "feed update",
}


def counted(kinds: Mapping[DeliveryKind, int]) -> str:
    """Return how many messages there are of each kind: `3 mails, 1 webhook call`."""
    told = [count(kinds[kind], noun) for kind, noun in _NOUNS.items() if kinds.get(kind)]
    return ", ".join(told) or count(0, "mail")


def noun(kind: str) -> str:
    """Return what a message of a channel's kind is called."""
    return {str(known): word for known, word in _NOUNS.items()}.get(kind, "mail")


def content(kind: DeliveryKind, payload: bytes) -> str:
    """Return what a message that is no mail says, to be read by a person."""
    try:
        told = json.loads(payload)
        if kind == "notify":
            return on_screen(f"{told['title']}\n\n{told['text']}")
        if kind == "feed":
            entries = [f"{one['published']}  {one['title']}" for one in told["entries"]]
            return on_screen("\n".join(entries))
        return json.dumps(told, ensure_ascii=False, indent=2)
    except (ValueError, KeyError, TypeError):
        return ""  # the content was erased with the account that it told of


def on_screen(text: str) -> str:
    """Return a text with signs instead of what nobody sees and no reader links."""
    return text.replace(f"{ZERO_WIDTH_SPACE}.", "[.]").replace(ZERO_WIDTH_SPACE, "")
