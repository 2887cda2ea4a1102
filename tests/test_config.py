"""The configuration: its screens, its names, its secrets, and where it is found."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alerts import MailFolder, SmtpServer
from rules import KeywordRule
from watcher.backends import ArchiveSource, BlueskySource, FeedSource, LocalSource, MastodonSource
from watcher.config import ConfigError, find, load
from watcher.files import example_config
from watcher.toml import screens

BAD = Path(__file__).parent / "bad_configs"
ENV = {
    "SET": "hunter2",
    "EMPTY": "",
    "MAIL_ADDRESS": "mailto://hunter2@acme.example",
    "OPEN_HOOK": "http://hooks.acme.example/hunter2",
    "HOOK_KEY": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    "SHORT_KEY": "whsec_aHVudGVyMg==",
}
TOWN = '[[sources]]\nname = "town"\nkind = "local"\nfile = "town.sqlite"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "watcher.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path, env: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path, env or {})
    return caught.value


def screen_of(path: Path) -> str:
    """Everything a person sees of a configuration: errors, or else warnings."""
    try:
        config = load(path, ENV)
    except ConfigError as error:
        return f"{error}\nhelp: {error.help}" if error.help else str(error)
    return screens(config.warnings)


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_a_mistake_is_answered_with_its_screen(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    screen = screen_of(path)
    assert screen + "\n" == path.with_suffix(".txt").read_text()
    assert "hunter2" not in screen


def test_every_mistake_has_its_screen_and_every_screen_its_mistake() -> None:
    assert {path.stem for path in BAD.glob("*.toml")} == {path.stem for path in BAD.glob("*.txt")}


def test_the_example_loads_without_a_doubt() -> None:
    config = load(example_config(), {})
    assert config.warnings == ()
    assert [type(source) for source in config.sources] == [
        LocalSource,
        ArchiveSource,
        MastodonSource,
        BlueskySource,
        BlueskySource,
        FeedSource,
    ]
    assert isinstance(config.rules[0], KeywordRule)


SECRETS = {
    "WATCHER_DB_PASSWORD": "a",
    "SMTP_PASSWORD": "b",
    "SLACK_URL": "slack://TokenA/TokenB/TokenC",
    "TEAMS_URL": "workflows://host/id/signature",
    "NTFY_URL": "ntfy://topic",
    "HOOK_URL": "https://hooks.acme.example/watch",
    "HOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    "FEED_TOKEN": "c",
    "BLUESKY_PASSWORD": "e",
    "MASTODON_TOKEN": "f",
    "X_BEARER_TOKEN": "d",
    "MAIL_CLIENT_SECRET": "g",
    "IMAP_PASSWORD": "h",
}


def test_the_example_loads_with_every_setting_at_rest_in_use(tmp_path: Path) -> None:
    text = example_config().read_text()
    text = re.sub(r"(?ms)^\[mail\].*?(?=^# For real)", "", text)  # of two [mail] tables, one
    text = re.sub(r"(?m)^#(?! |$)", "", text)
    text = text.replace('url = ""', 'url = "postgresql+psycopg://watcher@db.acme.example/watcher"')
    text = text.replace('ca_file = "company-ca.pem"', "")
    # Of two ways to log in, one; of two mailboxes, one.
    text = text.replace('auth = "auto"', 'auth = "xoauth2"')
    text = text.replace('password = "${SMTP_PASSWORD}"\n', "")
    text = text.replace('maildir = "/var/mail/watch"\n', "")
    subprocess.run(["openssl", "genrsa", "-out", tmp_path / "dkim.pem", "2048"], check=True)
    (tmp_path / "mail-refresh-token").write_text("i")
    text = text.replace("rss?q=acme", "rss?q=acme&key={secret}")
    config = load(write(tmp_path, text), SECRETS)
    assert isinstance(config.mail, SmtpServer)
    exports = config.sources[1]
    assert isinstance(exports, ArchiveSource)
    assert exports.mapping is not None
    assert all(exports.mapping.paths().values())


def test_an_empty_file_is_a_configuration_that_watches_nothing(tmp_path: Path) -> None:
    config = load(write(tmp_path, ""), {})
    assert [warning.problem.code for warning in config.warnings] == ["no-source"]
    assert config.data == tmp_path / "watcher-data"
    assert config.mail == MailFolder(folder=tmp_path / "watcher-data" / "outbox")


def test_relative_paths_start_at_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    write(
        tmp_path / "conf",
        'data = "../data"\n[mail]\nkind = "outbox"\nfolder = "out"\nfrom = "a@b.example"\n' + TOWN,
    )
    monkeypatch.chdir(tmp_path)
    config = load(Path("conf/watcher.toml"), {})
    assert config.folder == tmp_path / "conf"
    assert config.data.resolve() == tmp_path / "data"
    assert isinstance(config.mail, MailFolder)
    assert config.mail.folder == tmp_path / "conf" / "out"


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("", "sqlite:////{folder}/watcher-data/watcher.sqlite"),
        ('url = "sqlite:///posts.sqlite"', "sqlite:////{folder}/posts.sqlite"),
        ('url = "sqlite:////var/posts.sqlite"', "sqlite:////var/posts.sqlite"),
        ('url = "postgresql+psycopg://me@host/x"', "postgresql+psycopg://me@host/x"),
        (
            'url = "postgresql+psycopg://me@host:99/x?sslmode=require"\npassword = "${PW}"',
            "postgresql+psycopg://me:p%40ss%2Fw@host:99/x?sslmode=require",
        ),
    ],
)
def test_the_database_is_where_the_table_says(tmp_path: Path, store: str, url: str) -> None:
    config = load(write(tmp_path, f"[store]\n{store}\n{TOWN}"), {"PW": "p@ss/w"})
    assert config.store_url == url.format(folder=str(tmp_path).lstrip("/"))
    assert "p@ss" not in repr(config)
    assert "p%40" not in repr(config)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "watcher.toml"
    path.write_bytes(b"\xef\xbb\xbf" + f"x = 1\n{TOWN}".replace("\n", "\r\n").encode())
    [finding] = refused(path).findings
    assert (finding.problem.code, finding.line, finding.column) == ("unknown-key", 1, 1)
    assert finding.text == "x = 1"


def test_a_file_in_utf_16_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "watcher.toml"
    path.write_bytes(TOWN.encode("utf-16"))
    assert "not UTF-8 but UTF-16" in str(refused(path))


def test_a_file_that_is_no_configuration_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"{}\n" * 400_000)
    error = refused(path)
    assert error.code == "large-file"
    assert "another file" in error.help


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path: Path) -> None:
    missing = refused(tmp_path / "nowhere.toml")
    assert missing.code == "no-such-file"
    assert "watcher init" in missing.help
    assert "is a directory" in str(refused(tmp_path))


def test_a_configuration_is_looked_for_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    (home / "watcher").mkdir(parents=True)
    here.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    with pytest.raises(ConfigError, match="there is no configuration") as caught:
        find(None, {}, here)
    assert "watcher init" in caught.value.help
    assert find(None, {"WATCHER_CONFIG": "/named.toml"}, here) == Path("/named.toml")
    assert find(Path("/given.toml"), {"WATCHER_CONFIG": "/named.toml"}, here) == Path("/given.toml")
    own = write(home / "watcher", "")
    assert find(None, {}, here) == own
    local = write(here, "")
    assert find(None, {}, here) == local


def test_a_broken_kind_hides_no_dangling_name_and_makes_none(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"{TOWN}"
        "[[rules]]\nname = 'a'\nfind = '('\nthen = ['daily', 'dayly']\n"
        "[[channels]]\nname = 'daily'\nkind = 'emial'\nto = ['a']\n",
    )
    codes = [finding.problem.code for finding in refused(path).findings]
    assert codes == ["unclosed-bracket", "unknown-name", "unknown-kind"]


def test_thousands_of_rules_load_quickly_and_are_checked(tmp_path: Path) -> None:
    rules = "".join(f"[[rules]]\nname = 'r{i}'\nfind = 'a{i} b'\nthen = []\n" for i in range(2000))
    config = load(write(tmp_path, TOWN + rules), {})
    assert len(config.rules) == 2000


def test_a_file_outside_the_working_folder_is_called_by_its_whole_path(tmp_path: Path) -> None:
    copy = tmp_path / "bad.toml"
    shutil.copy(BAD / "unknown-key.toml", copy)
    assert str(refused(copy)).startswith(f"{copy}:6:1: error[unknown-key]")


def test_the_fingerprint_tells_what_is_watched_and_not_where(tmp_path: Path) -> None:
    def fingerprint(name: str, text: str, env: dict[str, str] | None = None) -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        return load(write(tmp_path / name, text), env or {}).fingerprint

    server = '[store]\nurl = "postgresql+psycopg://w@{}/w"\npassword = "${{SET}}"\n'
    here = fingerprint("here", 'data = "d"\n' + server.format("db") + TOWN, {"SET": "a"})
    there = fingerprint(
        "there", "# as on the other\n" + TOWN + server.format("other.example"), {"SET": "b"}
    )
    assert re.fullmatch("[0-9a-f]{10}", here)
    assert there == here
    for other in (TOWN.replace("town", "city"), TOWN + '[[brands]]\nname = "Nordelia"\n'):
        assert fingerprint("other", other) != here
    assert fingerprint("other", "[store]\nkeep_days = 7\n" + TOWN) != here
