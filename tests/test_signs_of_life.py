"""What a process says of itself while the database cannot be told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

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


def test_no_sign_of_life_takes_back_the_role_that_a_process_took_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.sqlite")
    began, taken = Event(), Event()
    write = store.beat

    def slow(*args: Any, **values: Any) -> bool:
        if values["role"] == "stands by":  # on its way when the role changes
            began.set()
            taken.wait(0.2)
        return write(*args, **values)

    with SignsOfLife(store, lambda: NOW, Pulse()) as life:
        monkeypatch.setattr(store, "beat", slow)
        with ThreadPoolExecutor() as pool:
            sign = pool.submit(life.again)
            assert began.wait(30)
            life.plays("leads")
            taken.set()
            sign.result()
        (known,) = store.workers(NOW)
        assert known.role == "leads"
    store.close()
