"""Puts facts into words: the whole report in one language."""

import re
from collections.abc import Sequence
from datetime import timedelta

from alerts.words.render import Templates
from alerts.words.translations import Words
from watcher.reports.facts import BrandFacts, Facts
from watcher.reports.headlines import headlines, tiles
from watcher.reports.model import Chapter, Report
from watcher.reports.say import Say
from watcher.reports.sections.accounts import accounts
from watcher.reports.sections.alarms import alarms
from watcher.reports.sections.answering import answering
from watcher.reports.sections.campaigns import campaigns
from watcher.reports.sections.desk import Desk
from watcher.reports.sections.inbox import inbox
from watcher.reports.sections.method import method
from watcher.reports.sections.people import people
from watcher.reports.sections.satisfaction import satisfaction
from watcher.reports.sections.suspects import suspects
from watcher.reports.sections.themes import themes
from watcher.reports.sections.voice import voice
from watcher.reports.sections.volume import volume
from watcher.reports.sections.watched import doubts, watched

SECTIONS = (
    volume, voice, satisfaction, themes, alarms, people, inbox, answering, campaigns, accounts,
    suspects,
)  # fmt: skip
"""What a chapter tells, in this order."""


def speaking(templates: Templates, facts: Facts, language: str) -> Say:
    """Return what a report says things with. Raises `CatalogueError`."""
    # Of the days of the period the reader knows the year: the title says it.
    end = max(facts.period.since, facts.period.until - timedelta(microseconds=1))
    words = Words(catalogue=templates.catalogue(language), zone=facts.zone, now=end)
    return Say(words, facts.suspect_domains)


def compose(templates: Templates, facts: Facts, language: str) -> Report:
    """Put facts into words. Raises `CatalogueError`."""
    say = speaking(templates, facts, language)
    shared = Desk(say=say, facts=facts, brand="", slug="all")
    names = say.listed([say.name(one.brand.name) for one in facts.brands])
    return Report(
        made=facts.made,
        program=facts.program,
        period=facts.period,
        title=names,
        when=say.span(facts.period),
        language=say.words.catalogue.language.replace("_", "-"),
        direction=say.words.direction,
        chapters=_chapters(say, facts, shared),
        shared=(watched(shared), method(shared)),
    )


def _chapters(say: Say, facts: Facts, shared: Desk) -> tuple[Chapter, ...]:
    cautions = tuple(doubts(shared))
    slugs = _slugs([one.brand.name for one in facts.brands])
    return tuple(
        _chapter(Desk(say=say, facts=facts, brand=one.brand.name, slug=slug), one, cautions)
        for one, slug in zip(facts.brands, slugs, strict=True)
    )


def _chapter(desk: Desk, brand: BrandFacts, cautions: tuple[str, ...]) -> Chapter:
    return Chapter(
        brand=brand.brand.name,
        name=desk.name,
        slug=desk.slug,
        tiles=tuple(tiles(desk, brand)),
        headlines=tuple(headlines(desk, brand)),
        cautions=cautions,
        sections=tuple(make(desk, brand) for make in SECTIONS),
    )


def _slugs(names: Sequence[str]) -> list[str]:
    """Return a short name of ASCII letters for each brand, no two alike."""
    return [
        f"b{number}-{re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-')[:30]}".rstrip("-")
        for number, name in enumerate(names, 1)
    ]
