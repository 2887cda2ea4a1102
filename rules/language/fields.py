"""One `name:value` of an expression: field, range, brand or list, and its mistakes."""

import re
from collections.abc import Sequence
from typing import Literal

from rules.characters import fold_accents, fold_case
from rules.language.diagnostics import Notes, Repair
from rules.language.links import DOMAIN, LinkReader
from rules.language.marks import needs_quotes, quoted, write_field
from rules.language.ranges import EXAMPLES as RANGE_EXAMPLES
from rules.language.ranges import meant_range, read_range
from rules.language.tree import (
    BrandName,
    Field,
    FieldName,
    Leaf,
    ListName,
    RangeName,
    Reference,
    Span,
)
from rules.language.vocabulary import (
    BRAND,
    EXAMPLES,
    FIELDS,
    MEANT_FOR_WORDS,
    NAMES,
    NOT_STATED,
    RANGES,
    TIMES,
    nearest,
    values,
)
from rules.metadata import fold_domain, fold_language

_NEXT_WORD = re.compile(r'\s+(@?[^\W\d_]\w*+|"[^"\s]+")(?![:*])')
_JOINING = ("OR", "AND", "NOT")
_SIMPLE_GROUP = re.compile(r"\(([^()\"“”„«»]*)\)")
_SEVERAL = re.compile(r"[^\s,;|]+(?:\s*[,;|]\s*[^\s,;|]+)+")
_PROFILE = re.compile(r"(?i)(?:https?://|www\.)\S*/@?([\w.-]+)/?")
_REST_OF_AMOUNT = re.compile(r"\s+(?:[0-9]{3}(?![\w])\S*|[^\W\d_]+(?:\.\.\S*)?)(?=[\s)]|$)")
_NAME_BEFORE = re.compile(r"([^\W\d]\w*)\s+$")
_NEXT_VALUE = re.compile(r"\s+([^\s()\",]+)")
_NEXT_RANGE = re.compile(r"\s+((?:[0-9]+[A-Za-z]?)?\.\.(?:[0-9]+[A-Za-z]?)?|[0-9]+)(?=\s|$)")


class FieldReader:
    """Makes leaves of what has a colon in it; a bad one is noted, and None."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.links = LinkReader(notes)

    def field(self, name: str, value: str, at: Span) -> Leaf | Reference | None:
        """`name:value`."""
        known = name.lower()
        value = value.strip()
        if known in ("from", "to", "mentions"):
            value = value.lstrip("@\uff20")
        if known in NAMES and not value:
            message = f"nothing follows `{known}:`"
            self.notes.error("empty-value", at, message, self._joined_to_next(known, at))
            return None
        if known in FIELDS:
            if known not in _MAY_HOLD_COMMAS and _SEVERAL.fullmatch(value):
                self._several(known, value, at)
                return None
            return self._field(known, value, at)
        if known in RANGES:
            return self._range(known, value, at)
        if known == BRAND:
            return BrandName(name=value, at=at)
        self._unknown_field(name, value, at)
        return None

    def list_name(self, field: str, name: str, at: Span) -> Reference | None:
        """`@list(name)`, behind `field:` or, where that is empty, by itself."""
        within = _WITHIN.get(field.lower())
        name = name.strip()
        if name[:1] == '"' and name[-1:] == '"' and len(name) > 1:
            name = name[1:-1].replace('\\"', '"').replace("\\\\", "\\").strip()
        if not name:
            message = "a list is called by its name: @list(press)"
            self.notes.error("empty-value", at, message, self.notes.write(at, ""))
        elif within is not None:
            return ListName(name=name, within=within, at=at)
        else:
            message = f"a list stands alone, or behind from:, to: or mentions:, not `{field}:`"
            span = (at[0], at[0] + len(field) + 1)
            self.notes.error("unknown-field", span, message, self.notes.write(span, ""))
        return None

    def before_group(self, name: str, at: Span) -> None:
        """Note a field before a bracket: a value is one word, or words in quotation marks."""
        known = name.lower()
        meant = known if known in NAMES else nearest("field", _folded(name))
        message = f"`{name}:` is followed by a bracket; a field takes one value"
        code = "empty-value" if known in NAMES else "unknown-field"
        group = _SIMPLE_GROUP.match(self.notes.expression, at[1])
        repair: Repair | str = self.notes.write(at, "")
        words = group[1].split() if group and meant in FIELDS else []
        if group and words and meant in FIELDS and _all_known(meant, words):
            each = (w if w in _JOINING else f"{meant}:{w}" for w in words)
            repair = self.notes.write((at[0], group.end()), f"({' '.join(each)})")
        self.notes.error(code, at, message, repair)

    def compared(self, name: str, sign: str, value: str, at: Span) -> bool:
        """Note `followers>1000`, which is written with a colon; False where it is no field."""
        known = name.lower()
        meant = known if known in NAMES else nearest("field", _folded(name))
        if not meant or (known not in NAMES and not value[0].isdigit()):
            return False
        message = f"a field is followed by a colon, not by `{sign}`"
        self.notes.error("unknown-operator", at, message, self._renamed(meant, sign + value, at))
        return True

    def _several(self, name: FieldName, value: str, at: Span) -> None:
        """Note several values behind one colon."""
        each = (write_field(name, one.strip().lstrip("@")) for one in re.split(r"[,;|]", value))
        message = f"`{name}:` takes one value"
        repair = self.notes.write(at, f"({' OR '.join(each)})")
        self.notes.error("unknown-value", (at[0] + len(name) + 1, at[1]), message, repair)

    def takes(self, name: str, values_: Sequence[str]) -> bool:
        """Whether the field may have each of the values, and no other word is meant by them."""
        allowed = values(name) if name in FIELDS else None
        if allowed is None:
            return name in ("from", "to", "mentions")
        return all(value.lower() in allowed for value in values_)

    def spaced(self, sign: str, value: str, at: Span) -> bool:
        """Note `lang : fr` and `followers > 1000`; False where no field stands before the sign."""
        expression = self.notes.expression
        begin = max(0, at[0] - 40)
        before = _NAME_BEFORE.search(expression[begin : at[0]])
        known = before[1].lower() if before else ""
        following = None if value else _NEXT_VALUE.match(expression, at[1])
        value = following[1] if following else value
        if before is None or known not in NAMES or not value:
            return False
        place = (begin + before.start(), following.end() if following else at[1])
        message = f"no space stands around the colon of `{known}:`"
        repair = self._renamed(known, value if sign == ":" else sign + value, place)
        self.notes.error("empty-value", place, message, repair)
        return True

    def _field(self, name: FieldName, value: str, at: Span) -> Leaf | None:
        if name == "domain":
            return self.links.domain(value, at)
        if name in ("bio", "url"):
            return self.links.words(name, value, at)
        if name in _WITHIN and (profile := _PROFILE.fullmatch(value)):
            message = f"`{name}:` is followed by a handle, not by a link"
            repair = self.notes.write(at, f"{name}:{profile[1]}")
            self.notes.error("unknown-value", (at[0] + len(name) + 1, at[1]), message, repair)
            return None
        allowed = values(name)
        if allowed is None or value.lower() in allowed:
            return Field(name=name, value=value if allowed is None else value.lower(), at=at)
        self._unknown_value(name, value, at)
        return None

    def _range(self, name: RangeName, value: str, at: Span) -> Leaf | None:
        found = read_range(name, value, at)
        if found is None:
            amounts = "such as 12h, 30d, 2w, 6m, 1y" if name == "age" else "such as 1000, 10k, 1M"
            message = f"`{name}:` is followed by low..high, either may be left out, {amounts}"
            repair = self._amended(name, value, at)
            self.notes.error("bad-range", (at[0] + len(name) + 1, at[1]), message, repair)
        elif found.low is not None and found.high is not None and found.low > found.high:
            low, _, high = value.partition("..")
            message = f"nothing is in this range: {low} is above {high}"
            repair = self.notes.write(at, f"{name}:{high}..{low}")
            self.notes.error("empty-range", (at[0] + len(name) + 1, at[1]), message, repair)
            return None
        return found

    def _amended(self, name: RangeName, value: str, at: Span) -> Repair:
        """The help for a range: `1 000..` and `30 days` are taken as one."""
        rest = _REST_OF_AMOUNT.match(self.notes.expression, at[1])
        if rest and value[-1].isdigit() and (meant := meant_range(name, value + rest[0])):
            return self.notes.write((at[0], rest.end()), f"{name}:{meant}")
        return self._renamed(name, value, at)

    def _joined_to_next(self, field: str, at: Span) -> Repair:
        """The help for a field without a value: what follows the space where it can be one."""
        pattern = _NEXT_RANGE if field in RANGES else _NEXT_WORD
        word = pattern.match(self.notes.expression, at[1])
        allowed = values(field) if field in FIELDS else None
        known = word is not None and (allowed is None or word[1].strip('"').lower() in allowed)
        if word and known and field != "domain":
            if field in RANGES:
                return self._renamed(field, word[1], (at[0], word.end()))
            return self.notes.write((at[1], word.start(1)), "")
        return self.notes.write(at, EXAMPLES[field])

    def _unknown_field(self, name: str, value: str, at: Span) -> None:
        written = _folded(name)
        meant = (".." in value and nearest("range", written)) or nearest("field", written)
        message = f"no field is called `{name}`"
        repair: Repair | str
        if written == "raw" or written in MEANT_FOR_WORDS:
            message += "; words are looked for in the text"
            sign = "=" if written == "raw" and value else ""
            repair = self.notes.write(at, sign + (quoted(value) if " " in value else value))
        elif written in ("hashtag", "hashtags", "tag") and value:
            message += "; a hashtag is written with #"
            repair = self.notes.write(at, "#" + value.lstrip("#"))
        elif written in NOT_STATED:
            message += ": no network states it"
            repair = self.notes.write(at, "")
        elif meant:
            meant = _suited(meant, value)
            message += f"; did you mean `{meant}:`?"
            repair = self._renamed(meant, value, at)
        elif written in TIMES:
            repair = TIMES[written]
        else:
            message += "; words with a colon stand in quotation marks"
            repair = self.notes.write(at, self._as_words(name, value, at))
        self.notes.error("unknown-field", (at[0], at[0] + len(name) + 1), message, repair)

    def _as_words(self, name: str, value: str, at: Span) -> str:
        """`name:value` in quotation marks, or the words of it where it holds such marks itself."""
        text = self.notes.expression[slice(*at)]
        return (
            quoted(f"{name} {value}".strip())
            if '"' in text or needs_quotes(value)
            else quoted(text)
        )

    def _renamed(self, meant: str, value: str, at: Span) -> Repair:
        """The help with the field that was meant; its value made to suit where that is clear."""
        bare = value.lstrip("<>=:")
        if meant in RANGES:
            name: RangeName = meant
            sought = value if read_range(name, value, at) else meant_range(name, value)
            return self.notes.write(at, f"{name}:{sought}" if sought else RANGE_EXAMPLES[name])
        return self.notes.write(at, write_field(meant, bare) if bare else EXAMPLES[meant])

    def _unknown_value(self, field: FieldName, value: str, at: Span) -> None:
        meant = nearest(field, _folded(value))
        if field == "lang" and not meant and fold_language(value) in (values("lang") or ()):
            meant = fold_language(value)
        message = f"`{field}:` does not know `{value}`"
        message += f"; did you mean `{field}:{meant}`?" if meant else ""
        repair: Repair | str = f"use one of {', '.join(sorted(values(field) or ()))}"
        if meant:
            repair = self.notes.write(at, f"{field}:{meant}")
        elif field == "lang":
            repair = "use the two letters of ISO 639-1, such as fr, en, de"
        elif field == "has" and (kind := nearest("is", _folded(value))):
            repair = self.notes.write(at, f"is:{kind}")
        elif field == "is" and (carried := nearest("has", _folded(value))):
            repair = self.notes.write(at, f"has:{carried}")
        self.notes.error("unknown-value", (at[0] + len(field) + 1, at[1]), message, repair)


_WITHIN: dict[str, Literal["", "from", "to", "mentions"]] = {
    "": "",
    "from": "from",
    "to": "to",
    "mentions": "mentions",
}
"""The fields whose value may be a list."""
_MAY_HOLD_COMMAS = frozenset({"bio", "url", "source"})


def _all_known(field: FieldName, words: list[str]) -> bool:
    """Whether the field may have each of the words as its value."""
    allowed = values(field)
    return allowed is None or all(word in _JOINING or word.lower() in allowed for word in words)


def _suited(meant: str, value: str) -> str:
    """The field that was meant, or the one like it to which the value belongs."""
    if meant == "has" and not nearest("has", _folded(value)) and nearest("is", _folded(value)):
        return "is"
    if meant == "domain" and value and not DOMAIN.fullmatch(fold_domain(value)):
        return "url"
    return meant


def _folded(text: str) -> str:
    return fold_accents(fold_case(text))
