"""`watcher init` and `watcher check`, as a person meets them."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, given
from hypothesis import strategies as st

from rules import KeywordRule
from watcher import checks
from watcher.cli import Settings, check, init, run
from watcher.config import load
from watcher.starter import Starter
from watcher.store import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WATCHER_CONFIG", raising=False)
    return tmp_path


def run_init(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(
        init.command, arguments, input=answers, help_option_names=["-h", "--help"]
    )  # as the whole program has them: click remembers


def run_check(*arguments: str, config: str | None = None) -> tuple[int, str]:
    """The exit code and what is printed, in the way of the real command line."""
    settings = Settings(Path(config) if config else None)
    result = CliRunner().invoke(
        check.command,
        arguments,
        obj=settings,
        standalone_mode=False,
        help_option_names=["-h", "--help"],
    )
    if result.exception:
        raise result.exception
    return result.return_value, result.output


def outcomes(*arguments: str) -> dict[str, dict[str, str]]:
    _, output = run_check("--json", *arguments)
    return {one["what"]: one for one in json.loads(output)["checks"]}


def test_a_new_configuration_asks_three_things_loads_and_checks(folder: Path) -> None:
    result = run_init(answers="L'Acmé\nada@acme.example\n\n")
    assert result.exit_code == 0, result.output
    config = load(folder / "watcher.toml", {})
    assert config.warnings == ()
    assert config.brands[0].name == "L'Acmé"
    assert config.contact == "ada@acme.example"
    code, output = run_check()
    assert code == 0, output
    assert "source town" in output


def test_yes_asks_nothing(folder: Path) -> None:
    assert run_init("--yes").exit_code == 0
    assert run_check()[0] == 0


def test_an_archive_may_be_what_is_read(folder: Path) -> None:
    (folder / "posts.jsonl").write_text('{"text": "hello", "id": "1"}\n')
    result = run_init("sub/w.toml", "--yes", "--brand", "Acmé", "--archive", "posts.jsonl")
    assert result.exit_code == 0, result.output
    assert "watcher --config sub/w.toml check" in result.output
    code, output = run_check(config="sub/w.toml")
    assert code == 0, output


def test_a_file_is_replaced_only_where_somebody_says_so(folder: Path) -> None:
    path = folder / "watcher.toml"
    path.write_text("# mine")
    assert run_init("--yes").exit_code == 1
    assert run_init(answers="n\n").exit_code == 1
    assert path.read_text() == "# mine"
    assert run_init(answers="y\nAcmé\nada@acme.example\n\n").exit_code == 0
    assert "Acmé" in path.read_text()
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


def test_a_wrong_address_is_asked_for_again(folder: Path) -> None:
    result = run_init(answers="Acmé\nada at acme\nada@acme.example\n\n")
    assert result.exit_code == 0
    assert "ada at acme" in result.output
    assert run_init("x.toml", "--yes", "--email", "nobody").exit_code == 2


def test_a_file_that_is_not_there_is_asked_for_again(folder: Path) -> None:
    (folder / "posts.csv").write_text("text\nhello\n")
    result = run_init(answers="Acmé\nada@acme.example\nnowhere.csv\nposts.csv\n")
    assert result.exit_code == 0
    assert "nowhere.csv is no file" in result.output
    assert load(folder / "watcher.toml", {}).sources[0].name == "archive"


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / "file").write_text("")
    result = run_init("file/watcher.toml", "--yes")
    assert result.exit_code == 1
    assert "cannot be written" in result.output


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30))
def test_whatever_the_brand_is_called_the_starter_is_right(
    tmp_path_factory: pytest.TempPathFactory, brand: str
) -> None:
    assume(any(char.isalnum() for char in brand))
    path = tmp_path_factory.getbasetemp() / "starter.toml"
    path.write_text(Starter(brand=brand, email="ada@acme.example").toml(), encoding="utf-8")
    config = load(path, {})
    assert config.brands[0].name == brand
    assert isinstance(config.rules[0], KeywordRule)


def test_a_brand_without_a_letter_is_refused(folder: Path) -> None:
    assert run_init("--yes", "--brand", "!!").exit_code == 2
    assert not (folder / "watcher.toml").exists()


@pytest.mark.parametrize(
    ("tz", "zone", "told"),
    [
        ("Europe/Paris", "Europe/Paris", False),
        (":America/New_York", "America/New_York", False),
        ("UTC", "UTC", False),
        ("CET-1CEST", "UTC", True),
    ],
)
def test_the_time_zone_is_the_machines_or_said_to_be_unknown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tz: str, zone: str, told: bool
) -> None:
    monkeypatch.setenv("TZ", tz)
    monkeypatch.setattr(init.os.path, "realpath", str)
    assert run_init("--yes").exit_code == 0
    assert load(folder / "watcher.toml", {}).timezone == zone
    assert ("does not say which" in (folder / "watcher.toml").read_text()) == told


def test_mails_come_from_the_domain_of_the_reader(folder: Path) -> None:
    assert run_init("--yes", "--email", "Ada <ada@mail.nordelia.example>").exit_code == 0
    text = (folder / "watcher.toml").read_text()
    assert text.count('from = "Brand watch <watch@mail.nordelia.example>"') == 2
    assert run_init("x.toml", "--yes", "--email", "ada@bücher.example").exit_code == 0
    assert "watch@xn--bcher-kva.example" in (folder / "x.toml").read_text()


def test_an_absolute_archive_stays_absolute(folder: Path) -> None:
    archive = folder / "posts.jsonl"
    archive.write_text('{"text": "hello", "id": "1"}\n')
    assert run_init("sub/w.toml", "--yes", "--archive", str(archive)).exit_code == 0
    assert f'file = "{archive}"' in (folder / "sub" / "w.toml").read_text()


@pytest.mark.parametrize("option", ["--brand", "--email"])
def test_an_empty_answer_on_the_command_line_is_a_mistake(folder: Path, option: str) -> None:
    assert run_init("--yes", option, "").exit_code == 2
    assert not (folder / "watcher.toml").exists()


def test_a_wrong_configuration_is_told_with_exit_code_2(folder: Path) -> None:
    (folder / "watcher.toml").write_text("languages = []")
    code, output = run_check("--json")
    assert code == 2
    _, finding = json.loads(output)["config"]
    assert (finding["code"], finding["line"], finding["column"]) == ("no-language", 1, 13)


def test_no_configuration_is_told_with_exit_code_2(folder: Path) -> None:
    code, output = run_check("--json")
    assert code == 2
    assert json.loads(output)["config"][0]["code"] == "no-config"


def test_one_failing_source_hides_no_other(folder: Path) -> None:
    run_init("--yes")
    with (folder / "watcher.toml").open("a") as file:
        file.write('[[sources]]\nname = "gone"\nkind = "local"\nfile = "gone.sqlite"\n')
        file.write('[[sources]]\nname = "off"\nkind = "local"\nfile = "x"\nenabled = false\n')
    found = outcomes()
    assert found["source town"]["state"] == "ok"
    assert found["source gone"]["state"] == "failed"
    assert found["source gone"]["help"]
    assert "source off" not in found
    assert run_check()[0] == 1


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_mail_server_that_hangs_is_given_up(folder: Path, silent_server: int) -> None:
    run_init("--yes")
    path = folder / "watcher.toml"
    head, rest = path.read_text().split("[mail]", 1)
    mail = f'[mail]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {silent_server}\nsecurity = "none"\n'
    tail = rest[rest.index("# To send") :]
    path.write_text(f'{head}{mail}from = "a@b.example"\n{tail}')
    found = outcomes("--timeout", "0.3")
    assert found["mail"]["state"] == "failed"
    assert "no answer within 0.3 seconds" in found["mail"]["answer"]
    assert found["source town"]["state"] == "ok"


def test_a_database_is_tried_and_not_made(folder: Path) -> None:
    run_init("--yes")
    assert "will be made" in outcomes()["store"]["answer"]
    config = load(folder / "watcher.toml", {})
    assert not (config.data / "watcher.sqlite").exists()
    Store.open(config.store_url).close()
    assert outcomes()["store"]["state"] == "ok"
    (config.data / "watcher.sqlite").write_bytes(b"no database at all" * 1000)
    assert outcomes()["store"]["state"] == "failed"


def test_a_data_folder_that_is_a_file_fails(folder: Path) -> None:
    run_init("--yes")
    path = folder / "watcher.toml"
    (folder / "taken").write_text("")
    path.write_text(path.read_text().replace('data = "watcher-data"', 'data = "taken"'))
    assert outcomes()["data folder"]["state"] == "failed"


def test_an_error_nobody_foresaw_is_one_row_without_its_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_init("--yes")

    def broken(*_: object) -> str:
        raise TypeError("hunter2")

    monkeypatch.setattr(checks, "store", broken)
    found = outcomes()
    assert found["store"]["state"] == "failed"
    assert "TypeError" in found["store"]["answer"]
    assert "hunter2" not in str(found)
    assert found["mail"]["state"] == "ok"


def test_another_distribution_with_our_import_names_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        checks, "packages_distributions", lambda: {"rules": ["brand-watcher", "rules-engine"]}
    )
    with pytest.raises(
        checks.WatcherError, match="rules-engine also installs as `rules`"
    ) as caught:
        checks.installation()
    assert "uv tool install" in caught.value.help


def test_a_package_of_ours_that_comes_from_elsewhere_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stranger = SimpleNamespace(__file__=str(tmp_path / "alerts" / "__init__.py"))
    real = checks.importlib.import_module
    monkeypatch.setattr(
        checks.importlib,
        "import_module",
        lambda name: stranger if name == "alerts" else real(name),
    )
    with pytest.raises(checks.WatcherError, match=r"a package in .* also installs as"):
        checks.installation()


def test_scarce_room_is_a_doubt_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(checks.DoubtError, match="only 1 MB free"):
        checks.data_folder(tmp_path / "data")


def test_no_thread_of_a_finished_check_stays(folder: Path) -> None:
    before = threading.active_count()
    run_init("--yes")
    outcomes()
    assert threading.active_count() <= before + 1


def test_problems_are_told_line_by_line_also_where_a_warning_comes_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_init("--yes").exit_code == 0
    file = folder / "watcher.toml"
    text = file.read_text()
    unused = '[[lists]]\nname = "unused"\nitems = ["a"]\n'
    file.write_text(f'{text}\n{unused}[[rules]]\nname = "wrong"\nfind = "lagn:fr"\nthen = []\n')
    assert run(["check"]) == 2
    screens = capsys.readouterr().err
    assert screens.index("warning[unused-list]") < screens.index("error[unknown-field]")
    assert '| find = "lagn:fr"\n' in screens
