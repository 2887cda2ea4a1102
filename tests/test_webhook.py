"""Webhooks: signed as Standard Webhooks says, bounded, and of a shape that is written down."""

import base64
import json
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alerts import Webhook
from alerts.channels.http_post import Target, kind_of_status, pause_of, post
from alerts.channels.signing import key_of, signature
from alerts.channels.webhook import WebhookSender
from alerts.digest.composing import compose
from alerts.model import DeliveryError, Waiting
from alerts.secret import Secret
from rules.rates.reasons import told
from tests.alert_samples import BRAND, NOW, SLOT, full, raised, waiting
from tests.contracts.ways import KEY, TEMPLATES, delivery_of
from tests.faults import CERTIFICATE, ELSEWHERES, FLOODS, Asked, Fault, Loopback, Reply

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCHEMA = json.loads((DOCS / "webhook.schema.json").read_text())


def table(url: str, **more: object) -> Webhook:
    return Webhook(name="crm", url=Secret(url), secret=Secret(f"whsec_{KEY}"), **more)  # type: ignore[arg-type]


def body(what: Waiting, **more: object) -> dict[str, object]:
    channel = table("https://hooks.acme.example/", **more)
    digest = compose(channel, what, SLOT, NOW, [BRAND], "Europe/Paris")
    (message,) = channel.messages(TEMPLATES, digest, channel.recipients)
    posted: dict[str, object] = json.loads(message.payload)
    return posted


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the reference implementations.
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["whsec_", "whsec_***", "whsec_c2hvcnQ=", "é"])
def test_what_is_no_key_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(ValueError, match=r"Base64|bytes") as caught:
        key_of(secret)
    assert "c2hvcnQ" not in str(caught.value)


def test_a_receiver_with_the_page_s_own_code_accepts_what_is_sent() -> None:
    page = (DOCS / "channels.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    receiver: dict[str, Callable[..., dict[str, object]]] = {}
    exec(snippet, receiver)
    verified, now = receiver["verified"], NOW.timestamp()
    with Loopback(lambda _: Reply()) as server:
        digest = compose(table(server.url), full(), SLOT, NOW, [BRAND], "Europe/Paris")
        (message,) = table(server.url).messages(TEMPLATES, digest, ("x",))
        WebhookSender(table(f"{server.url}/in"), now=lambda: now).send(
            delivery_of(message), lambda: None
        )
        (asked,) = server.asked
    secret = f"whsec_{KEY}"
    assert verified(asked.headers, asked.body, secret, now)["type"] == "brand-watch.digest"
    assert asked.headers["webhook-id"] == message.message_id
    for headers, octets, key, moment in (
        (asked.headers, asked.body + b" ", secret, now),
        (asked.headers, asked.body, "whsec_" + base64.b64encode(b"x" * 32).decode(), now),
        (asked.headers, asked.body, secret, now + 600),
        ({**asked.headers, "webhook-id": "msg_other"}, asked.body, secret, now),
    ):
        with pytest.raises(ValueError, match=r"signature|old"):
            verified(headers, octets, key, moment)


def test_what_is_posted_is_as_its_schema_says() -> None:
    validator = Draft202012Validator(SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)
    for posted in (body(full()), body(waiting()), body(full(), language="fr", posts=1)):
        assert [error.message for error in validator.iter_errors(posted)] == []
    bad = body(full())
    bad["version"] = "one"
    assert not validator.is_valid(bad)


def test_an_alarm_is_posted_with_its_story_in_the_channel_s_language() -> None:
    story = (
        told("spread", posts="40", accounts="31", reposts="12"),
        told("terms", words="“hinge”, “<b>snap</b>\u202e”"),
        told("started", author="@lea", copies="9"),
    )
    what = waiting(alarms=(replace(raised(), story=story),))
    posted = body(what)
    assert Draft202012Validator(SCHEMA).is_valid(posted)
    [first, *_] = posted["data"]["alarms"]  # type: ignore[index]
    assert first["story"][0] == "So far 40 posts by 31 accounts, 12 of them reposts."
    assert "hinge" in first["story"][1]
    assert "\u202e" not in first["story"][1]
    assert "@lea said first" in first["story"][2]
    in_french = body(what, language="fr")
    assert in_french["data"]["alarms"][0]["story"] != first["story"]  # type: ignore[index]
    plain = body(waiting(alarms=(raised(),)))
    assert plain["data"]["alarms"][0]["story"] == []  # type: ignore[index]


def test_the_schema_tells_every_field_that_is_posted() -> None:
    def undescribed(schema: dict[str, object], value: object, path: str) -> list[str]:
        if ref := str(schema.get("$ref", "")):
            schema = SCHEMA["$defs"][ref.rpartition("/")[2]]
        if isinstance(value, list):
            return [one for item in value for one in undescribed(schema["items"], item, path)]  # type: ignore[arg-type]
        if not isinstance(value, dict):
            return []
        known: dict[str, dict[str, object]] = schema["properties"]  # type: ignore[assignment]
        missing = [f"{path}.{key}" for key in value if key not in known]
        inside = [
            one
            for key, item in value.items()
            if key in known
            for one in undescribed(known[key], item, f"{path}.{key}")
        ]
        return missing + inside

    assert undescribed(SCHEMA, body(full()), "") == []
    assert undescribed(SCHEMA, body(waiting(alarms=(raised(),))), "") == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, "sent"), (204, "sent"), (301, "permanent"), (400, "permanent"), (404, "permanent"),
     (408, "temporary"), (410, "permanent"), (429, "temporary"), (500, "temporary"),
     (503, "temporary")],
)  # fmt: skip
def test_a_status_tells_permanent_from_temporary(status: int, kind: str) -> None:
    assert kind_of_status(status) == kind


def test_a_server_may_ask_for_time_in_seconds_or_by_a_date() -> None:
    now = NOW.timestamp()
    assert pause_of("120", now) == timedelta(minutes=2)
    assert pause_of("Tue, 10 Mar 2026 07:05:00 GMT", now) == timedelta(minutes=5)
    assert pause_of("Tue, 10 Mar 2026 06:05:00 GMT", now) == timedelta()
    assert pause_of("99999999", now) == timedelta(days=1)
    assert pause_of(None, now) is None


@settings(max_examples=40)
@given(st.text())
def test_no_answer_about_time_breaks_anything(header: str) -> None:
    pause = pause_of(header, NOW.timestamp())
    assert pause is None or timedelta() <= pause <= timedelta(days=1)


def outcome(server: Loopback, seconds: float = 2.0) -> tuple[str, list[str]]:
    """How a post to this server ends, and whether its handing over began."""
    begun = list[str]()
    target = Target(url=f"{server.url}/in", seconds=seconds)
    try:
        post(target, b"{}", {}, lambda: begun.append("begun"), NOW.timestamp)
    except DeliveryError as error:
        return error.kind, begun
    return "sent", begun


@pytest.mark.parametrize("fault", ELSEWHERES, ids=str)
def test_a_redirect_is_followed_nowhere(fault: Fault) -> None:
    with Loopback(lambda _: Reply()) as server:
        server.fail(fault)
        assert outcome(server) == ("permanent", ["begun"])
        assert len(server.asked) == 1


@pytest.mark.parametrize("fault", FLOODS, ids=str)
def test_no_flood_is_read_to_its_end(fault: Fault) -> None:
    with Loopback(lambda _: Reply()) as server:
        server.fail(fault)
        assert outcome(server)[0] in {"sent", "uncertain"}


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_silence_and_dripping_end_with_the_time(pause: float) -> None:
    drip = Fault("", (), lambda _: (b"x" for _ in range(400)), pause=0.05)
    silent = Fault("", (), lambda _: iter([]), hold=True)
    with Loopback(lambda _: Reply()) as server:
        server.fail(drip if pause else silent)
        assert outcome(server, seconds=0.3) == ("uncertain", ["begun"])


def test_the_time_is_over_too_where_the_name_of_the_host_took_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = socket.getaddrinfo

    def late(*arguments: object, **more: object) -> object:
        Event().wait(0.4)
        return known(*arguments, **more)  # type: ignore[arg-type]

    with Loopback(lambda _: Reply()) as server:
        monkeypatch.setattr(socket, "getaddrinfo", late)
        assert outcome(server, seconds=0.2) == ("temporary", [])
        assert server.asked == []


def test_nothing_is_posted_once_the_time_is_over_and_that_is_certain() -> None:
    def noted_late() -> None:
        Event().wait(0.4)

    with Loopback(lambda _: Reply()) as server:
        target = Target(url=f"{server.url}/in", seconds=0.2)
        with pytest.raises(DeliveryError) as caught:
            post(target, b"{}", {}, noted_late, NOW.timestamp)
        assert caught.value.kind == "temporary"
        assert server.asked == []


@pytest.mark.parametrize("path", ["a b", "a\tb", "a\x7f"])
def test_an_address_that_nothing_can_be_posted_to_is_no_address(path: str) -> None:
    (problem,) = table(f"https://hooks.example/{path}").problems()
    assert problem.code == "bad-webhook-url"


def test_a_certificate_of_nobody_we_trust_is_not_accepted_and_nothing_is_sent() -> None:
    with Loopback(lambda _: Reply(), tls=True) as server:
        assert outcome(server) == ("temporary", [])
        assert server.asked == []
        trusting = Target(url=f"{server.url}/in", ca_file=CERTIFICATE)
        said = post(trusting, b"{}", {}, lambda: None, NOW.timestamp)
        assert said.startswith("200")


def test_the_answer_tells_what_was_said_without_what_is_secret_in_the_address() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(422, f"no rule for {asked.target}{'x' * 90} {asked.target}".encode())

    with Loopback(answer) as server:
        target = Target(url=f"{server.url}/hooks/s3cret-path?token=s3cret%2Btoken")
        with pytest.raises(DeliveryError) as caught:
            post(target, b"{}", {}, lambda: None, NOW.timestamp)
    assert "422" in caught.value.message
    assert "no rule for" in caught.value.message
    assert "s3cret" not in caught.value.message
