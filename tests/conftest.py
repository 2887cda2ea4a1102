"""What every test may use: the real posts, where they are at hand."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.bluesky.real import bluesky
from tests.browser import browser
from tests.mailhost import mail_host, running_mail_host
from tests.servers import faketime, postgres, postgres_url
from tests.smtp import inbox

__all__ = [
    "bluesky",
    "browser",
    "faketime",
    "inbox",
    "mail_host",
    "postgres",
    "postgres_url",
    "running_mail_host",
    "shared_data",
]

# Other work on the machine must fail no example; under CI the same examples are tried each time.
settings.register_profile("watcher", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("watcher")

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real posts; the test is skipped where it is absent, and fails under CI."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    message = f"the research data is not at {SHARED_DATA}: put it there to run this test"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home, so that no test touches the configuration of whoever runs it."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("XDG_CACHE_HOME", cache)  # what package installers keep may be used
        patch.delenv("WATCHER_CONFIG", raising=False)
        yield home
