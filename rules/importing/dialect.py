"""What a file per dialect provides."""

from collections.abc import Callable
from dataclasses import dataclass

from rules.importing.outcome import Outcome
from rules.importing.tokens import Syntax, Token


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One product's query language."""

    name: str
    """What the command line calls it: `google-alerts`."""
    title: str
    """What people call it: `Google Alerts`."""
    syntax: Syntax
    leaf: Callable[[Token], Outcome]
    """What becomes of one leaf."""
    remark: Callable[[str], str] = lambda _: ""
    """What is different about a query as a whole, empty where nothing is."""
