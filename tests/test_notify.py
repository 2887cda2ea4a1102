"""Messages to chats and phones: short, harmless, and with failures told apart."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import Notify
from alerts.channels.chat import Message, fitted, harmless
from alerts.channels.notify import NotifySender, UnknownServiceError, service_of
from alerts.digest.composing import compose
from alerts.model import Delivery, DeliveryError, Waiting
from alerts.secret import Secret
from tests.alert_samples import BRAND, NOW, SLOT, email, full
from tests.contracts.test_senders import hostile
from tests.contracts.ways import TEMPLATES
from tests.faults import Fault, Loopback, Reply

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
SERVICES = {
    "slack": SLACK,
    "slack.com": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "discord": "discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5UKjCiOAF7711o33MyqU344",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "teams": "workflows://prod-01.westus.logic.azure.com:443/642a3d1b/sig-N4fDZ8jcZ5o",
    "google chat": "gchat://workspace/webhook-key/webhook-token",
    "mattermost": "mmosts://chat.acme.example/3ccdd113474722377935511fc85d3dd4",
    "matrix": "matrix://" + "4" * 64,
    "ntfy": "ntfys://ntfy.acme.example/topic",
}


def message(what: Waiting, **more: Any) -> Message:
    digest = compose(email(**more), what, SLOT, NOW, [BRAND], "Europe/Paris")
    return Message.of(TEMPLATES, digest)


def delivery(what: Waiting, **more: Any) -> Delivery:
    payload = message(what, **more).payload
    return Delivery(id=1, channel="team", recipient="x", message_id="msg_1", payload=payload,
                    kind="notify", created=NOW)  # fmt: skip


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be posted to services whose addresses lie outside of this machine."""
    bodies: list[Any] = []

    def send(_session: object, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        bodies.append(request.body.decode() if isinstance(request.body, bytes) else request.body)
        answer = requests.Response()
        answer.status_code, answer._content = 200, b'{"ok": true, "result": {}}'
        if "slack.com" in str(request.url):
            answer._content = b"ok"
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    return bodies


def texts(value: object) -> Iterator[str]:
    """Every text in a body of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


@pytest.mark.parametrize("name", SERVICES)
def test_what_strangers_write_pings_nobody_and_links_nowhere(name: str, posted: list[Any]) -> None:
    NotifySender(SERVICES[name], name).send(delivery(hostile()), lambda: None)
    (body,) = posted
    told = "\n".join(texts(json.loads(body)))
    assert "plivelo" in told
    for command in ("@everyone", "@here", "@channel", "<!channel", "<!here", "<@U0", "<script"):
        assert command not in told
    assert not re.search(r"\]\(https?://evil", told)
    assert not re.search(r"<https?://evil", told)
    assert "evil.example" not in told  # broken by a sign of no width, so that nothing links it


@pytest.mark.parametrize("name", SERVICES)
def test_a_message_fits_every_service(name: str, posted: list[Any]) -> None:
    long = delivery(full(), posts=200)
    NotifySender(SERVICES[name], name).send(long, lambda: None)
    assert len(posted) == 1
    service = service_of(SERVICES[name])
    longest = max(map(len, texts(json.loads(posted[0]))))
    assert longest <= service.body_maxlen
    assert "https://social.example/@lou/1" in posted[0] or longest < 2100


def test_the_links_that_we_give_can_be_followed(posted: list[Any]) -> None:
    NotifySender(SLACK, "slack").send(delivery(full()), lambda: None)
    assert "<https://social.example/@lou/1|" in "\n".join(texts(json.loads(posted[0])))


def test_an_alarm_and_the_posts_come_before_the_rest() -> None:
    told = message(full()).text
    assert told.index("The rule plivelo") < told.index("plivelo: 30") < told.index("@\u200blou")
    assert "https://social.example/@lou/1" in told
    assert "plivelo-gifts.example" not in told


def test_a_message_is_read_back_as_it_was() -> None:
    told = message(hostile(), language="fr")
    assert Message.read(told.payload) == told
    with pytest.raises(ValueError, match="no message"):
        Message.read(b"[1]")


def test_what_is_too_long_is_cut_between_paragraphs_and_says_so() -> None:
    text = "first\n\nsecond\nline\n\nthird " + "x" * 100
    assert fitted(text, 1000, "cut") == text
    assert fitted(text, 40, "cut") == "first\n\nsecond\nline\n\ncut"
    assert fitted("one\ntwo " + "x" * 50, 20, "cut") == "one\ncut"
    assert fitted("x" * 100, 10, "cut") == "xxxxxxxxx…"


@settings(max_examples=80)
@given(st.text(alphabet="ab\n \\*", max_size=120), st.integers(1, 150))
def test_no_cut_text_is_longer_than_asked(text: str, limit: int) -> None:
    assert len(fitted(text, limit, "cut")) <= max(limit, len(text) if len(text) <= limit else 0)


@settings(max_examples=80)
@given(st.text(alphabet="@<>&[](!|~*_`\\ aE\u200b", max_size=40), st.booleans())
def test_nothing_harmful_is_left_and_nothing_is_lost(text: str, markdown: bool) -> None:
    told = harmless(text, markdown=markdown)
    assert not re.search(r"[@<&][^\s\u200b\\]|\]\(|~~|\|\|", told)
    if not markdown:
        assert told.replace("\u200b", "") == text.replace("\u200b", "")


ANSWERS = [
    (Reply(400), "permanent", None),
    (Reply(403), "permanent", None),
    (Reply(404), "permanent", None),
    (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), "permanent", None),
    (Reply(429), "temporary", None),
    (Reply(429, b'{"retry_after": 65.5}'), "temporary", timedelta(seconds=65.5)),
    (Reply(429, b'{"retry_after_ms": 2000}'), "temporary", timedelta(seconds=2)),
    (Reply(500), "temporary", None),
    (Reply(503), "temporary", None),
    (Reply(504), "uncertain", None),
]


@pytest.mark.parametrize(
    "scheme", ["ntfy://{}/topic", "json://{}/x", "mmost://{}/3ccdd113474722377935511fc85d3dd4"]
)
@pytest.mark.parametrize(("reply", "kind", "pause"), ANSWERS, ids=lambda one: str(one)[:40])
def test_an_answer_tells_permanent_from_temporary(
    scheme: str, reply: Reply, kind: str, pause: timedelta | None
) -> None:
    with Loopback(lambda _: reply) as server:
        error = failed(scheme.format(server.host))
        assert (error.kind, error.retry_after) == (kind, pause)
        assert len(server.asked) == 1


def failed(url: str, **more: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        NotifySender(url, "chat", **more).send(delivery(full()), lambda: None)
    return caught.value


def test_a_service_that_is_not_there_is_temporary() -> None:
    assert failed("ntfy://127.0.0.1:9/topic").kind == "temporary"


def test_a_service_that_hangs_is_left_behind_and_uncertain() -> None:
    silent = Fault("", (), lambda _: iter([]), hold=True)
    with Loopback(lambda _: Reply()) as server:
        server.fail(silent)
        error = failed(f"ntfy://{server.host}/topic", seconds=0.3)
    assert (error.kind, "no answer in 0.3 seconds" in error.message) == ("uncertain", True)


def test_a_part_that_arrived_is_uncertain() -> None:
    replies = iter([Reply(), Reply(500)])
    with Loopback(lambda _: next(replies)) as server:
        error = failed(f"mmost://{server.host}/3ccdd113474722377935511fc85d3dd4?channels=a,b")
    assert error.kind == "uncertain"
    assert "a part" in error.message


@pytest.mark.parametrize(
    "url", ["nothing://x", "slack://short", "https://acme.example/", "tgram://"]
)
def test_an_address_that_no_service_has_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UnknownServiceError):
        service_of(url)
    begun = []
    with pytest.raises(DeliveryError) as caught:
        NotifySender(url, "chat").send(delivery(full()), lambda: begun.append(1))
    assert (caught.value.kind, begun) == ("permanent", [])


def test_services_are_named_without_what_is_secret() -> None:
    urls = (*(Secret(url) for url in SERVICES.values()), Secret(SLACK))
    channel = Notify(name="team", urls=urls)
    assert channel.recipients == (
        "slack", "hooks.slack.com", "discord", "tgram", "workflows", "gchat", "mmosts",
        "matrix", "ntfys", "slack 2",
    )  # fmt: skip
    assert not list(channel.problems())
    turned = Notify(name="team", url=Secret(SLACK.replace("A1BRTD4JD", "A1BRTD4JX")))
    assert turned.recipients == ("slack",)
    with pytest.raises(DeliveryError, match="no slack 2 any more"):
        turned.open("slack 2")
