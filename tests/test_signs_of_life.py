"""What a process says of itself while the database cannot be told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.presence import SignsOfLife
from watcher.pulse import Pulse
from watcher.store import Store, StoreError

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_who_leads_no_more_says_so_though_the_database_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StoreError("the database server does not answer as it should")

    store, pulse = Store.open(f"sqlite:///{tmp_path}/store.sqlite"), Pulse()
    with SignsOfLife(store, lambda: NOW, pulse) as life:
        life.plays("leads")
        assert pulse.role == "leads"
        with monkeypatch.context() as patched:
            patched.setattr(store, "beat", gone)
            with pytest.raises(StoreError):
                life.plays("stands by")
            assert pulse.role == "stands by"
        life.plays("leads")  # the first to lead again, before the database heard otherwise
        assert pulse.role == "leads"
    store.close()
