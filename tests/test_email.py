"""Mail over a real SMTP server that refuses, defers, hangs, drops, and takes only so much."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import SmtpServer
from alerts.secret import Secret
from alerts.smtp.pace import Pace
from alerts.smtp.sender import SmtpSender
from tests.mail_servers import Server, delivery, failure, opened, rude, running


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def sender(server: Server) -> Iterator[SmtpSender]:
    with opened(server) as sender:
        yield sender


def test_a_mail_arrives_as_it_was_stored_and_its_handing_over_is_announced(server, sender):
    begun = []
    answer = sender.send(delivery(), lambda: begun.append(server.data_calls))
    assert answer == "250 taken"
    assert begun == [0]
    assert server.mails == [("ada@acme.example", delivery().payload)]


@pytest.mark.parametrize(
    ("stored", "arrives"),
    [
        (b".\r\n..\r\n.a\r\n\r\n.\r\n", b".\r\n..\r\n.a\r\n\r\n.\r\n"),
        (b"a\n.\nb\r.\rMAIL FROM:<x>\r\n", b"a\r\n.\r\nb\r\n.\r\nMAIL FROM:<x>\r\n"),
        (b"no end", b"no end\r\n"),
        (b"", b"\r\n"),
        (b"x" * 900 + b"\r\n", b"x" * 900 + b"\r\n"),
        (b"line\r\n" * 90_000, b"line\r\n" * 90_000),
    ],
)
def test_dots_and_odd_line_ends_never_end_a_message(stored, arrives):
    with running(Server()) as server, opened(server) as sender:
        assert sender.send(replace(delivery(), payload=stored), lambda: None) == "250 taken"
        assert server.mails == [("ada@acme.example", arrives)]


def test_one_refused_recipient_of_three_does_not_stop_the_others(server, sender):
    server.refusals["bob@acme.example"] = "550 no such user here"
    sender.send(delivery("ada@acme.example"), lambda: None)
    error, begun = failure(sender, delivery("bob@acme.example"))
    assert (error.kind, begun) == ("permanent", False)
    assert "550 no such user here" in error.message
    sender.send(delivery("eve@acme.example"), lambda: None)
    assert [recipient for recipient, _ in server.mails] == ["ada@acme.example", "eve@acme.example"]


def test_a_deferred_recipient_is_tried_again(server, sender):
    server.refusals["ada@acme.example"] = "451 greylisted, come back"
    error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("manner", ["hang", "drop"])
def test_silence_before_the_message_is_certain_not_to_have_arrived(server, manner, pipelining):
    server.pipelining = pipelining
    server.refusals["ada@acme.example"] = manner
    with opened(server, timeout=0.3) as sender:
        error, begun = failure(sender, delivery())
        assert (error.kind, begun) == ("temporary", False)
        server.refusals.clear()
        assert sender.send(delivery(), lambda: None) == "250 taken"


@pytest.mark.parametrize("manner", ["hang", "drop"])
def test_silence_after_the_message_is_uncertain(server, manner):
    server.data_answer = manner
    with opened(server, timeout=0.3, verdict=0.3) as sender:
        error, begun = failure(sender, delivery())
        assert (error.kind, begun) == ("uncertain", True)
        server.data_answer = "250 taken"
        assert sender.send(delivery(), lambda: None) == "250 taken"


def test_a_server_may_look_at_a_message_for_longer_than_at_anything_else(server):
    server.data_answer = "250 looked through"
    server.data_pause = 0.4
    with opened(server, timeout=0.2) as sender:
        assert sender.send(delivery(), lambda: None) == "250 looked through"


@pytest.mark.parametrize(
    ("answer", "kind"), [("554 spam", "permanent"), ("452 disk full", "temporary")]
)
def test_an_answer_to_the_message_is_certain(server, sender, answer, kind):
    server.data_answer = answer
    error, begun = failure(sender, delivery())
    assert (error.kind, begun) == (kind, True)
    assert answer in error.message


def test_a_server_that_is_not_there_is_temporary():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server()
        server.port = probe.getsockname()[1]
    with opened(server) as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert error.help


@pytest.mark.parametrize(
    "recipient", ["nobody", "a b@acme.example", "ada@acme.example\r\nDATA", "", "ada@\0.example"]
)
def test_a_malformed_recipient_is_permanent_and_never_reaches_the_server(server, sender, recipient):
    error, begun = failure(sender, delivery(recipient))
    assert (error.kind, begun) == ("permanent", False)
    assert server.connections == 0


def test_a_recipient_in_another_script_needs_smtputf8():
    with running(Server(), enable_SMTPUTF8=True) as server, opened(server) as sender:
        assert sender.send(delivery("zoé@acme.example"), lambda: None) == "250 taken"
        assert server.mails[0][0] == "zoé@acme.example"
    with running(Server(), enable_SMTPUTF8=False) as server, opened(server) as sender:
        error, _ = failure(sender, delivery("zoé@acme.example"))
        assert error.kind == "permanent"


def test_one_connection_serves_many_mails_and_is_made_anew_when_the_server_left(server, sender):
    for number in range(3):
        sender.send(delivery(number=number), lambda: None)
    assert server.connections == 1
    server.refusals["drop@acme.example"] = "drop"
    failure(sender, delivery("drop@acme.example"))
    sender.send(delivery(number=4), lambda: None)
    assert server.connections == 2


def test_a_failure_to_record_the_handing_over_sends_nothing(server, sender):
    def full_disk() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        sender.send(delivery(), full_disk)
    assert not server.mails
    sender.send(delivery(), lambda: None)
    assert len(server.mails) == 1


def test_the_envelope_names_whom_the_delivery_names(server, sender):
    sender.send(delivery(), lambda: None)
    sender.send(replace(delivery(), envelope_sender="watch+q7@acme.example"), lambda: None)
    assert server.senders == ["watch@acme.example", "watch+q7@acme.example"]


def test_a_connection_that_the_server_closed_meanwhile_costs_no_attempt(server, sender):
    sender.send(delivery(number=1), lambda: None)
    server.hang_up()
    assert sender.send(delivery(number=2), lambda: None) == "250 taken"
    assert (server.connections, len(server.mails)) == (2, 2)


def test_a_server_that_has_enough_of_one_connection_is_given_another(server, sender):
    server.most_mails = 2
    for number in range(5):
        begun = []
        sender.send(delivery(number=number), lambda begun=begun: begun.append(True))
        assert begun == [True]
    assert (server.connections, len(server.mails)) == (3, 5)


def test_a_sender_that_is_refused_everywhere_is_tried_no_third_time(server, sender):
    sender.send(delivery(number=1), lambda: None)
    server.mail_answer = "450 not you, not now"
    error, begun = failure(sender, delivery(number=2))
    assert (error.kind, begun) == ("temporary", False)
    assert len(server.senders) == 3
    assert "450 not you, not now" in error.message


def test_a_new_connection_is_made_after_so_many_mails_and_after_a_rest(server):
    seconds = [0.0]
    with opened(server, more={"mails_per_connection": 2, "now": lambda: seconds[0]}) as sender:
        for number in range(3):
            sender.send(delivery(number=number), lambda: None)
        assert server.connections == 2
        seconds[0] += 29
        sender.send(delivery(number=3), lambda: None)
        assert server.connections == 2
        seconds[0] += 31
        sender.send(delivery(number=4), lambda: None)
        assert server.connections == 3


def test_mails_leave_no_faster_than_the_server_allows(server):
    seconds, slept = [100.0], []

    def sleep(wait: float) -> None:
        slept.append(wait)
        seconds[0] += wait

    pace = Pace(30, now=lambda: seconds[0], sleep=sleep)
    with opened(server, more={"pace": pace}) as sender:
        for number in range(4):
            sender.send(delivery(number=number), lambda: None)
            seconds[0] += 0.5
    assert slept == [1.5, 1.5, 1.5]
    seconds[0] += 60
    pace.wait()
    assert len(slept) == 3


@given(per_minute=st.integers(1, 600), gaps=st.lists(st.floats(0, 100), max_size=50))
@settings(max_examples=50)
def test_no_minute_ever_holds_more_than_its_share(per_minute, gaps):
    seconds, left = [0.0], []

    def sleep(wait: float) -> None:
        seconds[0] += wait

    pace = Pace(per_minute, now=lambda: seconds[0], sleep=sleep)
    for gap in [*gaps, *[0.0] * 20]:
        seconds[0] += gap
        pace.wait()
        left.append(seconds[0])
    for start in left:
        assert sum(start <= one < start + 60 - 1e-6 for one in left) <= per_minute


def test_the_pace_outlives_the_connection_since_each_round_opens_its_own():
    table = SmtpServer(host="mail.acme.example", from_="w@acme.example", per_minute=6)
    one, other = table.open(), table.open()
    assert one._pace is other._pace


def test_sender_and_recipient_travel_together_where_the_server_allows_it(server, sender):
    server.pipelining = True
    begun: list[int] = []
    for number in range(3):
        assert (
            sender.send(delivery(number=number), lambda: begun.append(server.data_calls))
            == "250 taken"
        )
    assert begun == [0, 1, 2]
    server.refusals["bob@acme.example"] = "550 no such user"
    error, begun = failure(sender, delivery("bob@acme.example"))
    assert (error.kind, begun) == ("permanent", False)
    server.refusals["bob@acme.example"] = "451 later"
    assert failure(sender, delivery("bob@acme.example"))[0].kind == "temporary"
    server.mail_answer = "550 we do not know you"
    error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    server.mail_answer = "250 welcome"
    sender.send(delivery(number=9), lambda: None)
    assert [recipient for recipient, _ in server.mails] == ["ada@acme.example"] * 4


@pytest.mark.parametrize(
    "answers",
    [b"250 fine\r\n" * 1, b"hello\r\nyou\r\n", b"250-without end\r\n" * 9000, b"\xff\xfe\r\n" * 3],
)
def test_a_server_that_answers_strangely_is_given_no_mail(answers):
    with rude(answers) as server, opened(server, timeout=0.3) as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)


def test_the_table_tells_its_mistakes():
    table = SmtpServer(
        host="", port=99999, from_="nobody", username="watch", timeout=0, ca_file=Path("/none.pem")
    )
    assert {(p.code, p.path) for p in table.problems()} == {
        ("bad-address", ("from",)),
        ("bad-host", ("host",)),
        ("out-of-range", ("port",)),
        ("out-of-range", ("timeout",)),
        ("half-login", ("username",)),
        ("bad-ca-file", ("ca_file",)),
    }
    clear = SmtpServer(host="mail.acme.example", from_="w@acme.example", security="none",
                       username="watch", password=Secret("x"))  # fmt: skip
    assert [p.code for p in clear.problems()] == ["password-in-the-clear"]
