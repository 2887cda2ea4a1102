"""Every sentence of the mails exists in every language, and a slip of a translator is harmless."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

import alerts.digest.urgent
import alerts.digest.weight
import alerts.follow
import alerts.words.notices
import rules.reasons
import watcher.reports
from alerts.words.render import Templates
from alerts.words.translations import Catalogue, CatalogueError, Words, fill, places
from rules.lookalike import reasons as lookalike
from rules.rates import reasons as rates
from watcher import files
from watcher.evidence import speech
from watcher.insights import campaigns, satisfaction

CATALOGUES = sorted(files.templates().glob("locale/*/LC_MESSAGES/watcher.po"))

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)


def sentences() -> Iterator[tuple[str, ...]]:
    """Every message id: (one,) or (one, many)."""
    for path in sorted(files.templates().glob("*/*.*")):
        for call in Environment().parse(path.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in {"t", "tn"}:
                texts = call.args[: 1 if call.node.name == "t" else 2]
                assert all(isinstance(text, nodes.Const) for text in texts), path
                yield tuple(text.value for text in texts)
    yield from of_reports()
    yield from ((text,) for said in (satisfaction.SAYS, campaigns.SAYS) for text in said.values())
    yield from speech.LEFT_OUT.values()
    yield from (("{count} d",), ("{count} h",), ("{count} min",), ("{day} around {clock}",))
    for reasons in (
        alerts.digest.urgent.REASONS,
        alerts.follow.REASONS,
        alerts.words.notices.REASONS,
        alerts.digest.weight.REASONS,
        lookalike.REASONS,
    ):
        yield from ((text,) for text in reasons.values())
    yield from ((text,) for text in rules.reasons.REASONS)
    for texts in (rates.REASONS, rates.GROUPED, rates.UNITS):
        yield from ((text,) for text in texts.values())


def of_reports() -> Iterator[tuple[str, ...]]:
    """What the sections of reports say, where they say it, and the heads of their tables."""
    taken = {"t": slice(0, 1), "tn": slice(0, 2), "column": slice(1, 2)}
    for path in sorted((Path(watcher.reports.__file__).parent).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                texts = call.args[taken.get(call.func.attr, slice(0, 0))]
                said = tuple(one.value for one in texts if isinstance(one, ast.Constant))
                if said:
                    yield said


def words(language: str) -> Words:
    catalogue = Templates(files.templates()).catalogue(language)
    return Words(catalogue=catalogue, zone=ZoneInfo("Europe/Paris"), now=NOW)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_sentence_is_translated_with_the_same_places(path: Path):
    with path.open("rb") as file:
        catalog = read_po(file)
    missing = [texts for texts in sentences() if not (m := catalog.get(texts[0])) or not m.string]
    assert not missing
    known = {texts[0] for texts in sentences()}
    stale = [
        m.id for m in catalog if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in known
    ]
    assert not stale
    assert not Catalogue.read(path, path.parts[-3]).broken


def test_french_is_there():
    assert "fr" in Templates(files.templates()).languages


def test_a_day_of_another_year_says_so():
    english = words("en")
    assert english.moment(NOW) == "Tue, Mar 10, 09:00"
    assert english.moment(NOW.replace(year=2012)) == "Sat, Mar 10, 2012, 09:00"
    assert "2012" in words("fr").moment(NOW.replace(year=2012))


def test_a_third_language_is_a_file(tmp_path):
    folder = tmp_path / "locale" / "nl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "watcher.po").write_text('msgid "What changed"\nmsgstr "Wat veranderde"\n')
    templates = Templates(files.templates(), tmp_path)
    assert templates.languages == ("en", "fr", "nl")
    assert templates.catalogue("nl-BE").texts.gettext("What changed") == "Wat veranderde"
    assert templates.catalogue("tlh").language == "en"


def test_a_translation_with_other_places_is_not_used(tmp_path):
    path = tmp_path / "watcher.po"
    path.write_text(
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
        'msgid "{name} is fine"\nmsgstr "{nom} va bien"\n\n'
        'msgid "late"\nmsgstr "en retard"\n'
    )
    catalogue = Catalogue.read(path, "fr")
    assert catalogue.broken == ("{name} is fine",)
    assert catalogue.texts.gettext("{name} is fine") == "{name} is fine"
    assert catalogue.texts.gettext("late") == "en retard"


def test_a_file_that_is_no_catalogue_is_told(tmp_path):
    (tmp_path / "watcher.po").write_bytes(b"\xff\xfe msgid oops")
    with pytest.raises(CatalogueError):
        Catalogue.read(tmp_path / "watcher.po", "fr")


def test_braces_in_values_mean_nothing():
    assert fill("{a} and {b}", {"a": "{b}{", "b": "}{0.__class__}"}) == "{b}{ and }{0.__class__}"
    assert fill("{a} {missing} {", {"a": "x"}) == "x {missing} {"
    assert places("{a} {b} {0} {c.d}") == {"a", "b"}


def test_dates_numbers_and_durations_are_the_readers():
    moment = datetime(2026, 3, 10, 7, 5, tzinfo=UTC)
    french, english = words("fr"), words("en")
    assert english.moment(moment) == "Tue, Mar 10, 08:05"
    assert french.moment(moment) == "mar. 10 mars, 08:05"
    assert (english.number(12345), french.number(12345)) == ("12,345", "12\u202f345")
    assert english.duration(timedelta(days=1, hours=2, minutes=5)) == "1 d 2 h"
    assert french.duration(timedelta(hours=3, minutes=20)) == "3\u00a0h 20\u00a0min"
    assert english.duration(timedelta(seconds=3)) == "1 min"
    assert english.whole(timedelta(hours=1)) == "1 hour"
    assert french.whole(timedelta(minutes=90)) == "90 minutes"
    assert english.offset(moment) == "UTC+01:00"
    assert french.many("{count} post", "{count} posts", 0) == "{count} publication"


def test_no_line_of_a_french_mail_begins_with_a_sign_that_belongs_to_the_one_before() -> None:
    page = (files.templates() / "locale" / "fr" / "LC_MESSAGES" / "watcher.po").read_text(
        encoding="utf-8"
    )
    said = [line for line in page.splitlines() if line.startswith("msgstr")]
    assert [line for line in said if re.search(r' [;:!?](?= |")', line)] == []
