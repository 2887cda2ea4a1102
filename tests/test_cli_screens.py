"""Whole screens, as a person sees them at a terminal of 80 columns."""

import pytest

from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.smtp_answers import NOW, mails_in_every_state
from tests.terminal import Terminal, compare
from watcher.store import Return, Store

__all__ = ["_demo_folder", "acme", "demo", "terminal"]


def shown(at: Terminal, *words: str, columns: int = 80) -> str:
    """A command line, what it printed, and its exit code where that is not 0."""
    seen = at.type(*words, columns=columns)
    quoted = " ".join(f"'{word}'" if " " in word or "(" in word else word for word in words)
    code = f"[exit code {seen.code}]\n" if seen.code else ""
    return f"$ watcher {quoted}\n{seen.screen}{code}".replace(str(at.folder), "FOLDER")


def screens(at: Terminal, *lines: tuple[str, ...]) -> str:
    return "\n".join(shown(at, *words) for words in lines)


def test_help(terminal: Terminal) -> None:
    compare("cli-help", screens(terminal, ("--help",), ("suspects",)))


def test_the_demo(demo: Terminal) -> None:
    compare("cli-demo", (demo.folder / "screen.txt").read_text())


def test_status(acme: Terminal) -> None:
    fresh = screens(acme, ("status",))
    compare("cli-status-fresh", fresh)


def test_status_after_a_failure(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    source = '[[sources]]\nname = "{}"\nkind = "archive"\nfile = "{}.jsonl"\n'
    path.write_text(path.read_text() + source.format("gone", "gone") + source.format("off", "off"))
    path.write_text(path.read_text() + "enabled = false\n")
    once = shown(acme, "once", columns=400)  # a line with the folder would break anywhere
    store = Store.open(f"sqlite:///{acme.folder / 'data' / 'watcher.sqlite'}")
    answer = "there is no file where it was"
    store.record_pull("gone", acme.now, acme.now, reached_newest=False, error=answer)
    store.close()
    compare("cli-status-failed", once + "\n" + shown(acme, "status"))


def test_status_of_what_was_skipped_and_what_waits_for_nobody(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace('then = ["daily"]', 'then = ["daily", "old"]')
        + '[[channels]]\nname = "old"\nkind = "email"\nto = ["ada@acme.example"]\n'
        + 'send = "weekly"\ndays = ["fri"]\nat = "08:00"\n'
        + '[[sources]]\nname = "files"\nkind = "archive"\nfile = "posts.jsonl"\n'
    )
    broken = '{"text": 4}\n{"id": 7}\n\x1b[2J\n{"text": "x", "date": "9999-12-31T23:59:59Z"}\n'
    assert acme.pipe("once").code == 1  # "files" is not there yet
    (acme.folder / "posts.jsonl").write_text(broken)
    assert acme.pipe("local", "post", "@zoe", "Acme, Acme").code == 0
    assert acme.pipe("local", "post", "@acme_help", "write to acme").code == 0
    assert acme.pipe("once").code == 0
    path.write_text(
        path.read_text().replace(', "old"]', "]").replace('name = "old"', 'name = "new"')
    )
    compare("cli-status-skipped", shown(acme, "status") + acme.pipe("status", "--json").out)


def test_status_after_the_demo(demo: Terminal) -> None:
    compare("cli-status-demo", screens(demo, ("status",)))


def test_once(demo: Terminal) -> None:
    assert demo.pipe("local", "post", "nordelia-help", "Nordelia, on time?", "--at",
                     "2026-03-10T07:29").code == 0  # fmt: skip
    compare("cli-once", screens(demo, ("once",), ("once",)))


def test_suspects(demo: Terminal) -> None:
    compare(
        "cli-suspects",
        screens(
            demo,
            ("suspects", "list"),
            ("suspects", "show", "6"),
            ("suspects", "confirm", "6", "99", "--note", "asks for passwords"),
            ("suspects", "list", "--verdict", "confirmed"),
            ("suspects", "show", "6"),
            ("suspects", "list", "--verdict", "ours"),
            ("suspects", "list", "--min-score", "0.999", "--limit", "2"),
            ("suspects", "export", "-o", "suspects.csv"),
        ),
    )


def test_wide_suspects(demo: Terminal) -> None:
    compare("cli-suspects-wide", shown(demo, "suspects", "list", "--verdict", "all", columns=120))


def test_search(demo: Terminal) -> None:
    compare(
        "cli-search",
        screens(
            demo,
            ("search", "nordelia retard*", "-n", "3"),
            ("search", "=NORDELIA from:zoe_prts"),
            ("search", "zeppelin"),
        ),
    )


def test_rules(demo: Terminal) -> None:
    compare(
        "cli-rules",
        screens(
            demo,
            ("rules", "list"),
            ("rules", "show", "plaintes"),
            ("rules", "show", "SOSIES"),
            ("rules", "test", "plaintes", "--samples", "2"),
        ),
    )


def test_follows(demo: Terminal) -> None:
    compare(
        "cli-follows",
        screens(
            demo,
            ("follows", "list", "-n", "3"),
            ("follows", "approve", "1", "2", "99"),
            ("follows", "refuse", "3", "--note", "a bot"),
            ("follows", "list", "--state", "approved"),
            ("follows", "run"),
            ("follows", "show", "3"),
            ("follows", "skipped", "-n", "4"),
            ("follows", "skipped", "nobody"),
            ("follows", "stale"),
            ("follows", "resume", "suivr"),
            ("follows", "resume", "suivre"),
            ("follows", "list", "--state", "undone"),
        ),
    )


def test_digests(demo: Terminal) -> None:
    compare("cli-digests", screens(demo, ("digests", "list")))


def test_deliveries(acme: Terminal) -> None:
    mails_in_every_state(acme.folder / "data" / "watcher.sqlite")
    compare(
        "cli-deliveries",
        screens(
            acme,
            ("deliveries", "list"),
            ("deliveries", "list", "--state", "parked"),
            ("deliveries", "show", "4"),
            ("deliveries", "retry", "4"),
            ("deliveries", "drop", "2"),
            ("deliveries", "retry", "1"),
            ("deliveries", "list", "--state", "sent"),
        ),
    )


def test_what_came_back(acme: Terminal) -> None:
    database = acme.folder / "data" / "watcher.sqlite"
    mails_in_every_state(database)
    store = Store.open(f"sqlite:///{database}")
    full = Return(kind="soft", said="failed 4.2.2 mailbox full", by="mailer-daemon@acme.example")
    store.take_back("1", 1, full, NOW)
    store.take_back("2", 1, Return(kind="unsubscribed", said="unsubscribe", by="ada@acme"), NOW)
    store.close()
    compare(
        "cli-deliveries-returned",
        screens(
            acme,
            ("deliveries", "show", "1"),
            ("deliveries", "suppressed"),
            ("deliveries", "retry", "2"),
            ("status",),
            ("deliveries", "lift", "bob@acme.example", "--by", "kim"),
            ("deliveries", "lift", "bob@acme.example"),
            ("deliveries", "suppressed", "--state", "all"),
            ("deliveries", "list", "--to", "carla"),
            ("deliveries", "list", "--channel", "none"),
        ),
    )


def test_the_index(demo: Terminal) -> None:
    seen = screens(demo, ("index", "rebuild"), ("index", "status"))
    assert " kB on disk" in seen
    compare("cli-index", seen[: seen.rindex(",")] + ", ... on disk\n")


@pytest.mark.parametrize("name", ["suspects", "deliveries", "follows", "digests"])
def test_nothing_yet(acme: Terminal, name: str) -> None:
    compare(f"cli-{name}-none", screens(acme, (name, "list")))


def test_errors(acme: Terminal) -> None:
    (acme.folder / "broken.toml").write_text('[[sources]]\nname = "town"\nkind = "locl"\n')
    (acme.folder / "file").write_text("")
    compare(
        "cli-errors",
        screens(
            acme,
            ("-c", "broken.toml", "status"),
            ("-c", "nowhere.toml", "status"),
            ("search", "(acme OR lng:fr"),
            ("suspcts", "list"),
            ("suspects", "lst"),
            ("suspects", "list", "--brnd", "Acme"),
            ("suspects", "list", "--brand", "Acmee"),
            ("suspects", "show", "x"),
            ("suspects", "show", "99"),
            ("suspects", "show", "9" * 30),
            ("suspects", "list", "--min-score", "2"),
            ("suspects", "export", "-o", "nowhere/x.csv"),
            ("rules", "show", "acm"),
            ("rules", "test", "lookalikes"),
            ("digests", "preview", "weekly"),
            ("deliveries", "retry", "5"),
            ("demo", "."),
        ),
    )


def test_lists_on_a_narrow_terminal(demo: Terminal) -> None:
    lists = [("suspects", "list"), ("follows", "list", "-n", "4")]
    seen = [shown(demo, *words, columns=columns) for columns in (60, 40) for words in lists]
    compare("cli-narrow", "\n".join(seen))
