"""Whether a post that names a brand is about it: `Orange` the company, or the fruit.

Learnt for each brand from what people judged, on their own machine; nothing is shipped, and nothing
is left out before there is enough and it was tried.
"""

from rules.signals.relevance.context import ByContext
from rules.signals.relevance.learning import (
    FEWEST,
    FEWEST_OF_EACH,
    MOST,
    PRECISION,
    Judged,
    Judgement,
    Learner,
    Quality,
    Why,
    learn,
)
from rules.signals.relevance.naming import Named, named_by

__all__ = [
    "FEWEST",
    "FEWEST_OF_EACH",
    "MOST",
    "PRECISION",
    "ByContext",
    "Judged",
    "Judgement",
    "Learner",
    "Named",
    "Quality",
    "Why",
    "learn",
    "named_by",
]
