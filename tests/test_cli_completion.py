"""The shell completes commands and names, and a broken configuration does not disturb it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import Terminal
from watcher.cli import COMMANDS, watcher

__all__ = ["_demo_folder", "demo", "terminal"]

ROOT = Path(__file__).resolve().parent.parent


def completed(*words: str) -> list[str]:
    *before, last = words
    shell = ShellComplete(watcher, {}, "watcher", "_WATCHER_COMPLETE")
    return [item.value for item in shell.get_completions(before, last)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("",), list(COMMANDS)),
        (
            ("s",),
            [
                *("status", "sources", "search", "stats", "spikes", "silence", "suspects"),
                *("scan-accounts", "store"),
            ],
        ),
        (("suspects", "re"), ["reopen", "review"]),
        (("suspects", "list", "--verdict", "o"), ["open", "ours"]),
        (("suspects", "list", "--brand", "n"), ["Nordelia"]),
        (("rules", "show", "pl"), ["plaintes"]),
        (("spikes", "replay", "--rule", "pl"), ["plaintes"]),
        (("spikes", "replay", "--brand", "n"), ["Nordelia"]),
        (("digests", "preview", ""), ["matin", "digest"]),
        (("-c", "nowhere.toml", "rules", "show", ""), []),
        (("nonsense", ""), list(COMMANDS)),
    ],
)
def test_names_are_completed(demo: Terminal, words: tuple[str, ...], names: list[str]) -> None:
    assert completed(*words) == names


def test_a_broken_configuration_completes_nothing(demo: Terminal) -> None:
    (demo.folder / "watcher-demo" / "watcher.toml").write_text("[[rules]\n")
    assert completed("rules", "show", "") == []


def test_completing_a_command_imports_none() -> None:
    code = (
        "import sys; from tests.test_cli_completion import completed; before = set(sys.modules);"
        "assert 'status' in completed(''); new = set(sys.modules) - before;"
        "sys.exit(str(new) if any(m.startswith('watcher.cli.s') for m in new) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_the_shell_works(shell: str) -> None:
    assert "=" + f"{shell}_complete" in asked({"_WATCHER_COMPLETE": f"{shell}_source"})


def test_bash_is_told_the_names(demo: Terminal) -> None:
    told = {"COMP_WORDS": "watcher rules show p", "COMP_CWORD": "3"}
    assert asked({"_WATCHER_COMPLETE": "bash_complete", **told}) == "plain,plaintes\n"


def asked(variables: dict[str, str]) -> str:
    """What the program answers to a shell."""
    done = subprocess.run(
        [sys.executable, "-m", "watcher"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout
