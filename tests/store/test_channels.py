"""What waits for a channel is told once: neither lost nor told twice."""

from rules.model import Suspect
from tests.store.samples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    ROUTES,
    account,
    frozen,
    mails,
    matched,
    page,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.store import Store


def ids(store: Store, **more: object) -> list[str]:
    return [one.post.id for one in waiting(store, **more).mentions]  # type: ignore[arg-type]


def test_mentions_wait_newest_first_with_all_their_matches(store: Store) -> None:
    dates = {"p1": NOON - HOUR, "p2": NOON + 99 * DAY, "p3": NOON - MINUTE, "p4": NOON - 2 * HOUR}
    pulled(store, *[post(one, posted_at=date) for one, date in dates.items()])
    routes = {"talk": ("daily",), "praise": ("daily", "weekly")}
    matched(store, rules=("talk", "praise"), routes=routes)
    assert ids(store) == ["p2", "p3", "p1", "p4"]
    first = waiting(store).mentions[0]
    assert [one.rule for one in first.matches] == ["talk", "praise"]
    assert first.matches[0].post == first.post.key
    assert [one.rule for one in waiting(store, "weekly").mentions[0].matches] == ["praise"]
    assert waiting(store, "unknown").mentions == ()


def test_a_flood_is_bounded_and_counted_and_told_as_one(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(30)])
    matched(store)
    what = waiting(store, limit=10)
    assert (len(what.mentions), what.more, what.mentions[0].post.id) == (10, 20, "p29")
    store.freeze("daily", NOON, what, mails("a@acme.example"), NOON, "30 posts")
    assert waiting(store).mentions == ()
    (digest,) = store.digests(5)
    assert (digest.mentions, digest.more) == (10, 20)


def test_a_channel_has_something_waiting_until_it_is_told(store: Store) -> None:
    assert not store.has_waiting("daily")
    pulled(store, post("p1"))
    matched(store)
    assert store.has_waiting("daily")
    assert not store.has_waiting("unknown")
    store.freeze("daily", NOON, waiting(store), mails("a@acme.example"), NOON, "")
    assert not store.has_waiting("daily")


def test_a_late_digest_tells_until_when_it_told(store: Store) -> None:
    assert store.told_until("daily") is None
    pulled(store, post("p1"))
    matched(store)
    store.freeze("daily", NOON - 5 * HOUR, waiting(store), mails("a@acme.example"), NOON, "")
    assert store.last_slot("daily") == NOON - 5 * HOUR
    assert store.told_until("daily") == NOON


def test_what_is_queued_between_reading_and_freezing_waits_for_the_next_digest(
    store: Store,
) -> None:
    pulled(store, post("p1"))
    matched(store)
    what = waiting(store)
    pulled(store, post("p2"))
    matched(store, suspects=[suspect()])
    store.freeze("daily", NOON, what, mails("a@acme.example"), NOON, "")
    later = waiting(store)
    assert ([one.post.id for one in later.mentions], len(later.suspects)) == (["p2"], 1)


def test_freezing_takes_nothing_from_other_channels(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, routes={"talk": ("daily", "weekly")})
    frozen(store, "a@acme.example")
    assert ids(store, channel="weekly") == ["p1"]


def test_a_digest_writes_one_delivery_for_each_recipient(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, suspects=[suspect()])
    number = frozen(store, "a@acme.example", "b@acme.example")
    (digest,) = store.digests(5)
    assert digest.id == number
    assert (digest.channel, digest.slot, digest.summary) == ("daily", NOON, "Acme today")
    assert (digest.mentions, digest.suspects, digest.deliveries) == (1, 1, {"pending": 2})
    assert {one.recipient for one in store.deliveries()} == {"a@acme.example", "b@acme.example"}
    assert store.last_slot("daily") == NOON


def test_a_slot_is_frozen_once(store: Store) -> None:
    what = waiting(store)
    assert store.freeze("daily", NOON, what, mails("a@acme.example"), NOON, "") is not None
    assert store.freeze("daily", NOON, what, mails("b@acme.example"), NOON, "") is None
    earlier = NOON - HOUR
    assert store.freeze("daily", earlier, what, mails("c@acme.example"), NOON, "") is None
    assert [one.recipient for one in store.deliveries()] == ["a@acme.example"]


def test_what_another_process_told_meanwhile_is_not_told_again_under_another_slot(
    store: Store,
) -> None:
    pulled(store, post("p1"))
    matched(store)
    what = waiting(store)
    frozen(store, "a@acme.example")
    late = NOON + MINUTE
    assert store.freeze("daily", late, what, mails("b@acme.example"), late, "") is None
    assert store.last_slot("daily") == NOON
    assert len(store.deliveries()) == 1


def test_a_skipped_slot_is_passed_and_what_waits_stays(store: Store) -> None:
    assert store.last_slot("daily") is None
    pulled(store, post("p1"))
    matched(store)
    store.skip_slot("daily", NOON)
    store.skip_slot("daily", NOON - DAY)
    assert store.last_slot("daily") == NOON
    assert ids(store) == ["p1"]


def test_suspects_beyond_the_bound_are_told_next_time(store: Store) -> None:
    found = [suspect(f"town:{n}", score=n / 10) for n in range(5)]
    store.save_suspects((), found, ROUTES, NOON)
    told: list[Suspect] = []
    for hour in range(3):
        slot = NOON + hour * HOUR
        what = waiting(store, limit=2)
        told += what.suspects
        store.freeze("daily", slot, what, mails("a@acme.example", slot=str(hour)), slot, "")
    assert [one.score for one in told] == [0.4, 0.3, 0.2, 0.1, 0.0]
    assert waiting(store).suspects == ()


def test_volumes_compare_a_rule_with_the_period_before(store: Store) -> None:
    batches = ((NOON - 3 * DAY, 1), (NOON - 30 * HOUR, 2), (NOON - HOUR, 3), (NOON + HOUR, 4))
    for found, count in batches:
        some = [post(f"{found}{n}", posted_at=found) for n in range(count)]
        pulled(store, *some, now=found)
        matched(store, now=found, routes={"talk": ("daily",), "quiet": ("daily",)})
    what = waiting(store)
    assert [(one.rule, one.posts, one.before) for one in what.volumes] == [
        ("quiet", 0, 0),
        ("talk", 3, 2),
    ]


def test_a_rule_that_is_new_has_nothing_to_be_compared_with(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, now=NOON - DAY - HOUR)
    assert [one.before for one in waiting(store).volumes] == [None, None]


def test_a_rule_that_no_longer_feeds_the_channel_has_no_volume(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, routes={"talk": ("daily",), "old": ("daily",)})
    pulled(store, post("p2"))
    matched(store, routes={"talk": ("daily",)})
    assert [one.rule for one in waiting(store).volumes] == ["talk"]


def test_waiting_tells_how_the_sources_were_watched(store: Store) -> None:
    store.record_pull("market", NOON, NOON, reached_newest=False, error="no answer")
    store.save_page("square", page(post("p1")), NOON)
    seen = {one.source: (one.posts, one.failures) for one in waiting(store).coverage}
    assert seen == {"market": (0, 1), "square": (1, 0)}
    some = store.waiting("daily", NOON - DAY, NOON, limit=9, sources=("square", "new"))
    assert [one.source for one in some.coverage] == ["square", "new"]


def test_a_proposed_follow_is_told_once_in_each_channel(store: Store) -> None:
    pulled(store, *[post(f"p{n}", author=account(str(n), f"a{n}")) for n in range(3)])
    for number in range(2):
        one = proposal(account(str(number), f"a{number}"))
        store.save_proposals("friends", waiting(store, "friends"), [one], NOON)
    assert [one.account.handle for one in waiting(store).proposals] == ["a0", "a1"]
    frozen(store, "a@acme.example")
    assert waiting(store).proposals == ()
    last = proposal(account("2", "a2"))
    store.save_proposals("friends", waiting(store, "friends"), [last], NOON - DAY)
    assert [one.account.handle for one in waiting(store).proposals] == ["a2"]
    assert len(waiting(store, "weekly").proposals) == 2


def test_who_is_known_by_private_posts_alone_is_marked(store: Store) -> None:
    people = {name: account(name, name) for name in ("ann", "bob", "cleo")}
    some = [post(f"{name}-1", author=people[name], private=name != "bob") for name in people]
    pulled(store, *some, post("cleo-2", author=people["cleo"]))
    matched(store, suspects=[suspect(f"town:{name}", name=name) for name in people])
    waits = waiting(store)
    assert {one.name: one.private for one in waits.suspects} == {
        "ann": True, "bob": False, "cleo": False
    }  # fmt: skip
    for name in people:
        made = proposal(people[name], post=f"town:{name}-1")
        store.save_proposals("friends", waits, [made], NOON)
    told = {one.account.handle: one.private for one in waiting(store, "friends").proposals}
    assert told == {"ann": True, "bob": False, "cleo": True}


def test_a_domain_that_private_posts_alone_link_to_is_marked(store: Store) -> None:
    link = {"links": ("https://acme-help.example/x",)}
    pulled(store, post("p1", private=True, **link), post("p2", author=account("2", "bob")))
    matched(store, suspects=[suspect("domain:acme-help.example", name="acme-help.example")])
    assert [one.private for one in waiting(store).suspects] == [True]
    pulled(store, post("p3", author=account("2", "bob"), **link))
    matched(store, suspects=[suspect("domain:acme-help.example", name="acme-help.example")])
    assert [one.private for one in waiting(store).suspects] == [False]


def test_digests_are_listed_newest_first(store: Store) -> None:
    for hour in range(3):
        frozen(store, "a@acme.example", slot=NOON + hour * HOUR)
    assert [one.slot for one in store.digests(2)] == [NOON + 2 * HOUR, NOON + HOUR]


def test_a_clock_that_was_ahead_holds_up_neither_channels_nor_mails(store: Store) -> None:
    tomorrow = NOON + DAY
    first = frozen(store, "ada@acme.example", slot=tomorrow)
    assert store.last_slot("daily") == tomorrow
    assert store.claim_delivery(NOON) is None
    assert store.believe_clock(NOON)
    assert store.last_slot("daily") == NOON
    claimed = store.claim_delivery(NOON)
    assert claimed is not None
    assert claimed.delivery.recipient == "ada@acme.example"
    assert not store.believe_clock(NOON)
    again = frozen(store, "bob@acme.example", slot=tomorrow)
    assert again != first, "the slot comes once more when its time has really come"
    assert [one.channel for one in store.digests()] == ["daily", "daily"]


def test_a_clock_that_was_ahead_by_seconds_only_is_left_to_catch_up(store: Store) -> None:
    frozen(store, "ada@acme.example", slot=NOON + MINUTE)
    assert not store.believe_clock(NOON)
    assert store.last_slot("daily") == NOON + MINUTE


def test_a_mail_put_off_while_the_clock_was_ahead_is_due_when_it_is_right_again(
    store: Store,
) -> None:
    frozen(store, "a@acme.example", "b@acme.example")
    for now in (NOON + DAY, NOON):
        claim = store.claim_delivery(now)
        assert claim is not None
        store.record_outcome(
            claim.attempt, now, outcome="temporary", answer="", next_attempt=now + HOUR
        )
    assert store.believe_clock(NOON + MINUTE)
    again = store.claim_delivery(NOON + MINUTE)
    assert again is not None
    assert again.delivery.recipient == "a@acme.example"
    assert store.claim_delivery(NOON + MINUTE) is None
