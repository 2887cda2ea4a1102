"""A digest as data for programs: what a webhook posts. `docs/webhook.schema.json` is its schema.

Texts are those of strangers, as they wrote them without control characters; addresses are there
only where a reader may be sent. A field may be added; what changes its meaning changes `VERSION`.
"""

from datetime import datetime
from typing import Any

from alerts.digest.brands import Told
from alerts.digest.composing import Digest
from alerts.digest.cut import cut
from alerts.digest.parts import Item, Watched
from alerts.model import FollowProposal, RaisedAlarm
from alerts.words import hostile
from alerts.words.speech import Speech
from alerts.words.translations import Words
from rules.model import Account, Post, Reason, Suspect

VERSION = 1
LONGEST_TEXT = 10_000
LONGEST_NAME = 200


def as_data(digest: Digest, words: Words) -> dict[str, Any]:
    """Return the digest, its posts cut to what the channel asks for, with reasons in `words`."""
    teller = _Teller(digest, words)
    shown = cut(digest, digest.channel.posts)
    return {
        "channel": digest.channel.name,
        "title": digest.channel.title or digest.channel.name,
        "summary": digest.summary,
        "language": words.catalogue.language.replace("_", "-"),
        "timezone": digest.zone.key,
        "since": _moment(digest.since),
        "until": _moment(digest.until),
        "late": digest.slot.late,
        "urgent": [teller.reason(one) for one in digest.urgent],
        "alarms": [teller.alarm(one) for one in digest.alarms],
        "more_alarms": digest.more_alarms,
        "notices": [teller.reason(one) for one in digest.notices],
        "brands": [_brand(one) for one in digest.brands],
        "volumes": [
            {
                "rule": one.rule,
                "posts": one.posts,
                "before": one.before,
                "usual": _rounded(one.usual),
            }
            for one in digest.volumes
        ],
        "found": digest.posts,
        "posts": [teller.item(item) for group in shown.groups for item in group.items],
        "more_posts": shown.more_posts + sum(group.more for group in shown.groups),
        "private_posts_hidden": digest.hidden,
        "suspects": [teller.suspect(one) for one in digest.suspects],
        "more_suspects": digest.more_suspects,
        "proposals": [teller.proposal(one) for one in digest.proposals],
        "more_proposals": digest.more_proposals,
        "sight": digest.sight,
        "sources": [_source(one) for one in digest.watched],
        "more_sources": digest.more_watched,
    }


class _Teller:
    """Puts the parts of one digest into data."""

    def __init__(self, digest: Digest, words: Words) -> None:
        self._speech = Speech(words, digest, html=False)
        self._suspects = digest.suspect_domains

    def reason(self, reason: Reason) -> str:
        return self._speech.reason(reason)

    def alarm(self, raised: RaisedAlarm) -> dict[str, Any]:
        alarm = raised.alarm
        return {
            "rule": alarm.rule,
            "kind": alarm.kind,
            "group": _line(alarm.group),
            "since": _moment(alarm.since),
            "until": _moment(raised.until),
            "raised": _moment(raised.raised),
            "count": alarm.count,
            "reason": self.reason(alarm.reason),
            "story": [self.reason(one) for one in raised.story],
            "posts": [self._post(post) for post in raised.posts[:3]],
        }

    def item(self, item: Item) -> dict[str, Any]:
        rules = [match.rule for match in item.matches] + list(item.also)
        return {
            **self._post(item.post),
            "rules": list(dict.fromkeys(rules)),
            "reasons": list(dict.fromkeys(self.reason(one.reason) for one in item.matches)),
            "copies": item.copies,
            "authors": item.voices,
            "own": item.own,
        }

    def _post(self, post: Post) -> dict[str, Any]:
        return {
            "key": _line(post.key),
            "network": post.network,
            "url": hostile.safe_link(post.url, self._suspects),
            "author": self._account(post.author),
            "text": hostile.plain(post.text, LONGEST_TEXT),
            "language": _line(post.language) if post.language else None,
            "posted_at": _moment(post.posted_at),
            "likes": post.likes,
            "reposts": post.reposts,
            "replies": post.replies,
            "private": post.private,
        }

    def _account(self, account: Account) -> dict[str, Any]:
        return {
            "key": _line(account.key),
            "handle": _line(account.handle),
            "display_name": _line(account.display_name),
            "url": hostile.safe_link(account.url, self._suspects),
            "followers": account.followers,
        }

    def suspect(self, suspect: Suspect) -> dict[str, Any]:
        return {
            "subject": _line(suspect.subject),
            "name": _line(suspect.name),
            "display_name": _line(suspect.display_name),
            "is_domain": suspect.is_domain,
            "brand": suspect.brand,
            "rule": suspect.rule,
            "score": round(suspect.score, 4),
            "techniques": list(suspect.techniques),
            "reason": self.reason(suspect.reason),
        }

    def proposal(self, proposal: FollowProposal) -> dict[str, Any]:
        return {
            "account": self._account(proposal.account),
            "rule": proposal.rule,
            "reason": self.reason(proposal.reason),
            "points": proposal.points,
            "grounds": [self.reason(one.reason) for one in proposal.grounds],
        }


def _brand(one: Told) -> dict[str, Any]:
    return {
        "brand": one.brand,
        "posts": one.posts,
        "before": one.before,
        "usual": _rounded(one.usual),
        "surge": one.surge is not None,
        "share_of_voice": _rounded(one.share, 4),
    }


def _rounded(number: float | None, places: int = 1) -> float | None:
    return None if number is None else round(number, places)


def _source(one: Watched) -> dict[str, Any]:
    return {
        "name": one.coverage.source,
        "state": one.state,
        "missed_seconds": round(one.missed.total_seconds()),
        "posts": one.coverage.posts,
        "last_error": _line(one.coverage.last_error, 300),
    }


def _moment(at: datetime) -> str:
    return at.isoformat()


def _line(text: str, limit: int = LONGEST_NAME) -> str:
    return hostile.one_line(text, limit)
