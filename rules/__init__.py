"""What to look for: pure, no network, no SQL, no clock.

`Rule` is the registry of rule kinds: what may stand in a `[[rules]]` table.
"""

from rules.keyword import KeywordRule
from rules.lookalike.rule import LookalikeRule

Rule = KeywordRule | LookalikeRule

__all__ = ["KeywordRule", "LookalikeRule", "Rule"]
