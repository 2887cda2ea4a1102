"""The language of a post that states none: the only module that imports py3langid.

The model is asked about a few languages only, those in which posts are expected, and about the
words alone: links, handles and hashtags are the same in all languages. A text of few letters, or
one that reads like two of them, is in no language for sure.
"""

import copy
import threading
from functools import lru_cache
from typing import Any

from rules.metadata import fold_language
from rules.model import Post
from rules.signs import find_signs

LONGEST = 2_000
"""Characters of a text that are looked at: more of them tell no more, and take longer."""
SHORTEST = 8
"""Letters of a text that is long enough to tell."""
_SURE = 0.8
"""How much the model must favour one of the languages."""

_loading = threading.Lock()


def language_of(post: Post, languages: tuple[str, ...]) -> str | None:
    """The language of a post: the one it states, else the one of `languages` that it reads like.

    A primary subtag. None where it states none and reads like none of them for sure.
    """
    stated = fold_language(post.language or "")
    if stated or not languages:
        return stated or None
    return detect(post, languages)


def detect(post: Post, languages: tuple[str, ...]) -> str | None:
    """Return which of the languages (primary subtags) the post is in; None where it is not clear.

    Languages that the model does not know are never found; what it finds is one of the others.
    """
    text = " ".join(find_signs(post)[1][:LONGEST].split())
    if sum(map(str.isalpha, text)) < SHORTEST:
        return None
    identifier = _identifier(languages)
    if identifier is None:
        return None
    language, confidence = identifier.classify(text)
    return str(language) if confidence >= _SURE and language in languages else None


@lru_cache(maxsize=32)
def _identifier(languages: tuple[str, ...]) -> Any:
    """An identifier for these languages; its like may be shared by threads, as it only reads."""
    whole = _model()
    known = set(whole.labels).intersection(languages)
    if not known:
        return None
    identifier = copy.copy(whole)
    if len(known) > 1:  # a single one would always be found: it has to stand out among all
        identifier.set_languages(sorted(known))
    return identifier


def _model() -> Any:
    with _loading:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # takes 0.2 s

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
