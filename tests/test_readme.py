"""The README says what is so."""

import re
from pathlib import Path

import pytest

from watcher.cli import COMMANDS
from watcher.config import ConfigError, load

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, after: str = "") -> str:
    """Return the first fenced block of a language behind a piece of text."""
    found = re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)
    assert found
    return found[1]


def drawn_paths() -> list[str]:
    """Return the paths of the tree under "How it is built"."""
    paths, top = [], ""
    for line in block("", after="## How it is built").splitlines():
        names = line[:24].split()
        if not line.startswith(" "):
            top = names[0]
            paths.append(top)
            names = names[1:]
        paths += [top + name for name in names if re.fullmatch(r"[\w./]+", name)]
    return paths


@pytest.mark.parametrize("path", drawn_paths())
def test_what_the_tree_names_is_there(path: str) -> None:
    assert (ROOT / path).exists(), path
    assert path.endswith("/") == (ROOT / path).is_dir()


def test_every_room_of_the_tree_is_drawn() -> None:
    rooms = {
        f"{package}/{path.name}/"
        for package in ("watcher", "rules", "alerts")
        for path in (ROOT / package).iterdir()
        if (path / "__init__.py").exists()
    }
    assert rooms <= set(drawn_paths())


def test_its_configuration_loads_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text(block("toml"), encoding="utf-8")
    config = load(tmp_path / "watcher.toml", {})
    assert config.warnings == ()
    assert [rule.name for rule in config.rules] == ["complaints", "impostors"]


def test_its_commands_exist() -> None:
    called = set(re.findall(r"^watcher (\w+)", README, re.MULTILINE))
    assert called
    assert called <= set(COMMANDS)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert missing == []


def test_the_problem_it_shows_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = block("", after="What is wrong in it is told")
    broken = (
        block("toml")
        .replace("""(late OR "out of order" OR refund*)""", "(late OR refund*")
        .replace('["daily"]\n\n[[channels]]', '["dayly"]\n\n[[channels]]')
    )
    monkeypatch.chdir(tmp_path)
    Path("watcher.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(Path("watcher.toml"), {})
    assert str(told.value) == shown.strip()
