"""Reports that leave by themselves: in time, once, to everybody in their language."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

import watcher.reports.letter
from alerts import ReportMail
from alerts.schedule import Timetable, due_monthly, next_monthly
from rules.errors import Problem
from tests.reports.conftest import CONFIG, FIRST, NOW, posts
from tests.store.samples import page
from watcher import pipeline
from watcher.app import App
from watcher.config import ConfigError, load
from watcher.mailing import renew
from watcher.store import DeliveryRecord
from watcher.store.schema import suppressions

PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[App]:
    (tmp_path / "watcher.toml").write_text(CONFIG)
    app = App.open(load(tmp_path / "watcher.toml", {}), clock=clock)
    some = [
        post for n, post in enumerate(posts()) if n % 12 == 0 or post.private or post.id == "evil"
    ]
    app.store.save_page("square", page(*some), FIRST)
    app.store.record_pull("square", FIRST, NOW, reached_newest=True)
    pipeline.match(app)
    yield app
    app.close()


def mailed(app: App) -> list[tuple[DeliveryRecord, EmailMessage]]:
    found = [one for one in app.store.deliveries(limit=100) if one.channel == "weekly report"]
    return [
        (one, message_from_bytes(app.store.delivery(one.id).payload, EmailMessage, policy=default))
        for one in found[::-1]
    ]


def test_everybody_gets_one_mail_in_their_language_with_the_page_attached(world: App) -> None:
    assert not [one.error for one in pipeline.plan(world) if one.error]
    mails = {one.recipient: mail for one, mail in mailed(world)}
    assert mails.keys() == {"ada@acme.example", "zoe@acme.example"}
    assert mails["ada@acme.example"]["Subject"] == "weekly report: Acme, Apr 6 to Apr 12, 2026"
    assert mails["zoe@acme.example"]["Content-Language"] == "fr"
    for mail in mails.values():
        [attached] = mail.iter_attachments()
        assert attached.get_filename() == "report-2026-04-06.html"
        assert attached.get_content_type() == "text/html"
        text = attached.get_content()
        assert "default-src" in str(text)
        whole = mail.as_string() + str(text)
        assert "SECRETWORD" not in whole
        body = mail.get_body(("plain",))
        assert body is not None
        assert "1. " in body.get_content()
    assert "Ce qui" in str(mails["zoe@acme.example"].get_body(("html",)).get_content())  # type: ignore[union-attr]


@pytest.mark.drill
def test_a_report_is_mailed_once(world: App, clock: Clock) -> None:
    pipeline.plan(world)
    clock.now += DAY
    pipeline.plan(world)
    assert len(mailed(world)) == 2
    clock.now = NOW + 7 * DAY
    pipeline.plan(world)
    assert len(mailed(world)) == 4


@pytest.mark.drill
def test_what_was_missed_leaves_once_and_says_that_it_is_late(world: App, clock: Clock) -> None:
    pipeline.plan(world)
    clock.now = NOW + 24 * DAY
    pipeline.plan(world)
    late = mailed(world)[2:]
    assert len(late) == 2
    assert "Apr 27 to May 3" in late[0][1]["Subject"]
    body = late[0][1].get_body(("plain",))
    assert body is not None
    assert "This report is late." in body.get_content()


@pytest.mark.drill
def test_the_bytes_of_a_mail_are_those_of_every_attempt(world: App) -> None:
    pipeline.plan(world)
    [(one, _), *_] = mailed(world)
    before = world.store.delivery(one.id)
    pipeline.deliver(world)
    after = world.store.delivery(one.id)
    assert (after.payload, after.message_id) == (before.payload, before.message_id)
    assert {state.state for state, _ in mailed(world)} == {"sent"}


@pytest.mark.drill
def test_who_is_suppressed_gets_no_report(world: App) -> None:
    with world.store.writing() as connection:
        gone = {"recipient": "ada@acme.example", "channel": "", "since": NOW, "why": "bounced"}
        connection.execute(insert(suppressions), gone | {"detail": "", "delivery": None})
    pipeline.plan(world)
    assert [one.recipient for one, _ in mailed(world)] == ["zoe@acme.example"]


@pytest.mark.drill
def test_what_is_too_large_is_left_out_and_told(
    world: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher.reports.letter, "LARGEST", 1000)
    pipeline.plan(world)
    [(_, mail), *_] = mailed(world)
    assert list(mail.iter_attachments()) == []
    body = mail.get_body(("plain",))
    assert body is not None
    assert "too large for a mail" in " ".join(body.get_content().split())


@pytest.mark.drill
def test_a_machine_without_chromium_mails_the_page_alone(
    world: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHER_CHROMIUM", "no-such-program")
    channels = tuple(
        replace(one, pdf=True) if isinstance(one, ReportMail) else one
        for one in world.config.channels
    )
    pipeline.plan(replace(world, config=replace(world.config, channels=channels)))
    [(_, mail), *_] = mailed(world)
    assert [one.get_content_type() for one in mail.iter_attachments()] == ["text/html"]
    assert "PDF could not be made" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_rule_tells_a_report_nothing(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text(
        CONFIG.replace('then = ["daily"]', 'then = ["weekly report"]')
    )
    with pytest.raises(ConfigError, match="tells of no single finding"):
        load(tmp_path / "watcher.toml", {})


def test_a_report_on_a_brand_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text(
        CONFIG.replace('brands = ["Acme"]', 'brands = ["Acmee"]')
    )
    with pytest.raises(ConfigError, match="Acmee"):
        load(tmp_path / "watcher.toml", {})


def monthly(**more: object) -> ReportMail:
    values: dict[str, object] = {"name": "m", "to": ("a@acme.example",), "send": "monthly"}
    return ReportMail(**values | more)  # type: ignore[arg-type]


def codes(channel: ReportMail) -> set[str]:
    return {one.code for one in channel.problems() if isinstance(one, Problem)}


def test_what_the_table_cannot_mean_is_told() -> None:
    assert codes(monthly()) == set()
    assert codes(monthly(day=31)) == {"out-of-range"}
    assert codes(monthly(days=("mon", "tue"))) == {"one-day"}
    assert "no-recipient" in codes(monthly(to=()))
    assert "bad-timezone" in codes(monthly(timezone="Mars/Base"))


def test_a_monthly_report_leaves_on_its_day_on_the_clock_of_its_zone() -> None:
    timetable = Timetable(send="weekly", zone=PARIS)
    now = datetime(2026, 4, 1, 6, 10, tzinfo=UTC)
    slot = due_monthly(timetable, 1, time(8), None, now)
    assert slot is not None
    assert (slot.at, slot.first, slot.late) == (datetime(2026, 4, 1, 6, tzinfo=UTC), True, False)
    assert due_monthly(timetable, 1, time(8), slot.at, now + 20 * DAY) is None
    later = due_monthly(timetable, 1, time(8), slot.at, now + 70 * DAY)
    assert later is not None
    assert (later.at, later.late) == (datetime(2026, 6, 1, 6, tzinfo=UTC), True)
    assert next_monthly(PARIS, 1, time(8), now) == datetime(2026, 5, 1, 6, tzinfo=UTC)
    assert next_monthly(PARIS, 28, time(8), now) == datetime(2026, 4, 28, 6, tzinfo=UTC)


def all_of(mail: EmailMessage) -> str:
    """The mail with the page that is attached to it."""
    return mail.as_string() + "".join(str(one.get_content()) for one in mail.iter_attachments())


@pytest.mark.drill
def test_a_post_that_is_deleted_before_the_report_leaves_is_taken_out_of_it(world: App) -> None:
    pipeline.plan(world)
    assert all("@evil" in all_of(mail) for _, mail in mailed(world))
    world.store.save_page("square", page(deleted=("evil",)), NOW)
    renew(world)
    mails = mailed(world)
    assert [one.recipient for one, _ in mails] == ["ada@acme.example", "zoe@acme.example"]
    assert not any("@evil" in all_of(mail) for _, mail in mails)
    assert "Apr 6 to Apr 12" in mails[0][1]["Subject"]
    assert mails[1][1]["Content-Language"] == "fr"
    pipeline.deliver(world)
    assert {one.state for one, _ in mailed(world)} == {"sent"}


@pytest.mark.drill
def test_what_left_already_stays_as_it_was_when_a_post_is_deleted(world: App) -> None:
    pipeline.plan(world)
    pipeline.deliver(world)
    before = [world.store.delivery(one.id).payload for one, _ in mailed(world)]
    world.store.save_page("square", page(deleted=("evil",)), NOW)
    renew(world)
    assert [world.store.delivery(one.id).payload for one, _ in mailed(world)] == before


@pytest.mark.drill
def test_a_report_that_left_loses_its_content_when_a_person_in_it_is_forgotten(
    world: App,
) -> None:
    pipeline.plan(world)
    pipeline.deliver(world)
    [held] = world.store.accounts_called("town:evil")
    world.store.forget_account(held, NOW)
    assert {world.store.delivery(one.id).payload for one, _ in mailed(world)} == {b""}
