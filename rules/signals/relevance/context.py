"""Whether a post is about a brand, by the words that the configuration names for that."""

from rules.model import Brand, Post
from rules.signals.relevance.learning import Judgement
from rules.signals.relevance.reading import Reader

_ABOUT = Judgement(relevance=1.0, left_out=False)
_NOT_ABOUT = Judgement(relevance=0.0, left_out=True)


class ByContext:
    """Leaves out what has no word of the brand's context, nothing of its own, and no judgement."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self._reader = Reader(brand)

    def judge(self, post: Post) -> Judgement:
        """Say what a post that names the brand is taken for."""
        return _ABOUT if self._reader.has_context(post) else _NOT_ABOUT
