"""Suspects as plain values, for programs."""

from typing import Any

from rules.lookalike.bands import band
from rules.model import Account
from watcher.store import SuspectDetail, SuspectRecord


def as_dict(record: SuspectRecord) -> dict[str, Any]:
    """Return a suspect as plain values; names are as the network gave them."""
    suspect = record.suspect
    return {
        "id": record.id,
        "kind": "domain" if suspect.is_domain else "account",
        "subject": suspect.subject,
        "name": suspect.name,
        "display_name": suspect.display_name,
        "brand": suspect.brand,
        "rule": suspect.rule,
        "score": round(suspect.score, 4),
        "band": str(band(suspect.score)),
        "techniques": list(suspect.techniques),
        "reason": str(suspect.reason),
        "verdict": str(record.verdict),
        "posts": record.posts,
        "first_seen": record.first_seen.isoformat(),
        "last_seen": record.last_seen.isoformat(),
        "url": record.account.url if record.account else "",
    }


def detail_dict(detail: SuspectDetail) -> dict[str, Any]:
    """Return a suspect with its history as plain values.

    `weights` are those of `evidence`, in log-odds: positive where it raised the score.
    """
    return {
        **as_dict(detail.record),
        "evidence": [str(reason) for reason in detail.record.suspect.evidence],
        "weights": [round(reason.weight, 4) for reason in detail.record.suspect.evidence],
        "account": account_dict(detail.record.account) if detail.record.account else None,
        "forms": [
            {
                "handle": form.handle,
                "display_name": form.display_name,
                "bio": form.bio,
                "avatar": form.avatar,
                "until": form.until.isoformat() if form.until else None,
            }
            for form in detail.forms
        ],
        "verdicts": [
            {
                "verdict": str(one.verdict),
                "note": one.note,
                "by": one.by,
                "at": one.at.isoformat(),
            }
            for one in detail.verdicts
        ],
        "history": [
            {
                "at": one.at.isoformat(),
                "kind": one.kind,
                "what": str(one.what) if one.what else "",
                "score": one.score,
                "score_before": one.before,
                "by": one.by,
                "note": one.note,
                "verdict": str(one.verdict) if one.verdict else None,
            }
            for one in detail.history
        ],
        "recent_posts": [
            {
                "key": post.key,
                "posted_at": post.posted_at.isoformat(),
                "url": post.url,
                "text": post.text,
                "links": list(post.links),
                "private": post.private,
            }
            for post in detail.posts
        ],
    }


def account_dict(account: Account) -> dict[str, Any]:
    """Return what an account says of itself, and what its network does, as plain values."""
    return {
        "network": account.network,
        "handle": account.handle,
        "display_name": account.display_name,
        "bio": account.bio,
        "url": account.url,
        "avatar": account.avatar,
        "created": account.created.isoformat() if account.created else None,
        "followers": account.followers,
        "following": account.following,
        "bot": account.bot,
        "locked": account.locked,
        "discoverable": account.discoverable,
        "verified": list(account.verified),
    }
