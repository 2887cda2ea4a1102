"""How a service writes its log: lines for people, or one JSON object a line for programs."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from watcher.pulse import step_under_way

LONGEST_MESSAGE = 8_000
LONGEST_TRACE = 20_000
"""Characters; of a trace the end is kept, where it says what happened."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def log_format(command: _Command) -> _Command:
    """Give a command the option `--log-format`."""
    option = click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        envvar="WATCHER_LOG_FORMAT",
        help="Lines for people, or one JSON object a line; also $WATCHER_LOG_FORMAT.",
    )
    return option(command)


def set_up_log(form: str, *, quiet: bool) -> None:
    """Write the log to standard error, `text` or `json`; `quiet` only what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines()
        if form == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING if quiet else logging.INFO)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, in ASCII.

    `time` (ISO 8601, UTC), `level`, `logger` and `message` are always there; `step`, `source` and
    `exception` where they are known. Whatever a stranger wrote stands in a string, escaped, so that
    no line can be forged.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        when = datetime.fromtimestamp(record.created, UTC)
        message = record.getMessage()
        if len(message) > LONGEST_MESSAGE:
            message = message[: LONGEST_MESSAGE - 1] + "…"
        line = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        } | _place()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-LONGEST_TRACE:]
        return json.dumps(line)


def _place() -> dict[str, str]:
    """Return in which step, and of which source, this thread is at work."""
    # A stream has a thread of its own, with its name.
    name = step_under_way() or threading.current_thread().name
    step, _, source = name.partition(" ")
    if step in ("pull", "stream") and source:
        return {"step": step, "source": source}
    return {"step": step_under_way()} if step_under_way() else {}
