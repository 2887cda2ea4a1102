"""Names as the eye reads them, and whose they resemble."""

from rules.lookalike.columns import Aligned
from rules.lookalike.compare import Comparison, compare, score
from rules.lookalike.detector import Detector
from rules.lookalike.rule import LookalikeRule

__all__ = ["Aligned", "Comparison", "Detector", "LookalikeRule", "compare", "score"]
