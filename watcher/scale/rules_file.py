"""Rules for a job: out of a file of rules, brands and lists, or a whole `watcher.toml`.

Of the latter only these tables are read: no secret of it is looked up, no source opened, and what
is said there of channels may be wrong on the machine of those who look back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

from rules import Rule
from rules.errors import Problem
from rules.garbage import collector_at_rest
from rules.model import Brand, Definitions, WordList
from watcher.coherence import brands as brand_problems
from watcher.coherence import lists as list_problems
from watcher.coherence import names
from watcher.config import Config
from watcher.toml import Conversion, Document, Finding

LARGEST: Final = 64_000_000
"""Octets: some 700,000 rules. Somebody names the file at the command line, and waits for it."""


@dataclass(frozen=True, kw_only=True)
class RulesFile:
    """What a job takes of a file."""

    path: Path = field(metadata={"given": True})
    warnings: tuple[Finding, ...] = field(default=(), metadata={"given": True})
    languages: tuple[str, ...] = ("en",)
    """The languages that posts are expected in."""
    brands: tuple[Brand, ...] = ()
    """The names to watch over."""
    rules: tuple[Rule, ...] = field(default=(), metadata={"default_kind": "keyword"})
    """What to look for."""
    lists: tuple[WordList, ...] = ()
    """Words and accounts that rules share."""

    @property
    def definitions(self) -> Definitions:
        """What the expressions of rules may refer to."""
        return Definitions(brands=self.brands, lists=self.lists, languages=self.languages)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong across the tables that are read."""
        whole = Config(
            path=self.path,
            languages=self.languages,
            brands=self.brands,
            rules=self.rules,
            lists=self.lists,
        )
        sources = {
            (path, span)
            for kind, _, path, span in names.references_in_rules(whole)
            if kind == "sources"
        }
        for problem in names.problems(whole):
            if "then" not in problem.path and (problem.path, problem.span) not in sources:
                yield problem
        yield from brand_problems.problems(whole)
        yield from list_problems.problems(whole)


def read_rules(path: Path) -> RulesFile:
    """Read the rules of a file. Raises `ConfigError` with every problem of what is read."""
    with collector_at_rest():
        document = Document.read(path.absolute(), str(path), LARGEST)
        read = {one.name for one in fields(RulesFile)}
        for name in {one.name for one in fields(Config)} - read:
            document.values.pop(name, None)
        conversion = Conversion(document, path.absolute().parent, {})
        rules = conversion.read(RulesFile, path=path.absolute())
        conversion.finish()
    return rules
