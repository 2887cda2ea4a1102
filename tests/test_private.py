"""Private posts stay in the house: outsiders are told how many there were, evidence has none."""

import json
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from alerts import EmailDigest, MailFolder, SmtpServer
from alerts.digest.composing import compose
from alerts.model import FollowProposal, OutgoingMail, RaisedAlarm, Waiting
from alerts.privacy import for_outsiders, holds_private, is_inside
from alerts.words.render import Templates, render
from rules.model import Account, Suspect
from rules.rates import Alarm
from tests.alert_samples import BRAND, NOW, SINCE, SLOT, account, email, mention
from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal
from watcher import files, pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load

__all__ = ["acme", "terminal"]

SECRET = mention("the secret plan of Plivélo", by=account("ann"), id="1", private=True)
OPEN = mention("Plivélo is fine", by=account("bob"), id="2")
TEMPLATES = Templates(files.templates())


def waiting(*mentions: object, **more: object) -> Waiting:
    values = {"channel": "daily", "since": SINCE, "until": NOW, "mentions": mentions} | more
    return Waiting(**values)  # type: ignore[arg-type]


def written(what: Waiting, **more: object) -> tuple[str, str, str]:
    channel: EmailDigest = email(**more)
    mail = render(TEMPLATES, compose(channel, what, SLOT, NOW, [BRAND], "UTC"))
    return mail.subject, mail.text, mail.html


@pytest.mark.parametrize(
    ("recipient", "inside"),
    [
        ("ada@acme.example", True),
        ("Ada <ADA@Mail.ACME.example>", True),
        ("ada@notacme.example", False),
        ("ada@acme.example.evil.example", False),
        ("acme.example", False),
    ],
)
def test_who_is_inside_is_told_by_the_domain(recipient: str, *, inside: bool) -> None:
    assert is_inside(recipient, ["acme.example"]) is inside
    assert not is_inside(recipient, [])


def test_outsiders_are_told_how_many_posts_are_not_shown() -> None:
    subject, text, html = written(for_outsiders(waiting(SECRET, OPEN)))
    assert "1 post ·" in subject
    for part in (text, html):
        assert "1 private post is not shown" in part
        assert "is fine" in part
        assert "secret" not in part


def test_an_outsiders_mail_without_a_public_post_does_not_say_that_nothing_was_said() -> None:
    subject, text, _ = written(for_outsiders(waiting(SECRET, SECRET)), language="fr")
    assert "2 publications privées" in subject
    assert "2 publications privées ne sont pas montrées" in text
    digest = compose(email(), for_outsiders(waiting(SECRET)), SLOT, NOW, [BRAND], "UTC")
    assert not digest.is_empty


def test_insiders_see_them_marked() -> None:
    for part in written(waiting(SECRET, OPEN))[1:]:
        assert "secret" in part
        assert part.count("private: not to be passed on") == 1


def test_alarms_that_may_speak_of_private_posts_are_left_out() -> None:
    alarm = Alarm(rule="storm", kind="frequency", group="", since=SINCE, until=NOW, count=9,
                  reason=SECRET.matches[0].reason, evidence=(1, 2))  # fmt: skip
    raised = [
        RaisedAlarm(id=n, alarm=alarm, raised=NOW, posts=posts)
        for n, posts in enumerate([(OPEN.post,), (OPEN.post, SECRET.post), ()])
    ]
    seen = for_outsiders(waiting(OPEN, alarms=tuple(raised)))
    assert [one.id for one in seen.alarms] == [0]
    public = waiting(OPEN, alarms=(raised[0], raised[2]))
    assert for_outsiders(public) == public


def test_outsiders_learn_of_nobody_who_is_known_by_private_posts_alone() -> None:
    spoken: dict[str, Any] = {
        "brand": "Plivélo",
        "rule": "r",
        "score": 0.9,
        "techniques": ("affix",),
    }
    spoken |= {"reason": SECRET.matches[0].reason}
    some = [Suspect(subject=f"town:{n}", name=f"who{n}", private=n == 1, **spoken) for n in (1, 2)]
    proposed = [
        FollowProposal(account=account(name), channel="friends", rule="r", post="town:1",
                       clause="spoke-of-brand", reason=SECRET.matches[0].reason, private=private)
        for name, private in (("cleo", True), ("dan", False))
    ]  # fmt: skip
    what = waiting(suspects=tuple(some), proposals=tuple(proposed))
    assert holds_private(what)
    seen = for_outsiders(what)
    assert ([one.name for one in seen.suspects], len(seen.proposals)) == (["who2"], 1)
    assert seen.hidden == 2


@pytest.mark.parametrize(
    "mail",
    [
        MailFolder(folder=Path("x"), private_to=("@acme.example", "acme.example")),
        SmtpServer(host="h", from_="a@b.example", private_to=("@acme.example",)),
    ],
)
def test_a_domain_that_is_none_is_told(mail: MailFolder | SmtpServer) -> None:
    (problem,) = mail.problems()
    assert (problem.code, problem.path) == ("bad-domain", ("private_to", 0))


def text_of(mail: OutgoingMail) -> str:
    part = message_from_bytes(mail.payload, EmailMessage, policy=default).get_body(("plain",))
    return str(part.get_content()) if part else ""


def test_from_the_source_to_everybody_who_may_and_who_may_not(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    config = path.read_text().replace(
        'folder = "outbox"', 'folder = "outbox"\nprivate_to = ["in.example"]'
    )
    config = config.replace('"bob@acme.example"', '"bob@in.example"')
    path.write_text(config)
    author = Account(network="town", id="7", handle="acme_help", display_name="Acme Help")
    posts = [
        replace(one.post, network="town", author=author, text=text, posted_at=acme.now)
        for one, text in ((SECRET, "the secret of acme"), (OPEN, "acme for all"))
    ]
    with App.open(load(path), clock=lambda: acme.now) as app:
        app.store.save_page("town", Page(posts=tuple(posts), cursor="1", more=False), acme.now)
        pipeline.match(app)
        pipeline.index(app)
        pipeline.plan(app)
        bytes_of = {
            one.recipient: app.store.delivery(one.id).payload for one in app.store.deliveries()
        }
        mails = {
            to: text_of(OutgoingMail(recipient=to, message_id="", payload=payload))
            for to, payload in bytes_of.items()
        }
    assert "secret" in mails["bob@in.example"]
    assert "secret" not in mails["ada@acme.example"]
    assert "1 private post is not shown" in mails["ada@acme.example"]

    found = {
        one["text"]: one["private"] for one in json.loads(acme.pipe("search", "acme", "--json").out)
    }
    assert found == {"the secret of acme": True, "acme for all": False}
    assert "[private]" in acme.pipe("search", "secret").out
    listed = json.loads(acme.pipe("matches", "list", "--json").out)
    assert sorted(one["private"] for one in listed) == [False, True]
    assert "[private] the secret" in acme.pipe("matches", "list").out

    (case,) = json.loads(acme.pipe("suspects", "export", "1", "--format", "json").out)["suspects"]
    assert [one["text"] for one in case["posts"]] == ["acme for all"]
    assert (case["posts_kept"], case["posts_private"]) == (2, 1)
    page = acme.pipe("suspects", "export", "1", "--format", "html").out
    assert "1 private post is not copied" in page
    assert "secret" not in page


def test_a_private_source_whose_posts_nobody_is_shown_is_doubted(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    source = '\n[[sources]]\nname = "inside"\nkind = "mastodon"\nserver = "https://in.example"\n'
    path.write_text(path.read_text() + source + "private = true\n")
    (doubt,) = load(path).warnings
    assert 'the posts of "inside" are private' in str(doubt)
    path.write_text(path.read_text().replace("[mail]", '[mail]\nprivate_to = ["acme.example"]'))
    assert load(path).warnings == ()
