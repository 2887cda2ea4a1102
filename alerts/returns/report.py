"""What a delivery status notification says of a mail (RFC 3464, codes of RFC 3463). Pure.

What is no such report, but comes from a mail system about a mail, is searched for a status code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from alerts.returns.reading import Head, Letter, groups
from alerts.words.hostile import one_line

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
Verdict = Literal["hard", "soft", "nothing"]

LONGEST_WORDS = 300

_ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_KINDS = {"message/delivery-status", "message/global-delivery-status"}
_ADDRESS_UNKNOWN = re.compile(r"5\.1\.(?:[01236]|10)|5\.2\.1|5\.4\.4")
"""Nobody is there: bad mailbox, bad domain, moved, no mail wanted; disabled; no such host."""
_UNKNOWN_AT_RCPT = re.compile(r"\b5\d\d[ -](5\.1\.(?:[1236]|10))(?!\d)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What became of a mail on its way to one recipient."""

    action: Action
    status: str = ""
    """`5.1.1`; empty where none was told."""
    recipient: str = ""
    """Whom the report names, in small letters; not always whom we wrote to."""
    words: str = ""
    """What the last server said, on one line."""
    whole: bool = True
    """Whether a report said so in its own fields; else it was read out of a text."""

    @property
    def verdict(self) -> Verdict:
        """What it means for the address: `hard`, nobody is there; `soft`, perhaps later.

        A mailbox that is full (5.2.2), a mail that is too large or unwanted (5.2.3, 5.3, 5.6, 5.7),
        and whatever ends with 4 say little of the address.
        """
        if self.action != "failed":
            return "nothing"
        if _ADDRESS_UNKNOWN.fullmatch(self.status):
            return "hard"
        # Servers without codes of their own: "550 no such user" becomes 5.0.0 on the way.
        return "hard" if self.whole and self.status == "5.0.0" else "soft"


def is_report(letter: Letter) -> bool:
    """Whether a mail calls itself a delivery report, or holds one."""
    kind = letter.head.get("content-type").lower()
    if kind.startswith("multipart/report") and "disposition-notification" not in kind:
        return True
    return any(part.head.kind in _KINDS for part in letter.parts)


def statuses(letter: Letter) -> tuple[Status, ...]:
    """Return what a report says, one for each recipient; none where nothing can be read."""
    reports = (part for part in letter.parts if part.head.kind in _KINDS)
    return tuple(one for part in reports for one in _statuses(part.text))


def about(recipient: str, found: tuple[Status, ...]) -> Status | None:
    """Return the status that is about a recipient of ours, who may have been forwarded.

    Where several are named and none is ours, the mildest: an address that stands for many is not
    gone because one of them is.
    """
    own = [one for one in found if one.recipient == recipient.casefold()]
    return max(own or found, key=lambda one: _ACTIONS.index(one.action), default=None)


def guessed(letter: Letter) -> Status:
    """Read a bounce that is no report: the first status code in its text, if there is any."""
    text = " ".join(part.text for part in letter.parts[:3])
    found = next((one for one in _STATUS.finditer(text) if one[1] in "45"), None)
    words = text[max(0, found.start() - 100) : found.end() + 200] if found else text
    return Status(
        action="failed",
        status=found[0] if found else "",
        words=one_line(words, LONGEST_WORDS),
        whole=False,
    )


def unknown_at_rcpt(answer: str) -> str:
    """Return the code with which a server said that nobody is at an address; empty for all else.

    Never for 5.1.7 and 5.1.8: they speak of the sender, who is us.
    """
    found = _UNKNOWN_AT_RCPT.search(answer)
    return found[1] if found else ""


def _statuses(text: str) -> Iterator[Status]:
    for head in groups(text):
        diagnosis = head.get("diagnostic-code").partition(";")
        words = one_line(diagnosis[2] or diagnosis[0], LONGEST_WORDS)
        status = _STATUS.search(head.get("status")) or _STATUS.search(words)
        action = _action(head, status[1] if status else "")
        if action is not None:
            yield Status(
                action=action,
                status=status[0] if status else "",
                recipient=_recipient(head),
                words=words,
            )


def _action(head: Head, kind: str) -> Action | None:
    """Return what a group says was done; None for the group about the mail as a whole."""
    word = re.match(r"[a-z]*", head.get("action").lower())
    for action in _ACTIONS:
        if word and word[0] == action:
            return action
    if not head.get("final-recipient"):
        return None
    return {"5": "failed", "4": "delayed", "2": "delivered"}.get(kind)  # type: ignore[return-value]


def _recipient(head: Head) -> str:
    named = head.get("original-recipient") or head.get("final-recipient")
    address = named.partition(";")[2] or named
    return one_line(address, LONGEST_WORDS).strip("<> ").casefold()
