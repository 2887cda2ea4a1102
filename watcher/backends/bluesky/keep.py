"""What a stream keeps of all that flows by: decided before anything is stored."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rules.errors import Problem
from rules.keyword import KeywordRule
from rules.language import ExpressionError
from rules.matcher import Matcher
from rules.model import Post


@dataclass(frozen=True, kw_only=True)
class Keep:
    """The `keep` table of a source that is a stream; what is empty asks for nothing."""

    any: tuple[str, ...] = ()
    """Words, `"phrases"` or `#hashtags` as in rules, of which a post must have one."""
    languages: tuple[str, ...] = ()
    """Languages as posts state them, `["fr", "en"]`; a post that states none is kept."""
    accounts: tuple[str, ...] = ()
    """Handles or ids whose posts are all kept. Without `any`, only theirs are."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        for number, expression in enumerate(self.any):
            try:
                Matcher([_rule([expression])])
            except ExpressionError as error:
                yield Problem(
                    code="bad-expression",
                    message=f"{expression!r} cannot be understood",
                    path=("any", number),
                    help=error.help or 'write a word, a "phrase" or a #hashtag',
                )

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.any or self.languages or self.accounts)


class Sieve:
    """A `Keep` at work: `dids` are the ids of its accounts."""

    def __init__(self, keep: Keep, dids: Collection[str]) -> None:
        self._matcher = Matcher([_rule(keep.any)]) if keep.any else None
        self._languages = frozenset(language.lower() for language in keep.languages)
        self._dids = frozenset(dids)
        self._only_accounts = bool(keep.accounts) and not keep.any

    def kept(self, posts: Sequence[Post]) -> list[Post]:
        """Return the posts that are kept, in their order."""
        spoken = [post for post in posts if self._spoken(post)]
        if self._matcher is None:
            return [one for one in spoken if not self._only_accounts or one.author.id in self._dids]
        fitting = {number for number, _ in self._matcher.decide(spoken)}
        return [
            post
            for number, post in enumerate(spoken)
            if number in fitting or post.author.id in self._dids
        ]

    def _spoken(self, post: Post) -> bool:
        if not self._languages or post.language is None:
            return True
        return post.language.lower().partition("-")[0] in self._languages


def _rule(expressions: Sequence[str]) -> KeywordRule:
    return KeywordRule(name="keep", any=tuple(expressions))
