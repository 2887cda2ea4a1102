"""Which rule a command is about, and on which posts it is tried."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from rules import KeywordRule, Rule
from rules.model import Post
from watcher.backends.archive import ArchiveReader, ArchiveSource
from watcher.cli import Settings
from watcher.cli.console import safe_lines, stderr
from watcher.cli.expression import understood
from watcher.cli.links import suspect_domains
from watcher.cli.names import MistakeError, meant, rule_names
from watcher.config import Config
from watcher.store import Store
from watcher.tuning.corpus import Archived, Corpus, Pasted, Stored, pasted

LONGEST_PASTED = 1_000_000


def named(config: Config, name: str, where: str = "") -> Rule:
    """Return the rule that was typed. Raises `MistakeError`, which says `where` it is missing."""
    found = meant(name, rule_names(config), "rule", where)
    return next(rule for rule in config.rules if rule.name == found)


def keyword_rule(
    config: Config, name: str | None, find: str | None = None, *, where: str = ""
) -> KeywordRule:
    """Return the rule of that name; with `find`, the same rule looking for that instead.

    Without a name, a rule that has nothing but the expression. What is doubtful in its expressions
    is told. Raises `MistakeError`, which says `where` the name is missing, and `ExpressionError`.
    """
    if name is None:
        if find is None:
            raise MistakeError(
                "there is nothing to try",
                help="name a rule, or give an expression: --find 'acme -job'",
            )
        return understood(find, config)
    known = named(config, name, where)
    if not isinstance(known, KeywordRule):
        raise MistakeError(
            f"{known.name} looks for names, not words",
            help="`watcher suspects list` shows what it found",
        )
    if find is not None:
        return understood(find, config, known)
    for finding in findings(config, known):
        stderr().say(*safe_lines(finding), "")
    return known


def findings(config: Config, rule: Rule) -> list[str]:
    """Return what the configuration's warnings say of a rule, each a screen."""
    number = config.rules.index(rule)
    return [str(one) for one in config.warnings if one.problem.path[:2] == ("rules", number)]


@dataclass(frozen=True)
class Material:
    """The posts that were named on the command line; by themselves those of the store."""

    file: Path | None = None
    label: str = ""
    where: tuple[tuple[str, str], ...] = ()
    post: str | None = None

    @contextmanager
    def opened(
        self, settings: Settings, config: Config, judged_by: str | None
    ) -> Iterator[tuple[Corpus, frozenset[str]]]:
        """Give the corpus, and the domains of suspects that no screen may link to.

        `judged_by` names the rule whose judgements count; the store is opened only where its posts
        are read. Raises `StoreError`, `BackendError`.
        """
        if self.post is not None:
            yield Pasted(text=self.post, now=settings.clock()), frozenset()
        elif self.file is not None:
            yield (
                Archived(reader=reader(config, self.file), label=self.label, where=self.where),
                frozenset(),
            )
        else:
            store = Store.open(config.store_url)
            try:
                yield (
                    Stored(store=store, judged=verdicts(store, judged_by)),
                    suspect_domains(store),
                )
            finally:
                store.close()


def verdicts(store: Store, rule: str | None) -> Mapping[str, bool]:
    """Return what people said of a rule's matches, by the posts' keys: True for relevant."""
    if rule is None:
        return {}
    return {one.post.key: verdict == "relevant" for one, verdict in store.judged(rule)}


def reader(config: Config, file: Path) -> ArchiveReader:
    """Return what reads a file of posts: as the source that names it does, else by its looks."""
    for source in config.sources:
        if isinstance(source, ArchiveSource) and config.folder / source.file == file.absolute():
            return source.open(config.folder)
    return ArchiveReader(file, source=file.name)


class _Place(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """`labels.query=Audi`: a path in a record, and the value it must have."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return both; a text without `=` is a mistake."""
        path, sign, wanted = str(value).partition("=")
        if not sign or not path.strip():
            self.fail("write it like labels.query=Audi", param, ctx)
        return path.strip(), wanted.strip()


def choosing_posts(*, paste: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that say on which posts to try; the command receives a `Material`."""
    options: list[Callable[..., Any]] = [
        click.option(
            "--where",
            "where",
            type=_Place(),
            multiple=True,
            help="With --file: only records with this value: labels.query=Audi.",
        ),
        click.option(
            "--labels",
            "label",
            metavar="KEY",
            default="",
            help="With --file: where a record says whether it is relevant: labels.related.",
        ),
        click.option(
            "--file",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Posts of this file instead of those stored: JSON lines or CSV, also gzip.",
        ),
    ]
    if paste:
        options.insert(
            2,
            click.option("--post", metavar="TEXT", help="This text only; - reads it from a pipe."),
        )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def chosen(
            *,
            file: Path | None,
            label: str,
            where: tuple[tuple[str, str], ...],
            post: str | None = None,
            **rest: Any,
        ) -> Any:
            if (label or where) and file is None:
                raise MistakeError(
                    "--labels and --where are about the records of a file",
                    help="name it: --file posts.jsonl",
                )
            if file is not None and post is not None:
                raise MistakeError("either --file or --post", help="leave one of them out")
            return function(material=Material(file, label, where, typed(post)), **rest)

        update_wrapper(chosen, function)
        decorated: Callable[..., Any] = chosen
        for option in options:
            decorated = option(decorated)
        return decorated

    return decorate


def typed(text: str | None) -> str | None:
    """Return a pasted text; `-` stands for what comes in through a pipe."""
    if text != "-":
        return text
    return sys.stdin.read(LONGEST_PASTED).removesuffix("\n")


def one_post(
    settings: Settings, config: Config, key: str | None, text: str | None
) -> tuple[Post, frozenset[str] | None]:
    """Return the post that is meant: stored, by key or address, or pasted.

    With a stored one come the domains that no screen may link to; with a pasted one None. Raises
    `MistakeError`, and `StoreError` where the store cannot be read.
    """
    if (key is None) == (text is None):
        raise MistakeError(
            "which post?",
            help="name a stored one by network:id or its address, or paste one: --post 'TEXT'",
        )
    if text is not None:
        return pasted(typed(text) or "", settings.clock()), None
    store = Store.open(config.store_url)
    try:
        found, suspects = store.post_called(key or ""), suspect_domains(store)
    finally:
        store.close()
    if found is None:
        raise MistakeError(
            f"no stored post is called {key!r}",
            help="`watcher search --json` and `watcher matches list --json` show the keys",
        )
    return found, suspects
