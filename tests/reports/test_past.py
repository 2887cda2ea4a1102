"""A report of a time that is past tells it as it was at its end, not as it is today."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.words.render import Templates
from rules.model import Post
from tests.reports.conftest import CONFIG, FIRST, NOW, facts_of, person
from tests.store.samples import page, suspect
from watcher import files, pipeline
from watcher.app import App
from watcher.config import load
from watcher.insights.model import Period
from watcher.reports import Facts, compose, speaking
from watcher.reports import page as written
from watcher.reports.model import Paragraph

ASKED = datetime(2026, 4, 8, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def said(id: str, author: str, text: str, at: datetime, reply_to: str | None = None) -> Post:
    return Post(
        network="town", id=id, author=person(author), text=text, posted_at=at, reply_to=reply_to,
        mentions=("acme",) if author != "acme" else (), language="en",
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "watcher.toml").write_text(CONFIG)
    with App.open(load(tmp_path / "watcher.toml", {}), clock=lambda: NOW) as app:
        posts = (
            said("1", "bea", "@acme where is my refund?", ASKED - DAY),
            said("2", "acme", "@bea on its way", ASKED - DAY + timedelta(hours=1), "1"),
            said("3", "cid", "@acme my kettle is broken, I want a refund", ASKED),
            said("4", "acme", "@cid sorry, it is on its way", ASKED + 2 * DAY, "3"),
        )
        app.store.save_page("square", page(*posts), FIRST)
        app.store.record_pull("square", FIRST, NOW, reached_newest=True)
        pipeline.match(app)
        yield app


def days(first: int, last: int) -> Period:
    return Period.of_days(date(2026, 4, first), date(2026, 4, last), ZoneInfo("Europe/Paris"))


def test_who_waited_at_the_end_of_the_period_is_told_though_answered_since(world: App) -> None:
    [brand] = facts_of(world, days(6, 8), "Acme").brands
    [waiting] = brand.inbox
    assert waiting.post.author.handle == "cid"
    assert waiting.waiting == days(6, 8).until - ASKED
    assert (brand.own_posts.posts, brand.own_posts.answers) == (1, 1)


def test_who_was_answered_within_the_period_does_not_wait(world: App) -> None:
    [brand] = facts_of(world, days(6, 12), "Acme").brands
    assert brand.inbox == ()


def test_what_was_asked_in_the_period_and_answered_within_a_week_counts_as_answered(
    world: App,
) -> None:
    [acme, *_] = facts_of(world, days(6, 8), "Acme").brands[0].answering
    assert acme.addressed == 2
    assert acme.answered is not None
    assert acme.answered.value == 1


def test_an_inbox_of_a_time_after_the_question_forgets_it(world: App) -> None:
    [brand] = facts_of(world, days(9, 9), "Acme").brands
    assert brand.inbox == ()


def test_who_is_held_for_an_imitation_is_no_customer_who_waits(world: App) -> None:
    cid = person("cid")
    found = replace(suspect(cid.key), name="cid")
    world.store.save_suspects([cid], [found], {"lookalikes": ("daily",)}, NOW)
    facts = facts_of(world, days(6, 8), "Acme")
    [brand] = facts.brands
    assert (brand.inbox, brand.hidden_inbox, brand.suspect_inbox) == ((), 0, 1)
    [chapter] = compose(Templates(files.templates()), facts, "en").chapters
    [section] = [one for one in chapter.sections if one.key == "inbox"]
    said = " ".join(one.text for one in section.blocks if isinstance(one, Paragraph))
    assert "no customer of Acme waited" in said
    assert "1 more is held for an imitation" in said


def test_how_many_own_accounts_are_left_out_is_said(world: App) -> None:
    brand = world.config.brands[0]
    many = [person(f"acme{number}") for number in range(5)]
    world.store.save_page("square", page(accounts=many), NOW)
    named = replace(brand, accounts=("nobody", *(one.handle for one in many)))
    brands = (named, *world.config.brands[1:])
    facts = facts_of(
        replace(world, config=replace(world.config, brands=brands)), days(6, 8), "Acme"
    )
    assert (len(facts.brands[0].accounts), facts.brands[0].more_accounts) == (3, 2)
    assert "2 more of Acme’s own accounts are known" in told(facts, "accounts")
    assert "own accounts is known" not in told(facts_of(world, days(6, 8), "Acme"), "accounts")


def told(facts: Facts, key: str) -> str:
    """Everything that a section says in sentences."""
    [chapter] = compose(Templates(files.templates()), facts, "en").chapters
    [section] = [one for one in chapter.sections if one.key == key]
    return " ".join(one.text for one in section.blocks if isinstance(one, Paragraph))


def test_only_commands_about_the_end_of_the_period_are_said_to_print_the_same(world: App) -> None:
    facts = facts_of(world, days(6, 8), "Acme")
    report = compose(Templates(files.templates()), facts, "en")
    of_now = {one.key for one in report.sheets if one.is_of_now}
    assert {"watched"} <= of_now <= {"watched", "gaps"}
    say = speaking(Templates(files.templates()), facts, "en")
    text = written(Templates(files.templates()), report, say)
    assert "As of now, not of the period: <code>watcher sources list --json</code>" in text
    asked = "--back 3d --until 2026-04-08 --zone Europe/Paris --json"
    assert f"<code>watcher inbox --brand Acme {asked}</code>" in text


def test_of_whom_nothing_is_stored_of_before_nobody_knows_what_is_new(world: App) -> None:
    facts = facts_of(world, days(6, 12), "Acme")
    assert facts.brands[0].unseen_before == {"Acme", "Rivalo"}
    [chapter] = compose(Templates(files.templates()), facts, "en").chapters
    [section] = [one for one in chapter.sections if one.key == "campaigns"]
    assert "Nothing new was seen" not in section.lead
    assert "Whether Rivalo and Acme began something new is not known" in section.lead


def test_look_alikes_seen_after_the_period_are_told_as_open(world: App) -> None:
    found = [replace(suspect(person(name).key), name=name) for name in ("bea", "cid")]
    people = [person("bea"), person("cid")]
    world.store.save_suspects(people, found, {"lookalikes": ("daily",)}, NOW)
    facts = facts_of(world, days(6, 8), "Acme")
    [chapter] = compose(Templates(files.templates()), facts, "en").chapters
    [tile] = [one for one in chapter.tiles if one.section == "suspects"]
    assert (tile.figure, tile.change) == ("0", "2 undecided")
    [section] = [one for one in chapter.sections if one.key == "suspects"]
    assert section.lead.endswith("was seen. 2 in all wait for a decision.")
    assert section.lead in [one.text for one in chapter.headlines]
