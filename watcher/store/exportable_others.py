"""The tables of the export about suspects, accounts, and what was told, said and done."""

from collections.abc import Mapping

from rules.lookalike.bands import band
from watcher.store.export_kind import Kind, is_public, key_of, speaks_of
from watcher.store.private import is_hidden_account, is_hidden_proposal, is_hidden_suspect
from watcher.store.schema import (
    accounts,
    alarms,
    deliveries,
    digests,
    judgements,
    matches,
    posts,
    proposals,
    suspect_events,
    suspects,
)

OF_OTHERS: Mapping[str, Kind] = {
    "suspects": Kind(
        columns={
            "id": suspects.c.id,
            "subject": suspects.c.subject,
            "name": suspects.c.name,
            "display_name": suspects.c.display_name,
            "brand": suspects.c.brand,
            "rule": suspects.c.rule,
            "score": suspects.c.score,
            "band": suspects.c.score.label("band"),
            "techniques": suspects.c.techniques,
            "reason": suspects.c.reason,
            "evidence": suspects.c.evidence,
            "verdict": suspects.c.verdict,
            "first_seen": suspects.c.first_seen,
            "last_seen": suspects.c.last_seen,
            "account_key": key_of(accounts),
            "url": accounts.c.url,
            "created": accounts.c.created,
            "followers": accounts.c.followers,
            "bio": accounts.c.bio,
        },
        source=suspects.outerjoin(accounts, accounts.c.row == suspects.c.account),
        order=(suspects.c.id,),
        time=suspects.c.last_seen,
        public=~is_hidden_suspect(),
        brand=lambda brand: suspects.c.brand == brand,
        rule=lambda rule: suspects.c.rule == rule,
        made={
            "band": lambda row: str(band(row.band)),
            "reason": lambda row: str(row.reason),
            "evidence": lambda row: tuple(map(str, row.evidence)),
        },
    ),
    "suspect_events": Kind(
        columns={
            "suspect": suspect_events.c.suspect,
            "subject": suspects.c.subject,
            "at": suspect_events.c.at,
            "kind": suspect_events.c.kind,
            "what": suspect_events.c.what,
            "score": suspect_events.c.score,
            "before": suspect_events.c.before,
            "verdict": suspect_events.c.verdict,
            "by": suspect_events.c.by,
            "note": suspect_events.c.note,
        },
        source=suspect_events.join(suspects, suspects.c.id == suspect_events.c.suspect),
        order=(suspect_events.c.row,),
        time=suspect_events.c.at,
        public=~is_hidden_suspect(),
        brand=lambda brand: suspects.c.brand == brand,
        rule=lambda rule: suspects.c.rule == rule,
        made={"what": lambda row: None if row.what is None else str(row.what)},
    ),
    "accounts": Kind(
        columns={
            "key": key_of(accounts),
            **{
                name: accounts.c[name]
                for name in (
                    "network", "id", "handle", "display_name", "bio", "url", "avatar", "created",
                    "followers", "following", "bot", "locked", "discoverable", "verified",
                    "last_post", "seen",
                )
            },
        },
        source=accounts,
        order=(accounts.c.row,),
        time=accounts.c.seen,
        public=~is_hidden_account(),
    ),
    "alarms": Kind(
        columns={
            name: alarms.c[name]
            for name in (
                "id", "rule", "kind", "group", "raised", "since", "until", "count", "reason",
                "going", "ended", "acknowledged", "acknowledged_by",
            )
        },
        source=alarms,
        order=(alarms.c.id,),
        time=alarms.c.raised,
        evidence=alarms.c.evidence,
        rule=lambda rule: alarms.c.rule == rule,
        made={"reason": lambda row: str(row.reason)},
    ),
    "digests": Kind(
        columns={
            name: digests.c[name]
            for name in (
                "id", "channel", "kind", "slot", "created", "mentions", "suspects", "more", "late",
                "urgent", "acknowledged", "acknowledged_by",
            )
        },
        source=digests,
        order=(digests.c.id,),
        time=digests.c.created,
    ),
    "deliveries": Kind(
        columns={
            name: deliveries.c[name]
            for name in (
                "id", "digest", "channel", "kind", "recipient", "state", "attempts", "uncertain",
                "created", "next_attempt", "settled", "answer", "message_id",
            )
        },
        source=deliveries,
        order=(deliveries.c.id,),
        time=deliveries.c.created,
    ),
    "judgements": Kind(
        columns={
            "match": judgements.c.match,
            "rule": matches.c.rule,
            "post": key_of(),
            "verdict": judgements.c.verdict,
            "note": judgements.c.note,
            "by": judgements.c.by,
            "at": judgements.c.at,
        },
        source=judgements.join(matches, matches.c.row == judgements.c.match).join(
            posts, posts.c.rid == matches.c.rid
        ),
        order=(judgements.c.row,),
        time=judgements.c.at,
        public=is_public,
        brand=speaks_of,
        rule=lambda rule: matches.c.rule == rule,
        post=posts.c.rid,
    ),
    "follows": Kind(
        columns={
            "id": proposals.c.id,
            "account_key": key_of(accounts),
            "handle": accounts.c.handle,
            **{
                name: proposals.c[name]
                for name in (
                    "channel", "rule", "clause", "reason", "points", "state", "created", "decided",
                    "by", "note",
                )
            },
        },
        source=proposals.join(accounts, accounts.c.row == proposals.c.account),
        order=(proposals.c.id,),
        time=proposals.c.created,
        public=~is_hidden_proposal(),
        rule=lambda rule: proposals.c.rule == rule,
        made={"reason": lambda row: str(row.reason)},
    ),
}  # fmt: skip
