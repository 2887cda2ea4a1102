"""What the channels share that are no mails: they open a way out of their own, `[mail]` is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.channels.digest_channel import DigestChannel
from alerts.model import OutgoingMail, Sender

if TYPE_CHECKING:
    from alerts.digest.composing import Digest
    from alerts.words.render import Templates


@dataclass(frozen=True, kw_only=True)
class Outlet(DigestChannel):
    """The keys of a `[[channels]]` table whose channel makes and hands over its own messages."""

    kind: str
    inside: bool = False
    """Whether only people of your company read it, so that private posts may be shown there; all
    others are told how many there were."""

    def messages(
        self, templates: "Templates", digest: "Digest", recipients: Sequence[str]
    ) -> tuple[OutgoingMail, ...]:
        """Make a message for each of `recipients`, as it will be handed over however often.

        Equal input gives equal bytes. None where the digest holds nothing that this channel tells.
        Raises `TemplateError`, `CatalogueError`.
        """
        raise NotImplementedError

    def open(self, recipient: str) -> Sender:
        """Make the sender for one of `recipients`; nothing is connected yet.

        Raises `DeliveryError` for a recipient that this channel has no more.
        """
        raise NotImplementedError
