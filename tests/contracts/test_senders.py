"""What every way out keeps: mail folder, SMTP, chats, webhooks, feeds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.model import Delivery, DeliveryError, OutgoingMail, Waiting
from tests.alert_samples import account, full, mention, waiting
from tests.contracts.ways import WAYS, Way, delivery_of, everything_logged

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> @everyone @here <!channel> <@U012AB3CD>"
    " [our bank](https://evil.example/login) **bold** `code` ```\nfence\n``` \u202edrowssap\u202c"
    " \x00\x1b[31m \ud800 &lt;b&gt; # heading\n> quote\n- item " + "x" * 5000 + " plivelo"
)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    way = WAYS[request.param](tmp_path)
    yield way
    way.close()


def hostile() -> Waiting:
    lou = account("everyone", "@everyone <!here>")
    return waiting(mentions=(mention(HOSTILE, by=lou, id="1", word="plivelo"),))


class Handing:
    """Counts how often a handing over began."""

    def __init__(self) -> None:
        self.begun = 0

    def __call__(self) -> None:
        self.begun += 1


def failure(way: Way, delivery: Delivery, handing: Callable[[], None]) -> DeliveryError:
    sender = way.open()
    try:
        with pytest.raises(DeliveryError) as caught:
            sender.send(delivery, handing)
    finally:
        sender.close()
    return caught.value


def sent(way: Way, message: OutgoingMail) -> str:
    sender, handing = way.open(), Handing()
    try:
        answer = sender.send(delivery_of(message), handing)
    finally:
        sender.close()
        sender.close()
    assert handing.begun == 1
    return answer


def test_a_message_arrives_and_the_answer_is_one_line(way: Way) -> None:
    answer = sent(way, way.message(full()))
    assert answer
    assert "\n" not in answer
    assert len(way.arrived()) == 1


def test_equal_digests_make_equal_bytes_and_names(way: Way) -> None:
    first, again = way.message(full()), way.message(full())
    assert (first.payload, first.message_id) == (again.payload, again.message_id)
    other = way.message(hostile())
    assert other.message_id != first.message_id


def test_what_is_refused_for_good_is_permanent(way: Way) -> None:
    if not way.refuses:  # a file refuses nobody: what is wrong with it can be mended
        way.defer()
        assert failure(way, delivery_of(way.message(full())), Handing()).kind == "temporary"
        return
    way.refuse()
    assert failure(way, delivery_of(way.message(full())), Handing()).kind == "permanent"
    assert way.arrived() == []


def test_trouble_that_passes_is_temporary_and_the_message_arrives_later(way: Way) -> None:
    message = way.message(full())
    way.defer()
    assert failure(way, delivery_of(message), Handing()).kind == "temporary"
    assert way.arrived() == []
    way.recover()
    sent(way, message)
    assert len(way.arrived()) == 1


def test_a_missing_answer_is_uncertain(way: Way) -> None:
    if not way.forgets:  # no answer can go missing, and writing it once more changes nothing
        message = way.message(full())
        sent(way, message)
        sent(way, message)
        assert len(way.arrived()) == 1
        return
    way.forget()
    handing = Handing()
    assert failure(way, delivery_of(way.message(full())), handing).kind == "uncertain"
    assert handing.begun == 1


def test_a_handing_over_that_cannot_be_noted_sends_nothing(way: Way) -> None:
    def full_disk() -> None:
        raise RuntimeError("disk full")

    sender = way.open()
    with pytest.raises(RuntimeError):
        sender.send(delivery_of(way.message(full())), full_disk)
    sender.close()
    assert way.arrived() == []


def test_the_same_delivery_twice_is_the_same_message_twice(way: Way) -> None:
    message = way.message(full())
    sent(way, message)
    before = way.arrived()[-1]
    sent(way, message)
    assert way.arrived()[-1] == before


def test_hostile_words_arrive_harmless(way: Way) -> None:
    sent(way, way.message(hostile()))
    (arrived,) = way.arrived()
    assert "\x00" not in arrived
    assert "\x1b" not in arrived
    assert "\u202e" not in arrived


def test_nothing_secret_is_told_anywhere(way: Way) -> None:
    message = way.message(full())
    told = [message.recipient, message.message_id, message.payload.decode(), repr(way.channel)]
    with everything_logged() as logged:
        told.append(sent(way, message))
        for trouble in (way.refuse, way.defer, way.forget):
            trouble()
            sender = way.open()
            try:
                told.append(sender.send(delivery_of(message), Handing()))
            except DeliveryError as error:
                told += [error.message, error.help, repr(error), repr(error.__cause__)]
            finally:
                sender.close()
            way.recover()
        sender = way.open()
        told.append(sender.check())
        sender.close()
    told += [f"{record.getMessage()} {record.exc_text}" for record in logged]
    for secret in way.secrets:
        assert [line for line in told if secret in line] == []


def test_checking_sends_nothing(way: Way) -> None:
    sender = way.open()
    answer = sender.check()
    sender.close()
    assert answer
    assert "\n" not in answer
    assert way.arrived() == []
