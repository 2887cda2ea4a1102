"""What the verdicts teach is proposed, tried on all suspects, and written only when told to."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from rules.model import Verdict
from tests.cli_fixtures import CONFIG, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.backends.local import Microblog, NewPost, Profile
from watcher.config import load
from watcher.store import Store

__all__ = ["terminal"]

TOWN = {
    "acmetel_fans": Verdict.DISMISSED,
    "fans_acmetel": Verdict.DISMISSED,
    "acmetel_fans_lyon": Verdict.DISMISSED,
    "AcmetelFans": Verdict.OPEN,
    "acmetel_presse": Verdict.OURS,
    "akmetel_info": Verdict.OURS,
    "acmetel_prizes": Verdict.CONFIRMED,
    "prizes_acmetel": Verdict.DISMISSED,
    "acmetel_prizes_lyon": Verdict.DISMISSED,
    "acmetel_prizes_paris": Verdict.DISMISSED,
    "acmetel_support": Verdict.DISMISSED,
    "support_acmetel": Verdict.DISMISSED,
    "acmetel_help_support": Verdict.DISMISSED,
    "acmetel_nord": Verdict.PARODY,
}
LINKS = {"acmetel-shop.example": Verdict.DISMISSED, "acmetel-jobs.example": Verdict.OURS}


@pytest.fixture(scope="module")
def _taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taught")
    text = CONFIG.replace('name = "Acme"', 'name = "Acmetel"  # us\naccounts = ["acmetel"]')
    (folder / "watcher.toml").write_text(text)
    with Microblog.found(folder / "town.sqlite", NOW).change() as change:
        for at, handle in enumerate(TOWN):
            change.account(handle, NOW, Profile(created=NOW - timedelta(days=900)))
            when = NOW - timedelta(minutes=60 - at)
            change.post(NewPost(author=handle, text="Bonjour", posted_at=when))
        for link in LINKS:
            change.post(NewPost(author="zoe", text=f"see https://{link}/", posted_at=NOW))
    with pytest.MonkeyPatch.context() as patch:
        assert Terminal(folder, patch).pipe("once").code == 0
    store = Store.open(f"sqlite:///{folder / 'data' / 'watcher.sqlite'}")
    verdicts = TOWN | LINKS
    records = store.suspects()
    assert {record.suspect.name for record in records} == set(verdicts)
    for record in sorted(records, key=lambda one: one.id):
        if (verdict := verdicts[record.suspect.name]) != Verdict.OPEN:
            store.judge(record.id, verdict, "", "ada", NOW)
    store.close()
    return folder


@pytest.fixture
def taught(_taught: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal where a brand's suspects have been judged."""
    shutil.copytree(_taught, terminal.folder, dirs_exist_ok=True)
    return terminal


def lessons(at: Terminal, *words: str) -> set[tuple[str, str]]:
    told = json.loads(at.pipe("suspects", "learn", "--json", *words).out)
    return {(one["list"], one["entry"]) for one in told["lessons"]}


def test_what_is_learnt_as_it_is_seen(taught: Terminal) -> None:
    before = (taught.folder / "watcher.toml").read_bytes()
    compare("cli-suspects-learn", taught.type("suspects", "learn", columns=100).screen)
    assert (taught.folder / "watcher.toml").read_bytes() == before


def test_each_verdict_teaches_its_own(taught: Terminal) -> None:
    assert lessons(taught) == {
        ("accounts", "local:acmetel_presse"),
        ("accounts", "local:akmetel_info"),
        ("domains", "acmetel-jobs.example"),
        ("spellings", "akmetel"),
        ("trusted", "fans"),
        ("friends", "acmetel-shop.example"),
        ("friends", "local:acmetel_fans_lyon"),
        ("friends", "local:prizes_acmetel"),
        ("friends", "local:acmetel_prizes_lyon"),
        ("friends", "local:acmetel_prizes_paris"),
        ("friends", "local:acmetel_support"),
        ("friends", "local:support_acmetel"),
        ("friends", "local:acmetel_help_support"),
    }


def test_a_word_that_would_hide_a_confirmed_one_is_withheld_and_the_reason_told(
    taught: Terminal,
) -> None:
    told = json.loads(taught.pipe("suspects", "learn", "--json").out)
    assert [(one["list"], one["entry"]) for one in told["withheld"]] == [("trusted", "prizes")]
    assert told["hides"]["confirmed"] == 0
    assert "which you confirmed" in taught.pipe("suspects", "learn").out


def test_a_claim_is_never_trusted_however_often_it_was_harmless(taught: Terminal) -> None:
    assert ("trusted", "support") not in lessons(taught)


def test_open_suspects_that_would_be_hidden_are_named(taught: Terminal) -> None:
    assert "nobody has judged @AcmetelFans" in taught.pipe("suspects", "learn").out


def test_only_the_lines_that_were_taken_are_written(taught: Terminal) -> None:
    seen = taught.type("suspects", "learn", "--take", "1,3", "--write", columns=100, keys="y\n")
    assert seen.code == 0, seen.screen
    (brand,) = load(taught.folder / "watcher.toml").brands
    assert (brand.accounts, brand.domains) == (
        ("acmetel", "local:acmetel_presse"), ("acmetel-jobs.example",)
    )  # fmt: skip
    assert (brand.friends, brand.trusted, brand.spellings) == ((), (), ())
    assert "# us" in (taught.folder / "watcher.toml").read_text()
    assert (taught.folder / "watcher.toml.bak").exists()


def test_what_was_written_is_not_proposed_again_and_quiets_only_what_it_said(
    taught: Terminal,
) -> None:
    told = json.loads(taught.pipe("suspects", "learn", "--json").out)
    assert taught.pipe("suspects", "learn", "--write", "--yes").code == 0
    assert lessons(taught) == set()
    assert "teach nothing new" in taught.pipe("suspects", "learn").out
    assert sum(told["hides"].values()) == 14
    assert taught.pipe("check").out.count("error") == 0


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_nothing_is_written_without_a_yes(taught: Terminal, answer: str) -> None:
    before = (taught.folder / "watcher.toml").read_bytes()
    assert taught.type("suspects", "learn", "--write", keys=answer).code == 1
    assert taught.pipe("suspects", "learn", "--write").code == 2
    assert (taught.folder / "watcher.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--take", "99"), "no line 99"), (("--take", "x"), "write numbers like"),
     (("--take", "1-9999999"), "up to 9,999"), (("--take", "5-3"), "5-3 is no range"),
     (("--brand", "Acmetal"), "did you mean 'Acmetel'?")],
)  # fmt: skip
def test_what_is_mistyped_is_explained(taught: Terminal, words: tuple[str, ...], told: str) -> None:
    seen = taught.pipe("suspects", "learn", *words)
    assert (seen.code, told in seen.err) == (2, True), seen.err
