"""One leaf of an expression: word, phrase, prefix, hashtag, mention or field, and its mistakes."""

import re

from rules.characters import fold_accents, fold_case
from rules.language.diagnostics import Notes
from rules.language.tree import (
    Exact,
    Field,
    FieldName,
    Hashtag,
    Leaf,
    Mention,
    Phrase,
    Prefix,
    Span,
    Word,
)
from rules.language.vocabulary import FIELDS, nearest, values
from rules.metadata import fold_domain, fold_handle, fold_language
from rules.text import fold_words

_SHORTEST_PREFIX = 3
_FIELD = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_LINK = re.compile(r"(?i)(https?://|www\.)")
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_HANDLE = re.compile(r"[\w.-]+(?:@[\w.-]+)?")
_TAG_ENDS = re.compile(r"[^\w\u200c\u200d\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff]")
_NEXT_WORD = re.compile(r"\s+([^\W\d_]\w*)(?![\w:*])")
_OPERATOR_ELSEWHERE = re.compile(r"O?NEAR/\d*|.*~\d*|/.+/i?|\$[A-Za-z].*|[^\w]*[{}\[\]^|\\<>].*")


class LeafReader:
    """Makes leaves of what stands between spaces; a bad one is noted, and None."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def word(self, text: str, at: Span) -> Leaf | None:
        """Whatever is not in quotation marks."""
        if text[0] == "=":
            return self._exact(text, at)
        if text[0] in "#\uff03":
            return self._hashtag(text, at)
        if text[0] in "@\uff20":
            return self._mention(text, at)
        if _LINK.match(text):
            self._link(text, at)
            return None
        if match := _FIELD.fullmatch(text):
            return self.field(match[1], match[2], at)
        if "*" in text:
            return self._prefix(text, at)
        if _OPERATOR_ELSEWHERE.fullmatch(text):
            message = f"`{text}` has no meaning here"
            self.notes.error("unknown-operator", at, message, self._without_operator(text, at))
            return None
        return Word(text=text, at=at) if self._letters(text, at) else None

    def _without_operator(self, text: str, at: Span) -> str:
        if text.startswith("/"):
            return "use words, phrases, and prefixes such as acm*"
        if "NEAR/" in text:
            return self.notes.write(at, "AND")
        words = fold_words(text.partition("~")[0])
        return self.notes.write(at, " ".join(words)) if words else ""

    def phrase(self, text: str, at: Span, *, exact: bool) -> Leaf | None:
        """What stands in quotation marks, with `=` before them or without."""
        text = text.strip()
        if not self._letters(text, at):
            return None
        return Exact(text=text, phrase=True, at=at) if exact else Phrase(text=text, at=at)

    def field(self, name: str, value: str, at: Span) -> Leaf | None:
        """`name:value`."""
        known = name.lower()
        if known not in FIELDS:
            self._unknown_field(name, value, at)
            return None
        field: FieldName = known
        value = value.strip()
        if field in ("from", "to"):
            value = value.lstrip("@\uff20")
        if not value:
            message = f"nothing follows `{field}:`"
            self.notes.error("empty-value", at, message, self._joined_to_next(field, at))
            return None
        if field == "domain":
            return self._domain(value, at)
        allowed = values(field)
        if allowed is None or value.lower() in allowed:
            return Field(name=field, value=value if allowed is None else value.lower(), at=at)
        self._unknown_value(field, value, at)
        return None

    def _joined_to_next(self, field: FieldName, at: Span) -> str:
        """The help for a field without a value: what follows the space where it can be one."""
        word = _NEXT_WORD.match(self.notes.expression, at[1])
        allowed = values(field)
        if word and field != "domain" and (allowed is None or word[1].lower() in allowed):
            return self.notes.write((at[1], word.start(1)), "")
        return self.notes.write(at, _EXAMPLES[field])

    def _unknown_field(self, name: str, value: str, at: Span) -> None:
        meant = nearest("field", _folded(name))
        message = f"no field is called `{name}`"
        if meant:
            message += f"; did you mean `{meant}:`?"
            repair = self.notes.write(
                at, f"{meant}:{_quoted(value)}" if value else _EXAMPLES[meant]
            )
        else:
            repair = _TIMES.get(_folded(name)) or _known_fields()
        self.notes.error("unknown-field", (at[0], at[0] + len(name) + 1), message, repair)

    def _unknown_value(self, field: FieldName, value: str, at: Span) -> None:
        meant = nearest(field, _folded(value))
        if field == "lang" and not meant and fold_language(value) in (values("lang") or ()):
            meant = fold_language(value)
        message = f"`{field}:` does not know `{value}`"
        message += f"; did you mean `{field}:{meant}`?" if meant else ""
        if meant:
            repair = self.notes.write(at, f"{field}:{meant}")
        elif field == "lang":
            repair = "use the two letters of ISO 639-1, such as fr, en, de"
        else:
            repair = f"use one of {', '.join(sorted(values(field) or ()))}"
        self.notes.error("unknown-value", (at[0] + len(field) + 1, at[1]), message, repair)

    def _domain(self, value: str, at: Span) -> Leaf | None:
        domain = fold_domain(value.removeprefix("*."))
        if _DOMAIN.fullmatch(value.lower()) or (
            not value.isascii() and domain and not set(value) & set("/:*@ ")
        ):
            return Field(name="domain", value=value.lower(), at=at)
        repair = "a domain looks like acme.com; the domains below it are found too"
        if _DOMAIN.fullmatch(domain):
            repair = self.notes.write(at, f"domain:{domain}")
        self.notes.error("bad-domain", at, f"`{value}` is not a domain", repair)
        return None

    def _link(self, text: str, at: Span) -> None:
        domain = fold_domain(text)
        repair = self.notes.write(at, f"domain:{domain}") if _DOMAIN.fullmatch(domain) else ""
        message = "the words of a link are not searched; its domain is"
        self.notes.error("unknown-operator", at, message, repair)

    def _prefix(self, text: str, at: Span) -> Leaf | None:
        stem = text[:-1]
        words = fold_words(stem)
        if len(words) > 1 and "".join(words) == _folded(stem):
            message = "no * is needed here: this is found inside longer runs too"
            self.notes.error("stray-star", at, message, self.notes.write(at, stem))
            return None
        if text.index("*") < len(stem) or len(words) > 1 or (words and not stem[-1].isalnum()):
            message = "a * stands only at the end of one word"
            self.notes.error("stray-star", at, message, self._starred(text, at))
            return None
        if not words or len(words[0]) < _SHORTEST_PREFIX:
            message = f"a prefix needs at least {_SHORTEST_PREFIX} letters before the *"
            repair = self.notes.write(at, stem) if words else ""
            self.notes.error("short-prefix", at, message, repair)
            return None
        return Prefix(text=stem, at=at)

    def _starred(self, text: str, at: Span) -> str:
        """The help for a misplaced star: the words before it, the last as a prefix if it may be."""
        *words, last = fold_words(text.partition("*")[0]) or ("",)
        if len(last) >= _SHORTEST_PREFIX:
            last += "*"
        return self.notes.write(at, " ".join((*words, last)))

    def _exact(self, text: str, at: Span) -> Leaf | None:
        word = text[1:]
        if "*" in word:
            message = "a * cannot follow a word written with ="
            self.notes.error("stray-star", at, message, self.notes.write(at, word.lstrip("=")))
            return None
        return Exact(text=word, at=at) if self._letters(word, at) else None

    def _hashtag(self, text: str, at: Span) -> Leaf | None:
        tag = text[1:]
        if not tag:
            self._lone_sign(text, at)
            return None
        bad = _TAG_ENDS.search(tag)
        if bad or not tag.strip("0123456789_"):
            kept = tag[: bad.start()] if bad else ""
            what = f"a hashtag cannot hold `{bad[0]}`" if bad else "a hashtag needs a letter"
            repair = self.notes.write(at, f"#{kept}" if kept.strip("0123456789_") else f'"{tag}"')
            self.notes.error("bad-tag", at, what, repair)
            return None
        return Hashtag(text=tag, at=at)

    def _mention(self, text: str, at: Span) -> Leaf | None:
        handle = text[1:]
        if not handle:
            self._lone_sign(text, at)
            return None
        if not _HANDLE.fullmatch(handle) or not fold_words(fold_handle(handle)):
            kept = _HANDLE.match(handle)
            repair = self.notes.write(at, f"@{kept[0]}") if kept and fold_words(kept[0]) else ""
            self.notes.error("bad-tag", at, f"`{text}` is not a handle", repair)
            return None
        return Mention(text=handle, at=at)

    def _lone_sign(self, sign: str, at: Span) -> None:
        word = _NEXT_WORD.match(self.notes.expression, at[1])
        repair = self.notes.write((at[1], word.start(1)), "") if word else ""
        self.notes.error("empty-value", at, f"nothing follows `{sign}` directly", repair)

    def _letters(self, text: str, at: Span) -> bool:
        if fold_words(text):
            return True
        message = "there is no letter or digit to look for"
        self.notes.error("no-letters", at, message, self.notes.write(at, ""))
        return False


_EXAMPLES: dict[str, str] = {
    "from": "from:acme",
    "to": "to:acme",
    "lang": "lang:fr",
    "network": "network:mastodon",
    "source": "source:town",
    "is": "is:reply",
    "has": "has:link",
    "domain": "domain:acme.com",
}

_LATER = "what came since a day: `watcher search --since DATE`"
_EARLIER = "what came until a day: `watcher search --until DATE`"
_TIMES: dict[str, str] = {
    "since": _LATER,
    "after": _LATER,
    "date": _LATER,
    "until": _EARLIER,
    "before": _EARLIER,
}
"""Fields elsewhere, and options of a search here: a rule looks at what comes."""


def _known_fields() -> str:
    *first, last = (f"{field}:" for field in FIELDS)
    return f"the fields are {', '.join(first)} and {last}; words with a colon stand in quotes"


def _folded(text: str) -> str:
    return fold_accents(fold_case(text))


def _quoted(value: str) -> str:
    return f'"{value}"' if any(c.isspace() for c in value) else value
