"""The tone of a post. No model is fitted yet, so that of every post is `unknown`."""

from typing import Literal

Sentiment = Literal["negative", "neutral", "positive", "unknown"]


def sentiment(text: str, language: str | None) -> Sentiment:  # noqa: ARG001
    """The tone of a text in a language (its primary subtag), `unknown` where nothing can tell."""
    return "unknown"
