"""Links in expressions: `domain:`, `url:`, and addresses that were pasted as they are."""

import re

from rules.language.diagnostics import Notes, Repair
from rules.language.marks import write_field
from rules.language.tree import Field, FieldName, Leaf, Span
from rules.metadata import fold_domain
from rules.text import fold_words

DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_BARE_DOMAIN = re.compile(
    r"(?i)(?:[a-z0-9-]+\.)+(?:com|org|net|info|shop|eu|fr|de|at|ch|be|es|it|nl|pt|uk)((?:/.*)?)"
)


class LinkReader:
    """Makes leaves of what is said about links; what is bad is noted, and None."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def domain(self, value: str, at: Span) -> Leaf | None:
        """The value of `domain:`."""
        domain = fold_domain(value.removeprefix("*."))
        if DOMAIN.fullmatch(value.lower()) or (
            not value.isascii() and domain and not set(value) & set("/:*@, ")
        ):
            return Field(name="domain", value=value.lower(), at=at)
        repair: Repair | str = "a domain looks like acme.com; the domains below it are found too"
        if DOMAIN.fullmatch(domain):
            repair = self.notes.write(at, f"domain:{domain.removeprefix('www.')}")
        self.notes.error("bad-domain", at, f"`{value}` is not a domain", repair)
        return None

    def words(self, name: FieldName, value: str, at: Span) -> Leaf | None:
        """The value of `url:` or `bio:`: words."""
        if not fold_words(value):
            message = f"there is no letter or digit to look for in `{name}:`"
            self.notes.error("no-letters", at, message, self.notes.write(at, ""))
        elif value.endswith("*"):
            message = f"`{name}:` looks for whole words; a * has no meaning there"
            repair = self.notes.write(at, write_field(name, value.strip("*")))
            self.notes.error("stray-star", at, message, repair)
        elif name == "url" and (host := fold_domain(value)) and "://" in value:
            message = "`url:` looks for words of the path or title of a page; here is a link"
            self.notes.error("unknown-value", at, message, self.notes.write(at, f"domain:{host}"))
        elif name == "url" and (match := _BARE_DOMAIN.fullmatch(value)):
            message = "`url:` looks for words of the path or title of a page, not for its domain"
            words = " ".join(fold_words(match[1]))
            meant = f"domain:{host}" + (f" {write_field('url', words)}" if words else "")
            self.notes.error("unknown-value", at, message, self.notes.write(at, meant))
        else:
            return Field(name=name, value=value, at=at)
        return None

    def pasted(self, text: str, at: Span) -> None:
        """Note an address that stands where words do."""
        domain = fold_domain(text)
        known = DOMAIN.fullmatch(domain)
        repair = self.notes.write(at, f"domain:{domain.removeprefix('www.')}") if known else ""
        message = "the words of a link are not searched; its domain is"
        self.notes.error("unknown-operator", at, message, repair)
