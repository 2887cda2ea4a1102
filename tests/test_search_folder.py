"""What only the index in a folder has: its segments, and who may open the folder."""

import os
import stat
from pathlib import Path

import pytest

from tests.search_samples import MINUTE, NOON, Shelf, found, post, rids_held
from watcher.search import FolderIndex, SearchError


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.search.disk._flush", lambda _path: None)


def test_keeping_up_makes_few_segments_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.search.disk.LARGEST_SEGMENT", 50)
    index = FolderIndex.open(tmp_path / "index")
    store = Shelf()
    for n in range(120):
        store.put(post(f"acme {n}", NOON + n * MINUTE), post(f"other {n}", NOON))
        index.catch_up(store)
    assert rids_held(index) == list(range(1, 241))
    (partition,) = index._folder.partitions().values()
    sizes = [segment.size for segment in partition.segments()]
    assert len(sizes) < 25
    assert max(sizes) <= 50
    assert found(index, store, "acme", limit=500) == [f"acme {n}" for n in reversed(range(120))]


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir(mode=0o755)
    index = FolderIndex.open(folder)
    index.catch_up(Shelf([post("acme")]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert index.size_bytes() > 0
    assert index.documents() == 1


def test_a_folder_that_cannot_be_used_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises(SearchError, match="cannot be used"):
        FolderIndex.open(tmp_path / "index")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_user_is_not_opened(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(SearchError, match="another user"):
        FolderIndex.open(tmp_path)
