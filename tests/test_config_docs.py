"""docs/config.md and config.example.toml tell every key, and tell the truth."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alerts import DigestChannel, Outlet
from watcher.files import example_config
from watcher.toml.kinds import keys_of

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import config_reference  # noqa: E402

HEADER = re.compile(r"#?(\[+)([\w.]+)\]+$")


def test_the_page_tells_every_table_and_key_as_the_code_has_them() -> None:
    assert config_reference.PAGE.read_text() == config_reference.page(), (
        "write it anew: python docs/config_reference.py"
    )


def test_every_code_of_a_bad_configuration_is_explained() -> None:
    screens = "".join(path.read_text() for path in ROOT.glob("tests/bad_configs/*.txt"))
    codes = set(re.findall(r": (?:error|warning)\[([\w-]+)\]", screens))
    modules = [
        path for part in ("alerts", "rules", "watcher") for path in ROOT.glob(f"{part}/**/*.py")
    ]
    codes.update(*(re.findall(r'code="([\w-]+)"', path.read_text()) for path in modules))
    explained = "".join(
        (ROOT / "docs" / page).read_text()
        for page in ("config.md", "rules.md", "lint.md", "tuning.md", "import.md")
    )
    assert {code for code in codes if f"`{code}`" not in explained} == set()


def sections(text: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield (table, all its keys, those at rest) of the example, section by section."""
    name, lines = "", list[str]()
    for line in [*text.splitlines(), "[end]"]:
        if header := HEADER.match(line):
            rest = "\n".join(one[1:] for one in lines if re.match(r"#\w", one))
            used = "\n".join(one for one in lines if not one.startswith("#"))
            yield name, tomllib.loads(f"{used}\n{rest}"), tomllib.loads(rest)
            name, lines = header[2], []
        else:
            lines.append(line)


def table_of(name: str, values: dict[str, Any]) -> config_reference.Table:
    found = [table for table in config_reference.tables() if table.path == name]
    kind = values.get("kind", "keyword")
    return next(table for table in found if table.kind in ("", kind))


def test_the_example_shows_every_key_of_every_kind() -> None:
    shown: dict[str, set[str]] = {}
    for name, values, _ in sections(example_config().read_text()):
        table = table_of(name, values)
        shown.setdefault(table.heading, set()).update(values)
        for key, value in values.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):  # quiet = { ... }, to = [..., { ... }]
                    inner = table_of(f"{name}.{key}", one)
                    shown.setdefault(inner.heading, set()).update(one)
    for table in config_reference.tables():
        keys = {
            key.name
            for key in keys_of(table.type)
            if not any(inner.path == f"{table.path}.{key.name}".lstrip(".") for inner in TABLES)
            and not (key.name == "kind" and table.usual)
        }
        keys -= SHARED if table.path == "rules.rate" else set()
        if isinstance(table.type, type) and issubclass(table.type, Outlet):
            keys -= {key.name for key in keys_of(DigestChannel)}  # those of mails show them
        assert keys - shown.get(table.heading, set()) == set(), table.heading


TABLES = tuple(config_reference.tables())

# Keys that several rates have and one of them shows, or that exclude another that is shown.
SHARED = {"by", "distinct", "fewer_than"}

# Settings that rest because they are a choice, not because they show what holds anyway.
CHOICES = {
    "": {"templates"},
    "store": {"archive", "log", "password"},
    "mail": {"kind", "host", "from", "username", "password", "ca_file", "private_to"},
    "mail.dkim": {"selector", "key", "domain"},
    "mail.oauth": {"token_url", "client_id", "client_secret", "refresh_token"},
    "mail.returns": {"address", "maildir", "imap", "username", "password", "ca_file"},
    "sources": {"name", "kind", "token", "rules", "keep_days", "network", "secret", "password"},
    "rules": {"alarms_a_week"},
    "channels": {
        "name",
        "kind",
        "url",
        "urls",
        "secret",
        "ca_file",
        "send",
        "file",
        "address",
        "to",
        "days",
        "quiet",
    },
}


def test_a_setting_at_rest_shows_what_holds_anyway() -> None:
    for name, values, resting in sections(example_config().read_text()):
        if name == "sources.mapping":
            continue
        defaults = {key.name: key.default for key in keys_of(table_of(name, values).type)}
        for key, value in resting.items():
            if key in CHOICES.get(name, ()):
                continue
            default = defaults[key]
            if isinstance(default, Path):
                default = str(default)
            wanted = list(default) if isinstance(default, tuple) else default
            assert value == wanted, f"[{name}] {key}"
