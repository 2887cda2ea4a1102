"""The application as a user gets it: built as a wheel and installed where no checkout is."""

import os
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [pytest.mark.install, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with its locked dependencies in a new environment; return its `bin`."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home, with_pip=True)
    pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet",
           "--disable-pip-version-check"]  # fmt: skip
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.txt"], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return home / "bin"


def run(program: Path, *arguments: str, cwd: Path) -> str:
    """Run an installed program away from the checkout; return what it printed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_templates_and_the_example(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {
        "watcher/_files/config.example.toml",
        "watcher/_files/templates/digest/body.html",
        "watcher/_files/templates/locale/fr/LC_MESSAGES/watcher.po",
        "watcher/demo/config.toml",
        "watcher/demo/town.jsonl",
        "rules/py.typed",
    } <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"watcher", "rules", "alerts"}


def test_the_demo_runs_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    printed = run(installed / "watcher", "demo", cwd=tmp_path)
    assert "mailed    2 digests" in printed
    pages = list((tmp_path / "watcher-demo").rglob("*.html"))
    assert len(pages) == 2
    assert "Nordelia" in pages[0].read_text()


def test_a_starter_configuration_passes_its_check(installed: Path, tmp_path: Path) -> None:
    run(installed / "watcher", "init", "--yes", cwd=tmp_path)
    printed = run(installed / "watcher", "check", cwd=tmp_path)
    assert "failed" not in printed.lower()
