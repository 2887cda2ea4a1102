"""What comes back is read within bounds, understood where it is plain, and never believed."""

import base64
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.returns.address import ReturnAddress, Tokens
from alerts.returns.feedback import Feedback, mailto
from alerts.returns.feedback import read as answer
from alerts.returns.maildir import Maildir
from alerts.returns.meaning import meaning
from alerts.returns.reading import DEEPEST, LARGEST, MOST_PARTS, head_of, read
from alerts.returns.report import about, unknown_at_rcpt
from alerts.returns.table import Returns

POSTFIX = """\
Return-Path: <>
Delivered-To: watch+q@acme.example
Date: Mon,  2 Mar 2026 12:00:00 +0000 (UTC)
From: MAILER-DAEMON@mail.acme.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: watch+q@acme.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4ABC.1741/mail.acme.example"

This is a MIME-encapsulated message.

--4ABC.1741/mail.acme.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--4ABC.1741/mail.acme.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.acme.example
X-Postfix-Queue-ID: 4ABC
Arrival-Date: Mon,  2 Mar 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; Gone@later.example
Original-Recipient: rfc822;gone@later.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.later.example
Diagnostic-Code: smtp; 550 5.1.1 <gone@later.example>
    User doesn't exist

--4ABC.1741/mail.acme.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Subject: Acme today
Auto-Submitted: auto-generated

unsubscribe
--4ABC.1741/mail.acme.example--
"""

EXCHANGE = """\
Return-Path: <>
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.example>
To: <watch+q@acme.example>
Subject: Undeliverable: Acme today
Auto-Submitted: auto-replied
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/report; report-type=delivery-status; boundary="inner"

--inner
Content-Type: multipart/alternative; differences=Content-Type; boundary="alt"

--alt
Content-Type: text/html; charset="utf-8"

<p>Your message to gone@later.example couldn't be delivered.</p>
--alt--

--inner
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

{status}
--inner--
--outer--
"""


def mail(head: str = "", body: str = "", **fields: str) -> bytes:
    lines = {"From": "ada@acme.example", "Subject": "Hello", **fields}
    text = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in lines.items())
    return f"{text}{head}\n{body}".encode()


def postfix(action: str = "failed", status: str = "5.1.1") -> bytes:
    return POSTFIX.format(action=action, status=status).encode()


def verdict(octets: bytes, recipient: str = "gone@later.example") -> tuple[str, str, str]:
    found = meaning(read(octets))
    assert found.kind == "bounce"
    status = about(recipient, found.statuses)
    assert status is not None
    return status.action, status.status, status.verdict


@pytest.mark.parametrize(
    ("action", "status", "wanted"),
    [
        ("failed", "5.1.1", "hard"),
        ("failed", "5.0.0", "hard"),
        ("failed", "5.2.1", "hard"),
        ("failed", "5.2.2", "soft"),
        ("failed", "5.7.1", "soft"),
        ("failed", "5.1.8", "soft"),
        ("failed", "4.4.1", "soft"),
        ("delayed", "4.4.1", "nothing"),
        ("delivered", "2.0.0", "nothing"),
        ("relayed", "2.0.0", "nothing"),
        ("expanded", "2.0.0", "nothing"),
    ],
)
def test_only_an_address_that_is_gone_bounces_for_good(
    action: str, status: str, wanted: str
) -> None:
    assert verdict(postfix(action, status)) == (action, status, wanted)


def test_a_report_inside_other_parts_and_in_base64_is_found() -> None:
    plain = b"Reporting-MTA: dns;x\r\n\r\nFinal-Recipient: rfc822;gone@later.example\r\n"
    plain += b"Action: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 not found\r\n"
    coded = base64.b64encode(plain).decode()
    assert verdict(EXCHANGE.format(status=coded).encode()) == ("failed", "5.1.10", "hard")


def test_the_words_of_the_last_server_are_kept_on_one_line() -> None:
    (status,) = meaning(read(postfix())).statuses
    assert status.words == "550 5.1.1 <gone@later.example> User doesn't exist"


def test_an_address_that_stands_for_many_is_not_gone_because_one_of_them_is() -> None:
    both = postfix().replace(
        b"\nFinal-Recipient: rfc822; Gone@later.example\nOriginal-Recipient: rfc822;gone@later",
        b"\nFinal-Recipient: rfc822; b@later.example\nAction: delivered\nStatus: 2.0.0\n"
        b"\nFinal-Recipient: rfc822; c@later.example\nOriginal-Recipient: rfc822;c@later",
    )
    assert verdict(both, "team@acme.example")[0] == "delivered"
    assert verdict(both, "c@later.example")[0] == "failed"


def test_a_bounce_without_a_report_is_read_for_its_code() -> None:
    said = mail(
        "Return-Path: <>\n",
        "Sorry.\n<gone@later.example>: host mx[192.0.2.5] said: 550 5.1.1 no such user\n",
        From="MAILER-DAEMON@acme.example",
    )
    assert verdict(said) == ("failed", "5.1.1", "hard")
    vague = mail("Return-Path: <>\n", "It failed.", From="MAILER-DAEMON@acme.example")
    assert verdict(vague) == ("failed", "", "soft")
    broken = postfix()[: postfix().index(b"Final-Recipient")]
    assert verdict(broken)[0] == "failed"


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"X_Auto_Response_Suppress": "All"},
        {"Return_Path": "<>"},
        {"Content_Type": "multipart/report; report-type=disposition-notification; boundary=x"},
    ],
)
def test_machines_that_answer_are_told_apart(fields: dict[str, str]) -> None:
    assert meaning(read(mail(body="relevant 12", **fields))).kind == "automatic"


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("relevant 12", Feedback(what="relevant", match=12)),
        ("Re: Not relevant #12", Feedback(what="not relevant", match=12)),
        ("AW: irrelevant 12.", Feedback(what="not relevant", match=12)),
        ("mute complaints", Feedback(what="mute", rule="complaints")),
        (
            "mute loud words for 4h",
            Feedback(what="mute", rule="loud words", span=timedelta(hours=4)),
        ),
        ("ack", Feedback(what="ack")),
        ("Acknowledged, thanks", Feedback(what="ack")),
        ("unsubscribe", Feedback(what="unsubscribe")),
        ("Unsubscribe daily", Feedback(what="unsubscribe")),
        ("Désabonnement", Feedback(what="unsubscribe")),
        ("relevant", None),
        ("not so relevant 12", None),
        ("Acme: 3 posts", None),
        ("", None),
    ],
)
def test_what_an_answer_says(subject: str, wanted: Feedback | None) -> None:
    assert answer(subject) == wanted


@given(
    st.builds(Feedback, what=st.sampled_from(["relevant", "not relevant"]),
              match=st.integers(1, 10**12))
    | st.builds(Feedback, what=st.just("mute"), rule=st.sampled_from(["talk", "loud words", "é-1"]),
                span=st.integers(1, 9999).map(lambda n: timedelta(minutes=n)))
    | st.builds(Feedback, what=st.sampled_from(["ack", "unsubscribe"]))
)  # fmt: skip
@settings(max_examples=60)
def test_every_answer_that_a_link_begins_is_understood(feedback: Feedback) -> None:
    assert answer(feedback.subject) == feedback
    assert answer(f"Re: {feedback.subject}") == feedback


def test_a_command_may_stand_in_the_first_line_of_an_answer() -> None:
    reply = mail(body="\n  relevant 7  \n\n> mute talk\n", Subject="Re: Acme today")
    found = meaning(read(reply))
    assert (found.kind, found.command) == ("command", Feedback(what="relevant", match=7))
    quoted = mail(body="> unsubscribe\nThanks, all is well\n", Subject="Re: Acme today")
    assert meaning(read(quoted)).kind == "letter"


def test_a_mail_program_may_ask_by_itself_to_unsubscribe() -> None:
    asked = mail(Subject="unsubscribe", Auto_Submitted="auto-generated")
    assert meaning(read(asked)).command == Feedback(what="unsubscribe")


def test_encoded_words_and_folded_fields_are_read() -> None:
    head = head_of(b"Subject: =?utf-8?q?D=C3=A9sabonnement?=\r\nX-Long: a\r\n b\r\n\r\n")
    assert (head.words("subject"), head.get("x-long")) == ("Désabonnement", "a b")


def test_tokens_are_found_in_any_case_and_nowhere_else() -> None:
    tokens = Tokens(returns=ReturnAddress(address="watch@acme.example"), secret=b"key")
    token = tokens.token("a mail")
    to = tokens.returns
    assert tokens.token("a mail") == token != tokens.token("another")
    assert to.tokens([f"Watch <{to.of(token).upper()}>"]) == (token,)
    for wrong in (
        f"watch@{token}", f"notwatch+{token}@acme.example",
        f"watch+{token}@acme.example.evil.example", f"watch+{token[:-1]}@acme.example",
        f"watch-{token}@acme.example",
    ):  # fmt: skip
        assert to.tokens([wrong]) == ()
    assert mailto(to.of(token), Feedback(what="ack")) == (
        f"mailto:watch+{token}@acme.example?subject=ack"
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("mx refused the recipient: 550 5.1.1 <a@x.example>: no such user", "5.1.1"),
        ("550-5.1.10 recipient not found", "5.1.10"),
        ("554 5.1.8 sender address rejected", ""),
        ("550 5.1.7 bad sender", ""),
        ("550 5.7.1 relaying denied for 5.1.1.1", ""),
        ("550 no such user", ""),
        ("451 4.1.1 try later", ""),
    ],
)
def test_a_server_says_that_nobody_is_there(said: str, code: str) -> None:
    assert unknown_at_rcpt(said) == code


# Hostile mails

PIECES = st.sampled_from(
    [b"Content-Type: multipart/report; boundary=a\n", b"--a\n", b"--a--\n", b"\n", b"\r\n\r\n",
     b"Content-Type: message/delivery-status\n", b"Action: failed\n", b"Status: 5.1.1\n",
     b"Final-Recipient: rfc822; x\n", b"Content-Transfer-Encoding: base64\n", b"=?utf-8?b?!?=",
     b"Subject: =?x?q?=ZZ?=\n", b"From: \xff\xfe <>\n", b" folded\n", b"Diagnostic-Code: ;;;\n",
     b"Content-Type: text/plain; charset=nonsense\n", b"Auto-Submitted: ;(\n", b"\0\xed\xa0\x80"]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=40), max_size=40).map(b"".join))
@settings(max_examples=150)
def test_no_mail_raises_whatever_it_holds(octets: bytes) -> None:
    found = meaning(read(octets))
    assert found.kind in {"bounce", "automatic", "command", "letter"}
    assert found.kind != "bounce" or about("ada@acme.example", found.statuses) is not None
    for text in (found.subject, found.by, *(one.words for one in found.statuses)):
        assert len(text) <= 400
        assert "\n" not in text


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 20_000,
        b"X: y\n" * 200_000,
        b"a" * LARGEST * 2,
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 200_000,
        b"Content-Type: message/delivery-status\n\n" + b"Action: failed\nStatus: 5.\n\n" * 50_000,
        b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\n\n",
        b"Subject: a\n" + b" b\n" * 200_000 + b"\n",
        b"From: " + b"<" * 100_000 + b"\n\n",
        b"Content-Type: " + b"boundary " * 50_000 + b"\n\n",
        b"From: mailer-daemon@x\n\n" + b"5.1." * 100_000,
    ],
    ids=range(10),
)
def test_reading_takes_time_that_grows_with_the_mail_alone(octets: bytes) -> None:
    began = time.process_time()
    letter = read(octets)
    meaning(letter)
    assert time.process_time() - began < 1
    assert len(letter.parts) <= MOST_PARTS
    assert DEEPEST < 10


# The mailbox


def maildir(folder, **files: bytes):
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(exist_ok=True)
    for name, octets in files.items():
        (folder / name.replace("__", "/").replace("_S", ":2,S")).write_bytes(octets)
    return Maildir(folder, set())


def test_a_maildir_gives_what_nobody_has_read(tmp_path) -> None:
    box = maildir(tmp_path, new__a=b"A: 1\n\n", cur__b=b"B: 1\n\n", cur__c_S=b"C: 1\n\n")
    (tmp_path / "new" / "link").symlink_to("/etc/passwd")
    (tmp_path / "new" / "folder").mkdir()
    assert [one.name for one in box.waiting("")] == ["new/a", "cur/b"]


def test_what_was_handled_is_seen_and_what_is_none_of_ours_is_left_alone(tmp_path) -> None:
    box = maildir(tmp_path, new__a=b"A: 1\n\n", new__b=b"B: 1\n\n")
    first, second = box.waiting("")
    box.done(first)
    box.done(first)
    box.skip(second)
    assert (tmp_path / "cur" / "a:2,S").read_bytes() == b"A: 1\n\n"
    assert (tmp_path / "new" / "b").exists()
    assert list(box.waiting("")) == []


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"maildir": "box"}, []),
        ({}, ["no-mailbox"]),
        ({"maildir": "box", "imap": "imap.acme.example", "username": "w"}, ["no-mailbox"]),
        ({"imap": "imap.acme.example"}, ["half-login"]),
        ({"maildir": "box", "address": "nobody"}, ["bad-address"]),
        ({"maildir": "box", "address": f"{'w' * 40}@acme.example"}, ["bad-address"]),
        ({"maildir": "box", "delimiter": "++"}, ["bad-delimiter"]),
        ({"maildir": "box", "move_to": 'a"b'}, ["bad-folder"]),
        ({"maildir": "box", "port": 0}, ["out-of-range"]),
    ],
)
def test_a_table_that_cannot_work_is_told(tmp_path, more: dict[str, object], codes) -> None:
    values = {"address": "watch@acme.example", **more}
    assert [one.code for one in Returns(**values).problems()] == codes
