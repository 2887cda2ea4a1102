"""Evidence as plain values, complete and exact: the schema of docs/evidence.md.

A change that a reader of the former schema would misread raises `VERSION`; keys are only added.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rules.lookalike.bands import band
from rules.model import Account, Brand, Reason
from watcher.evidence.model import Case, Evidence, NamePair, fingerprint
from watcher.evidence.names import code_points
from watcher.store import AccountForm, SeenPost, Sighting, SuspectEvent

SCHEMA: Final = "brand-watcher/evidence"
VERSION: Final = 1


def as_json(evidence: Evidence) -> str:
    """Return evidence as JSON in ASCII: every other character is escaped, so nothing hides."""
    text = json.dumps(as_dict(evidence), indent=2)
    return text.replace("\x7f", "\\u007f") + "\n"


def as_dict(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as plain values; texts are as the networks gave them, times in UTC."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "made": _time(evidence.made),
        "made_by": evidence.program,
        "timezone": evidence.zone.key,
        "brands": [_brand(brand) for brand in evidence.brands],
        "suspects": [_case(case) for case in evidence.cases],
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _brand(brand: Brand) -> dict[str, Any]:
    return {
        "name": brand.name,
        "spellings": list(brand.spellings),
        "accounts": list(brand.accounts),
        "domains": list(brand.domains),
    }


def _case(case: Case) -> dict[str, Any]:
    record, suspect = case.record, case.record.suspect
    return {
        "id": record.id,
        "subject": suspect.subject,
        "kind": "domain" if suspect.is_domain else "account",
        "name": suspect.name,
        "display_name": suspect.display_name,
        "brand": suspect.brand,
        "rule": suspect.rule,
        "score": round(suspect.score, 4),
        "band": str(band(suspect.score)),
        "techniques": list(suspect.techniques),
        "reason": str(suspect.reason),
        "evidence": [_weighed(why) for why in suspect.evidence],
        "names": [_names(pair) for pair in case.names],
        "verdict": str(record.verdict),
        "first_seen": _time(record.first_seen),
        "last_seen": _time(record.last_seen),
        "account": _account(record.account),
        "own_accounts": [
            {"written": own.written, "account": _account(own.account)} for own in case.own
        ],
        "former_names": [_form(form) for form in case.former],
        "history": [_event(event) for event in case.history],
        "seen_by": [_sighting(sighting) for sighting in case.sightings],
        "posts_kept": record.posts,
        "posts_private": case.private,
        "posts": [_post(copy) for copy in case.posts],
    }


def _weighed(why: Reason) -> dict[str, Any]:
    return {"text": str(why), "weight": round(why.weight, 4)}


def _names(pair: NamePair) -> dict[str, Any]:
    return {
        "kind": pair.kind,
        "name": pair.name,
        "brand": pair.brand,
        "score": round(pair.score, 4),
        "columns": [
            {
                "brand": column.brand,
                "brand_code_points": code_points(column.brand),
                "suspect": column.candidate,
                "suspect_code_points": code_points(column.candidate),
                "differs": column.differs,
            }
            for column in (pair.columns if pair.alike else ())
        ],
        "columns_left_out": pair.left_out if pair.alike else 0,
    }


def _account(account: Account | None) -> dict[str, Any] | None:
    if account is None:
        return None
    return {
        "network": account.network,
        "id": account.id,
        "handle": account.handle,
        "display_name": account.display_name,
        "bio": account.bio,
        "url": account.url,
        "avatar": account.avatar,
        "created": _time(account.created),
        "followers": account.followers,
        "following": account.following,
        "bot": account.bot,
        "locked": account.locked,
        "discoverable": account.discoverable,
        "verified": list(account.verified),
    }


def _form(form: AccountForm) -> dict[str, Any]:
    return {
        "until": _time(form.until),
        "handle": form.handle,
        "display_name": form.display_name,
        "bio": form.bio,
        "avatar": form.avatar,
    }


def _event(event: SuspectEvent) -> dict[str, Any]:
    return {
        "at": _time(event.at),
        "kind": event.kind,
        "what": None if event.what is None else str(event.what),
        "score": _score(event.score),
        "score_before": _score(event.before),
        "verdict": None if event.verdict is None else str(event.verdict),
        "by": event.by,
        "note": event.note,
    }


def _score(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


def _sighting(sighting: Sighting) -> dict[str, Any]:
    return {
        "source": sighting.source,
        "posts": sighting.posts,
        "first": _time(sighting.first),
        "last": _time(sighting.last),
    }


def _post(copy: SeenPost) -> dict[str, Any]:
    post = copy.post
    lists: dict[str, Sequence[str]] = {
        "links": post.links, "titles": post.titles, "hashtags": post.hashtags,
        "mentions": post.mentions, "media": post.media,
    }  # fmt: skip
    return {
        "network": post.network,
        "id": post.id,
        "author": post.author.handle,
        "author_id": post.author.id,
        "text": post.text,
        "text_sha256": fingerprint(post),
        "posted_at": _time(post.posted_at),
        "seen": _time(copy.seen),
        "source": post.source,
        "url": post.url,
        "language": post.language,
        **{name: list(values) for name, values in lists.items()},
        "reply_to": post.reply_to,
        "reply_to_handle": post.reply_to_handle,
        "repost_of": post.repost_of,
        "quote_of": post.quote_of,
        "likes": post.likes,
        "reposts": post.reposts,
        "replies": post.replies,
    }
