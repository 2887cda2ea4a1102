"""The arrows point one way, and each foreign library has one room."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("rules", "alerts", "watcher")

MAY_IMPORT = {
    "rules": {"rules"},
    "alerts": {"alerts", "rules"},
    "watcher": {"watcher", "alerts", "rules"},
}

ROOMS = {
    "ahocorasick": ("rules/lookalike/index.py",),
    "aiosmtplib": ("alerts/smtp/",),
    "alembic": ("watcher/store/",),
    "apprise": ("alerts/channels/notify.py",),
    "apscheduler": ("watcher/schedule.py",),
    "atproto": ("watcher/backends/bluesky/client.py",),
    "babel": ("alerts/",),
    "click": ("watcher/cli/",),
    "css_inline": ("alerts/words/render.py",),
    "dask": ("watcher/scale/dask_",),
    "distributed": ("watcher/scale/dask_",),
    "dkim": ("alerts/mail/dkim.py",),
    "dns": ("alerts/mail/dkim.py",),
    "email_validator": ("alerts/mail/address.py",),
    "httpx": ("watcher/backends/http/transport.py",),
    "idna": ("rules/lookalike/hosts.py",),
    "feedparser": ("watcher/backends/feed/",),
    "filelock": ("watcher/presence.py",),
    "jinja2": ("alerts/words/render.py",),
    "libipld": ("watcher/backends/bluesky/repository.py",),
    "PIL": ("alerts/digest/chart.py", "watcher/impostors/perceptual_hash.py"),
    "markupsafe": ("alerts/words/speech.py",),
    "mastodon": ("watcher/backends/mastodon/client.py",),
    "platformdirs": ("watcher/config.py",),
    "prometheus_client": ("watcher/metrics/",),
    "psycopg": ("watcher/store/",),
    "pyarrow": ("watcher/export/as_parquet.py", "watcher/scale/arrow.py"),
    "py3langid": ("rules/signals/language.py",),
    "rapidfuzz": (
        "rules/copies.py",
        "rules/evaluation/slots.py",
        "rules/language/",
        "rules/lookalike/",
        "watcher/toml/",
    ),
    "requests": ("watcher/backends/http/", "watcher/backends/mastodon/client.py"),
    "rich": ("watcher/cli/",),
    "sqlalchemy": ("watcher/store/",),
    "re2": ("rules/regex.py",),
    "tldextract": ("rules/",),
    "tree_sitter": ("watcher/toml/",),
    "tree_sitter_toml": ("watcher/toml/",),
    "tweepy": ("watcher/backends/x/client.py",),
    "urllib3": ("watcher/backends/http/",),
    "wcwidth": ("watcher/toml/",),
    "websockets": ("watcher/backends/websocket.py",),
    "whoosh": ("watcher/search/",),
}


def imports() -> Iterator[tuple[str, int, str]]:
    """Yield (file, line, module) of every import of the three packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        yield name, node.lineno, alias.name
                elif isinstance(node, ast.ImportFrom):
                    assert node.level == 0, f"{name}:{node.lineno}: write the whole name"
                    yield name, node.lineno, node.module or ""


def test_no_import_points_upward() -> None:
    upward = [
        f"{file}:{line}: {file.split('/')[0]} imports {module}"
        for file, line, module in imports()
        if (top := module.split(".")[0]) in PACKAGES and top not in MAY_IMPORT[file.split("/")[0]]
    ]
    assert upward == []


def test_each_foreign_library_stays_in_its_room() -> None:
    strays = []
    for file, line, module in imports():
        library = module.split(".")[0]
        if library in PACKAGES or library in sys.stdlib_module_names:
            continue
        rooms = ROOMS.get(library, ())
        if not any(file.startswith(room) for room in rooms):
            strays.append(f"{file}:{line}: {library} belongs in {', '.join(rooms) or 'no room'}")
    assert strays == []


@pytest.mark.parametrize("library", ["sqlite3", "socket", "urllib.request", "http.client"])
def test_the_rules_touch_neither_network_nor_database(library: str) -> None:
    assert [
        f"{file}:{line}"
        for file, line, module in imports()
        if file.startswith("rules/") and module == library
    ] == []


def test_the_rules_ask_no_clock() -> None:
    """What the rules and the alerts decide depends on the time they are given."""
    asking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("rules", "alerts")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]
    assert asking == []
