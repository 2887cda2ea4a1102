"""The language of a post, stated or read: the only module that imports py3langid.

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
LONG = 40
"""Letters of a text that may contradict the language that its post states."""
_SURE = 0.8
"""How much the model must favour one of the languages."""
_CERTAIN = 0.99
"""The same where the post states another one."""

_loading = threading.Lock()


def language_of(post: Post, languages: tuple[str, ...]) -> str | None:
    """The language of a post, a primary subtag: the one it states, else the one it reads like.

    It reads like one of `languages`, or like none of them for sure: None. What it states counts for
    nothing where a long text surely reads like another of them, as where a device is set to English
    and its owner writes French.
    """
    stated = fold_language(post.language or "")
    if not languages:
        return stated or None
    if not stated:
        return detect(post, languages)
    return _contradicted(post, stated, languages) or stated


def _contradicted(post: Post, stated: str, languages: tuple[str, ...]) -> str | None:
    """The one of the languages in which a post surely is, and not in the one that it states."""
    if not set(languages) - {stated} or len(post.text) < LONG:
        return None
    text = _words_of(post)
    if sum(map(str.isalpha, text)) < LONG:
        return None
    identifier = _identifier(tuple(sorted({*languages, stated})))
    if identifier is None or stated not in identifier.labels:
        return None
    language, confidence = identifier.classify(text)
    return str(language) if language != stated and confidence >= _CERTAIN else None


def _words_of(post: Post) -> str:
    return " ".join(find_signs(post)[1][:LONGEST].split())


def detect(post: Post, languages: tuple[str, ...]) -> str | None:
    """Return which of the languages (primary subtags) the post is in; None where it is not clear.

    Languages that the model does not know are never found; what it finds is one of the others.
    """
    text = _words_of(post)
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
