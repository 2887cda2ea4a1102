"""Makes `rules/signals/sentiment/data/lexicon.txt` from three packages that nothing else needs.

    python docs/sentiment_words.py FOLDER

The folder holds the unpacked sources of `vaderSentiment` 3.3.2, `vaderSentiment-fr` 1.3.4 and
`textblob-fr` 0.2.0. They are read as text, never imported: the second adds the root of the disk to
where Python finds modules, and needs a library under the GPL. `SOURCES.md` beside the file has the
licences.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rules.characters import EMOJI, fold_accents, fold_case, plain
from rules.signals.sentiment.cutting import EMOTICON

FILE = Path(__file__).parent.parent / "rules" / "signals" / "sentiment" / "data" / "lexicon.txt"
_ONE_WORD = re.compile(r"[^\W\d_]+")
_NOT = re.compile(r"n['’]t\b")

Word = tuple[str, float]


def vader(folder: Path) -> Iterator[Word]:
    """Words and emoticons with a valence of -4 to 4."""
    for line in _lines(folder, "vaderSentiment/vader_lexicon.txt"):
        word, valence = line.split("\t")[:2]
        yield word, float(valence)


def vader_fr(folder: Path) -> Iterator[Word]:
    """The same in French, translated by hand."""
    for line in _lines(folder, "vaderSentiment_fr/fr_lexicon.txt"):
        word, arrow, valence = line.rpartition("->")
        if arrow:
            yield word, float(valence)


def adjectives(folder: Path) -> Iterator[Word]:
    """French adjectives with a polarity of -1 to 1, brought to the scale of the others."""
    for line in _lines(folder, "textblob_fr/fr-sentiment.xml"):
        found = re.search(r'form="([^"]+)".* polarity="([-+\d.]+)"', line)
        if found:
            yield found[1], 3 * float(found[2])


def emoji(folder: Path, words: dict[str, float]) -> Iterator[Word]:
    """Emoji, by the words of their descriptions."""
    for line in _lines(folder, "vaderSentiment/emoji_utf8_lexicon.txt"):
        sign, _, description = line.partition("\t")
        felt = [words[word] for word in re.findall("[a-z]+", description) if word in words]
        if felt:
            yield sign, sum(felt) / len(felt)


def _lines(folder: Path, end: str) -> list[str]:
    for path in sorted(folder.rglob(Path(end).name)):
        if path.as_posix().endswith(end):
            return path.read_text("utf-8").splitlines()
    raise SystemExit(f"there is no {end} in {folder}")


def _folded(pairs: Iterator[Word]) -> dict[str, float]:
    """The means of what folds to one word; expressions of several words are left out."""
    felt: dict[str, list[float]] = defaultdict(list)
    for word, valence in pairs:
        plain = _NOT.sub("nt", word)
        if _ONE_WORD.fullmatch(plain) and len(plain) > 1:
            felt[fold_accents(fold_case(plain))].append(valence)
    return {word: sum(all_) / len(all_) for word, all_ in felt.items()}


def _signs(pairs: Iterator[Word]) -> dict[str, float]:
    return {
        fold_accents(plain(word)): valence
        for word, valence in pairs
        if EMOTICON.fullmatch(word) or EMOJI.fullmatch(word)
    }


def main(folder: Path) -> None:
    """Write the file: a line for the section, then one for each valence, in tenths."""
    english = _folded(vader(folder))
    signs = _signs(vader(folder)) | _signs(emoji(folder, dict(english)))
    sections = {
        "en": english,
        "fr": _folded(vader_fr(folder)),
        "fr adjectives": _folded(adjectives(folder)),
        "signs": signs,
    }
    lines: list[str] = []
    for section, words in sections.items():
        levels: dict[int, list[str]] = defaultdict(list)
        for word, valence in words.items():
            if round(10 * valence):
                levels[round(10 * valence)].append(word)
        lines.append(f"[{section}]")
        lines += [f"{level} {' '.join(sorted(words))}" for level, words in sorted(levels.items())]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
