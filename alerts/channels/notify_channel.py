"""A channel that writes into chats and to phones: `kind = "notify"`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from alerts.channels.outlet import Outlet
from alerts.model import DeliveryError, OutgoingMail, Sender
from alerts.secret import Secret
from rules.errors import Problem

if TYPE_CHECKING:
    from alerts.digest.composing import Digest
    from alerts.words.render import Templates

_MAILS = frozenset({"mailto", "mailtos"})


@dataclass(frozen=True, kw_only=True)
class Notify(Outlet):
    """A `[[channels]]` table with `kind = "notify"`: Slack, Teams, Telegram, ntfy and others."""

    kind: Literal["notify"] = "notify"
    url: Secret | None = None
    """The service's address as Apprise writes it, `slack://...`: `"${NAME}"` or `"${file:...}"`."""
    urls: tuple[Secret, ...] = ()
    """Several of them; each gets a message of its own."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The services, by what may be told of their addresses: `slack`, `slack 2`, `ntfy`."""
        return tuple(self._named())

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say; `watcher check` asks Apprise beside."""
        if not self._addresses():
            yield Problem(
                code="no-recipient",
                message="nobody would receive these messages",
                path=("url",),
                help='name a service: url = "${SLACK_URL}"; docs/channels.md shows the addresses',
            )
        for path, secret in self._addresses():
            address = secret.reveal()
            scheme, parted, rest = address.partition("://")
            if scheme.lower() in _MAILS:
                yield Problem(
                    code="bad-notify-url",
                    message="this is an address for mails",
                    path=path,
                    help='use a channel with kind = "email" for it',
                )
            elif not (parted and rest and scheme.isalnum()) or any(map(str.isspace, address)):
                yield Problem(
                    code="bad-notify-url",
                    message="this is no address of a service",
                    path=path,
                    help="it looks like ntfy://topic or slack://...: docs/channels.md",
                )
        yield from super().problems()

    def messages(
        self, templates: "Templates", digest: "Digest", recipients: Sequence[str]
    ) -> tuple[OutgoingMail, ...]:
        """Make one message in all forms that services take; see `Outlet.messages`."""
        from alerts.channels.chat import Message
        from alerts.channels.webhook import message_id

        payload = Message.of(templates, digest).payload
        slot = digest.slot.at.isoformat()
        return tuple(
            OutgoingMail(
                recipient=to,
                message_id=message_id(self.name, slot, to, payload),
                payload=payload,
                kind="notify",
            )
            for to in recipients
        )

    def open(self, recipient: str) -> Sender:
        """Make the sender; see `Outlet.open`."""
        named = self._named()
        if recipient not in named:
            raise DeliveryError(
                f'the channel "{self.name}" has no {recipient} any more',
                kind="permanent",
                help="put its address back and send this again, or drop it",
            )
        from alerts.channels.notify import NotifySender

        return NotifySender(named[recipient].reveal(), recipient)

    def _addresses(self) -> list[tuple[tuple[str | int, ...], Secret]]:
        one: list[tuple[tuple[str | int, ...], Secret]] = [(("url",), self.url)] if self.url else []
        return one + [(("urls", position), secret) for position, secret in enumerate(self.urls)]

    def _named(self) -> dict[str, Secret]:
        """The addresses by the names of their services; a second Slack is `slack 2`.

        A name stays the same when a token in its address is changed.
        """
        seen = Counter[str]()
        named = {}
        for _, secret in self._addresses():
            name = _service(secret.reveal())
            seen[name] += 1
            named[name if seen[name] == 1 else f"{name} {seen[name]}"] = secret
        return named


def _service(address: str) -> str:
    """The scheme, or the host of an ordinary web address: neither is secret."""
    scheme = address.partition("://")[0].lower()
    if scheme in ("http", "https"):
        try:
            return urlsplit(address).hostname or "web"
        except ValueError:
            return "web"
    return scheme if scheme.isalnum() else "service"
