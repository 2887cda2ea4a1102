"""A suggestion for a rule as a change of the user's own file, and what it would lose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rules import KeywordRule
from rules.language import render
from rules.language.tree import Or
from rules.language.walk import leaves
from rules.matcher import Matcher
from rules.metadata import fold_domain, handle_forms
from rules.model import Post
from rules.text import analyse, fold_words
from rules.tuning.suggestion import Judged, Suggestion, TooFew, suggest
from watcher.config import Config, load
from watcher.store import Store
from watcher.toml import ConfigError
from watcher.toml.edit import ConfigFile, Insertion, added_to_list, joined_to
from watcher.tuning.corpus import Report, Stored

MOST_CONSIDERED = 5000
"""Matches that nobody judged and that are looked at, the newest ones."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A suggestion, as a change of the user's file."""

    suggestion: Suggestion
    rule: KeywordRule
    """As it would be."""
    file: ConfigFile
    octets: bytes
    """The file as it would be."""
    lost: tuple[Post, ...]
    """What it would not find any more of what was considered, newest first."""
    lost_relevant: int
    """Of these, how many were judged relevant."""
    lost_irrelevant: int
    considered: int
    """Posts that the rule finds now and that were looked at."""

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        return self.file.diff(self.octets)

    def write(self) -> Path:
        """Change the file; return where it is kept as it was.

        Raises `ConfigError` where the file has changed meanwhile, cannot be written, or would not
        be a configuration that says what was proposed; then nothing has changed.
        """
        return self.file.replace(self.octets, self._check)

    def _check(self, path: Path) -> None:
        rules = {rule.name: rule for rule in load(path).rules}
        rule = rules.get(self.rule.name)
        if not isinstance(rule, KeywordRule) or rule.tree != self.rule.tree:
            raise ConfigError(
                "the file as changed does not say what was proposed",
                code="uneditable",
                help="change it by hand",
            )


def found_by(
    config: Config,
    rule: KeywordRule,
    store: Store,
    judged: Mapping[str, bool],
    report: Report,
) -> list[Post]:
    """Return the stored posts that a rule finds: all that were judged, and the newest others."""
    matcher = Matcher([replace(rule, enabled=True)], config.definitions)
    kept: list[Post] = []
    others: list[Post] = []
    for batch in Stored(store=store).batches(report):
        posts = {known.post.key: known.post for known in batch}
        for match in matcher.match(list(posts.values())):
            (kept if match.post in judged else others).append(posts[match.post])
        others = others[-MOST_CONSIDERED:]
    return kept + others


def propose(
    config: Config, rule: KeywordRule, posts: Sequence[Post], judged: Mapping[str, bool]
) -> Proposal | TooFew:
    """Return the change that the judgements speak for, if they do for any.

    `posts` are what the rule finds, `judged` tells by their keys which are relevant. Raises
    `ConfigError` where the file cannot be changed by a program, or has changed since it was read.
    """
    taken = [Judged(analysis=analyse(post), relevant=judged.get(post.key)) for post in posts]
    suggestion = suggest(taken, own_terms(config, rule))
    if isinstance(suggestion, TooFew):
        return suggestion
    file = ConfigFile.read(config.path)
    insertions, changed = _change(file, _number(config, rule, file), rule, suggestion)
    matcher = Matcher([replace(changed, enabled=True)], config.definitions)
    still = {match.post for match in matcher.match(posts)}
    lost = [post for post in posts if post.key not in still]
    lost.sort(key=lambda post: post.posted_at, reverse=True)
    return Proposal(
        suggestion=suggestion,
        rule=changed,
        file=file,
        octets=file.changed(insertions),
        lost=tuple(lost),
        lost_relevant=sum(judged.get(post.key) is True for post in lost),
        lost_irrelevant=sum(judged.get(post.key) is False for post in lost),
        considered=len(posts),
    )


def own_terms(config: Config, rule: KeywordRule) -> frozenset[str]:
    """Return the terms that the rule or a brand is about: never excluded by themselves."""
    node, _ = rule.compiled(config.definitions)
    own = {term for leaf in leaves(node) for term in fold_words(getattr(leaf, "text", ""))}
    for brand in config.brands:
        for spelling in (brand.name, *brand.spellings, *brand.accounts):
            words = fold_words(spelling)
            own.update(words, ["".join(words)])
        own.update(form for account in brand.accounts for form in handle_forms(account))
    domains = {
        f"domain:{fold_domain(domain)}" for brand in config.brands for domain in brand.domains
    }
    return frozenset(own | {sign + term for term in own for sign in "#@"} | domains)


def _number(config: Config, rule: KeywordRule, file: ConfigFile) -> int:
    """Where the rule stands among the file's. Raises `ConfigError` where it is another by now."""
    number = [one.name for one in config.rules].index(rule.name)
    tables = file.document.values.get("rules", [])
    stated = tables[number] if number < len(tables) else {}
    if stated.get("name") != rule.name or stated.get("find", "") != rule.find:
        raise ConfigError(
            f"{config.path.name} has been changed meanwhile",
            code="changed-meanwhile",
            help="ask again: the proposal is made for the file as it is now",
        )
    return number


def _change(
    file: ConfigFile, number: int, rule: KeywordRule, suggestion: Suggestion
) -> tuple[tuple[Insertion, ...], KeywordRule]:
    """The texts to put in, and the rule that they make."""
    terms = [render(term) for term in suggestion.terms]
    joined = terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"
    exclude = suggestion.kind == "exclude"
    if exclude and (rule.none or not rule.find):
        change = added_to_list(file.document, number, "none", terms)
        return (change,), replace(rule, none=(*rule.none, *terms))
    if not rule.find:
        change = added_to_list(file.document, number, "all", [joined])
        return (change,), replace(rule, all=(*rule.all, joined))
    text = f"-{joined}" if exclude else joined
    bracketed = isinstance(replace(rule, any=(), all=(), none=()).tree, Or)
    find = rule.find.strip()
    return (
        joined_to(file.document, number, text, bracketed=bracketed),
        replace(rule, find=f"({find}) {text}" if bracketed else f"{find} {text}"),
    )
