"""Posts that people have labelled negative, neutral or positive, and models fitted to them.

For `benchmarks/sentiment.py` and `benchmarks/train_sentiment.py`; needs scikit-learn.
"""

import gzip
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from rules.signals.sentiment import LANGUAGES, complaint, lexicon
from rules.signals.sentiment.cutting import Names, cut
from rules.signals.sentiment.model import LABELS, PLACES, Model, Weights, places

POSTS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "posts"

CROWDFLOWER_NAMES = ("iPhone", "iPad", "Apple", "Google", "Android")

STRENGTH = 0.3
"""How freely the weights may grow: scikit-learn's C."""
BESIDE = 2.0
"""How much more freely the weights of `FEATURES` may, so that what the lists know goes first."""
INTERCEPT = 4.0


class Recipe(NamedTuple):
    """How a model is fitted to English posts and to French ones: see `fitted`."""

    strength: float = STRENGTH
    shares: Sequence[float] | None = None
    telling: bool = False
    free_level: bool = True


RECIPES = {
    "en": Recipe(),
    "fr": Recipe(strength=2.0, shares=(0.3, 1.0), telling=True, free_level=False),
}
"""Those of what ships. That of English was chosen by posts of other sources; that of French by
cross-validation in five parts of the French posts to train on: `benchmarks/sentiment_recipes.py`.
"""


class Labelled(NamedTuple):
    """A post with its tone as people read it."""

    text: str
    language: str
    label: str
    names: tuple[str, ...]
    brand: str
    day: str


def read(name: str, folder: Path = POSTS, *, part: str = "") -> list[Labelled]:
    """Return the labelled posts of a set in English and French; `name` may end in `-en`, `-fr`.

    `part` is `train` or `val` of those whose publisher split them. What only passes on another
    post, or says the same, is left out.
    """
    stem, _, language = name.partition("-")
    rows = _rows(stem, folder)
    posts = [_labelled(row) for row in rows if not part or f"-{part}-" in row["id"]]
    wanted = {
        post.text.casefold(): post
        for post in posts
        if post.label in LABELS
        and post.language == (language or post.language)
        and post.language in LANGUAGES
        and not post.text.startswith("RT ")
    }
    return list(wanted.values())


def _labelled(row: dict[str, Any]) -> Labelled:
    labels = row["labels"]
    known = [labels.get(key) for key in ("brand", "entity", "query")]
    names = tuple(str(name) for name in known if name)
    if "Phase4Project" in row["source"]:
        names += CROWDFLOWER_NAMES
    return Labelled(
        text=row["text"],
        language=row["lang"] or "",
        label=str(labels.get("sentiment", labels.get("polarity"))),
        names=names,
        brand=names[0] if names else "",
        day=str(row["created_at"])[:10],
    )


def fitted(
    sets: Sequence[Sequence[Labelled]],
    *,
    strength: float = STRENGTH,
    shares: Sequence[float] | None = None,
    telling: bool = False,
    free_level: bool = True,
) -> Weights:
    """Fit the weights to sets of posts. Sets and classes count by the root of their size.

    `shares` says how much each set counts beside that; all the same if not said. With `telling`,
    what is said more in one tone than in the others may weigh more (`_telling`). A `free_level` of
    each tone is held at nothing while it is fitted, and is left out of what is told.
    The same posts give the same bytes: L-BFGS from nothing, with no chance in it.
    """
    posts = [post for posts in sets for post in posts]
    hashed, beside = _matrices(posts)
    weights = _balanced(sets, shares or [1.0] * len(sets))
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4, fit_intercept=free_level)
    tones = np.array([LABELS.index(post.label) for post in posts])
    scales = _telling(hashed, tones, np.array(weights)) if telling else None
    scaled = hashed if scales is None else hashed @ diags(scales)
    matrix = hstack([scaled, csr_matrix(beside)]).tocsr()
    with threadpool_limits(1):  # sums of several threads come in any order
        model.fit(matrix, tones, sample_weight=weights)
    learnt = model.coef_
    if scales is not None:
        learnt[:, :PLACES] *= scales
    step = float(np.abs(learnt[:, :PLACES]).max() / 127)
    small = np.rint(learnt[:, :PLACES].T / step).astype(np.int8)
    width = len(lexicon.FEATURES) + 1
    scale = np.array([BESIDE] * (width - 1) + [INTERCEPT])
    return Weights(
        hashed=small.tobytes(),
        step=step,
        beside={
            language: [
                list(map(float, row))
                for row in learnt[:, PLACES + n * width : PLACES + (n + 1) * width] * scale
            ]
            for n, language in enumerate(LANGUAGES)
        },
    )


def _telling(hashed: Any, tones: Any, weights: Any) -> Any:
    """How much more what is in each place is said in one tone than in the others.

    The largest log-count ratio of S. Wang and C. Manning, Baselines and Bigrams (ACL 2012), scaled
    so that posts stay as long as they were. It is multiplied into the weights: telling is the same.
    """
    said = (hashed > 0).astype(float)
    ratios = []
    for tone in range(len(LABELS)):
        inside, outside = (said.T @ (weights * some) + 1 for some in (tones == tone, tones != tone))
        ratios.append(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))
    scales = np.abs(ratios).max(axis=0)
    length = np.sqrt(hashed.multiply(hashed).sum() / (hashed @ diags(scales)).power(2).sum())
    return scales * length


def only(weights: Weights, language: str) -> Weights:
    """Weights that tell one language alone."""
    return replace(weights, beside={language: weights.beside[language]})


def _matrices(posts: Sequence[Labelled]) -> tuple[Any, Any]:
    """What is hashed, as `Model` scales it; and `FEATURES` in the columns of the language."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    width = len(lexicon.FEATURES) + 1
    beside = np.zeros((len(posts), width * len(LANGUAGES)))
    for number, post in enumerate(posts):
        said = cut(post.text, Names(post.names))
        found = list(places(said.pieces))
        rows += [number] * len(found)
        columns += found
        values += [1 / math.sqrt(len(found) or 1)] * len(found)
        at = width * LANGUAGES.index(post.language)
        beside[number, at : at + width - 1] = lexicon.features(said, post.language)
        beside[number, at : at + width - 1] *= BESIDE
        beside[number, at + width - 1] = INTERCEPT
    shape = (len(posts), PLACES)
    return csr_matrix((values, (rows, columns)), shape=shape), beside


def _balanced(sets: Sequence[Sequence[Labelled]], shares: Sequence[float]) -> list[float]:
    weights: list[float] = []
    for posts, share in zip(sets, shares, strict=True):
        sizes: dict[str, int] = {
            label: sum(post.label == label for post in posts) for label in LABELS
        }
        weights += [share * len(posts) ** 0.5 / sizes[post.label] for post in posts]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


def taught_by_itself(
    sets: Sequence[Sequence[Labelled]], texts: Iterable[str], **recipe: Any
) -> Model:
    """Fit a model to sets; have it label French texts nobody labelled; fit it to its own too.

    Of each tone the fifth of the texts that it takes for the likeliest, one round: what is common
    where no labelled posts are at hand (Yarowsky, ACL 1995).
    """
    first = Model(fitted(sets, **recipe))
    unlabelled = list(dict.fromkeys(texts))
    shares = []
    for text in unlabelled:
        pieces = cut(text, Names(()))
        features = lexicon.features(pieces, "fr")
        shares.append(first.probabilities(pieces.pieces, features, "fr"))
    own = []
    for number, label in enumerate(LABELS):
        likeliest = sorted(range(len(shares)), key=lambda at: -shares[at][number])
        own += [
            Labelled(unlabelled[at], "fr", label, (), "", "")
            for at in likeliest[: len(unlabelled) // 5]
            if max(shares[at]) == shares[at][number]
        ]
    return Model(fitted([*sets, own], **recipe))


def unlabelled_french(folder: Path) -> list[str]:
    """French posts of other campaigns: of a telecom brand, of media."""
    return [row["text"] for name in ("freemobile", "frmedia") for row in _rows(name, folder)]


def folded(posts: Sequence[Labelled], *, parts: int = 5, strength: float = 1.0) -> list[str]:
    """What is said of each post by a model fitted to the other parts of the same source."""
    said = [""] * len(posts)
    for part in range(parts):
        others = [post for at, post in enumerate(posts) if at % parts != part]
        model = Model(fitted([others], strength=strength))
        said[part::parts] = what_is_told(model, posts[part::parts])
    return said


def complaints(folder: Path) -> dict[str, Any]:
    """What share of posts complains by the list of phrases.

    Of the airlines' by their label; of all of a telecom brand's; of those that customers wrote to
    companies' support, and that companies answered.
    """
    figures: dict[str, Any] = {}
    by_label: dict[str, list[bool]] = {label: [] for label in LABELS}
    for post in read("airline", folder):
        by_label[post.label].append(complaint(post.text, "en") is not None)
    figures["airline"] = {label: _share(found) for label, found in by_label.items()}
    telecom = (complaint(row["text"], "fr") is not None for row in _rows("freemobile", folder))
    figures["freemobile"] = {"all": _share(list(telecom))}
    threads: dict[str, list[bool]] = {"customers": [], "companies": []}
    for row in _rows("twcs", folder):
        who = "customers" if row["labels"]["inbound"] else "companies"
        threads[who].append(complaint(row["text"], "en") is not None)
    figures["twcs"] = {who: _share(found) for who, found in threads.items()}
    return figures


def _rows(name: str, folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / max(1, len(found)), 3)


def what_is_told(model: Model, posts: Iterable[Labelled]) -> list[str]:
    """What a model says of posts."""
    said: list[str] = []
    for post in posts:
        pieces = cut(post.text, Names(post.names))
        found = lexicon.features(pieces, post.language)
        likely = model.probabilities(pieces.pieces, found, post.language)
        said.append(LABELS[likely.index(max(likely))])
    return said
