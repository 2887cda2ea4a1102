"""Where what was found goes: its rule's channels, what routes change, what silences keep back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from alerts import AutoFollow, DigestChannel
from alerts.routing.conditions import Finding
from alerts.routing.silence import Silencer
from rules import KeywordRule
from rules.model import Match, Post, Suspect
from rules.rates import Alarm
from watcher.app import App
from watcher.store import Place, Places


class Dispatch:
    """Says of each finding where it goes, by the silences in effect when it was made.

    To be made anew for each batch: what a person silences is silenced from then on.
    """

    def __init__(self, app: App) -> None:
        config = app.config
        self._router = app.router
        self._silencer = Silencer(app.store.silences_in_effect(app.clock()), config.definitions)
        self._then = {rule.name: rule.then for rule in config.rules if rule.enabled}
        self._by = counted_apart(app)
        self._following = {one.name for one in config.channels if isinstance(one, AutoFollow)}

    @cached_property
    def routes(self) -> Mapping[str, Sequence[str]]:
        """Every channel that anything of a rule may come to."""
        return {name: self._router.reachable(name, then) for name, then in self._then.items()}

    def posts(self, batch: Sequence[Post], found: Sequence[Match]) -> Places:
        """Return where the matches of posts go, by rule and key of the post."""
        by_key = {post.key: post for post in batch}
        return self._places(
            (match.post, Finding(rule=match.rule, post=by_key[match.post])) for match in found
        )

    def suspects(self, found: Iterable[Suspect]) -> Places:
        """Return where suspects go, by rule and subject."""
        return self._places((one.subject, Finding.of_suspect(one)) for one in found)

    def alarms(self, raised: Iterable[Alarm]) -> Places:
        """Return where alarms go, by rule and group: only to channels that tell of findings."""
        places = self._places(
            (one.group, Finding.of_alarm(one, self._by.get(one.rule))) for one in raised
        )
        return {
            key: [place for place in there if place.channel not in self._following]
            for key, there in places.items()
        }

    def _places(self, findings: Iterable[tuple[str, Finding]]) -> Places:
        if not (self._router or self._silencer):
            return {}  # each goes where its rule says
        return {
            (finding.rule, key): tuple(self._of(finding))
            for key, finding in findings
            if finding.rule in self._then
        }

    def _of(self, finding: Finding) -> Iterator[Place]:
        to = self._router.channels(finding, self._then[finding.rule])
        for channel, route in to.items():
            yield Place(channel, route, self._silencer.on(finding, channel))


def counted_apart(app: App) -> dict[str, str | None]:
    """Return what the rate of each rule that has one counts apart."""
    return {
        rule.name: getattr(rule.rate, "by", None)
        for rule in app.config.rules
        if isinstance(rule, KeywordRule) and rule.rate is not None
    }


def digests_of(app: App, dispatch: Dispatch) -> dict[str, list[str]]:
    """Return by rule the channels that tell of alarms: one that follows has no use for them."""
    digests = {one.name for one in app.config.channels if isinstance(one, DigestChannel)}
    return {
        rule: [name for name in channels if name in digests]
        for rule, channels in dispatch.routes.items()
    }
