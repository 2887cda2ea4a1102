"""Lanes of deliveries: each leaves by itself, whatever becomes of the others."""

from collections import Counter
from threading import Barrier, Event

import pytest

from watcher.store import Lane
from watcher.walk import lanes
from watcher.walk.stopping import never

MAILS = Lane(kind="email")
HOOK = Lane(kind="webhook", channel="crm", recipient="hooks.example")
CHAT = Lane(kind="notify", channel="team", recipient="slack")


class Work:
    """Deliveries that are due in some lanes, and how often each lane was cleared."""

    def __init__(self, *due: Lane) -> None:
        self.waiting = Counter(due)
        self.cleared = Counter[Lane]()

    def due(self) -> list[Lane]:
        return [lane for lane, number in self.waiting.items() if number]

    def clear(self, lane: Lane, *, well: bool = True) -> bool:
        self.cleared[lane] += 1
        self.waiting[lane] -= 1
        return well


def test_lanes_are_under_way_together() -> None:
    work, meeting = Work(MAILS, HOOK, CHAT), Barrier(3, timeout=10)

    def clear(lane: Lane, _stop: lanes.Stop) -> bool:
        meeting.wait()
        return work.clear(lane)

    lanes.run(work.due, clear, never)
    assert work.cleared == {MAILS: 1, HOOK: 1, CHAT: 1}


def test_what_becomes_due_leaves_while_another_lane_hangs() -> None:
    work, went = Work(MAILS, HOOK), Event()

    def clear(lane: Lane, _stop: lanes.Stop) -> bool:
        if lane == HOOK:
            assert went.wait(10), "the second mail waited for the webhook"
        elif work.cleared[MAILS]:
            went.set()
        else:
            work.waiting[MAILS] += 1  # somebody plans another one
        return work.clear(lane)

    lanes.run(work.due, clear, never)
    assert work.cleared == {MAILS: 2, HOOK: 1}


def test_a_lane_in_trouble_rests_until_the_next_run() -> None:
    work = Work(HOOK, HOOK, MAILS)
    lanes.run(work.due, lambda lane, _: work.clear(lane, well=lane != HOOK), never)
    assert work.cleared == {HOOK: 1, MAILS: 1}


def test_a_lane_in_trouble_is_taken_up_again_while_another_goes_on_for_long() -> None:
    work, again = Work(HOOK, HOOK, CHAT), Event()

    def clear(lane: Lane, _stop: lanes.Stop) -> bool:
        if lane == CHAT:
            assert again.wait(10), "the webhook waited for the chat"
        elif work.cleared[HOOK]:
            again.set()
        return work.clear(lane, well=lane != HOOK)

    lanes.run(work.due, clear, never, rest=0)
    assert work.cleared == {HOOK: 2, CHAT: 1}


def test_lanes_in_trouble_do_not_keep_each_other_going() -> None:
    work = Work(*[HOOK, CHAT] * 1000)
    lanes.run(work.due, lambda lane, _: work.clear(lane, well=False), never, rest=0)
    assert sum(work.cleared.values()) < 1000


def test_mails_never_wait_for_lanes_that_hang_however_many() -> None:
    hooks = [Lane(kind="webhook", channel=f"crm {n}", recipient="hooks") for n in range(40)]
    work, went = Work(MAILS, *hooks), Event()

    def clear(lane: Lane, _stop: lanes.Stop) -> bool:
        if lane != MAILS:
            assert went.wait(10), "the second mail waited for the webhooks"
        elif work.cleared[MAILS]:
            went.set()
        else:
            work.waiting[MAILS] += 1
        return work.clear(lane)

    lanes.run(work.due, clear, never)
    assert work.cleared[MAILS] == 2
    assert sum(work.cleared.values()) == 42


def test_an_error_in_one_lane_is_raised_after_the_others_are_done() -> None:
    work, begun = Work(MAILS, HOOK), Event()

    def clear(lane: Lane, _stop: lanes.Stop) -> bool:
        if lane == HOOK:
            begun.set()
            raise KeyError(lane.channel)
        assert begun.wait(10)
        return work.clear(lane)

    with pytest.raises(KeyError, match="crm"):
        lanes.run(work.due, clear, never)
    assert work.cleared == {MAILS: 1}


def test_who_is_told_to_stop_begins_no_lane() -> None:
    work = Work(MAILS)
    lanes.run(work.due, lambda lane, _: work.clear(lane), lambda: True)
    assert not work.cleared
