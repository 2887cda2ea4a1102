"""Messages to chats and phones: the only module that knows Apprise.

Apprise says only whether it worked. What it means where it did not is read from what it logs, by
the thread that sends: an HTTP status, a connection that never stood, an answer that went missing.
Its logs go nowhere else, since they hold addresses with tokens and keys.
"""

import logging
import re
import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, OverflowMode
from apprise.common import PersistentStoreMode
from apprise.manager_plugins import NotificationManager
from apprise.plugins.base import NotifyBase

from alerts.channels.chat import Message, fitted, harmless
from alerts.channels.http_post import LONGEST_PAUSE, kind_of_status
from alerts.model import Delivery, DeliveryError
from alerts.words.hostile import one_line
from rules.errors import WatcherError

SECONDS = 60.0
"""That one message may take in all; what hangs longer is left behind."""
READ_SECONDS = 15.0
"""For each answer, where the address does not say `rto`."""
_SHORTEST_SECRET = 4

_STATUS = re.compile(r"error=(\d{3})\d{0,2}\b")
_PAUSE = re.compile(
    r"""retry[_-]after(_ms)?["']?\s*[:=]\s*["']?(\d{1,9}(?:\.\d+)?)""", re.IGNORECASE
)
_UNREACHED = re.compile(
    "NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|ProxyError|CERTIFICATE_VERIFY"
    "|Failed to establish|Connection refused|timed out\\. \\(connect timeout"
)
_PART = re.compile(r"[/?&=:@#,;\s]+")


class UnknownServiceError(WatcherError):
    """Apprise cannot make anything of an address."""


class _Listener(logging.Handler):
    """Keeps what Apprise logs for the thread that asked for it, and from everybody else."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._of_thread = threading.local()

    def heard(self) -> list[logging.LogRecord]:
        """Begin to listen in this thread; the list grows."""
        self._of_thread.records = records = list[logging.LogRecord]()
        return records

    def emit(self, record: logging.LogRecord) -> None:
        records = getattr(self._of_thread, "records", None)
        if records is not None and len(records) < 1000:
            records.append(record)


_listener = _Listener()
_log = logging.getLogger("apprise")
_log.addHandler(_listener)
_log.setLevel(logging.DEBUG)
_log.propagate = False
with warnings.catch_warnings():  # some of its plug-ins ask for modules that Python gives up
    warnings.simplefilter("ignore")
    NotificationManager().load_modules()  # type: ignore[no-untyped-call]
logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs whole addresses


class NotifySender:
    """One service of Apprise, made of its address with the first message or check.

    `name` is what may be told of the address. `seconds` bound each message.
    """

    def __init__(self, url: str, name: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._name = name
        self._seconds = seconds
        self._made: NotifyBase | None = None

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Fit the message to the service and hand it over; see `alerts.model.Sender`.

        A status that Apprise was answered tells permanent from temporary; a connection that never
        stood is temporary; everything else is uncertain.
        """
        try:
            message = Message.read(delivery.payload)
            service = self._service()
        except (ValueError, UnknownServiceError) as error:
            raise DeliveryError(
                f"{self._name}: {error}", kind="permanent", help="mend the address of the channel"
            ) from None
        handing_over()
        arguments = _arguments(service, message)
        taken, heard = self._within(lambda: service.notify(**arguments))
        if not taken:
            raise self._explained(heard)
        return f"{self._name} took it"

    def check(self) -> str:
        """Say which service Apprise takes the address for; nothing is sent."""
        try:
            service = self._service()
        except UnknownServiceError as error:
            raise DeliveryError(
                f"{self._name}: {error}",
                kind="permanent",
                help="docs/channels.md shows what the addresses of services look like",
            ) from None
        return f"{self._name}: an address of {one_line(str(service.service_name), 60)}"

    def close(self) -> None:
        """Nothing is held open."""
        self._made = None

    def _service(self) -> NotifyBase:
        if self._made is None:
            self._made = service_of(self._url)
        return self._made

    def _within(self, work: Callable[[], bool]) -> tuple[bool, list[logging.LogRecord]]:
        """Work in a thread that can be left behind; return the result and what was logged."""
        result: list[bool] = []
        records: list[logging.LogRecord] = []
        wrong: list[str] = []

        def run() -> None:
            nonlocal records
            records = _listener.heard()
            try:
                result.append(bool(work()))
            except Exception as error:  # noqa: BLE001 - a foreign plug-in may raise anything
                wrong.append(type(error).__name__)

        thread = threading.Thread(target=run, name=f"notify {self._name}", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive() or wrong:
            why = f"it failed ({wrong[0]})" if wrong else f"no answer in {self._seconds:g} seconds"
            raise DeliveryError(
                f"{self._name} was taking the message: {why}",
                kind="uncertain",
                help="the message may be there already",
            )
        return result[0], records

    def _explained(self, heard: list[logging.LogRecord]) -> DeliveryError:
        told = [record.getMessage() for record in heard]
        warnings = [r.getMessage() for r in heard if r.levelno >= logging.WARNING]
        said = self._without_secrets(warnings[-1]) if warnings else "it gave no reason"
        if any(text.startswith("Sent ") for text in told):
            return DeliveryError(
                f"{self._name} took a part of the message: {said}",
                kind="uncertain",
                help="look what arrived there",
            )
        statuses = [int(code) for text in warnings for code in _STATUS.findall(text)]
        if statuses:
            return self._of_status(statuses[-1], said, told)
        if any(_UNREACHED.search(text) for text in told):
            return DeliveryError(f"{self._name} cannot be reached: {said}", kind="temporary")
        return DeliveryError(
            f"{self._name} was taking the message when something went wrong: {said}",
            kind="uncertain",
            help="the message may be there already",
        )

    def _of_status(self, status: int, said: str, told: list[str]) -> DeliveryError:
        if status == 504:  # whoever stands before the service handed it on, and waited in vain
            return DeliveryError(f"{self._name} did not answer: {said}", kind="uncertain")
        temporary = kind_of_status(status) == "temporary"
        return DeliveryError(
            f"{self._name} did not take the message: {said}",
            kind="temporary" if temporary else "permanent",
            help="" if temporary else "mend it, then `watcher deliveries retry` sends it again",
            retry_after=_pause(told) if temporary else None,
        )

    def _without_secrets(self, text: str) -> str:
        """Return foreign words without anything that stands in the address."""
        scheme, _, rest = self._url.partition("://")
        parts = {part for one in (rest, unquote(rest)) for part in _PART.split(one)}
        parts |= {rest, unquote(rest)}
        for part in sorted(parts - {scheme, self._name}, key=len, reverse=True):
            if len(part) >= _SHORTEST_SECRET:
                text = re.sub(re.escape(part), "***", text, flags=re.IGNORECASE)
        return one_line(text, 200)


def service_of(url: str) -> NotifyBase:
    """Make the service that an address stands for. Raises `UnknownServiceError`."""
    heard = _listener.heard()
    asset = AppriseAsset(
        app_id="Brand watch",
        app_desc="Brand watch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
        storage_mode=PersistentStoreMode.MEMORY,
    )
    try:
        service = Apprise.instantiate(url, asset=asset)
    except Exception as error:  # noqa: BLE001 - foreign words may hold the address
        raise UnknownServiceError(
            f"Apprise cannot use the address ({type(error).__name__})"
        ) from None
    finally:
        heard.clear()
    if not isinstance(service, NotifyBase):
        raise UnknownServiceError("Apprise knows no service with such an address")
    if service.socket_read_timeout == NotifyBase.socket_read_timeout:
        service.socket_read_timeout = READ_SECONDS
    return service


def _arguments(service: NotifyBase, message: Message) -> dict[str, Any]:
    """Choose the form that a service shows, and cut it to what it takes."""
    markdown = service.resolve_format(NotifyFormat.MARKDOWN) is NotifyFormat.MARKDOWN
    blended = service.title_maxlen <= 0
    title = message.title
    if not blended:
        title = one_line(title, service.title_maxlen)
    title = harmless(title, markdown=markdown and blended)
    limit = int(service.body_maxlen)
    if blended or service.overflow_amalgamate_title:
        limit -= len(title) + 8  # what Apprise puts around and after it
    body = fitted(message.markdown if markdown else message.text, max(limit, 40), message.cut)
    if markdown:
        body = re.sub(r"(?<=\S)\n(?=\S)", "  \n", body)  # lines stay lines
    return {
        "title": title,
        "body": body,
        "notify_type": NotifyType.INFO,
        "body_format": NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT,
        "overflow": OverflowMode.TRUNCATE,
    }


def _pause(told: list[str]) -> timedelta | None:
    for text in told:
        if found := _PAUSE.search(text):
            seconds = float(found[2]) / (1000 if found[1] else 1)
            return min(timedelta(seconds=seconds), LONGEST_PAUSE)
    return None
