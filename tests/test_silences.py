"""Silences: what they keep back follows laws, whatever they are and in whatever order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.routing.conditions import Condition, Finding
from alerts.routing.route import Route, Router
from alerts.routing.silence import LONGEST, Silence, SilenceError, Silencer
from rules.model import Account, Brand, Definitions, Post, Reason, Suspect
from rules.rates import Alarm

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KNOWN = Definitions(brands=(Brand(name="Nordelia"), Brand(name="Voltrame")))


def post(text: str, by: str = "ann", followers: int = 10) -> Post:
    author = Account(network="town", id=by, handle=by, followers=followers)
    return Post(network="town", id="1", author=author, text=text, posted_at=NOW)


def finding(text: str = "nordelia", rule: str = "talk", **more: object) -> Finding:
    return Finding(rule=rule, post=post(text, **more))  # type: ignore[arg-type]


def silence(**what: object) -> Silence:
    values = {"since": NOW, "until": NOW + timedelta(hours=1), "because": "why", "by": "kim"}
    return Silence(**values | what)  # type: ignore[arg-type]


FINDINGS = st.builds(
    finding,
    text=st.sampled_from(["nordelia is late", "voltrame burns", "a refund from Nordelia"]),
    rule=st.sampled_from(["talk", "storm"]),
    by=st.sampled_from(["ann", "bob"]),
) | st.sampled_from([
    Finding(rule="storm", kind="alarm", brand="Nordelia"),
    Finding(rule="storm", kind="alarm"),
    Finding(rule="names", kind="suspect", brand="Voltrame", author="voltrame_help"),
])  # fmt: skip
SILENCES = st.builds(
    silence,
    rule=st.sampled_from(["", "talk", "names"]),
    brand=st.sampled_from(["", "nordelia", "Voltrame"]),
    channel=st.sampled_from(["", "now", "daily"]),
    author=st.sampled_from(["", "@ann", "voltrame_help"]),
    find=st.sampled_from(["", "refund", "late OR burns"]),
    until=st.sampled_from([NOW, NOW + timedelta(hours=1)]),
).filter(lambda one: bool(one.matchers()))
CHANNELS = st.sampled_from(["now", "daily"])


def silenced(silences: list[Silence], what: Finding, channel: str) -> bool:
    active = [(n, one) for n, one in enumerate(silences, 1) if one.is_active(NOW)]
    return Silencer(active, KNOWN).on(what, channel) is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(SILENCES, max_size=3), st.lists(SILENCES, max_size=3), FINDINGS, CHANNELS)
def test_two_sets_of_silences_keep_back_what_either_does_in_any_order(
    some: list[Silence], others: list[Silence], what: Finding, channel: str
) -> None:
    either = silenced(some, what, channel) or silenced(others, what, channel)
    assert silenced(some + others, what, channel) == either
    assert silenced(others + some, what, channel) == either


@settings(max_examples=60, deadline=None)
@given(SILENCES, FINDINGS, CHANNELS)
def test_a_further_matcher_keeps_back_less_and_an_expired_silence_nothing(
    one: Silence, what: Finding, channel: str
) -> None:
    if silenced([one], what, channel):
        assert one.until > NOW
        for name in ("rule", "brand", "channel", "author", "find"):
            wider = Silence(**{
                field: "" if field == name else getattr(one, field)
                for field in ("rule", "brand", "channel", "author", "find",
                              "since", "until", "because", "by")
            })  # fmt: skip
            assert silenced([wider], what, channel)


@pytest.mark.parametrize(
    ("what", "fits", "not_so"),
    [
        ({"brand": "nordelia"}, finding("I like Nordelia"), finding("I like Voltrame")),
        ({"author": "@Ann"}, finding(by="ann"), finding(by="bob")),
        ({"find": "refund -late"}, finding("a refund"), finding("a late refund")),
        ({"find": "refund"}, finding("a refund"), Finding(rule="talk", kind="alarm")),
        ({"brand": "Voltrame"}, Finding(rule="s", kind="alarm", brand="Voltrame"),
         Finding(rule="s", kind="alarm")),
        ({"author": "voltrame_help"}, Finding(rule="n", kind="suspect", author="Voltrame_Help"),
         Finding(rule="n", kind="suspect")),
    ],
)  # fmt: skip
def test_what_fits_a_silence(what: dict[str, str], fits: Finding, not_so: Finding) -> None:
    assert silenced([silence(**what)], fits, "now")
    assert not silenced([silence(**what)], not_so, "now")


def test_suspects_and_alarms_are_findings_of_their_brand_and_author() -> None:
    reason = Reason(template="It is alike.")
    domain = Suspect(
        subject="domain:nordelia.shop", name="nordelia.shop", brand="Nordelia", rule="names",
        score=0.9, techniques=(), reason=reason,
    )  # fmt: skip
    assert (Finding.of_suspect(domain).brand, Finding.of_suspect(domain).author) == ("Nordelia", "")
    alarm = Alarm(
        rule="storm", kind="frequency", group="town:1", since=NOW, until=NOW, count=3, reason=reason
    )
    assert Finding.of_alarm(alarm, "author").author == "town:1"
    assert Finding.of_alarm(alarm, "domain").brand == ""


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({}, "silence everything"),
        ({"rule": "talk", "because": " "}, "why it is there"),
        ({"rule": "talk", "until": NOW}, "up to 90 days"),
        ({"rule": "talk", "until": NOW + LONGEST + timedelta(seconds=1)}, "up to 90 days"),
        ({"find": "(refund"}, "bracket is never closed"),
        ({"author": "@a b("}, "--author"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_in_words(what: dict[str, object], told: str) -> None:
    with pytest.raises(SilenceError, match=told):
        silence(**what).refuse()


def test_a_silence_of_what_is_configured_no_more_keeps_nothing_back() -> None:
    assert not silenced([silence(brand="Gone")], finding("Gone"), "now")
    assert not silenced([silence(find="@list(gone)")], finding("gone"), "now")


# Routes


def route(name: str = "r", **what: object) -> Route:
    return Route(name=name, **{"then": ("boss",)} | what)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            route,
            rules=st.sampled_from([(), ("talk",), ("names", "storm")]),
            brands=st.sampled_from([(), ("Nordelia",)]),
            find=st.sampled_from(["", "refund"]),
            then=st.sampled_from([("boss",), ("now", "boss"), ()]),
            instead=st.booleans(),
        ),
        max_size=4,
    ),
    FINDINGS,
)
def test_a_finding_goes_only_where_it_can_and_routes_only_add_or_replace(
    routes: list[Route], what: Finding
) -> None:
    then = ("now", "daily")
    router = Router(routes, KNOWN)
    to = router.channels(what, then)
    assert set(to) <= set(router.reachable(what.rule, then))
    taken = [one for one in routes if Router([one], KNOWN).channels(what, ()) or one.instead]
    if not any(one.instead for one in taken):
        assert [name for name, why in to.items() if why is None] == list(then)
    for name, why in to.items():
        assert why is None or any(name in one.then for one in routes)


def test_a_route_asks_for_what_the_rule_language_offers() -> None:
    router = Router([route(find="followers:50000..")], KNOWN)
    assert list(router.channels(finding(followers=60_000), ("now",))) == ["now", "boss"]
    assert list(router.channels(finding(followers=60), ("now",))) == ["now"]


def test_an_expression_that_cannot_be_understood_fits_nothing() -> None:
    assert not Condition(find="(", definitions=KNOWN).fits(finding("("))
