"""Pictures that look the same have almost the same hash, and no octets do harm."""

import contextlib
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from rules.lookalike.context import same_picture
from watcher.impostors.perceptual_hash import LARGEST, PictureError, perceptual_hash


def picture(seed: int = 1, size: int = 200) -> Image.Image:
    """A logo: some shapes on a ground."""
    image = Image.new("RGB", (size, size), (30 * seed % 255, 80, 160))
    draw = ImageDraw.Draw(image)
    for n in range(6):
        at = [(seed * 37 + n * 53) % 70 * size // 100, (seed * 71 + n * 29) % 70 * size // 100]
        colour = (n * 40, (seed * 90 + n * 60) % 255, 255 - n * 40)
        draw.ellipse([*at, at[0] + size // 3, at[1] + size // 4], fill=colour)
    return image


def octets(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    "copy",
    [
        octets(picture().resize((48, 48))),
        octets(picture(), "JPEG", quality=30),
        octets(picture(), "WEBP"),
        octets(picture().resize((400, 400)), "GIF"),
    ],
    ids=["smaller", "jpeg", "webp", "gif"],
)
def test_a_copy_scaled_or_compressed_anew_is_known(copy: bytes) -> None:
    assert same_picture(perceptual_hash(octets(picture())), perceptual_hash(copy))


def test_other_pictures_differ() -> None:
    hashes = [perceptual_hash(octets(picture(seed))) for seed in range(1, 30)]
    alike = [a for a in range(29) for b in range(a) if same_picture(hashes[a], hashes[b])]
    assert alike == []


def test_a_picture_that_shows_nothing_is_like_no_other() -> None:
    blank = perceptual_hash(octets(Image.new("RGB", (100, 100), "navy")))
    assert not same_picture(blank, blank)
    assert not same_picture("", "")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    side = (60_000).to_bytes(4, "big")
    header = chunk(b"IHDR", side + side + b"\x08\x02\0\0\0")
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    with pytest.raises(PictureError):
        perceptual_hash(bomb)


@pytest.mark.parametrize(
    "hostile",
    [b"", b"<svg/>", b"%PDF-1.4", b"\xff\xd8\xff", octets(picture())[:300], b"\0" * (LARGEST + 1)],
    ids=["nothing", "svg", "pdf", "jpeg", "cut", "huge"],
)
def test_what_is_no_picture_is_told(hostile: bytes) -> None:
    with pytest.raises(PictureError):
        perceptual_hash(hostile)


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_picture_gives_a_hash_or_an_error_of_ours(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
    raw = bytearray(octets(picture(size=40), kind))
    for _ in range(5):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        assert len(perceptual_hash(bytes(raw))) == 32
