"""A channel that posts each digest as signed JSON: `kind = "webhook"`."""

import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from alerts.channels.outlet import Outlet
from alerts.channels.signing import PREFIX, key_of, signature
from alerts.model import Delivery, OutgoingMail, Sender
from alerts.secret import Secret
from rules.errors import Problem

if TYPE_CHECKING:
    from alerts.digest.composing import Digest
    from alerts.words.render import Templates

TYPE = "brand-watch.digest"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Webhook(Outlet):
    """A `[[channels]]` table with `kind = "webhook"`: a POST of JSON, signed."""

    kind: Literal["webhook"] = "webhook"
    url: Secret
    """Where to post to, `https://`; who knows it may post there, so it is written `"${NAME}"`."""
    secret: Secret
    """The key of the signature, `whsec_` and 24 to 64 bytes in Base64: `"${NAME}"`."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust besides the system's: for a server with a private authority."""
    timeout: int = 30
    """Seconds that a call may take in all."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The host alone: what else stands in the address may be secret."""
        try:
            parts = urlsplit(self.url.reveal())
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return ("",)
        return (f"{parts.hostname or ''}{port}",)

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        yield from self._url_problems()
        try:
            key_of(self.secret.reveal())
        except ValueError as error:
            yield Problem(
                code="bad-webhook-secret",
                message=f"this is no key for signatures: {error}",
                path=("secret",),
                help=f'it looks like "{PREFIX}MfKQ9r8GKYqr...": {PREFIX} and the output of '
                "`openssl rand -base64 32`",
            )
        if self.ca_file is not None:
            try:
                ssl.create_default_context(cafile=self.ca_file)
            except (OSError, ValueError) as error:
                yield Problem(
                    code="bad-ca-file",
                    message=f"no certificates can be read from {self.ca_file}: {error}",
                    path=("ca_file",),
                    help="name a file in PEM form",
                )
        if not 1 <= self.timeout <= 120:
            yield Problem(
                code="out-of-range",
                message="the timeout lies between 1 and 120 seconds",
                path=("timeout",),
            )
        yield from super().problems()

    def _url_problems(self) -> Iterator[Problem]:
        try:
            parts = urlsplit(self.url.reveal())
            good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            parts, good = urlsplit(""), False
        plain = all("!" <= character <= "~" for character in self.url.reveal())
        if not good or parts.username or not plain:
            yield Problem(
                code="bad-webhook-url",
                message="this is no address that a webhook can be posted to",
                path=("url",),
                help="it looks like https://hooks.acme.example/watch, without a login in it",
            )
        elif parts.scheme == "http" and parts.hostname not in _HERE:
            yield Problem(
                code="in-the-clear",
                message="http:// would send the findings readable for everybody between",
                path=("url",),
                help="use https://; http:// is for a receiver on this machine only",
            )

    def messages(
        self, templates: "Templates", digest: "Digest", recipients: Sequence[str]
    ) -> tuple[OutgoingMail, ...]:
        """Make the JSON; see `Outlet.messages`."""
        from alerts.channels.in_json import VERSION, as_data
        from alerts.words.translations import Words

        words = Words(
            catalogue=templates.catalogue(self.language), zone=digest.zone, now=digest.now
        )
        body = {
            "type": TYPE,
            "version": VERSION,
            "timestamp": digest.now.isoformat(),
            "data": as_data(digest, words),
        }
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return tuple(
            OutgoingMail(
                recipient=to,
                message_id=message_id(self.name, digest.slot.at.isoformat(), to, payload),
                payload=payload,
                kind="webhook",
            )
            for to in recipients
        )

    def open(self, recipient: str) -> Sender:
        """Make the sender: to where the channel posts now, whatever host it was planned for."""
        del recipient
        return WebhookSender(self)


def message_id(channel: str, slot: str, recipient: str, payload: bytes) -> str:
    """Return the name of a message: equal input gives an equal one, and no two share it."""
    told = "\0".join((channel, slot, recipient)).encode("utf-8", "surrogatepass")
    return "msg_" + hashlib.sha256(told + b"\0" + payload).hexdigest()[:32]


class WebhookSender:
    """Posts deliveries to one address; each has a connection of its own."""

    def __init__(self, table: Webhook, now: Callable[[], float] = time.time) -> None:
        from alerts.channels.http_post import Target

        secret = table.secret.reveal()
        self._key = key_of(secret)
        self._target = Target(
            url=table.url.reveal(),
            ca_file=table.ca_file,
            seconds=float(table.timeout),
            secrets=(secret, secret.removeprefix(PREFIX)),
        )
        self._now = now

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Sign the bytes and post them; see `alerts.model.Sender`.

        Every attempt has the same body and `webhook-id`, and a timestamp and signature of its own.
        """
        from alerts.channels.http_post import post

        at = int(self._now())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "brand-watcher",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._key, delivery.message_id, at, delivery.payload),
        }
        return post(self._target, delivery.payload, headers, handing_over, self._now)

    def check(self) -> str:
        """Connect and hang up, nothing is posted; see `alerts.model.Sender`."""
        from alerts.channels.http_post import reach

        return reach(self._target)

    def close(self) -> None:
        """Nothing is held open."""
