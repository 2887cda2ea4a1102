"""Many suspects judged at once: what was shown and nothing else."""

from rules.model import Suspect, Verdict
from tests.store.samples import DAY, HOUR, NOON, ROUTES, suspect
from watcher.store import Store, SuspectRecord


def raised(store: Store, *found: Suspect) -> tuple[SuspectRecord, ...]:
    store.save_suspects((), found, ROUTES, NOON)
    return store.suspects()


def test_all_that_were_shown_are_judged_and_the_note_is_kept_with_each(store: Store) -> None:
    shown = raised(store, suspect("town:1", 0.9), suspect("town:2", 0.8), suspect("town:3", 0.7))
    done = store.judge_as_shown(shown[:2], Verdict.DISMISSED, "fans", "ada", NOON + HOUR)
    assert [(one.id, one.verdict) for one in done] == [
        (one.id, Verdict.DISMISSED) for one in shown[:2]
    ]
    assert [one.verdict for one in store.suspects()] == [Verdict.DISMISSED] * 2 + [Verdict.OPEN]
    (said,) = store.suspect(shown[1].id).verdicts
    assert (said.verdict, said.note, said.by, said.at) == (
        Verdict.DISMISSED, "fans", "ada", NOON + HOUR
    )  # fmt: skip


def test_what_is_not_as_it_was_shown_is_left_alone(store: Store) -> None:
    shown = raised(store, suspect("town:1", 0.9), suspect("town:2", 0.8), suspect("town:3", 0.7))
    store.judge(shown[0].id, Verdict.CONFIRMED, "", "bob", NOON)
    store.save_suspects((), [suspect("town:2", 0.8, name="acme_prizes")], ROUTES, NOON + HOUR)
    done = store.judge_as_shown(shown, Verdict.DISMISSED, "", "ada", NOON + DAY)
    assert [one.id for one in done] == [shown[2].id]
    assert [one.verdict for one in store.suspects()] == [
        Verdict.CONFIRMED, Verdict.OPEN, Verdict.DISMISSED
    ]  # fmt: skip


def test_a_suspect_raised_meanwhile_is_not_judged(store: Store) -> None:
    shown = raised(store, suspect("town:1", 0.9))
    raised(store, suspect("town:2", 0.9))
    store.judge_as_shown(shown, Verdict.DISMISSED, "", "ada", NOON)
    assert [one.id for one in store.suspects(verdict=Verdict.OPEN)] != [shown[0].id]
    assert len(store.suspects(verdict=Verdict.DISMISSED)) == 1


def test_the_newest_can_come_first(store: Store) -> None:
    store.save_suspects((), [suspect("town:1", 0.9)], ROUTES, NOON)
    store.save_suspects((), [suspect("town:2", 0.2), suspect("town:3", 0.3)], ROUTES, NOON + HOUR)
    found = store.suspects(newest_first=True)
    assert [one.suspect.subject for one in found] == ["town:3", "town:2", "town:1"]
    assert [one.suspect.subject for one in store.suspects(newest_first=True, limit=1)] == ["town:3"]
