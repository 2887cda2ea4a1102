"""The crash drill, as `make drill` runs it."""

import random
from pathlib import Path

import pytest

from tests.drill import drill


@pytest.mark.drill
@pytest.mark.timeout(1800)
def test_a_hundred_kills_lose_nothing_and_repeat_no_mail_more_than_once(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    report = drill(100, seed, tmp_path)
    assert report.kept, f"seed {seed}: {report}"
    assert report.kills == 100
    assert report.mails > 20, "the kills came so early that the drill proved little"
