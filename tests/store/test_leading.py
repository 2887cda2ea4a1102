"""Who leads: the lock goes with its connection, and the server knows who holds it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from watcher.store import Lead, Store, StoreError
from watcher.store.database import open_postgresql, parse

pytestmark = pytest.mark.server


@pytest.fixture
def shared(postgres_url: str) -> Iterator[tuple[str, Store]]:
    store = Store.open(postgres_url)
    yield postgres_url, store
    store.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_lost(lead: Lead) -> bool:
    try:
        lead.check()
    except StoreError:
        return True
    return False


def test_the_server_knows_which_connection_leads(shared: tuple[str, Store]) -> None:
    url, store = shared
    one, two = Lead(url), Lead(url)
    assert [one.attempt(), two.attempt()] == [True, False]
    assert [store.holds_lead(lead.session) for lead in (one, two)] == [True, False]
    former = one.session
    one.release()
    until(lambda: not store.holds_lead(former))
    assert two.attempt()
    assert store.holds_lead(two.session)
    assert not store.holds_lead(one.session)
    two.release()


def test_who_asks_nothing_for_the_length_of_the_lease_leads_no_more(
    shared: tuple[str, Store],
) -> None:
    url, store = shared
    hanging, other = Lead(url, lease=timedelta(milliseconds=100)), Lead(url)
    assert hanging.attempt()
    former = hanging.session
    until(other.attempt)
    assert not store.holds_lead(former)
    assert is_lost(hanging)
    assert not hanging.attempt()
    hanging.release()
    other.release()


def test_the_lock_of_a_single_run_has_no_lease(shared: tuple[str, Store]) -> None:
    url, _ = shared
    lead = Lead(url, lease=None)
    assert lead.attempt()
    assert lead._ask(text("SHOW idle_session_timeout")) == "0"
    lead.release()


def parameters(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """What our end and the server's end of a connection go by; the server's as it was asked."""
    engine = open_postgresql(parse(url))
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        ours = driver.info.get_parameters()
        names = "name LIKE 'tcp\\_%' OR name = 'lock_timeout'"
        rows = connection.execute(text(f"SELECT name, reset_val FROM pg_settings WHERE {names}"))
        theirs = {row.name: row.reset_val for row in rows}
    engine.dispose()
    return ours, theirs


def test_both_ends_find_out_within_a_minute_that_the_other_one_went(postgres_url: str) -> None:
    ours, theirs = parameters(postgres_url)
    assert theirs == {
        "lock_timeout": "30000",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "60000",
    }
    assert {name: ours.get(name) for name in sorted(ours) if name.startswith(("keep", "tcp"))} == {
        "keepalives": "1",
        "keepalives_count": "3",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "tcp_user_timeout": "60000",
    }


def test_an_address_may_name_other_times(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"keepalives_idle": "7"})
    ours, _ = parameters(url.render_as_string(hide_password=False))
    assert (ours["keepalives_idle"], ours["keepalives_interval"]) == ("7", "10")


@pytest.mark.parametrize(
    "options",
    ["-csearch_path=mine -clock_timeout=7s", ("-csearch_path=mine", "-clock_timeout=7s")],
)
def test_settings_in_an_address_come_before_ours(
    postgres_url: str, options: str | tuple[str, ...]
) -> None:
    plain = create_engine(postgres_url)
    with plain.begin() as connection:
        connection.execute(text("CREATE SCHEMA mine"))
    parsed = make_url(postgres_url).update_query_dict({"options": options})
    url = parsed.render_as_string(hide_password=False)
    Store.open(url).close()
    with plain.connect() as connection:
        kept = text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'posts'")
        assert connection.execute(kept).scalars().all() == ["mine"]
    plain.dispose()
    _, theirs = parameters(url)
    assert theirs["lock_timeout"] == "7000"
    assert theirs["tcp_keepalives_idle"] == "30"
