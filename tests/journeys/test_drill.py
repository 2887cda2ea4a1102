"""The crash drill, in a shorter form than `make drill` runs it."""

import random
from pathlib import Path

import pytest

from tests.crash_drill.scenarios import SCENARIOS, Effort, run
from tests.servers import MissingServerError

pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("faketime", "postgres"),
]

SHORT = Effort(kills=100, points=6)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_and_no_mail_comes_more_than_twice(tmp_path: Path, name: str) -> None:
    seed = random.randrange(1_000_000)
    try:
        report = run(name, SHORT, seed, tmp_path)
    except MissingServerError as missing:
        pytest.skip(str(missing))
    assert report.kept, f"seed {seed}: {report}"
    assert report.mails > 10, "the crashes came so early that the drill proved little"
    if name == "random kills":
        assert report.crashes >= 100
