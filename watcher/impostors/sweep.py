"""Asks the networks for the names that an impostor of a brand would take.

The store knows which names were answered, so that a sweep that was stopped at any moment goes on
where it was: run it again. An account that is found is saved like any other and examined by the
look-alike rules; a name without one is ground that can still be occupied.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from rules.lookalike.generate import LikelyName, likely_names
from rules.lookalike.handles import handle_form
from rules.lookalike.ownership import bare
from rules.model import Account, Brand
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import BackendError, Network
from watcher.impostors.asking import Asking, SilentError, UnansweredError
from watcher.store import NameState

FOUND_AT_MOST: Final = 40
"""Accounts asked for in one search: what Mastodon gives at once."""
_LONGEST_SEARCH: Final = 100

Progress = Callable[[int, int, str], None]
"""Is told how many questions are answered, of how many, and what is being waited for."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is to be asked."""

    brand: Brand
    limit: int = 300
    """How many names on each network."""
    older_than: timedelta = timedelta(days=7)
    """A name that was answered less long ago is not asked for again."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A network that can be asked, and the source through which."""

    source: str
    network: Network


@dataclass(frozen=True, kw_only=True)
class NotAsked:
    """A source through which nothing was asked, and why."""

    source: str
    why: str


@dataclass(kw_only=True)
class SweptNetwork:
    """What one network was asked in one sweep."""

    network: str
    source: str
    names: tuple[LikelyName, ...]
    """The likely names on this network, asked now or before."""
    asked: int = 0
    """Names answered now."""
    fresh: int = 0
    """Names answered before, and not so long ago that they were asked for again."""
    unanswered: int = 0
    """Names asked for in vain; they are asked for again next time, after the others."""
    searched: int = 0
    left: int = 0
    """Names not asked for."""
    why: str = ""
    """Why names were left; and what was said, where it was the network."""
    notes: list[str] = field(default_factory=list)
    """What else is to be known: a search that was refused, or that found too many."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep did."""

    networks: tuple[SweptNetwork, ...]
    stopped: bool
    """Whether a person stopped it."""
    suspects: int
    """How many suspects are new."""
    known: int = 0
    """The newest suspect before: those of it have higher numbers."""

    @property
    def is_complete(self) -> bool:
        """Whether every name was answered, now or before."""
        return not self.stopped and not any(one.left or one.unanswered for one in self.networks)


@contextmanager
def places(app: App) -> Iterator[tuple[tuple[Place, ...], tuple[NotAsked, ...]]]:
    """Open what can be asked for accounts: one source of each network, the first that is enabled.

    Sources that only bring posts (archives) are left out without a word: they know no accounts.
    """
    found: dict[str, Place] = {}
    not_asked: list[NotAsked] = []
    with ExitStack() as stack:
        for source in app.config.sources:
            if not source.enabled:
                continue
            try:
                opened = source.open(app.config.folder, clock=app.clock)
                reader = stack.enter_context(closing(opened))
            except BackendError as error:
                not_asked.append(NotAsked(source=source.name, why=error.message))
                continue
            if not isinstance(reader, Network):
                continue
            first = found.setdefault(reader.network, Place(source=source.name, network=reader))
            if first.source != source.name:
                why = f"{reader.network} is asked through {first.source}"
                not_asked.append(NotAsked(source=source.name, why=why))
        yield tuple(found.values()), tuple(not_asked)


def sweep(
    app: App,
    wanted: Sweep,
    networks: Sequence[Place],
    *,
    sleep: Callable[[float], None],
    progress: Progress = lambda _done, _total, _waiting: None,
) -> Swept:
    """Ask each network for what is not known yet, then examine the accounts that were found.

    Each answer is saved at once. A network that fails is told in `SweptNetwork.why` and stops no
    other; Ctrl-C ends the asking, and what was found until then is examined. Raises `StoreError`.
    """
    plans = [_Plan(app, wanted, place) for place in networks]
    count = _Count(sum(plan.questions for plan in plans), progress)
    stopped = False
    try:
        for plan in plans:
            plan.run(sleep, count)
    except KeyboardInterrupt:
        stopped = True
    for plan in plans:
        plan.count_what_is_left(stopped=stopped)
    known = app.store.newest_suspect()
    return Swept(
        networks=tuple(plan.result for plan in plans),
        stopped=stopped,
        suspects=pipeline.examine(app),
        known=known,
    )


class _Count:
    """How far a sweep is."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done = 0
        self._total = total
        self._progress = progress
        self.waiting("")

    def step(self) -> None:
        """One more question was asked."""
        self.done += 1
        self.waiting("")

    def leave_out(self, questions: int) -> None:
        """So many questions will not be asked."""
        self._total -= questions
        self.waiting("")

    def waiting(self, what: str) -> None:
        """Tell what is being waited for; empty: nothing."""
        self._progress(self.done, self._total, what)


class _Plan:
    """What one network is to be asked: first the searches, then the names."""

    def __init__(self, app: App, wanted: Sweep, place: Place) -> None:
        self._app = app
        self._brand = wanted.brand
        self._network = place.network
        name = place.network.network
        self._form = handle_form(name)
        likely = tuple(likely_names(wanted.brand, limit=wanted.limit, network=name))
        self.result = SweptNetwork(network=name, source=place.source, names=likely)
        oldest = app.clock() - wanted.older_than
        known = {
            one.name: one
            for one in app.store.sweep_names(wanted.brand.name, name)
            if not one.searched
        }
        unknown = {n for n, one in known.items() if one.state == NameState.UNKNOWN}
        fresh = {n for n, one in known.items() if n not in unknown and one.checked > oldest}
        due = [one.name for one in likely if one.name not in fresh]
        # What had no answer comes last: a name on which the network fails must not bar the others.
        self._names = sorted(due, key=lambda one: one in unknown)
        self.result.fresh = len(likely) - len(due)
        made = app.store.sweep_searches(wanted.brand.name, name)
        texts = dict.fromkeys(
            text[:_LONGEST_SEARCH] for text in (wanted.brand.name, *wanted.brand.spellings)
        )
        self._texts = [t for t in texts if t.strip() and not (t in made and made[t] > oldest)]
        self.questions = len(self._texts) + len(self._names)

    def run(self, sleep: Callable[[float], None], count: "_Count") -> None:
        """Ask until all is answered or the network is to be left alone."""
        end = count.done + self.questions
        # That a network cannot be searched says nothing of whether it tells who has a name.
        for ask, questions in ((self._search, self._texts), (self._look_up, self._names)):
            asking = Asking(
                self.result.network,
                clock=self._app.clock,
                sleep=sleep,
                random=self._app.random,
                tell=count.waiting,
            )
            for question in questions:
                if not ask(asking, question):
                    break
                count.step()
        count.leave_out(end - count.done)

    def count_what_is_left(self, *, stopped: bool) -> None:
        """Write down how many names were not asked for, and that it was a person who stopped."""
        result = self.result
        result.left = len(self._names) - result.asked - result.unanswered
        if stopped and result.left and not result.why:
            result.why = "stopped; the next sweep goes on from here"

    def _search(self, asking: Asking, text: str) -> bool:
        """Search for accounts; False where the network cannot be searched."""
        try:
            found = asking.ask(lambda: self._network.search_accounts(text, FOUND_AT_MOST))
        except (SilentError, UnansweredError) as error:
            self.result.notes.append(f'the search for "{text}" was not answered: {error.message}')
            return isinstance(error, UnansweredError) and not asking.is_silent
        here = [one for one in found[:FOUND_AT_MOST] if one.network == self.result.network]
        self._app.store.save_sweep_search(
            self._brand.name, self.result.network, text, here, self._app.clock()
        )
        self.result.searched += 1
        if len(found) >= FOUND_AT_MOST:
            self.result.notes.append(
                f'the search for "{text}" found {FOUND_AT_MOST} accounts, the most that are asked '
                "for: there may be more"
            )
        return True

    def _look_up(self, asking: Asking, name: str) -> bool:
        """Ask who has a name and save the answer; False where the network is to be left alone."""
        try:
            account = asking.ask(lambda: self._account(name))
        except SilentError as error:
            self.result.why = error.message
            return False
        except UnansweredError as error:
            self._save(name, said=error.message)
            self.result.unanswered += 1
            if asking.is_silent:
                self.result.why = error.message
            return not asking.is_silent
        self._save(name, account)
        self.result.asked += 1
        return True

    def _save(self, name: str, account: Account | None = None, *, said: str = "") -> None:
        where = (self._brand.name, self.result.network)
        now = self._app.clock()
        self._app.store.save_sweep_name(*where, name, now, account=account, said=said)

    def _account(self, name: str) -> Account | None:
        """Return who has a name. Raises `BackendError`, also where somebody else is answered."""
        handle = self._form.whole(name)
        account = self._network.lookup(handle)
        if account is None:
            return None
        told = bare(account.handle)
        same = told == bare(handle) or told.startswith(f"{bare(handle)}@")
        if account.network != self.result.network or not same:
            raise BackendError(
                f"asked for {handle}, {self.result.network} answered with another account",
                kind="broken",
            )
        return account
