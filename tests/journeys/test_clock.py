"""A running watcher whose system clock is set: it goes on at once, whichever way."""

import random
from pathlib import Path

import pytest

from tests.crash_drill.post_office import PostOffice
from tests.crash_drill.watched_town import Town, Watcher, free_port, remarks

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("faketime")]


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_set_stops_no_step(tmp_path: Path, hours: int) -> None:
    office = PostOffice(random.Random(0), free_port(), rude=False)
    office.open()
    town, watcher = Town(tmp_path, office), Watcher(tmp_path, office)
    watcher.movable = True
    try:
        town.say()
        watcher.start()
        assert office.wait_for_mail(30)
        watcher.set_clock(hours * 3600)
        town.say()
        told: set[int] = set()
        while 1 not in told:
            assert office.wait_for_mail(20), watcher.log.read_text()
            told |= {number for _, octets in office.mails for number in remarks(octets)}
        watcher.stop()
    finally:
        watcher.kill()
        office.close()
    assert "the clock was set" in watcher.log.read_text()
