"""Real posts in, a French and an English mail out: a real SMTP server, a real browser."""

import gzip
import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.browser import Browser
from tests.smtp import Inbox
from watcher.cli import watcher
from watcher.store import Store

CONFIG = """
data = "data"
timezone = "Europe/Paris"
languages = ["fr", "en", "es"]
contact = "care@acme.example"

[store]
keep_days = 36500

[mail]
kind = "smtp"
host = "{inbox.host}"
port = {inbox.port}
security = "none"
from = "Brand watch <watch@acme.example>"

[[brands]]
name = "Barclays"
accounts = ["Barclays"]
competitors = ["HSBC"]

[[brands]]
name = "HSBC"

[[brands]]
name = "Free"
spellings = ["Freebox", "Free Mobile"]
accounts = ["Freebox", "free", "freemobile"]

[[sources]]
name = "replab"
kind = "archive"
file = "{data}/posts/replab.jsonl.gz"
network = "x"

[[sources]]
name = "freemobile"
kind = "archive"
file = "{data}/posts/freemobile.jsonl.gz"
network = "x"

[[rules]]
name = "barclays"
find = "barclays -is:own"
then = ["english"]

[[rules]]
name = "libor"
find = '(barclays OR diamond) (libor OR fine OR scandal OR "rate fixing")'
then = ["english"]

[[rules]]
name = "banks in trouble"
find = '(bank OR banks OR hsbc OR santander) (fraud* OR launder* OR fine* OR scandal*)'
then = ["english"]

[[rules]]
name = "cars"
find = '(bmw OR audi OR volvo OR toyota) (new OR recall OR crash) lang:en'
then = ["english"]

[[rules]]
name = "coches"
find = '(bmw OR audi OR volvo OR toyota OR nissan) lang:es has:link'
then = ["english"]

[[rules]]
name = "panne"
find = '(free OR freebox) (panne OR coupure* OR "plus de réseau" OR "ne marche")'
then = ["francais"]

[[rules]]
name = "résiliation"
find = '(free OR freebox) (résili* OR partir OR quitter)'
then = ["francais"]

[[rules]]
name = "questions"
find = '(free OR freebox) has:question'
then = ["francais"]

[[rules]]
name = "merci"
find = 'free (merci OR bravo OR parfait)'
then = ["francais"]

[[rules]]
name = "names"
kind = "lookalike"
brands = ["Barclays", "Free"]
then = ["english", "francais"]

[[channels]]
name = "english"
kind = "email"
to = ["ada@acme.example", "bob@acme.example"]
language = "en"
title = "Banks and cars"

[[channels]]
name = "francais"
kind = "email"
to = ["zoe@acme.example"]
language = "fr"
title = "Free au quotidien"
"""


@pytest.fixture
def mails(tmp_path: Path, inbox: Inbox, shared_data: Path) -> dict[str, EmailMessage]:
    """Run `watcher once` over two real archives; return the mail of each recipient."""
    config = tmp_path / "watcher.toml"
    config.write_text(CONFIG.format(inbox=inbox, data=shared_data))
    result = CliRunner().invoke(watcher, ["-c", str(config), "once"], standalone_mode=False)
    assert result.exception is None, result.output
    assert result.return_value == 0, result.output
    store = Store.open(f"sqlite:///{tmp_path / 'data' / 'watcher.sqlite'}")
    assert store.count_posts() == len(ids(shared_data))
    assert store.status().matches > 1000
    store.close()
    return {
        str(message["To"]): message
        for message in inbox.messages()
        if isinstance(message, EmailMessage)
    }


def ids(shared_data: Path) -> set[str]:
    """Return the ids in both archives; some posts are listed once for each of two companies."""
    found = set()
    for name in ("replab", "freemobile"):
        with gzip.open(shared_data / "posts" / f"{name}.jsonl.gz", "rt") as lines:
            found.update(str(json.loads(line)["id"]) for line in lines)
    return found


@pytest.mark.server
def test_both_languages_arrive_and_read_well_on_every_screen(
    mails: dict[str, EmailMessage], browser: Browser, tmp_path: Path
) -> None:
    assert set(mails) == {"ada@acme.example", "bob@acme.example", "zoe@acme.example"}
    english, french = mails["ada@acme.example"], mails["zoe@acme.example"]
    assert english["Content-Language"] == "en"
    assert french["Content-Language"] == "fr"
    for message in (english, french):
        text, related = message.iter_parts()
        assert text.get_content_type() == "text/plain"
        assert related.get_content_type() == "multipart/related"
        assert [part.get_content_type() for part in related.iter_parts()] == [
            "text/html",
            *["image/png"] * (len(list(related.iter_parts())) - 1),
        ]
        html = message.get_body(("html",))
        assert html is not None
        page = html.get_content()
        assert len(page.encode()) < 90_000
        for width in (600, 360):
            for scheme in ("light", "dark"):
                seen = browser.measure(page, width=width, scheme=scheme)  # type: ignore[arg-type]
                assert seen.width <= width, seen.wide
    body = french.get_body(("plain",))
    assert body is not None
    assert "résiliation" in body.get_content()
