"""Each reader's language and clock, and mails from a folder of one's own."""

import shutil
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from alerts import EmailDigest
from alerts.digest.composing import compose
from alerts.words.render import TemplateError, Templates, render
from alerts.words.sample import samples
from rules.errors import WatcherError
from tests.alert_samples import BRAND, NOW, SLOT, email, full
from watcher import checks, files
from watcher.config import ConfigError, load
from watcher.mailing import _readings

ROOT = Path(__file__).parent.parent
CHANNEL = """
[[channels]]
name = "daily"
kind = "email"
timezone = "Europe/Paris"
to = [
  "ada@acme.example",
  { address = "Bob <bob@acme.example>", language = "fr", timezone = "America/Montreal" },
  { address = "cy@acme.example" },
]
"""


def config(folder: Path, text: str):
    path = folder / "watcher.toml"
    path.write_text(text)
    return load(path, {})


def made(channel: EmailDigest | None = None):
    return compose(channel or email(), full(), SLOT, NOW, [BRAND], "Europe/Paris")


def test_each_reader_has_a_language_and_a_clock(tmp_path: Path) -> None:
    [channel] = config(tmp_path, CHANNEL).channels
    assert isinstance(channel, EmailDigest)
    assert channel.recipients == ("ada@acme.example", "Bob <bob@acme.example>", "cy@acme.example")
    groups = _readings(made(channel), channel.recipients, "UTC")
    assert [some for some, _ in groups] == [
        ["ada@acme.example", "cy@acme.example"],
        ["Bob <bob@acme.example>"],
    ]
    paris, montreal = (render(Templates(files.templates()), one).text for _, one in groups)
    assert "Tue, Mar 10, 08:00" in paris
    assert "mar. 10 mars, 03:00" in montreal
    assert "America/Montreal (UTC-04:00)" in " ".join(montreal.split())


@pytest.mark.parametrize(
    ("entry", "code", "column"),
    [
        ('{ address = "nobody" }', "bad-address", 20),
        ('{ address = "a@b.example", language = "French" }', "bad-language", 46),
        ('{ address = "a@b.example", timezone = "Paris" }', "bad-timezone", 46),
        ('"a@b.example", { address = "A@b.example" }', "duplicate-address", 35),
        ("{ }", "missing-key", 8),
    ],
)
def test_what_is_wrong_with_a_reader_is_told_at_its_place(
    tmp_path: Path, entry: str, code: str, column: int
) -> None:
    text = f'[[channels]]\nname = "daily"\nkind = "email"\nto = [ {entry} ]\n'
    with pytest.raises(ConfigError) as error:
        config(tmp_path, text)
    assert code in {finding.problem.code for finding in error.value.findings}


def german(folder: Path) -> None:
    catalogue = folder / "locale" / "de" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "watcher.po").write_text(
        'msgid ""\nmsgstr "Language: de\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "What was watched"\nmsgstr "Was beobachtet wurde"\n\n'
        'msgid "{count} post"\nmsgid_plural "{count} posts"\n'
        'msgstr[0] "{count} Beitrag"\nmsgstr[1] "{count} Beiträge"\n'
    )


def test_a_third_language_is_a_file_in_ones_own_folder(tmp_path: Path) -> None:
    german(tmp_path)
    templates = Templates(files.templates(), tmp_path)
    mail = render(templates, made(email(language="de")))
    assert "12 Beiträge" in mail.subject
    assert "Di., 10. März" in mail.subject
    assert "Was beobachtet wurde" in mail.html
    assert '<html lang="de"' in mail.html


def test_ones_own_template_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "digest").mkdir()
    (tmp_path / "digest" / "subject.txt").write_text("{{ d.posts }} for the board")
    templates = Templates(files.templates(), tmp_path)
    assert render(templates, made()).subject == "12 for the board"


@pytest.mark.parametrize("text", ["{% if %}", "{{ d.no_such_thing }}", "{{ 1 / 0 }}"])
def test_a_broken_template_of_ones_own_costs_no_mail(tmp_path: Path, text: str) -> None:
    (tmp_path / "digest").mkdir()
    (tmp_path / "digest" / "body.txt").write_text(text)
    templates = Templates(files.templates(), tmp_path)
    mail = render(templates, made())
    said = " ".join(mail.text.split())
    assert "Your own templates could not be used, so this message is in the usual form" in said
    assert mail.subject == render(Templates(files.templates()), made()).subject
    with pytest.raises(TemplateError, match=r"digest/body\.txt"):
        checks.templates(tmp_path)


def test_a_catalogue_that_is_none_costs_no_mail_either(tmp_path: Path) -> None:
    german(tmp_path)
    (tmp_path / "locale" / "de" / "LC_MESSAGES" / "watcher.po").write_bytes(b"\xff oops")
    mail = render(Templates(files.templates(), tmp_path), made(email(language="de")))
    assert "12 posts" in mail.subject
    with pytest.raises(WatcherError, match=r"watcher\.po"):
        checks.templates(tmp_path)


def test_our_own_templates_can_tell_everything(tmp_path: Path) -> None:
    shutil.copytree(files.templates() / "digest", tmp_path / "digest")
    german(tmp_path)
    assert checks.templates(tmp_path) == f"{tmp_path}, in en, de, fr"
    late, *_ = samples()
    assert replace(late).alarms


def test_translations_that_are_not_used_are_doubted(tmp_path: Path) -> None:
    german(tmp_path)
    path = tmp_path / "locale" / "de" / "LC_MESSAGES" / "watcher.po"
    path.write_text(path.read_text() + '\nmsgid "usually {count}"\nmsgstr "meist {zahl}"\n')
    with pytest.raises(checks.DoubtError, match="usually"):
        checks.templates(tmp_path)


def test_charts_travel_with_the_mail_and_stay_the_same_to_the_byte() -> None:
    from alerts.mail.message import page_of, text_of
    from alerts.words.render import mails

    _, days, *_ = samples()
    first, again = (
        mails(Templates(files.templates()), days, "w@acme.example", ("a@acme.example",))[0]
        for _ in range(2)
    )
    assert first.payload == again.payload
    message = message_from_bytes(first.payload, policy=policy.default)
    plain, related = message.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == (
        "text/plain",
        "multipart/related",
    )
    html, picture = related.iter_parts()
    name = picture["Content-ID"].strip("<>")
    assert f'src="cid:{name}"' in html.get_content()
    assert picture.get_content_disposition() == "inline"
    assert len(picture.get_content()) <= 15_000
    page = page_of(first.payload)
    assert "cid:" not in page
    assert "data:image/png;base64," in page
    assert "Share of voice" in text_of(first.payload)
