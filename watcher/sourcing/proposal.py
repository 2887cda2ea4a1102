"""The smallest set of sources that would feed the rules, at each place that can be asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules import KeywordRule, LookalikeRule
from rules.frequencies import Frequencies
from rules.language import expand
from rules.language.tree import Node
from watcher.backends import AnySource, XSource
from watcher.backends.reach import Reach
from watcher.backends.x import asking
from watcher.coherence.feeding import Feed, could
from watcher.config import Config
from watcher.sourcing.bringing import brings, brought
from watcher.sourcing.needs import Ask, Way, reduced, ways
from watcher.sourcing.places import LOG_INS, Place, places

MOST_QUESTIONS = 8
"""More questions to one server are worse than one for all that it has."""


_TOO_MUCH = (
    "no word, hashtag or account stands for all that it finds; all of the network, millions of"
    " posts a day, would have to be kept"
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A source that is not configured yet."""

    place: Place
    table: Mapping[str, Any]
    """Its keys but for its name, in their order."""
    rules: tuple[str, ...]
    """The rules that it feeds, alone or with others."""
    why: str = ""
    """Why it is this one, where a smaller question would be expected."""

    @property
    def called(self) -> str:
        """What to call it: its place and what it asks for, in a few words."""
        query = str(self.table.get("query", "")).removeprefix("search:").replace('"', "")
        return f"{self.place.name} {query}".strip()[:80]


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A rule that configured sources feed at a place."""

    rule: str
    place: Place
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What to add, what is there, and where nobody is logged in yet."""

    drafts: tuple[Draft, ...]
    fed: tuple[Fed, ...]
    places: tuple[Place, ...]
    log_ins: Mapping[str, str]
    """By network, what would give access to it."""
    unaskable: tuple[tuple[str, str, str], ...]
    """Rules that nothing can be asked for on a network, the network, and why."""
    lookalikes: tuple[str, ...]
    """The look-alike rules: they look at whomever the sources bring, and cannot be asked for."""


@dataclass(frozen=True, kw_only=True)
class _Need:
    """A rule, and the ways to ask for what it finds."""

    rule: str
    tree: Node
    ways: tuple[Way, ...]


def propose(config: Config, network: str = "") -> Proposal:
    """Return the sources that would feed the enabled rules of a configuration.

    `network` leaves out all others. Nothing is asked of any network.
    """
    known = [place for place in places(config) if network in ("", place.network)]
    needs = [_need(rule, config) for rule in _rules(config)]
    drafts: list[Draft] = []
    fed: list[Fed] = []
    unaskable: list[tuple[str, str, str]] = []
    for place in known:
        here = [need for need in needs if _is_about(need, place)]
        if place.network == "x":
            more, already, cannot = _at_x(config, place, [need.rule for need in here])
        else:
            more, already, cannot = _at(place, here, _sources(config, place), config.languages)
        unaskable += [(rule, place.network, why) for rule, why in cannot]
        drafts += more
        fed += already
    missing = {
        name: _how(name, how, known)
        for name, how in LOG_INS.items()
        if network in ("", name)
        and not any(place.network == name and place.logged_in for place in known)
    }
    return Proposal(
        drafts=tuple(drafts),
        fed=tuple(fed),
        places=tuple(known),
        log_ins=missing,
        unaskable=tuple(unaskable),
        lookalikes=tuple(
            rule.name for rule in config.rules if isinstance(rule, LookalikeRule) and rule.enabled
        ),
    )


def _how(network: str, how: str, known: Sequence[Place]) -> str:
    """How to get access, with the name of a server that a source has."""
    at = next((dict(place.keys)["server"] for place in known if place.network == network
               and network == "mastodon"), "")  # fmt: skip
    return how.replace("https://YOUR-SERVER", at) if at else how


def _rules(config: Config) -> list[KeywordRule]:
    return [rule for rule in config.rules if isinstance(rule, KeywordRule) and rule.enabled]


def _need(rule: KeywordRule, config: Config) -> _Need:
    tree = expand(rule.inflected, config.definitions)
    plain = rule.in_ == ("text",) and not rule.confusables
    # Networks look for words in texts, and as they are written.
    return _Need(rule=rule.name, tree=tree, ways=ways(tree) if plain else ())


def _is_about(need: _Need, place: Place) -> bool:
    feed = Feed(
        name="", reach=Reach(network=place.network), own=frozenset(), configured=frozenset()
    )
    return could(need.tree, feed).fit


def _sources(config: Config, place: Place) -> list[AnySource]:
    return [
        source
        for source in config.sources
        if source.enabled and source.reach.network == place.network and _is_at(source, place)
    ]


def _is_at(source: AnySource, place: Place) -> bool:
    keys = dict(place.keys)
    key = {"mastodon": "server", "local": "file"}.get(place.network)
    if key is None:
        return True
    return str(getattr(source, key, "")).rstrip("/").lower() == str(keys[key]).lower()


def _at(
    place: Place, needs: Sequence[_Need], sources: Sequence[AnySource], languages: Sequence[str]
) -> tuple[list[Draft], list[Fed], list[tuple[str, str]]]:
    """Return what to add at a place, what is fed there, and what cannot be asked for, with why."""
    fed, open_ = [], []
    for need in needs:
        by = _feeding(need, sources)
        if by:
            fed.append(Fed(rule=need.rule, place=place, sources=by))
        else:
            open_.append(need)
    there = [source.reach for source in sources]
    chosen = _chosen(open_, place, there, languages)
    asks = reduced(ask for way in chosen.values() for ask in way if not brought(ask, there))
    unaskable = [need.rule for need in open_ if need.rule not in chosen]
    cannot: list[tuple[str, str]] = []
    if place.network == "bluesky":
        cannot = [(rule, _TOO_MUCH) for rule in unaskable]
        unaskable = []
    if unaskable or len(asks) > MOST_QUESTIONS or not _may_ask(place, asks):
        feeds = [*chosen, *unaskable]
        return [_whole(place, asks, feeds, unaskable)], fed, cannot
    drafts = [
        Draft(
            place=place,
            table={**dict(place.keys), "query": _query(ask, place)},
            rules=tuple(
                rule for rule, way in chosen.items() if any(ask.covers(other) for other in way)
            ),
        )
        for ask in sorted(asks)
    ]
    return drafts, fed, cannot


def _at_x(
    config: Config, place: Place, rules: Sequence[str]
) -> tuple[list[Draft], list[Fed], list[tuple[str, str]]]:
    """Return what to add on X, what is fed there, and what cannot be asked for there, with why.

    One source there asks for any number of rules, translated into X's own syntax.
    """
    fed: dict[str, str] = {}
    for source in config.sources:
        if isinstance(source, XSource) and source.enabled:
            cannot = {name for name, _ in source.asked.unasked}
            fed |= {rule.name: source.name for rule in source.watched if rule.name not in cannot}
    known = [rule for rule in _rules(config) if rule.name in rules and rule.name not in fed]
    unasked = asking.ask(known, config.definitions).unasked
    left = {rule.name: rule for rule in known}
    for name, _ in unasked:
        left.pop(name, None)
    table = {**dict(place.keys), "query": "rules", "rules": list(left)}
    drafts = [Draft(place=place, table=table, rules=tuple(left))] if left else []
    found = [Fed(rule=rule, place=place, sources=(fed[rule],)) for rule in rules if rule in fed]
    return drafts, found, list(unasked)


def _feeding(need: _Need, sources: Sequence[AnySource]) -> tuple[str, ...]:
    """The sources that together bring all that a rule finds; none where they do not."""
    for source in sources:
        if source.reach.whole:
            return (source.name,)
    for way in need.ways:
        by = [[one.name for one in sources if brings(one.reach, ask)] for ask in sorted(way)]
        if all(by):
            return tuple(dict.fromkeys(names[0] for names in by))
    return ()


def _chosen(
    needs: Sequence[_Need], place: Place, there: Sequence[Reach], languages: Sequence[str]
) -> dict[str, Way]:
    """Choose a way for each rule that has one: the fewest new questions, of rare words."""
    common = Frequencies.shipped()
    chosen: dict[str, Way] = {}
    asked: set[Ask] = set()

    def cost(way: Way) -> tuple[int, float, list[Ask]]:
        new = [ask for ask in way if not any(one.covers(ask) for one in asked)]
        new = [ask for ask in new if not brought(ask, there)]
        return len(new), sum(_share(ask, common, languages) for ask in new), sorted(way)

    for need in sorted(needs, key=lambda need: (len(need.ways), need.rule)):
        possible = [way for way in need.ways if all(_can_ask(ask, place) for ask in way)]
        if possible:
            chosen[need.rule] = min(possible, key=cost)
            asked |= chosen[need.rule]
    return chosen


def _share(ask: Ask, common: Frequencies, languages: Sequence[str]) -> float:
    if ask.kind != "words":
        return 0.0
    return min(common.share(word, languages) for word in ask.text.split())


def _can_ask(ask: Ask, place: Place) -> bool:
    """Whether an account is one of the place's network."""
    network, colon, _ = ask.text.rpartition(":")
    return ask.kind != "account" or not colon or network == place.network


def _may_ask(place: Place, asks: Collection[Ask]) -> bool:
    """Whether the place lets us: searching is for those who are logged in."""
    if place.logged_in:
        return True
    tags_too = place.network == "bluesky"  # there, a tag is searched for
    return not any(ask.kind == "words" or (tags_too and ask.kind == "tag") for ask in asks)


def _query(ask: Ask, place: Place) -> str:
    if ask.kind == "tag":
        return f"#{ask.said}"
    if ask.kind == "account":
        return f"@{_handle(ask, place)}"
    quoted = " " in ask.text and place.network != "local"
    return f'search:"{ask.said}"' if quoted else f"search:{ask.said}"


def _handle(ask: Ask, place: Place) -> str:
    handle = ask.said.rpartition(":")[2].lstrip("@")
    return f"{handle}.bsky.social" if place.network == "bluesky" and "." not in handle else handle


def _whole(
    place: Place, asks: Collection[Ask], rules: Sequence[str], unaskable: Sequence[str]
) -> Draft:
    """Return the source that brings all that the place shows, sifted where that can be said."""
    table = dict(place.keys)
    if unaskable:
        named = ", ".join(f'"{name}"' for name in unaskable[:3])
        why = f"no word, hashtag or account can be asked for that {named} always finds"
    elif len(asks) > MOST_QUESTIONS:
        why = f"one source in place of {len(asks)}"
    else:
        why = "only who is logged in may search"
    if place.network != "bluesky":
        return Draft(place=place, table={**table, "query": "public"}, rules=tuple(rules), why=why)
    table["query"] = "jetstream"
    words = [ask.written for ask in sorted(asks) if ask.kind != "account"]
    accounts = [_handle(ask, place) for ask in sorted(asks) if ask.kind == "account"]
    keep = {"any": words, "accounts": accounts}
    table["keep"] = {key: values for key, values in keep.items() if values}
    return Draft(place=place, table=table, rules=tuple(rules), why=why)
