"""docs/commands.md tells every command, and tells the truth."""

import json
import re
import sys
from pathlib import Path

from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.smtp_answers import mails_in_every_state
from tests.terminal import Terminal

__all__ = ["_demo_folder", "demo", "terminal"]

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import commands  # noqa: E402


def test_the_page_has_the_help_of_every_command() -> None:
    assert commands.PAGE.read_text() == commands.page(), "write it anew: python docs/commands.py"


def documented() -> dict[str, set[str]]:
    """Return for each command the JSON keys that the page names, those of inner tables too."""
    keys: dict[str, set[str]] = {}
    for heads, told in re.findall(
        r"^\| (`.*?) \| (.*) \|$", commands.PAGE.read_text(), re.MULTILINE
    ):
        names = set(re.findall(r"`(\w+)`", told))
        base = keys[heads.split("`")[1].replace("show", "list")] if "the same" in told else set()
        first, *others = re.findall(r"`([\w -]+)`", heads)
        for head in (first, *(f"{first.split()[0]} {other}" for other in others)):
            keys[head] = base | names
    return keys


def test_the_keys_of_the_json_are_those_of_the_page(demo: Terminal) -> None:
    told = documented()
    mails_in_every_state(Path("watcher-data/watcher.sqlite"))
    demo.type("suspects", "confirm", "6")
    for command, *words in (
        ("status",), ("once",), ("search", "nordelia"), ("rules list",), ("rules test", "merci"),
        ("rules show", "merci"), ("rules forecast",), ("rules diff", "merci", "nordelia"),
        ("rules explain", "merci", "--post", "merci"), ("rules suggest", "merci"),
        ("rules why-not", "merci", "--post", "merci"), ("matches list",),
        ("tones list",), ("tones quality",),
        ("suspects list",), ("suspects export", "--format", "json"), ("suspects show", "6"),
        ("suspects learn",),
        ("follows list",), ("follows show", "1"), ("follows skipped",), ("digests list",),
        ("deliveries list",),
        ("deliveries show", "1"), ("index status",), ("local timeline",), ("local accounts",),
        ("check",),
    ):  # fmt: skip
        json_ = [] if "export" in command else ["--json"]
        seen = demo.pipe(*command.split(), *words, *json_)
        value = json.loads(seen.out)
        record = value[0] if isinstance(value, list) else value
        assert set(record) <= told[command], command
        tables = {
            "sources",
            "log",
            "samples",
            "tree",
            "missing",
            "rules",
            "gained",
            "suggestion",
            "lessons",
        }
        if command not in ("suspects show", "rules show") and not tables & set(record):
            inner = {"state", "what", "answer", "help", "file", "line", "column", "severity"}
            inner |= {"code", "message", "ok", "warning", "failed"}
            inner |= {"at", "event", "detail", "by"} if "show" in command else set()
            assert told[command] - inner <= set(record), command
