"""What a picture looks like, in 128 bits: the only module that knows Pillow.

A difference hash (Neal Krawetz, "Kind of Like That", 2013), taken along the rows and along the
columns: whether each of 8 x 8 cells is darker than the next. Scaling, compression and small marks
change few of the bits. Pictures come from strangers: nothing here is trusted to be one.
"""

import warnings
from io import BytesIO

from rules.errors import WatcherError

LARGEST = 5_000_000
"""Octets of a picture that are looked at."""
MOST_PIXELS = 4096 * 4096
"""Pixels of a picture that are unpacked: a small file may claim to hold any number."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_CELLS = 8


class PictureError(WatcherError):
    """Octets that are no picture, or none within the bounds."""


def perceptual_hash(octets: bytes) -> str:
    """Return the hash of a picture as 32 hexadecimal digits; of a moving one, of its first frame.

    Transparent parts count as white. Raises `PictureError`.
    """
    if len(octets) > LARGEST:
        raise PictureError(f"the picture has more than {LARGEST:,} octets")
    from PIL import Image  # costs a third of the time in which `watcher --help` answers

    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels and of odd ends; the first are refused, the others fine.
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(octets), formats=FORMATS) as picture:
                fits = picture.width * picture.height <= MOST_PIXELS
                if fits:
                    picture.draft("RGB", (256, 256))
                    seen = picture.convert("RGBA")
    except Exception as error:  # what a decoder makes of hostile octets is anybody's guess
        raise PictureError(f"the picture cannot be read ({type(error).__name__})") from error
    if not fits:
        raise PictureError(f"the picture has more than {MOST_PIXELS:,} pixels")
    flat = Image.new("RGBA", seen.size, "white")
    flat.alpha_composite(seen)
    grey = flat.convert("L")
    rows = grey.resize((_CELLS + 1, _CELLS), Image.Resampling.BOX).tobytes()
    columns = grey.resize((_CELLS, _CELLS + 1), Image.Resampling.BOX).tobytes()
    bits = [
        rows[y * (_CELLS + 1) + x] < rows[y * (_CELLS + 1) + x + 1]
        for y in range(_CELLS)
        for x in range(_CELLS)
    ]
    bits += [
        columns[y * _CELLS + x] < columns[(y + 1) * _CELLS + x]
        for y in range(_CELLS)
        for x in range(_CELLS)
    ]
    return f"{sum(bit << at for at, bit in enumerate(bits)):032x}"
