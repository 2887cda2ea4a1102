"""A digest in which everything stands that one can tell, invented, to try templates on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.channels.digest_channel import DigestChannel
from alerts.channels.email_digest import EmailDigest
from alerts.digest.composing import Digest, compose
from alerts.digest.volume import LOOKED_BACK, STEP, Series, Share, Tones, Voice, steps_in
from alerts.model import Coverage, FollowProposal, Mention, RaisedAlarm, Volume, Waiting
from alerts.schedule import Slot
from alerts.words.notices import notice
from rules.model import Account, Brand, Match, Post, Reason, Suspect
from rules.rates import Alarm
from rules.reasons import SAYS

_NOW = datetime(2026, 3, 10, 7, tzinfo=UTC)
_DAY = timedelta(days=1)
_BRAND = Brand(name="Acmé", competitors=("Rivalo",))


def samples() -> tuple[Digest, ...]:
    """A full digest that is late, one of several days, and those of a time without posts."""
    channel = EmailDigest(name="sample", to=("ada@acme.example",), title="Acmé")
    slot = Slot(at=_NOW, since=_NOW - _DAY, late=False)
    full = _composed(channel, _full(_DAY), slot)
    late = replace(full, slot=replace(slot, late=True), hidden=2, silenced=1, held=3)
    days = _composed(channel, _full(5 * _DAY), replace(slot, since=_NOW - 5 * _DAY))
    nothing = Waiting(channel="sample", since=_NOW - _DAY, until=_NOW)
    seen = replace(nothing, coverage=_coverage()[:1])
    first = replace(slot, first=True)
    return (late, days, _composed(channel, nothing, slot), _composed(channel, seen, first))


def _composed(channel: DigestChannel, waiting: Waiting, slot: Slot) -> Digest:
    return compose(channel, waiting, slot, _NOW, [_BRAND], "Europe/Paris")


def _full(length: timedelta) -> Waiting:
    posts = [_post(n) for n in range(30)]
    suspect = Suspect(
        subject="domain:xn--acm-gifts-h4a.example",
        name="acmé-gifts.example",
        display_name="Acmé gifts",
        brand="Acmé",
        rule="lookalikes",
        score=0.95,
        techniques=("affix",),
        reason=Reason(template='"{name}" reads like {brand}.',
                      values={"name": "acmé-gifts", "brand": "Acmé"}),
        evidence=(Reason(template="It was registered lately."),),
    )  # fmt: skip
    proposal = FollowProposal(
        account=posts[0].author, channel="follows", rule="talk", post=posts[0].key,
        clause="addressed-us", reason=Reason(template="@{handle} wrote.", values={"handle": "lou"}),
    )  # fmt: skip
    return Waiting(
        channel="sample",
        since=_NOW - length,
        until=_NOW,
        mentions=tuple(_mention(post, n) for n, post in enumerate(posts)),
        alarms=(_alarm(posts),),
        suspects=(suspect,),
        news={suspect.subject: (Reason(template="It was renamed."),)},
        proposals=(proposal,),
        coverage=_coverage(),
        volumes=(
            Volume(rule="talk", posts=30, before=4, usual=5.0),
            Volume(rule="complaints", posts=3, before=5),
            Volume(rule="new", posts=1, before=None),
        ),
        voices=(_voice(length),),
        notices=(notice("early", count="30"),),
    )


def _post(n: int) -> Post:
    author = Account(
        network="mastodon", id="1", handle=f"lou{n % 9}", display_name="Lou Marchand",
        url="https://social.example/@lou", followers=1840, verified=("https://lou.example",),
    )  # fmt: skip
    words = ("hinge", "refund", "answer", "shop", "bag")[n % 5]
    return Post(
        network="mastodon", id=str(n), author=author, posted_at=_NOW - timedelta(minutes=40 * n),
        text=f"The {words} of my Acmé broke and nobody answers, number {n} of many" * (1 + n % 3),
        url=f"https://social.example/@lou/{n}", likes=87 * (n % 4), reposts=31, replies=24,
        language="en", private=n == 7,
    )  # fmt: skip


def _mention(post: Post, n: int) -> Mention:
    rules = ("talk", "complaints")[: 1 + (n % 10 == 0)]
    why = Reason(template=SAYS, values={"words": "“Acmé”"})
    start = post.text.index("Acmé")
    return Mention(
        post=post,
        matches=tuple(
            Match(rule=rule, post=post.key, spans=((start, start + 4),), reason=why)
            for rule in rules
        ),
        copies=n % 3,
        copyists=n % 2,
        numbers=dict.fromkeys(rules, 100 + n),
    )


def _alarm(posts: list[Post]) -> RaisedAlarm:
    alarm = Alarm(
        rule="talk", kind="spike", since=_NOW - timedelta(hours=3), until=_NOW - timedelta(hours=2),
        count=64, reason=Reason(template="Far more than usual."),
    )  # fmt: skip
    return RaisedAlarm(id=1, alarm=alarm, raised=_NOW, posts=tuple(posts[:2]))


def _coverage() -> tuple[Coverage, ...]:
    of = {"since": _NOW - _DAY, "until": _NOW, "pulls": 288}
    gap = (_NOW - _DAY, _NOW - timedelta(hours=20), "the server was down")
    return (
        Coverage(source="town", posts=412, last_success=_NOW, **of),  # type: ignore[arg-type]
        Coverage(source="square", posts=9, skipped=3, gaps=(gap,), last_success=_NOW,
                 **of),  # type: ignore[arg-type]
        Coverage(source="old-forum", failures=24, last_error="it answered with a login page",
                 **of),  # type: ignore[arg-type]
    )  # fmt: skip


def _voice(length: timedelta) -> Voice:
    steps = steps_in(length + LOOKED_BACK)
    counts = dict.fromkeys(range(0, steps, 24), 1) | dict.fromkeys(range(40), 3)
    series = Series(until=_NOW, steps=steps, counts=counts, watched=_NOW - (steps - 1) * STEP)
    return Voice(
        brand="Acmé",
        series=series,
        competitors=(Share(brand="Rivalo", posts=12, before=9),),
        tones=Tones(negative=30, known=40),
        tones_before=Tones(negative=10, known=80),
    )
