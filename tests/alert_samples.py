"""Invented posts for the tests of mails: a small maker of folding bicycles and its public."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts import EmailDigest
from alerts.digest.volume import LOOKED_BACK, STEP, Series, Share, Voice, steps_in
from alerts.model import Coverage, FollowProposal, Mention, RaisedAlarm, Volume, Waiting
from alerts.schedule import Slot
from rules.lookalike.reasons import REASONS
from rules.model import Account, Brand, Match, Post, Reason, Suspect
from rules.rates import Alarm
from rules.rates.reasons import sentence

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)  # a Tuesday, 08:00 in Paris
SINCE = NOW - timedelta(days=1)
SLOT = Slot(at=NOW, since=SINCE, late=False)
FOUND = "The post says {words}."

BRAND = Brand(
    name="Plivélo",
    spellings=("plivelo",),
    accounts=("plivelo",),
    domains=("plivelo.example",),
)


def account(handle: str, display_name: str = "", **more: Any) -> Account:
    more.setdefault("network", "mastodon")
    more.setdefault("url", f"https://social.example/@{handle}")
    return Account(id=handle, handle=handle, display_name=display_name, **more)


def mention(
    text: str,
    *,
    by: Account,
    id: str,
    rules: tuple[str, ...] = ("plivelo",),
    word: str = "",
    **more: Any,
) -> Mention:
    """A post that the rules found, because of `word` where there is one."""
    start = text.casefold().find(word.casefold()) if word else -1
    spans = ((start, start + len(word)),) if start >= 0 else ()
    more.setdefault("posted_at", NOW - timedelta(hours=3))
    more.setdefault("url", f"https://social.example/@{by.handle}/{id}")
    post = Post(network=by.network, id=id, author=by, text=text, **more)
    reason = Reason(template=FOUND, values={"words": f"“{word or 'plivelo'}”"})
    return Mention(
        post=post,
        matches=tuple(
            Match(rule=rule, post=post.key, spans=spans, reason=reason) for rule in rules
        ),
    )


def email(**more: Any) -> EmailDigest:
    more = {"name": "daily", "to": ("ada@plivelo.example",), "title": "Plivélo", **more}
    return EmailDigest(**more)


def waiting(**more: Any) -> Waiting:
    base = {"channel": "daily", "since": SINCE, "until": NOW, "coverage": (watched("mastodon"),)}
    return Waiting(**{**base, **more})


def watched(source: str, **more: Any) -> Coverage:
    base = {"since": SINCE, "until": NOW, "pulls": 288, "posts": 412, "last_success": NOW}
    return Coverage(source=source, **{**base, **more})


def full() -> Waiting:
    """Everything that a digest can tell, once."""
    lou = account("lou", "Lou Marchand", followers=1840)
    radio = account("radiopedale", "Radio Pédale", followers=61_200)
    tariq = account("tariq", "طارق", followers=320)
    broken = (
        "My Plivelo hinge broke after three weeks and support has not answered in nine days. "
        "Anyone else?"
    )
    posts = [
        mention(broken, by=lou, id="1", rules=("plivelo", "complaints"), word="Plivelo",
                likes=87, reposts=31, replies=24),
        *[mention(f"RT @lou: {broken}", by=account(f"cyclist{n}", f"Cyclist {n}", followers=n),
                  id=f"1{n}", word="Plivelo", repost_of="1") for n in range(6)],
        mention("Demain dans l'émission : on essaie le nouveau Plivélo pliant, 9,8 kg sur la "
                "balance, et on le compare à ses deux rivaux.\nÀ 18 h 30, en direct du vélodrome.",
                by=radio, id="2", word="Plivélo", likes=212, reposts=40, language="fr"),
        mention("أحب دراجتي الجديدة plivelo كثيرا", by=tariq, id="3", word="plivelo", likes=4),
        mention("Plivélo ou la concurrence pour prendre le train tous les jours ? Je fais 14 km, "
                "dont une bonne côte.", by=account("ines", "Inès", followers=95), id="4",
                word="Plivélo", replies=11, language="fr"),
        mention("Won a bike! Claim yours at https://plivelo-gifts.example/win before midnight",
                by=account("plivelo_gifts", "Plivélo Official Gifts", followers=12), id="5",
                word="plivelo", rules=("plivelo", "complaints"), reposts=3),
        mention("Refund still missing, and the shop in the rue des Lilas is closed. #plivelo",
                by=account("marta", "Marta", followers=230), id="6", rules=("complaints",),
                word="Refund", likes=9, replies=2),
    ]  # fmt: skip
    suspects = (
        Suspect(subject="mastodon:plive1o", name="plive1o@other.example",
                display_name="Plivélo Support", brand="Plivélo", rule="lookalike",
                score=0.97, techniques=("leet", "affix"),
                reason=Reason(template=REASONS["homoglyph"],
                              values={"name": "plive1o", "brand": "Plivélo"}),
                evidence=(
                    Reason(template=REASONS["looks"], values={"found": "1", "wanted": "l"}),)),
        Suspect(subject="domain:xn--plivlo-gifts-bhb.example", name="plivélo-gifts.example",
                brand="Plivélo", rule="lookalike", score=0.88, techniques=("affix", "homoglyph"),
                reason=Reason(template=REASONS["affix"],
                              values={"name": "plivélo-gifts.example", "brand": "Plivélo",
                                      "affix": "gifts"})),
        Suspect(subject="domain:plivelo-gifts.example", name="plivelo-gifts.example",
                brand="Plivélo", rule="lookalike", score=0.74, techniques=("affix",),
                reason=Reason(template=REASONS["contains"],
                              values={"name": "plivelo-gifts.example", "brand": "Plivélo"})),
    )  # fmt: skip
    proposal = FollowProposal(
        account=lou, channel="follow", rule="plivelo", post="mastodon:1", clause="addressed-us",
        reason=Reason(
            template="@{handle} addressed {brand} in a post that the rule {rule} found.",
            values={"handle": "lou", "brand": "Plivélo", "rule": "plivelo"}),
    )  # fmt: skip
    gap = (
        SINCE + timedelta(hours=2),
        SINCE + timedelta(hours=5, minutes=20),
        "the server was down",
    )
    return waiting(
        mentions=tuple(posts),
        suspects=suspects,
        proposals=(proposal,),
        volumes=(
            Volume(rule="plivelo", posts=30, before=8),
            Volume(rule="complaints", posts=7, before=9),
            Volume(rule="folding-bikes", posts=12, before=None),
        ),
        coverage=(
            watched("mastodon", skipped=3, gaps=(gap,)),
            watched("bluesky", posts=96),
            watched("old-forum", posts=0, last_success=None, failures=24, pulls=24,
                    last_error="forum.example answered with a login page"),
        ),
    )  # fmt: skip


def voice(
    brand: str = "Plivélo", *, others: tuple[str, ...] = (), length: timedelta = timedelta(days=1)
) -> Voice:
    """A brand of which three times as much is said as usual, since seven hours."""
    steps = steps_in(length + LOOKED_BACK)
    counts = dict.fromkeys(range(0, steps, 12), 1) | dict.fromkeys(range(28), 1)
    series = Series(until=NOW, steps=steps, counts=counts, watched=NOW - (steps - 1) * STEP)
    return Voice(
        brand=brand,
        series=series,
        competitors=tuple(Share(brand=name, posts=9, before=12) for name in others),
    )


def raised(
    reason: str = "spike-before",
    *,
    rule: str = "plivelo",
    posts: int = 2,
    late: timedelta = timedelta(minutes=2),
    **more: Any,
) -> RaisedAlarm:
    """An alarm with some posts to show for it."""
    group = more.pop("group", "")
    until = more.pop("until", NOW - timedelta(hours=1))
    values = {"count": "64", "unit": "accounts", "within": "1h", "usual": "9", "before": "7"}
    alarm = Alarm(
        rule=rule,
        kind="spike",
        since=until - timedelta(hours=1),
        until=until,
        count=64,
        reason=sentence(reason, group, **values | {"least": "5", "value": "#recall"} | more),
    )
    said = [
        mention(f"Why does my Plivelo fold by itself? {n}", by=account(f"rider{n}"), id=f"a{n}")
        for n in range(posts)
    ]
    return RaisedAlarm(
        id=1,
        alarm=alarm,
        raised=until + late,
        posts=tuple(one.post for one in said),
    )
