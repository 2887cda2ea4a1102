"""Routes: whom findings are told beside, or instead of, those that their rules name."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from alerts.routing.conditions import Condition, Finding
from alerts.words.notices import routed
from rules.errors import Problem
from rules.language import check
from rules.model import Definitions, Reason


@dataclass(frozen=True, kw_only=True)
class Route:
    """Takes findings to further channels by what they are: the `[[routes]]` table."""

    name: str
    """What mails call it when they say why something is in them."""
    rules: tuple[str, ...] = ()
    """Only what these rules found; empty: all rules."""
    brands: tuple[str, ...] = ()
    """Only posts that name one of these brands, suspects that look like one, and alarms counted by
    brand; empty: all."""
    find: str = ""
    """Only posts that fit this expression of the rule language: `followers:50000..`."""
    then: tuple[str, ...]
    """Names of the channels that are told."""
    instead: bool = False
    """Whether it then goes only here, and not to the channels that its rule names."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        if not self.then and not self.instead:
            yield Problem(
                code="leads-nowhere",
                message="this route leads nowhere",
                path=("then",),
                help='then = ["urgent"] with the name of a channel',
            )
        yield from find_problems(self.find)


def find_problems(find: str) -> Iterator[Problem]:
    """Yield what is wrong with the expression of a key `find`; empty is fine."""
    if find:
        for problem in check(find)[1]:
            yield Problem(
                code=problem.code,
                message=problem.message,
                path=("find",),
                span=problem.span,
                help=problem.help,
                severity=problem.severity,
            )


class Router:
    """The routes of a configuration, made ready. It never changes, so threads may share it."""

    def __init__(
        self,
        routes: Sequence[Route],
        definitions: Definitions,
        *,
        posts_only: Collection[str] = (),
    ) -> None:
        """Make the routes ready; only for those without problems.

        `posts_only` are channels that take nothing but posts: a route to none but these takes
        neither suspects nor alarms, and takes none of them away.
        """
        self._posts_only = frozenset(posts_only)
        self._routes = [
            (
                route,
                Condition(
                    rules=route.rules,
                    brands=route.brands,
                    find=route.find,
                    definitions=definitions,
                ),
            )
            for route in routes
        ]

    def __bool__(self) -> bool:
        return bool(self._routes)

    def channels(self, finding: Finding, then: Sequence[str]) -> dict[str, Reason | None]:
        """Return the channels that a finding goes to, each once, in order.

        With each comes the route that brought it there, None where that is its rule, whose channels
        `then` are. Routes lead to channels and never to routes, so there is no way round.
        """
        taken = [
            route
            for route, condition in self._routes
            if (finding.post is not None or not self._is_about_posts(route))
            and condition.fits(finding)
        ]
        own = () if any(route.instead for route in taken) else then
        to: dict[str, Reason | None] = dict.fromkeys(own)
        for route in taken:
            for channel in route.then:
                to.setdefault(channel, routed(route.name, route.find))
        return to

    def _is_about_posts(self, route: Route) -> bool:
        return bool(route.then) and self._posts_only.issuperset(route.then)

    def reachable(self, rule: str, then: Sequence[str]) -> tuple[str, ...]:
        """Return the channels that anything of a rule may go to, each once."""
        mine = [route for route, _ in self._routes if not route.rules or rule in route.rules]
        # What is asked of each finding may let others pass to the rule's own channels.
        all_leave = any(
            one.instead and not (one.find or one.brands or self._is_about_posts(one))
            for one in mine
        )
        own = () if all_leave else then
        return tuple(dict.fromkeys((*own, *(channel for one in mine for channel in one.then))))
