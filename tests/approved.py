"""Pictures that somebody has looked at, and whether a new one still looks like them.

Compared is what an eye compares: both pictures reduced to a quarter, cell by cell. Letters that are
smoothed in another way change few cells and little; a colour, a missing picture, a line more or
less changes many. Letters of another font stand elsewhere, which is no mistake of the mail: the
font's measure is kept with the pictures, and where it is another one the comparison is left out.

    UPDATE_PICTURES=1 .venv/bin/pytest tests/test_mail_pictures.py     # then look at each
"""

import json
import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

FOLDER = Path(__file__).parent / "pictures"
MEASURE = FOLDER / "font.json"

CELL = 4
"""Pixels of a cell each way."""
DIFFERENT = 14
"""Levels of 255 by which a cell must differ in a colour to count."""
MOST_DIFFERENT = 0.05
"""The part of all cells that may: letters moved by less than a pixel change 3.5 % of them."""
HIGHEST = 1800
"""Pixels that are kept: what comes below is more of the same."""


def look(picture: Path, name: str, measure: float) -> None:
    """Hold a new picture against the approved one, or approve it. `measure` is that of the font."""
    new = small(Image.open(picture))
    kept = FOLDER / f"{name}.png"
    if os.environ.get("UPDATE_PICTURES"):
        new.quantize(64).save(kept, optimize=True)
        MEASURE.write_text(json.dumps({"pixels": measure}) + "\n")
        return
    known = json.loads(MEASURE.read_text())["pixels"]
    if abs(known - measure) > 0.5:
        pytest.skip(f"another font: {measure} pixels where the pictures were made with {known}")
    part = difference(small_again(Image.open(kept)), new)
    assert part <= MOST_DIFFERENT, f"{name}: {part:.1%} looks different; see {picture}"


def small(picture: Image.Image) -> Image.Image:
    """Reduce a picture to its cells."""
    top = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, HIGHEST)))
    return top.resize((top.width // CELL, top.height // CELL), Image.Resampling.BOX)


def small_again(kept: Image.Image) -> Image.Image:
    """A picture that was kept is reduced already."""
    return kept.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """The part of the cells that differ, 0 to 1; 1 where the sizes are far apart."""
    if one.width != other.width or abs(one.height - other.height) > 0.02 * one.height:
        return 1.0
    height = min(one.height, other.height)
    crops = [each.crop((0, 0, each.width, height)) for each in (one, other)]
    bands = ImageChops.difference(*crops).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    histogram = worst.histogram()
    return sum(histogram[DIFFERENT:]) / (one.width * height)
