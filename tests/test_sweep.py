"""The names an impostor would take, asked for on a real microblog: stopped, failing, hostile."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.model import Account, Brand
from watcher.app import App
from watcher.backends.interface import BackendError, Network
from watcher.backends.local import Microblog, Profile
from watcher.config import load
from watcher.impostors.sweep import FOUND_AT_MOST, Place, Sweep, Swept, places, sweep
from watcher.impostors.swept import ground, is_guarded
from watcher.store import NameState

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
CONFIG = """
data = "data"

[mail]
kind = "outbox"
from = "watcher@acme.example"
folder = "outbox"

[[brands]]
name = "Nordelia"
accounts = ["nordelia"]

[[brands]]
name = "Zenith"

[[sources]]
name = "town"
kind = "local"
file = "town.db"

[[sources]]
name = "square"
kind = "local"
file = "town.db"

[[sources]]
name = "files"
kind = "archive"
file = "posts.jsonl"

[[rules]]
name = "names"
kind = "lookalike"
brands = ["Nordelia"]
"""
NORDELIA = Brand(name="Nordelia", accounts=("nordelia",))


class Asked:
    """A network that counts the questions; `before` may fail in the place of the network."""

    def __init__(self, network: Network) -> None:
        self.network = network.network
        self._network = network
        self.answered: list[str] = []
        self.searched: list[str] = []
        self.before: Callable[[str], None] = lambda _handle: None

    def lookup(self, handle: str) -> Account | None:
        self.before(handle)
        found = self._network.lookup(handle)
        self.answered.append(handle)
        return found

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        self.before(f"search:{text}")
        self.searched.append(text)
        return self._network.search_accounts(text, limit)


class Elsewhere:
    """Another network, which answers what it was given."""

    network = "x"

    def __init__(self, **accounts: Account) -> None:
        self.accounts = accounts
        self.found: tuple[Account, ...] = ()
        self.asked: list[str] = []

    def lookup(self, handle: str) -> Account | None:
        self.asked.append(handle)
        return self.accounts.get(handle)

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        return self.found


class World:
    """An open watcher beside a microblog, and a clock that only sleeping moves."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.slept: list[float] = []
        self.town = Microblog.found(folder / "town.db", START)
        self.app = App.open(load(folder / "watcher.toml", {}), clock=lambda: self.now)

    def account(self, handle: str, **profile: str) -> None:
        with self.town.change() as change:
            change.account(handle, START, Profile(**profile))  # type: ignore[arg-type]

    def network(self) -> Asked:
        opened = self.app.config.sources[0].open(self.app.config.folder)
        assert isinstance(opened, Network)
        return Asked(opened)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def sweep(self, *networks: object, brand: Brand = NORDELIA, limit: int = 12) -> Swept:
        found = [Place(source=f"source {n}", network=one) for n, one in enumerate(networks)]  # type: ignore[arg-type]
        wanted = Sweep(brand=brand, limit=limit, older_than=WEEK)
        return sweep(self.app, wanted, found, sleep=self.sleep)

    def states(self, brand: Brand = NORDELIA) -> dict[str, NameState]:
        found = self.app.store.sweep_names(brand.name)
        return {one.name: one.state for one in found if not one.searched}


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nothing happened yet, its database made once for all tests."""
    folder = tmp_path_factory.mktemp("beginning")
    (folder / "watcher.toml").write_text(CONFIG)
    World(folder).app.close()
    return folder


@pytest.fixture
def world(beginning: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(beginning, tmp_path, dirs_exist_ok=True)
    made = World(tmp_path)
    yield made
    made.app.close()


def test_every_name_is_asked_for_once_and_found_taken_or_free(world: World) -> None:
    world.account("nordelia_support", display_name="Nordelia Support")
    town = world.network()
    done = world.sweep(town, limit=40)
    (result,) = done.networks
    assert len(town.answered) == len(set(town.answered)) == result.asked == 40
    assert town.searched == ["Nordelia"]
    assert (result.left, result.why, done.stopped) == (0, "", False)
    states = world.states()
    assert states.pop("nordelia_support") == NameState.TAKEN
    assert set(states.values()) == {NameState.FREE}


def test_who_has_a_name_is_judged_like_any_account(world: World) -> None:
    world.account("nordelia_support", display_name="Nordelia Support")
    done = world.sweep(world.network())
    assert done.suspects == 1
    (suspect,) = world.app.store.suspects()
    assert (suspect.suspect.name, suspect.suspect.rule) == ("nordelia_support", "names")
    found = ground(world.app, NORDELIA, done.networks)
    assert [one.name for one in found.suspects] == ["nordelia_support"]
    assert found.free[0].handle == "nordeliasupport"
    assert len(found.free) == 11


def test_a_search_finds_who_hides_behind_another_handle(world: World) -> None:
    world.account("sav_7741", display_name="Nordelia")
    world.account("nordelia", display_name="Nordelia")
    world.account("zoe", display_name="I love Nordelia, my train")
    done = world.sweep(world.network(), limit=3)
    found = ground(world.app, NORDELIA, done.networks)
    assert "sav_7741" in [one.name for one in found.suspects]
    assert [one.name for one in found.own] == ["nordelia"]


def test_what_was_answered_is_not_asked_again_for_a_week(world: World) -> None:
    world.sweep(world.network())
    world.now += WEEK - timedelta(seconds=1)
    again = world.network()
    (result,) = world.sweep(again).networks
    assert (again.answered, again.searched, result.fresh) == ([], [], 12)
    world.now += timedelta(seconds=1)
    later = world.network()
    world.sweep(later)
    assert (len(later.answered), later.searched) == (12, ["Nordelia"])


def test_a_larger_limit_asks_for_the_further_names_only(world: World) -> None:
    world.sweep(world.network(), limit=5)
    further = world.network()
    world.sweep(further, limit=9)
    assert len(further.answered) == 4


@pytest.mark.parametrize("death", [KeyboardInterrupt, BackendError, OSError])
def test_stopped_at_any_name_the_next_sweep_asks_nothing_twice_and_leaves_nothing_out(
    world: World, death: type[BaseException]
) -> None:
    questions = 8
    for at in range(questions + 1):  # the search, and the names
        brand = Brand(name=f"Nordelia{at}{death.__name__[:1]}")
        first, second = world.network(), world.network()
        left = [at]

        def die(_handle: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise BackendError("gone", kind="gone") if death is BackendError else death("end")

        first.before = die
        if death is OSError:  # a crash
            with pytest.raises(OSError, match="end"):
                world.sweep(first, brand=brand, limit=questions)
        else:
            assert world.sweep(first, brand=brand, limit=questions).networks[0].why
        world.sweep(second, brand=brand, limit=questions)
        asked = first.answered + second.answered
        assert len(asked) == len(set(asked)) == questions
        assert len(first.searched + second.searched) == 1
        assert set(world.states(brand)) == set(asked)


def test_a_crash_before_an_answer_is_saved_costs_that_answer_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.network()
    with monkeypatch.context() as patch:
        patch.setattr(world.app.store, "save_sweep_name", _crash)
        with pytest.raises(OSError, match="no power"):
            world.sweep(first)
    second = world.network()
    world.sweep(second)
    assert first.answered == second.answered[:1]
    assert len(second.answered) == 12


def _crash(*_: object, **__: object) -> None:
    raise OSError("no power")


def test_a_person_who_stops_is_told_what_is_left_and_what_was_found(world: World) -> None:
    world.account("nordelia_support")
    town = world.network()

    def stop(handle: str) -> None:
        if len(town.answered) == 4:
            raise KeyboardInterrupt

    town.before = stop
    done = world.sweep(town, Elsewhere())
    here, there = done.networks
    assert done.stopped
    assert (here.asked, here.left, there.left) == (4, 8, 12)
    assert "goes on from here" in here.why
    assert done.suspects == 1


def test_a_network_that_asks_for_a_pause_is_given_it_and_asked_again(world: World) -> None:
    town = world.network()
    errors = [BackendError("slow down", kind="temporary", retry_after=120.0) for _ in range(2)]

    def slow(_handle: str) -> None:
        if len(town.answered) == 5 and errors:
            raise errors.pop()

    town.before = slow
    (result,) = world.sweep(town).networks
    assert (result.asked, result.unanswered, world.slept) == (12, 0, [120.0, 120.0])


@pytest.mark.parametrize("kind", ["refused", "gone"])
def test_a_network_that_refuses_in_the_middle_stops_no_other(world: World, kind: str) -> None:
    town, other = world.network(), Elsewhere()

    def refuse(_handle: str) -> None:
        if len(town.answered) == 5:
            raise BackendError("the token was revoked", kind=kind)  # type: ignore[arg-type]

    town.before = refuse
    here, there = world.sweep(town, other).networks
    assert (here.asked, here.left, here.why) == (5, 7, "the token was revoked")
    assert (there.asked, there.left, there.why) == (12, 0, "")
    assert len(other.asked) == 12


def test_a_name_without_an_answer_is_unknown_and_asked_for_last(world: World) -> None:
    town = world.network()

    def choke(handle: str) -> None:
        if handle == "nordelia_support":
            raise BackendError("that makes no sense", kind="broken")

    town.before = choke
    (result,) = world.sweep(town).networks
    assert (result.asked, result.unanswered, result.left) == (11, 1, 0)
    assert world.states()["nordelia_support"] == NameState.UNKNOWN
    found = ground(world.app, NORDELIA, [result])
    assert [one.said for one in found.unknown] == ["that makes no sense"]
    again = world.network()
    world.sweep(again, limit=14)
    assert len(again.answered) == 3
    assert again.answered[-1] == "nordelia_support"
    assert world.states()["nordelia_support"] == NameState.FREE


def test_a_network_that_is_down_is_left_in_peace(world: World) -> None:
    town = world.network()

    def fail(_handle: str) -> None:
        if len(town.answered) >= 2:
            raise BackendError("502", kind="temporary")

    town.before = fail
    (result,) = world.sweep(town).networks
    assert (result.asked, result.unanswered, result.left, result.why) == (2, 3, 7, "502")
    town.before = lambda _handle: None
    world.sweep(town)
    assert len(town.answered) == len(set(town.answered)) == 12


def test_a_network_that_cannot_be_searched_still_tells_who_has_a_name(world: World) -> None:
    town = world.network()

    def refuse(handle: str) -> None:
        if handle.startswith("search:"):
            raise BackendError("searching needs a login", kind="refused")

    town.before = refuse
    (result,) = world.sweep(town).networks
    assert (result.asked, result.searched) == (12, 0)
    assert result.notes == ['the search for "Nordelia" was not answered: searching needs a login']


def test_an_answer_about_somebody_else_is_none(world: World) -> None:
    other = Elsewhere(
        nordelia_fr=Account(network="x", id="1", handle="somebody"),
        nordeliafr=Account(network="mastodon", id="2", handle="nordeliafr"),
        nordeliasav=Account(network="x", id="3", handle="NordeliaSav"),
        nordelia_help=Account(network="x", id="4", handle="nordelia_help@town.example"),
    )
    world.sweep(other, limit=60)
    states = world.states()
    assert states["nordelia_fr"] == states["nordeliafr"] == NameState.UNKNOWN
    assert states["nordeliasav"] == states["nordelia_help"] == NameState.TAKEN


def test_hostile_answers_are_bounded_and_kept(world: World) -> None:
    nasty = "\x1b[2J\u202e<b>\0\ud800" * 2000
    other = Elsewhere(
        nordelia_fr=Account(
            network="x", id=nasty, handle="nordelia_fr", display_name=nasty, bio=nasty, url=nasty
        )
    )
    other.found = (
        Account(network="local", id="7", handle="nordelia_sav"),
        *(
            Account(network="x", id=str(n), handle=f"nordelia{nasty[: n * 50]}{n}")
            for n in range(FOUND_AT_MOST * 2)
        ),
    )
    (result,) = world.sweep(other).networks
    assert "the most that are asked for" in result.notes[0]
    found = [one for one in world.app.store.sweep_names("Nordelia") if one.searched]
    assert len(found) == FOUND_AT_MOST - 1
    assert {one.account.network for one in found if one.account} == {"x"}
    assert world.states()["nordelia_fr"] == NameState.TAKEN
    assert ground(world.app, NORDELIA, [result]).suspects


def test_networks_are_asked_at_their_pace(world: World) -> None:
    world.sweep(Elsewhere())
    assert len(world.slept) == 11  # before each name but the first
    world.slept.clear()
    world.sweep(world.network())
    assert world.slept == []


def test_progress_tells_of_every_question_and_every_wait(world: World) -> None:
    town, told = world.network(), []
    errors = [BackendError("slow down", kind="temporary", retry_after=60.0)]

    def slow(_handle: str) -> None:
        if len(town.answered) == 1 and errors:
            raise errors.pop()

    town.before = slow
    sweep(
        world.app,
        Sweep(brand=NORDELIA, limit=3),
        [Place(source="town", network=town)],  # type: ignore[arg-type]
        sleep=world.sleep,
        progress=lambda *now: told.append(now),
    )
    assert told[0] == (0, 4, "")
    assert (2, 4, "waiting 60 s: slow down") in told
    assert told[-1] == (4, 4, "")


def test_one_source_of_each_network_is_asked_and_archives_are_not(world: World) -> None:
    with places(world.app) as (found, not_asked):
        assert [(one.source, one.network.network) for one in found] == [("town", "local")]
    assert [(one.source, one.why) for one in not_asked] == [
        ("square", "local is asked through town")
    ]


def test_a_brand_that_no_rule_guards_is_known_to_be_so(world: World) -> None:
    assert is_guarded(world.app.config, "Nordelia")
    assert not is_guarded(world.app.config, "Zenith")


def test_a_brand_that_no_handle_can_spell_is_searched_for_all_the_same(world: World) -> None:
    town = world.network()
    (result,) = world.sweep(town, brand=Brand(name="日本")).networks
    assert (result.names, town.searched) == ((), ["日本"])
