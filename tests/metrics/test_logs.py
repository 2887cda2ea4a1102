"""The log as lines of JSON."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from watcher.cli.logs import LONGEST_MESSAGE, JsonLines
from watcher.pulse import Pulse

HOSTILE = 'a "quoted" \x1b[2J line\n2026-01-01 ERROR forged \u202e \ud800 \0 {"level": "x"}'


# Of no tree of loggers: what pytest catches of these words it could not hand to another process.
log = logging.Logger("watcher.tried")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of our own writes, a line for each record."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    yield out
    log.removeHandler(handler)


def test_one_object_a_line(written: io.StringIO) -> None:
    log.warning("%s: %d items skipped", "town", 3)
    line = json.loads(written.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "logger": "watcher.tried",
                    "message": "town: 3 items skipped"}  # fmt: skip


def test_words_of_strangers_forge_no_line_and_reach_no_terminal(written: io.StringIO) -> None:
    log.error("not delivered: %s", HOSTILE)
    text = written.getvalue()
    assert text.isascii()
    assert text.count("\n") == 1
    assert text.rstrip("\n").isprintable()
    assert json.loads(text)["message"] == f"not delivered: {HOSTILE}"
    assert json.loads(text)["level"] == "error"


def test_a_line_is_bounded(written: io.StringIO) -> None:
    log.error("x" * 1_000_000)
    assert len(json.loads(written.getvalue())["message"]) == LONGEST_MESSAGE


def test_the_step_and_the_source_are_told(written: io.StringIO) -> None:
    pulse = Pulse()
    with pulse.step("match"):
        log.error("one")
    with pulse.step("pull my town"):
        log.error("two")
    thread = threading.Thread(target=lambda: log.error("three"), name="stream fire hose")
    thread.start()
    thread.join()
    log.error("four")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    told = [(line.get("step"), line.get("source")) for line in lines]
    assert told == [("match", None), ("pull", "my town"), ("stream", "fire hose"), (None, None)]


def test_an_exception_stays_on_its_line(written: io.StringIO) -> None:
    try:
        raise ZeroDivisionError(HOSTILE)
    except ZeroDivisionError:
        log.exception("the step failed")
    (line,) = written.getvalue().splitlines()
    assert "ZeroDivisionError" in json.loads(line)["exception"]
