"""One leaf of an expression that says words: word, phrase, prefix, tag, emoji, and its mistakes."""

import re

from rules import regex
from rules.characters import EMOJI, fold_accents, fold_case, plain
from rules.language.diagnostics import Notes, Repair
from rules.language.fields import FieldReader
from rules.language.marks import quoted
from rules.language.operators import FARTHEST
from rules.language.stars import SHORTEST_PREFIX, apart, has_star
from rules.language.tree import (
    Cashtag,
    Emoji,
    Exact,
    Fuzzy,
    Hashtag,
    Leaf,
    Mention,
    Phrase,
    Prefix,
    Reference,
    Regex,
    Span,
    Word,
)
from rules.language.vocabulary import NAMES
from rules.metadata import fold_handle
from rules.text import fold_words

SHORTEST_FUZZY = 6
_FIELD = re.compile(r"([^\W\d]\w*):(.*)", re.DOTALL)
_WIDE_FIELD = re.compile(r"([a-z]+)\uff1a(.*)", re.DOTALL | re.IGNORECASE)
_COMPARISON = re.compile(r"([A-Za-z_]+)(>=|<=|=>|=<|>|<|=|\u2265|\u2264)(.+)", re.DOTALL)
_LINK = re.compile(r"(?i)(https?://|www\.)")
_HANDLE = re.compile(r"[\w.-]+(?:@[\w.-]+)?")
_CASHTAG = re.compile(r"[A-Za-z]{1,6}(?:\.[A-Za-z]{1,2})?")
_TAG_ENDS = re.compile(r"[^\w\u200c\u200d\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff]")
_NEXT_WORD = re.compile(r"\s+([^\W\d_]\w*+)(?![:*])")
_FOREIGN = re.compile(r"[^\w]*[{}\[\]^|\\<>].*")
_ALTERNATIVES = re.compile(r"\w+(?:\|\w+)+")
_EXCLAIMED = re.compile(r"!(?=[\w#@$=/]).+", re.DOTALL)
_SPACED = re.compile(r"(:|>=|<=|=>|=<|[<>=\u2264\u2265])(.*)", re.DOTALL)
_ONE_LETTER = re.compile(r"[^\W_]+(?:\?[^\W_]+)+")
_TAGS = re.compile(r"#*[^#]+")
_DIVIDES = re.compile(r"['\u2019.&-]")
_PLUS = re.compile(r"[^\W_]\w*(?:\+\w+)+")


class LeafReader:
    """Makes leaves of what stands between spaces; a bad one is noted, and None."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.fields = FieldReader(notes)

    def word(self, text: str, at: Span) -> Leaf | Reference | None:
        """Whatever is not in quotation marks."""
        if text.isascii() and text.isalnum():  # most words; no sign means anything in them
            return self._plain(text, at)
        if EMOJI.match(text):
            return self._emoji(text, at)
        if (match := _SPACED.fullmatch(text)) and self.fields.spaced(match[1], match[2], at):
            return None
        if text[0] == "=":
            return self._exact(text, at)
        if _EXCLAIMED.fullmatch(text):
            message = "`!` has no meaning here; - stands before what is excluded"
            self.notes.error("unknown-operator", at, message, self.notes.write(at, f"-{text[1:]}"))
            return None
        if text[0] in "#\uff03":
            return self._hashtag(text, at)
        if text[0] in "@\uff20":
            return self._mention(text, at)
        if text[0] in "$\uff04" and len(text) > 1 and not text[1].isdigit():
            return self._cashtag(text, at)
        if _LINK.match(text):
            self.fields.links.pasted(text, at)
            return None
        if match := _FIELD.fullmatch(text):
            return self.fields.field(match[1], match[2], at)
        if (match := _WIDE_FIELD.fullmatch(text)) and match[1].lower() in NAMES:
            span = (at[0] + match.end(1), at[0] + match.end(1) + 1)
            message = f"`{text[match.end(1)]}` was read as `:`"
            self.notes.warn("typographic-signs", span, message, self.notes.write(span, ":"))
            return self.fields.field(match[1], match[2], at)
        if (match := _COMPARISON.fullmatch(text)) and self.fields.compared(
            match[1], match[2], match[3], at
        ):
            return None
        if "~" in text:
            return self._fuzzy(text, at)
        if "*" in text:
            return self._prefix(text, at)
        if _ONE_LETTER.fullmatch(text):
            message = "a ? stands for no letter here; in a regular expression, \\w is any letter"
            pattern = text.replace("?", r"\w")
            repair = self.notes.write(at, rf"/\b{pattern}\b/")
            self.notes.error("unknown-operator", at, message, repair)
            return None
        if _FOREIGN.fullmatch(text) or _ALTERNATIVES.fullmatch(text):
            self._foreign(text, at)
            return None
        return self._plain(text, at)

    def _plain(self, text: str, at: Span) -> Leaf | None:
        if not self._letters(text, at):
            return None
        if _PLUS.fullmatch(text):
            message = "a + joins nothing: these words are looked for next to each other"
            self.notes.warn("plus", at, message, self._spaced(text, at))
        # `OF` behind a number and before a bracket is an operator; a comma parts what OF counts.
        return Phrase(text=text, at=at) if "," in text or text == "OF" else Word(text=text, at=at)

    def _spaced(self, text: str, at: Span) -> Repair:
        return self.notes.write(at, " ".join(text.split("+")))

    def _foreign(self, text: str, at: Span) -> None:
        words = fold_words(text)
        repair: Repair | str = self.notes.write(at, " ".join(words))
        if _ALTERNATIVES.fullmatch(text):
            repair = self.notes.write(at, f"({text.replace('|', ' OR ')})")
        self.notes.error("unknown-operator", at, f"`{text}` has no meaning here", repair)

    def phrase(self, text: str, at: Span, *, exact: bool) -> Leaf | None:
        """What stands in quotation marks, with `=` before them or without."""
        text = text.strip()
        if not self._letters(text, at):
            return None
        if exact:
            return Exact(text=text, phrase=True, at=at)
        if has_star(text):
            message = "a * has no meaning within quotation marks: it was left out"
            self.notes.warn("star-in-phrase", at, message, self.notes.write(at, apart(text)))
        return Phrase(text=text, at=at)

    def starred_phrase(self, text: str, at: Span) -> None:
        """`"acme corp"*`."""
        message = "a * stands only at the end of one word, not of a phrase"
        self.notes.error("stray-star", at, message, self.notes.write(at, apart(f"{text}*")))

    def near_phrase(self, text: str, tail: str, at: Span) -> None:
        """`"two words"~5`, as other languages write words near each other."""
        distance = tail.strip("~")
        between = int(distance) if distance.isdecimal() and len(distance) < 4 else 4
        count = min(between + 1, FARTHEST)  # neighbours are 1 apart here
        words = fold_words(text)
        joined = f" NEAR/{count} ".join(words)
        repair = self.notes.write(at, f"({joined})" if len(words) > 1 else joined)
        self.notes.error("unknown-operator", at, f"`{tail}` has no meaning after a phrase", repair)

    def regex(self, pattern: str, at: Span) -> Leaf | None:
        """What stands between two slashes, an escaped slash already plain."""
        try:
            regex.compile(pattern)
        except regex.RegexError as error:
            span = (at[0] + 1 + error.span[0], min(at[0] + 1 + error.span[1], at[1]))
            words = " ".join(re.findall(r"\w{2,}", re.sub(r"\\.|\(\?[^\w\s]*", " ", pattern)))
            repair: Repair | str = "use words, phrases, and prefixes such as acm*"
            if fold_words(words):
                repair = self.notes.write(at, words if " " not in words else f"({words})")
            if "\b" in pattern:
                repair = "write the rule between single quotes, which leave a backslash alone"
            message = f"this regular expression cannot be used: {error.message}"
            self.notes.error("bad-regex", span, message, repair)
            return None
        return Regex(pattern=pattern, at=at)

    def _emoji(self, text: str, at: Span) -> Leaf:
        """One emoji; several, or one with words written to it, stand next to each other."""
        if (match := EMOJI.match(text)) and match[0] == text:
            return Emoji(text=text, at=at)
        return Phrase(text=text, at=at)

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
        if not words or len(words[0]) < SHORTEST_PREFIX:
            message = f"a prefix needs at least {SHORTEST_PREFIX} letters before the *"
            repair = self.notes.write(at, stem if words else "")
            self.notes.error("short-prefix", at, message, repair)
            return None
        return Prefix(text=stem, at=at)

    def _starred(self, text: str, at: Span) -> Repair:
        """The help for a misplaced star: the words before it, the last as a prefix if it may be."""
        before = text.lstrip("*")
        *words, last = fold_words(before.partition("*")[0]) or ("",)
        if len(last) >= SHORTEST_PREFIX and "*" in before:
            last += "*"
        return self.notes.write(at, " ".join((*words, last)))

    def _fuzzy(self, text: str, at: Span) -> Leaf | None:
        stem, _, edits = text.partition("~")
        words = fold_words(stem)
        if len(words) != 1 or not (stem[0] + stem[-1]).isalnum():
            wanted = " ".join((*words, *fold_words(edits.lstrip("0123456789"))))
            message = "a ~ stands only after one word: renault~1"
            self.notes.error("bad-fuzzy", at, message, self.notes.write(at, wanted))
        elif len(words[0]) < SHORTEST_FUZZY:
            message = (
                f"a word of fewer than {SHORTEST_FUZZY} letters is one letter from many others"
            )
            self.notes.error("short-fuzzy", at, message, self.notes.write(at, stem))
        elif edits != "1":
            message = f"`~{edits}` has no meaning: ~1 allows for one letter, more is not offered"
            self.notes.error("bad-fuzzy", at, message, self.notes.write(at, f"{stem}~1"))
        else:
            return Fuzzy(text=stem, at=at)
        return None

    def _exact(self, text: str, at: Span) -> Leaf | None:
        word = text[1:]
        for sign, code in (("*", "stray-star"), ("~", "bad-fuzzy")):
            if sign in word:
                message = f"a {sign} cannot follow a word written with ="
                self.notes.error(code, at, message, self.notes.write(at, word.lstrip("=")))
                return None
        if word[:1] in ("#", "@", "$") and len(word) > 1:
            message = f"= stands before words; {word[0]} is enough"
            self.notes.error("unknown-operator", at, message, self.notes.write(at, word))
            return None
        if not self._letters(word, at):
            return None
        several = "," in word or (bool(EMOJI.search(word)) and len(fold_words(word)) > 1)
        return Exact(text=word, phrase=several, at=at)

    def _hashtag(self, text: str, at: Span) -> Leaf | None:
        tag = text[1:]
        if not tag:
            self._lone_sign(text, at)
            return None
        if tag[0] in "\ufe0f\u20e3":
            message = "this sign is no emoji that can be looked for"
            self.notes.error("no-letters", at, message, self.notes.write(at, ""))
            return None
        bad = _TAG_ENDS.search(tag)
        if bad or not tag.strip("0123456789_"):
            what = f"a hashtag cannot hold `{bad[0]}`" if bad else "a hashtag needs a letter"
            fine = " ".join(filter(None, map(self._as_tag, _TAGS.findall(text))))
            self.notes.error("bad-tag", at, what, self.notes.write(at, fine))
            return None
        return Hashtag(text=tag, at=at)

    def _as_tag(self, text: str) -> str:
        """The hashtag that was meant: what divides words in a name is left out of it."""
        tag = _DIVIDES.sub("", text.lstrip("#\uff03"))
        end = _TAG_ENDS.search(tag)
        tag = tag[: end.start()] if end else tag
        return f"#{tag}" if tag.strip("0123456789_") else self._as_words(text.lstrip("#\uff03"))

    def _as_words(self, text: str) -> str:
        return quoted(text) if fold_words(text) else ""

    def _mention(self, text: str, at: Span) -> Leaf | None:
        handle = text[1:]
        if not handle:
            self._lone_sign(text, at)
            return None
        if not _HANDLE.fullmatch(handle) or not fold_words(fold_handle(handle)):
            kept = _HANDLE.match(handle)
            fine = f"@{kept[0]}" if kept and fold_words(kept[0]) else self._as_words(handle)
            if (listed := handle.removeprefix("list:")) != handle and listed.isidentifier():
                fine = f"@list({listed})"
            self.notes.error("bad-tag", at, f"`{text}` is not a handle", self.notes.write(at, fine))
            return None
        return Mention(text=handle, at=at)

    def _cashtag(self, text: str, at: Span) -> Leaf | None:
        tag = text[1:]
        if _CASHTAG.fullmatch(tag):
            return Cashtag(text=tag, at=at)
        if not fold_words(tag):
            self._letters(text, at)
            return None
        message = f"`{text}` is not a cashtag: $ and 1 to 6 letters"
        self.notes.error("bad-tag", at, message, self.notes.write(at, " ".join(fold_words(tag))))
        return None

    def _lone_sign(self, sign: str, at: Span) -> None:
        word = _NEXT_WORD.match(self.notes.expression, at[1])
        repair = self.notes.write((at[1], word.start(1)) if word else at, "")
        self.notes.error("empty-value", at, f"nothing follows `{sign}` directly", repair)

    def _letters(self, text: str, at: Span) -> bool:
        if fold_words(text):
            return True
        message = "there is no letter or digit to look for"
        self.notes.error("no-letters", at, message, self.notes.write(at, ""))
        return False


def _folded(text: str) -> str:
    return fold_accents(fold_case(plain(text)))
