"""What a reader answers about a post: the words of the subject, written and read here alone. Pure.

relevant 123        the match with this number is what the rule is for
not relevant 123    it is not
mute complaints     nothing of this rule any more, to whoever asks
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

What = Literal["relevant", "not relevant", "mute"]

LONGEST = 300
"""Characters of a subject that are read."""

_ANSWER = re.compile(r"^\s*(?:[A-Za-z]{2,4}\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_JUDGED = re.compile(r"(?P<not>not\s+|ir)?relevant\s*[#:]?\s*(?P<number>\d{1,18})\b", re.IGNORECASE)
_MUTED = re.compile(r"mute\s+(?P<rule>\S.*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """One answer."""

    what: What
    match: int | None = None
    """The number of a match; None where a rule is muted."""
    rule: str = ""
    """The rule to mute."""

    @property
    def subject(self) -> str:
        """The subject that says so."""
        return f"mute {self.rule}" if self.what == "mute" else f"{self.what} {self.match}"


def read(subject: str) -> Feedback | None:
    """Return what a subject says, whatever "Re:" stands before it; None for anything else."""
    text = " ".join(subject[:LONGEST].split())
    text = _ANSWER.sub("", text)
    if judged := _JUDGED.fullmatch(text):
        what: What = "not relevant" if judged["not"] else "relevant"
        return Feedback(what=what, match=int(judged["number"]))
    if muted := _MUTED.fullmatch(text):
        return Feedback(what="mute", rule=muted["rule"].strip())
    return None


def mailto(address: str, feedback: Feedback) -> str:
    """Return the link that begins such an answer; empty without an address to send it to."""
    if not address:
        return ""
    subject = quote(feedback.subject[:LONGEST], safe="")
    return f"mailto:{quote(address, safe='@+')}?subject={subject}"
