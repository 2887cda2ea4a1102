"""Every sentence that a look-alike suspect can say of itself.

The English templates double as message ids of the catalogues: each sentence of a suspect comes from
`REASONS`, so a catalogue that translates all of them is complete. Values come from strangers and
are cut and cleaned by `quotable` before they enter a sentence.
"""

import unicodedata
from types import MappingProxyType
from typing import Final

from rules.model import Reason

LONGEST_VALUE: Final = 100
"""Characters of a hostile name that a sentence repeats."""

REASONS: Final = MappingProxyType(
    {
        # the one sentence that says why a name is raised
        "same": '"{name}" is written like "{brand}".',
        "same-elsewhere": '"{name}" is the name of "{own}" on another network or server.',
        "tld-swap": '"{name}" is the domain "{own}" with another ending.',
        "subdomain": '"{name}" bears the name "{brand}" in front of a domain of somebody else.',
        "homoglyph": '"{name}" reads like "{brand}" by means of letters that only look alike.',
        "turned": '"{name}" is written backwards or upside down, and reads like "{brand}".',
        "respelled": '"{name}" reads like "{brand}" but is spelled differently.',
        "plural": '"{name}" is "{brand}" in the plural.',
        "affix": '"{name}" is "{brand}" with "{affix}" added.',
        "number": '"{name}" is "{brand}" with a number added.',
        "contains": '"{name}" contains the name "{brand}".',
        "respelled-affix": '"{name}" is "{brand}" spelled differently, with "{affix}" added.',
        "respelled-contains": '"{name}" contains the name "{brand}", spelled differently.',
        "word-order": '"{name}" has the words of "{brand}" in another order.',
        "unlike": '"{name}" does not resemble "{brand}".',
        # what raised or lowered the score
        "rare": 'A name such as "{brand}" hardly ever arises by chance.',
        "everyday": '"{brand}" is also an everyday word, so that it needs more to mean the brand.',
        "first-name": '"{brand}" is also a first name, so that it needs more to mean the brand.',
        "known": '"{brand}" is also a word or a name, so that other words beside it tell less.',
        "held": 'The letters of "{brand}", or letters like them, stand in the name.',
        "short": '"{brand}" is short or of common letters, so that it also arises by chance.',
        "claim": 'The word "{affix}" claims to speak or sell in the name of the brand.',
        "whole": "The name holds nothing but the brand.",
        "alone": "Nothing beside it tells whether a word that is spelled so means the brand.",
        "glued": 'Other letters stand directly beside the brand: "{rest}".',
        "rest": 'Other words stand beside the brand: "{rest}".',
        "swallowed": 'The letters of the brand lie inside the word "{word}".',
        "word": '"{word}" is a word or name of its own.',
        "crossing": "Only letters of two words together give the brand.",
        "trusted": 'Beside the brand stand only words that it trusts: "{rest}".',
        "disguise": 'Letters of other scripts or signs stand for ordinary ones in "{part}".',
        "backwards": "The letters stand backwards, so that only the eye reads the brand in them.",
        "invisible": "Invisible characters are hidden in the name.",
        "looks": '"{found}" stands for "{wanted}", which looks almost the same.',
        "transposition": '"{wanted}" became "{found}": neighbouring letters changed places.',
        "omission": 'The letter "{wanted}" is left out.',
        "insertion": 'The letter "{found}" is put in.',
        "repetition": 'The letter "{found}" is repeated.',
        "replacement": '"{found}" stands in place of "{wanted}".',
        # what is known beside the name
        "copied-display-name": "It bears the display name of {own} under another handle.",
        "copied-bio": "Its description repeats that of {own}.",
        "copied-avatar": "Its picture is that of {own}, or nearly so.",
        "lookalike-link": 'It leads to "{domain}", whose name looks like a brand\'s.',
        "answers": "It addressed people who had written to the brand: {count} so far.",
        "young": "The account was young when it was seen; its age in days: {count}.",
        "same-owner": "It has the owner of {own}, as a link back proves.",
        "marked": 'It says what it is: "{said}".',
        "marked-in-vain": 'It says "{said}", but shows and leads otherwise.',
        "established": "It is {years} years old, and {followers} accounts follow it.",
        # what is new about a suspect
        "renamed": 'It was called "{was}" and is now called "{name}".',
        "called": 'Its display name was "{was}" and is now "{name}".',
        "closer": 'Its name reads more like "{brand}" than before.',
        "began": "It began to post.",
        "bio-changed": "Its description was changed.",
        "avatar-changed": "Its picture was changed.",
        "dropped-display-name": "It no longer bears the display name of an account of the brand.",
        "dropped-bio": "It no longer repeats a description of the brand.",
        "dropped-avatar": "It no longer shows a picture of the brand.",
        "dropped-link": 'That it led to "{domain}" no longer counts against it.',
        "dropped-proof": "Nothing proves any longer that it has the brand's owner.",
        "mark-removed": "It no longer says that it is a parody, a fan's or not official.",
        "examined-anew": "It was judged anew by all that is known now.",
    }
)

_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cn", "Co"})


def quotable(name: str) -> str:
    """Return `name` as one short line that is safe to quote: no control or direction characters.

    Lone surrogates become U+FFFD, double quotes single; what is cut is marked by an ellipsis.
    """
    kept = "".join(
        "\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c
        for c in name[: LONGEST_VALUE * 8]
        if unicodedata.category(c) not in _UNSEEN
    )
    line = " ".join(kept.replace('"', "'").split())
    cut = len(line) > LONGEST_VALUE or len(name) > LONGEST_VALUE * 8
    return line[: LONGEST_VALUE - 1] + "…" if cut else line


def reason(kind: str, **values: str) -> Reason:
    """Return the sentence `kind` of `REASONS` with its values made quotable."""
    return Reason(
        template=REASONS[kind], values={key: quotable(value) for key, value in values.items()}
    )
