"""The `[[sources]]` table of kind "x"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from alerts.secret import Secret
from rules.errors import Problem
from rules.keyword import KeywordRule
from rules.model import Definitions
from watcher.backends.address import wrong_server
from watcher.backends.interface import Source, parse_interval
from watcher.backends.reach import Reach, of_query
from watcher.backends.x.asking import Asked, ask
from watcher.backends.x.query import LIMIT, length
from watcher.backends.x.spending import Ledger, Purse, money
from watcher.clock import utc_now

if TYPE_CHECKING:
    from watcher.backends.x.network import XNetwork

_SEARCH = "search:"
_HOW_TO_WRITE = 'write "search:acme lang:en", "@account", or "rules"'


@dataclass(frozen=True, kw_only=True)
class XSource(Source):
    """X (Twitter) by its API, with the bearer token of an app. Every post that is read is paid for.

    X shows the posts of the last seven days, and does not tell by itself which were deleted.
    """

    kind: Literal["x"] = "x"
    token: Secret
    """The app's bearer token: `"${NAME}"` or `"${file:...}"`."""
    query: str = "rules"
    """What to read: `search:` and a query in X's own syntax, `@account` (its timeline), or `rules`:
    what the rules look for."""
    rules: tuple[str, ...] = ()
    """With `query = "rules"`, the names of these rules; without names, of all that look for words.
    Posts that none of them finds are not kept."""
    every: str = "15m"
    """How often to read: `5m`, `1h`. Asking costs nothing, posts do."""
    budget_day: int = 500
    """How many posts may be read a day. When they are, nothing more is read before midnight UTC."""
    budget_month: int = 10_000
    """How many posts may be read a month, likewise."""
    cost_per_read: float = 0.005
    """What a post costs, in your money: X's price list says. Count in what comes along with it."""
    revisit: bool = False
    """Whether X is asked, before a mail tells of posts, which of them were deleted or edited since
    they were read. Each that is still there is paid for once more."""
    look_back: str = "1d"
    """How much of the past a new source reads, at most `7d`."""
    address: str = "https://api.x.com"
    """Where the API is."""
    known: tuple[KeywordRule, ...] = field(
        default=(), metadata={"given": True}, compare=False, repr=False
    )
    """The configuration's rules that look for words."""
    definitions: Definitions = field(
        default=Definitions(), metadata={"given": True}, compare=False, repr=False
    )
    """The configuration's brands and lists."""
    ledger: Ledger | None = field(default=None, metadata={"given": True}, compare=False, repr=False)
    """Where it is kept what was read; without it nothing is."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        yield from self._query_problems()
        if wrong := wrong_server(self.address):
            yield Problem(
                code="bad-server", message=wrong, path=("address",),
                help='address = "https://api.x.com"',
            )  # fmt: skip
        for key, least in (("budget_day", 10), ("budget_month", 10)):
            if getattr(self, key) < least:
                yield Problem(
                    code="out-of-range",
                    message=f"X gives {least} posts at once at least: a smaller budget reads none",
                    path=(key,),
                    help=f"{key} = 500",
                )
        if not 0 <= self.cost_per_read <= 1000:
            yield Problem(
                code="out-of-range", message="this is no price of a post",
                path=("cost_per_read",), help="cost_per_read = 0.005",
            )  # fmt: skip
        try:
            good = parse_interval(self.look_back) <= timedelta(days=7)
        except ValueError:
            good = False
        if not good:
            yield Problem(
                code="out-of-range", message="X shows the last 7 days, and this is none of them",
                path=("look_back",), help='look_back = "1d"',
            )  # fmt: skip

    def _query_problems(self) -> Iterator[Problem]:
        search = self.query.removeprefix(_SEARCH).strip()
        handle = self.query.removeprefix("@")
        if self.query.startswith(_SEARCH):
            good = bool(search)
        elif self.query.startswith("@"):
            good = handle.isascii() and handle.replace("_", "a").isalnum() and len(handle) <= 15
        else:
            good = self.query == "rules"
        if not good:
            yield Problem(
                code="bad-query",
                message=f"{self.query!r} is not something this source can read",
                path=("query",),
                help=_HOW_TO_WRITE,
            )
        elif self.query.startswith(_SEARCH) and length(search) > LIMIT:
            yield Problem(
                code="bad-query",
                message=f"X takes queries of {LIMIT} characters, and this has {length(search)}",
                path=("query",),
                help='make it two sources, or a rule: query = "rules" splits what is too long',
            )
        if self.rules and self.query != "rules":
            yield Problem(
                code="useless-key",
                message="these rules are not looked for: the query says what is read",
                path=("rules",),
                help='query = "rules", or leave the rules out',
            )

    @property
    def asks(self) -> str:
        """What it asks for, in few words."""
        if self.query != "rules":
            return f"{self.query} at X"
        return f"rules {', '.join(self.rules)} at X" if self.rules else "all rules at X"

    @property
    def reach(self) -> Reach:
        """What posts it can bring. X's own syntax may say anything."""
        return of_query(self.query if self.query.startswith("@") else "", "x")

    @property
    def watched(self) -> tuple[KeywordRule, ...]:
        """The rules that it looks for."""
        if self.query != "rules":
            return ()
        return tuple(
            rule
            for rule in self.known
            if rule.enabled and (not self.rules or rule.name in self.rules)
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the rules that it could look for, and does not."""
        if self.query != "rules" or not self.rules:
            return ()
        return tuple(
            rule.name for rule in self.known if rule.enabled and rule.name not in self.rules
        )

    @property
    def asked(self) -> Asked:
        """The queries that it sends, and the rules that they do not cover."""
        if self.query.startswith(_SEARCH):
            return Asked(queries=(self.query.removeprefix(_SEARCH).strip(),), unasked=())
        return ask(self.watched, self.definitions)

    @property
    def most(self) -> str:
        """What it may read at most, and what that costs: `500 posts a day (2.50)`."""
        parts = [
            f"{most:,} posts a {name} ({money(most * self.cost_per_read)})"
            for most, name in ((self.budget_day, "day"), (self.budget_month, "month"))
        ]
        return f"reads at most {' and '.join(parts)}"

    def purse(self, clock: Callable[[], datetime] = utc_now) -> Purse:
        """Return what it may spend."""
        return Purse(
            source=self.name,
            ledger=self.ledger,
            of_day=self.budget_day,
            of_month=self.budget_month,
            cost=self.cost_per_read,
            clock=clock,
        )

    def open(self, base: Path, *, clock: Callable[[], datetime] = utc_now) -> "XNetwork":
        """Return X as a network; asks nothing yet. `base` is not needed."""
        del base
        from watcher.backends.x.network import open_network

        return open_network(self, clock)
