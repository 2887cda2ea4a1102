"""Whom the policy proposes to follow, whom it leaves alone, and how a follow is carried out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import AutoFollow
from alerts.channels.digest_channel import Quiet
from alerts.follow import Acquaintance, Gate, carry_out, propose, undo
from alerts.model import FollowError, ProposalState
from rules.model import Brand, Reason, Suspect
from tests.alert_samples import BRAND, NOW, account, mention, waiting

CHANNEL = AutoFollow(name="follow", source="town")
LOU = account("lou", "Lou")


def judge(
    *mentions, channel=CHANNEL, known=None, brands=(BRAND,), familiar=None, room=None, **more
):
    return propose(
        channel,
        waiting(mentions=mentions, **more),
        brands,
        known or {},
        NOW,
        acquaintances=familiar or {},
        room=room,
    )


def clauses(*mentions, **more):
    """What the policy says: proposed by a clause, or refused by one."""
    result = judge(*mentions, **more)
    return [p.clause for p in result.proposals], [r.clause for r in result.refusals]


def test_an_account_is_proposed_once_by_its_strongest_clause():
    spoke = mention("I like plivelo", by=LOU, id="1")
    asked = mention("@plivelo where is my bike", by=LOU, id="2", mentions=("plivelo",))
    [proposal] = judge(spoke, asked).proposals
    assert (proposal.clause, proposal.post) == ("addressed-us", "mastodon:2")
    assert str(proposal.reason) == ("@lou addressed Plivélo in a post that the rule plivelo found.")
    assert proposal.state is ProposalState.PROPOSED


@pytest.mark.parametrize(
    ("who", "clause"),
    [
        (account("plivelo"), "own-account"),
        (account("lou", network="x"), "forbidden-network"),
        (account("lou", locked=True), "locked"),
        (account("lou", bot=True), "bot"),
        (account("lou", bio="Cats. #NoBots please"), "nobot"),
        (account("lou", followers=3), "few-followers"),
        (account("lou", created=NOW - timedelta(days=3)), "young"),
    ],
)
def test_accounts_that_are_left_alone_are_named_with_the_reason(who, clause):
    channel = replace(CHANNEL, min_followers=10)
    assert clauses(mention("plivelo", by=who, id="1"), channel=channel) == ([], [clause])


def test_unknown_is_no_reason_to_refuse():
    assert clauses(mention("plivelo", by=LOU, id="1")) == (["spoke-of-brand"], [])


def test_suspects_and_those_proposed_before_are_left_alone():
    suspect = Suspect(subject=LOU.key, name="lou", brand="Plivélo", rule="r", score=0.9,
                      techniques=(), reason=Reason(template=""))  # fmt: skip
    post = mention("plivelo", by=LOU, id="1")
    assert clauses(post, suspects=(suspect,)) == ([], ["suspect"])
    assert clauses(post, known={LOU.key: ProposalState.REFUSED}) == ([], ["already-proposed"])


def test_passing_on_what_others_wrote_is_no_reason_to_follow():
    assert clauses(mention("plivelo", by=LOU, id="1", repost_of="0")) == ([], ["only-reposted"])
    only_addressed = replace(CHANNEL, who=("addressed-us",))
    assert clauses(mention("plivelo", by=LOU, id="1"), channel=only_addressed) == (
        [],
        ["not-in-policy"],
    )


def to_us(*, by=LOU, id="1", rules=("fans",)):
    """A post that addresses our account."""
    return mention("@plivelo hello", by=by, id=id, rules=rules, mentions=("plivelo",))


def test_only_a_rule_that_was_opted_in_is_followed_without_asking():
    channel = replace(CHANNEL, automatic=("fans",))
    fan = judge(to_us(), channel=channel)
    both = judge(to_us(rules=("fans", "talk")), channel=channel)
    assert fan.proposals[0].state is ProposalState.APPROVED
    assert (both.proposals[0].rule, both.proposals[0].state) == ("talk", ProposalState.PROPOSED)


class Town:
    """A network of one account."""

    def __init__(self, relation="none", *, locked=False, error=None, now=None):
        self.relation_now, self.locked, self.error, self.follows = relation, locked, error, 0
        self.now = now

    def relation(self, account_id):
        return self.relation_now

    def account(self, account):
        return self.now or account

    def follow(self, account_id):
        if self.error:
            raise self.error
        self.follows += 1
        self.relation_now = "requested" if self.locked else "following"
        return self.relation_now

    def unfollow(self, account_id):
        self.relation_now = "none"


def approved():
    [proposal] = judge(mention("plivelo", by=LOU, id="1")).proposals
    return replace(proposal, state=ProposalState.APPROVED)


@pytest.mark.parametrize(
    ("town", "state", "follows"),
    [
        (Town(), ProposalState.FOLLOWED, 1),
        (Town(locked=True), ProposalState.REQUESTED, 1),
        (Town("following"), ProposalState.REFUSED, 0),
        (Town("requested"), ProposalState.REFUSED, 0),
        (Town("blocked"), ProposalState.REFUSED, 0),
        (Town(error=FollowError("gone")), ProposalState.FAILED, 0),
    ],
)
def test_a_follow_is_carried_out_as_the_network_stands(town, state, follows):
    assert carry_out(approved(), town, dry_run=False).state is state
    assert town.follows == follows


def test_a_follow_that_is_there_already_is_ours_only_after_a_crash():
    fresh = carry_out(approved(), Town("following"), dry_run=False)
    assert (fresh.state, fresh.event) == (ProposalState.REFUSED, "refused")
    assert fresh.detail == "@lou is followed already, not by the watcher"
    resumed = carry_out(approved(), Town("following"), dry_run=False, resumed=True)
    assert resumed.state is ProposalState.FOLLOWED


def test_a_request_for_a_pause_leaves_the_proposal_approved():
    outcome = carry_out(approved(), Town(error=FollowError("429", halt="pause")), dry_run=False)
    assert (outcome.state, outcome.halt) == (ProposalState.APPROVED, "pause")


def test_a_dry_run_follows_nobody():
    town = Town()
    assert carry_out(approved(), town, dry_run=True).detail == "would follow @lou on mastodon"
    assert town.follows == 0


def test_a_follow_on_a_network_that_forbids_it_is_refused_even_when_approved():
    proposal = replace(approved(), account=account("lou", network="x"))
    assert carry_out(proposal, Town(), dry_run=False).state is ProposalState.REFUSED


def test_only_what_was_followed_can_be_undone():
    town = Town("following")
    followed = replace(approved(), state=ProposalState.FOLLOWED)
    assert undo(followed, town).state is ProposalState.UNDONE
    assert undo(approved(), town).event == "not-undone"


def test_the_table_tells_its_mistakes():
    table = AutoFollow(name="f", source="s", who=("everybody",), per_day=1000, min_age_days=-1)
    assert {(p.code, p.path) for p in table.problems()} == {
        ("bad-clause", ("who", 0)),
        ("out-of-range", ("per_day",)),
        ("out-of-range", ("min_age_days",)),
    }


RIVAL = Brand(name="Velora", accounts=("velora",))
US = replace(BRAND, competitors=("Velora",))


@pytest.mark.parametrize(
    ("more", "clause"),
    [
        ({"standing": "moved"}, "moved"),
        ({"standing": "suspended"}, "suspended"),
        ({"standing": "memorial"}, "memorial"),
        ({"display_name": "lou #nobot"}, "nobot"),
        ({"bio": "#NoFollow"}, "nobot"),
        ({"bio": "#no-bots"}, "nobot"),
        ({"discoverable": False}, "opted-out"),
        ({"last_post": NOW - timedelta(days=90)}, "dormant"),
        ({"bio": "Berlin 🇩🇪"}, "elsewhere"),
    ],
)
def test_who_is_gone_silent_or_elsewhere_is_left_alone(more, clause):
    channel = replace(CHANNEL, regions=("FR", "Lyon"))
    post = mention("plivelo", by=account("lou", **more), id="1")
    assert clauses(post, channel=channel) == ([], [clause])


@pytest.mark.parametrize("bio", ["#nobody", "#robots", "I am #nofollower", "x#nobot"])
def test_a_tag_is_a_whole_word(bio):
    post = mention("plivelo", by=account("lou", bio=bio), id="1")
    assert clauses(post) == (["spoke-of-brand"], [])


def test_who_addressed_us_is_no_stranger_to_us():
    shy = account("lou", discoverable=False)
    assert clauses(to_us(by=shy)) == (["addressed-us"], [])
    elsewhere = account("lou", discoverable=False, network="local")
    assert clauses(mention("plivelo", by=elsewhere, id="1")) == (["spoke-of-brand"], [])


def test_competitors_are_left_alone_unless_wanted():
    velora = account("velora")
    post = mention("plivelo", by=velora, id="1")
    assert clauses(post, brands=(US, RIVAL)) == ([], ["competitor"])
    wanted = replace(CHANNEL, competitors=True)
    assert clauses(post, brands=(US, RIVAL), channel=wanted) == (["spoke-of-brand"], [])
    own = mention("hello", by=account("plivelo"), id="1")
    assert clauses(own, brands=(US, RIVAL), channel=wanted) == ([], ["own-account"])


def test_addressing_a_competitor_is_not_addressing_us():
    post = mention("@velora plivelo is better", by=LOU, id="1", mentions=("velora",))
    assert clauses(post, brands=(US, RIVAL)) == (["spoke-of-brand"], [])


def test_what_was_undone_is_told_apart_from_what_was_proposed():
    post = mention("plivelo", by=LOU, id="1")
    assert clauses(post, known={LOU.key: ProposalState.UNDONE}) == ([], ["undone"])
    assert clauses(post, known={LOU.key: ProposalState.EXPIRED}) == ([], ["already-proposed"])


def test_only_languages_that_are_known_count_against_somebody():
    channel = replace(CHANNEL, languages=("fr",))
    post = mention("plivelo", by=LOU, id="1")

    def told(*languages):
        known = {LOU.key: Acquaintance(languages=frozenset(languages))}
        result = judge(post, channel=channel, familiar=known)
        return [g.clause for p in result.proposals for g in p.grounds] or [
            r.clause for r in result.refusals
        ]

    assert told("de") == ["language"]
    assert told("de", "fr") == ["spoke-of-brand"]
    assert told() == ["spoke-of-brand", "language-unknown"]


def test_a_profile_that_names_the_region_is_shown_and_one_that_does_not_too():
    channel = replace(CHANNEL, regions=("FR", "Orléans"))
    for bio, clause in (("🇫🇷", "in-region"), ("à ORLEANS", "in-region"), ("", "region-unknown")):
        post = mention("plivelo", by=account("lou", bio=bio), id="1")
        [proposal] = judge(post, channel=channel).proposals
        assert [g.clause for g in proposal.grounds] == ["spoke-of-brand", clause]


def test_the_best_come_first_with_every_clause_they_meet():
    seed, friend, fan, once = map(account, ("guild", "friend", "fan", "once"))
    channel = replace(CHANNEL, seeds=("@guild",))
    day_before = NOW - timedelta(days=1)
    posts = [
        mention("plivelo", by=once, id="1"),
        mention("plivelo", by=fan, id="2"),
        mention("plivelo", by=friend, id="3"),
        mention("plivelo", by=seed, id="4"),
        to_us(id="5", rules=("talk",)),
    ]
    known = {
        fan.key: Acquaintance(days=frozenset({day_before.date()})),
        friend.key: Acquaintance(seed="guild"),
    }
    result = judge(*posts, channel=channel, familiar=known)
    assert [(p.account.handle, p.clause, p.points) for p in result.proposals] == [
        ("lou", "addressed-us", 17),
        ("guild", "seed", 9),
        ("friend", "talks-with-seeds", 5),
        ("fan", "came-back", 2),
        ("once", "spoke-of-brand", 1),
    ]
    assert "@guild, whom the channel names" in str(result.proposals[2].reason)
    few = judge(*posts, channel=channel, familiar=known, room=2)
    assert [p.account.handle for p in few.proposals] == ["lou", "guild"]
    assert few.left == {friend.key, fan.key, once.key}
    assert judge(*posts, channel=channel, room=0).proposals == ()


def test_a_seed_is_one_account_and_not_its_namesake_elsewhere():
    channel = replace(CHANNEL, seeds=("@guild@town.example", "bluesky:guild.example"))
    for handle, network, found in (
        ("guild@town.example", "mastodon", True),
        ("Guild@Town.example", "mastodon", True),
        ("guild@evil.example", "mastodon", False),
        ("guild", "mastodon", False),
        ("guild.example", "bluesky", True),
        ("guild.example", "mastodon", False),
    ):
        post = mention("plivelo", by=account(handle, network=network), id="1")
        [proposal] = judge(post, channel=channel).proposals
        assert (proposal.clause == "seed") is found, handle


def test_who_waited_too_long_behind_others_waits_no_more():
    late = mention("plivelo", by=LOU, id="1", posted_at=NOW - timedelta(days=30))
    result = judge(late, to_us(by=account("kim"), id="2"), room=1)
    assert [(r.clause, str(r.reason)) for r in result.refusals] == [
        ("no-room", "What @lou wrote is 30 days old, and others came first all that time.")
    ]


@pytest.mark.parametrize(
    ("who", "posts", "note"),
    [
        ({}, "once", "one-post"),
        ({"network": "bluesky"}, "twice", "ask-first"),
        ({"locked": True}, "to-us", "locked-asks"),
        ({}, "twice", ""),
        ({}, "to-us", ""),
        ({"network": "bluesky"}, "to-us", ""),
    ],
)
def test_automatic_is_held_back_where_the_policy_or_the_network_asks_for_a_person(who, posts, note):
    channel = replace(CHANNEL, automatic=("fans",), locked=True)
    lou = account("lou", **who)
    brand = replace(BRAND, accounts=("plivelo", "bluesky:plivelo"))
    said = [to_us(by=lou)] if posts == "to-us" else [mention("x", by=lou, id="1", rules=("fans",))]
    if posts == "twice":
        yesterday = NOW - timedelta(days=1)
        said.append(mention("x", by=lou, id="2", rules=("fans",), posted_at=yesterday))
    [proposal] = judge(*said, channel=channel, brands=(brand,)).proposals
    assert [g.clause for g in proposal.grounds if not g.points] == ([note] if note else [])
    state = ProposalState.PROPOSED if note else ProposalState.APPROVED
    assert proposal.state is state


def test_whoever_changed_since_is_looked_at_again_before_the_follow():
    town = Town(now=replace(LOU, bio="#nobot"))
    gate = Gate(channel=CHANNEL, brands=(BRAND,), known={}, suspects=(), now=NOW)
    outcome = carry_out(approved(), town, dry_run=False, look_again=gate.refusal)
    assert (outcome.state, outcome.detail, town.follows) == (
        ProposalState.REFUSED,
        "@lou asks bots to stay away",
        0,
    )


def test_a_block_and_a_refused_follow_stop_and_a_lost_answer_is_tried_again():
    blocked = carry_out(approved(), Town("blocked"), dry_run=False)
    assert (blocked.state, blocked.halt) == (ProposalState.REFUSED, "stop")
    refused = Town(error=FollowError("your account is limited", halt="stop"))
    assert carry_out(approved(), refused, dry_run=False).halt == "stop"
    lost = Town(error=FollowError("no answer", halt="pause", uncertain=True))
    assert carry_out(approved(), lost, dry_run=False).state is ProposalState.TRYING
    gone = Town(error=FollowError("gone", gone=True))
    assert carry_out(approved(), gone, dry_run=False).detail == "@lou has left the network"


def test_keys_that_mean_nothing_are_told():
    table = AutoFollow(
        name="f", source="s", seeds=("@",), timezone="Nowhere", languages=("zz",),
        quiet=Quiet(from_="25:00", until="8"), who=("came-back",), per_hour=0,
    )  # fmt: skip
    assert {(p.code, p.path) for p in table.problems()} == {
        ("bad-handle", ("seeds", 0)),
        ("bad-timezone", ("timezone",)),
        ("bad-language", ("languages", 0)),
        ("without-effect", ("seeds",)),
        ("out-of-range", ("per_hour",)),
    }
