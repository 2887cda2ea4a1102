"""What the rules find in posts, and where that goes: the same for what is stored and what comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules import KeywordRule
from rules.copies import COPIES_FOR, MOST_KNOWN, find_copies
from rules.lookalike.context import Own
from rules.model import Match, Post
from rules.text import analyse
from watcher.app import App
from watcher.dispatch import Dispatch
from watcher.impostors.suspicion import find_links
from watcher.store import Findings, Places

OriginalsOf = Callable[[str, datetime, int], Sequence[Post]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found in some posts."""

    findings: Findings
    dispatch: Dispatch
    places: Places
    told: tuple[Match, ...]
    """The matches that are not left out: copies are looked for among these."""


class Finder:
    """Looks through posts with all rules and brands, as they are and as people judged by now."""

    def __init__(self, app: App) -> None:
        self._app = app
        rules = [rule for rule in app.config.rules if isinstance(rule, KeywordRule)]
        self._untold = frozenset(rule.name for rule in rules if rule.rate)
        self._realert = {
            rule.name: rule.silence for rule in rules if rule.silence and not rule.rate
        }
        self._dedupe = {rule.name: rule.dedupe for rule in rules if rule.dedupe != "none"}
        self._hearing = app.hearing.corrected(app.store.tone_corrections())
        self._telling = app.relevances.now(app.store)
        self.routes = Dispatch(app).routes
        """Every channel that anything of a rule may come to: silences change nothing of that."""
        self.forms = self._hearing.forms
        """What each brand that is counted is called, in short."""

    def look(self, posts: Sequence[Post], own: Sequence[Own]) -> Seen:
        """Return what is found in posts; `own` are the brands' own accounts."""
        app = self._app
        analyses = [analyse(post) for post in posts]
        found = app.matcher.match(posts, analyses)
        links = find_links(app, posts, own)
        dispatch = Dispatch(app)
        spoken = self._telling.weigh(posts, self._hearing.find(posts, analyses))
        left_out = self._telling.left_out(found, spoken)
        raised = dispatch.suspects((*links.suspects, *links.faint))
        told = [one for one in found if one.rule not in self._untold]
        return Seen(
            findings=Findings(
                found=found,
                suspects=links.suspects,
                faint=links.faint,
                untold=self._untold,
                realert=self._realert,
                spoken=spoken,
                left_out=left_out,
            ),
            dispatch=dispatch,
            places={**dispatch.posts(posts, told), **raised},
            told=tuple(one for one in found if (one.rule, one.post) not in left_out),
        )

    def copies(
        self, posts: Sequence[Post], found: Sequence[Match], originals: OriginalsOf
    ) -> dict[tuple[str, str], str]:
        """Which matches only repeat what their rule found before, for the rules that ask."""
        by_key = {post.key: post for post in posts}
        of_rule: dict[str, list[Post]] = {}
        for one in found:
            if one.rule in self._dedupe and one.post in by_key:
                of_rule.setdefault(one.rule, []).append(by_key[one.post])
        since = self._app.clock() - COPIES_FOR
        copies: dict[tuple[str, str], str] = {}
        for name, new in of_rule.items():
            known = originals(name, since, MOST_KNOWN)
            how = self._dedupe[name]
            for key, original in find_copies(how, known, new):
                copies[name, key] = original
        return copies
