"""What a reader answers to a mail: the words of the subject, written and read here alone. Pure.

relevant 123            the match with this number is what the rule is for
not relevant 123        it is not
mute complaints         nothing of this rule for a week, in this channel
mute complaints for 4h  nothing of it for so long: minutes, hours or days
ack                     somebody sees to the news of this mail
unsubscribe             no more mails of this channel, to whoever got this one
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import quote

What = Literal["relevant", "not relevant", "mute", "ack", "unsubscribe"]

LONGEST = 300
"""Characters of a subject that are read."""
USUAL_SPAN = timedelta(days=7)
"""How long a rule is muted where the answer does not say."""

_ANSWER = re.compile(r"^\s*(?:[A-Za-z]{2,4}\s*(?:\[\d{1,3}\])?\s*:\s*)+", re.IGNORECASE)
_JUDGED = re.compile(r"(?P<not>not\s+|ir)?relevant\s*[#:]?\s*(?P<number>\d{1,18})\b", re.IGNORECASE)
_MUTED = re.compile(
    r"mute\s+(?P<rule>\S.*?)(?:\s+for\s+(?P<number>\d{1,4})\s*(?P<unit>[mhd])\w*)?", re.IGNORECASE
)
_ACKNOWLEDGED = re.compile(r"ack(?:nowledged?)?\b.{0,20}", re.IGNORECASE)
_LEAVING = re.compile(
    r"(?:un-?subscribe|d[ée]sabonner|d[ée]sabonnement|d[ée]sinscription|d[ée]sinscrire)\b.{0,120}",
    re.IGNORECASE,
)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """One answer."""

    what: What
    match: int | None = None
    """The number of a match; None where a rule is muted."""
    rule: str = ""
    """The rule to mute."""
    span: timedelta = USUAL_SPAN
    """For how long to mute it."""

    @property
    def subject(self) -> str:
        """The subject that says so."""
        match self.what:
            case "mute":
                return f"mute {self.rule}{self._lasting}"
            case "relevant" | "not relevant":
                return f"{self.what} {self.match}"
            case _:
                return self.what

    @property
    def _lasting(self) -> str:
        if self.span == USUAL_SPAN:
            return ""
        minutes = self.span // timedelta(minutes=1)
        for unit, size in (("d", 1440), ("h", 60)):
            if minutes % size == 0:
                return f" for {minutes // size}{unit}"
        return f" for {minutes}m"


def read(subject: str) -> Feedback | None:
    """Return what a subject says, whatever "Re:" stands before it; None for anything else."""
    text = " ".join(subject[:LONGEST].split())
    text = _ANSWER.sub("", text).rstrip(" .!")
    if judged := _JUDGED.fullmatch(text):
        what: What = "not relevant" if judged["not"] else "relevant"
        return Feedback(what=what, match=int(judged["number"]))
    if muted := _MUTED.fullmatch(text):
        span = USUAL_SPAN
        if muted["number"]:
            span = int(muted["number"]) * _UNITS[muted["unit"].lower()]
        return Feedback(what="mute", rule=muted["rule"].strip(), span=span)
    if _ACKNOWLEDGED.fullmatch(text):
        return Feedback(what="ack")
    if _LEAVING.fullmatch(text):
        return Feedback(what="unsubscribe")
    return None


def mailto(address: str, feedback: Feedback) -> str:
    """Return the link that begins such an answer; empty without an address to send it to."""
    if not address:
        return ""
    subject = quote(feedback.subject[:LONGEST], safe="")
    return f"mailto:{quote(address, safe='@+')}?subject={subject}"
