"""Pictures in the microblog's folder: those are read, and no other file."""

import base64
import os
from pathlib import Path

import pytest

from watcher.backends.interface import LARGEST_AVATAR
from watcher.backends.pictures import of_data_url, of_file

PNG = b"\x89PNG\r\n\x1a\nrest"
JPEG = b"\xff\xd8\xff\xe0rest"
GIF = b"GIF89arest"
WEBP = b"RIFF\x04\x00\x00\x0aWEBPVP8 "


@pytest.mark.parametrize("octets", [PNG, JPEG, GIF, WEBP], ids=["png", "jpeg", "gif", "webp"])
def test_each_kind_of_picture_is_read_from_the_folder(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "zoé").write_bytes(octets)
    assert of_file(tmp_path, "faces/zoé") == octets


def test_a_file_that_is_no_picture_is_not_handed_out(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text("password = 1")
    assert of_file(tmp_path, "watcher.toml") is None


def test_no_way_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    outside = tmp_path / "private.png"
    outside.write_bytes(PNG)
    (folder / "link.png").symlink_to(outside)
    (folder / "circle").symlink_to(folder / "circle")
    for name in ("link.png", "../private.png", str(outside), "circle", ".", "", "nobody.png"):
        assert of_file(folder, name) is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert of_file(tmp_path, "pipe.png") is None


def test_the_largest_picture_is_read_and_no_larger_one(tmp_path: Path) -> None:
    most = PNG.ljust(LARGEST_AVATAR, b"\0")
    (tmp_path / "most.png").write_bytes(most)
    (tmp_path / "more.png").write_bytes(most + b"\0")
    assert of_file(tmp_path, "most.png") == most
    assert of_file(tmp_path, "more.png") is None
    written = "data:image/png;base64," + base64.b64encode(most).decode()
    assert of_data_url(written) == most
    assert of_data_url("data:image/png;base64," + base64.b64encode(most + b"\0").decode()) is None
    assert of_data_url(written + "AAAA") is None
