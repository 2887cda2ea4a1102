"""The log drill, in a shorter form than `python -m tests.log_drill` runs it."""

import random
from pathlib import Path

import pytest

from tests.log_drill.drill import SERVER, drill

pytestmark = [
    pytest.mark.server,
    pytest.mark.drill,
    pytest.mark.timeout(1200),
    pytest.mark.usefixtures("postgres"),  # says what is to be done where there is none
]


@pytest.mark.parametrize(
    ("keep", "posts", "kills"), [("all", 6_000, 7), ("matched", 2_000, 2)], ids=["all", "matched"]
)
def test_whatever_is_killed_nothing_is_lost_and_nothing_done_twice(
    keep: str, posts: int, kills: int, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)
    report = drill(
        posts=posts, kills=kills, server_kills=1, folder=tmp_path, seed=seed, keep=keep, workers=2
    )
    assert report.kept, f"seed {seed}: {report}"
    assert report.kills == kills + 1
    assert report.killed[SERVER] == 1
    assert report.appended > posts, "nothing came twice, so that little was proved"
    assert report.matches > posts / 10
    assert report.mails > 0
