"""Whose timeline is read, and whether the account is still there.

An account has a number on its server and an address everywhere. Both are remembered with what was
read, so that one that is gone can be told from one that has another name now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from watcher.backends.formats import Mastodon, UnreadableError, values
from watcher.backends.interface import BackendError
from watcher.backends.mastodon.client import Client


class LeftError(BackendError):
    """An account is not shown any more. `account` is its id where it left the network itself.

    It is empty where only the server that was asked shows nothing of it: accounts of others may go
    on elsewhere.
    """

    def __init__(self, message: str, account: str, help: str = "") -> None:
        super().__init__(message, kind="gone", help=help)
        self.account = account


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """The account of a timeline."""

    address: str
    """As `Account.id`."""
    number: str
    moved_to: str
    """The handle under which it goes on elsewhere; empty where it does not."""

    @property
    def known(self) -> tuple[str, str]:
        """What is remembered of it: address and number."""
        return self.address, self.number


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Finds the account of a handle, as a server has it."""

    client: Client
    format: Mastodon
    handle: str
    by_handle: Callable[[str], dict[str, Any] | None]
    at_home: Callable[[], bool]
    """Whether the account is the server's own."""

    def find(self, known: tuple[str, str] = ("", "")) -> Whose:
        """Return the account; `known` are the address and the number that it had before.

        Raises `LeftError` where it is gone.
        """
        address, number = known
        record = self.client.account_numbered(number) if number else None
        if record is None or not self._same(record, known):
            record = self.by_handle(self.handle)
        if record is None or not self._same(record, known):
            raise self._gone(address)
        if record.get("suspended") is True:
            raise LeftError(
                f"{self.client.host} has suspended @{self.handle}, and shows no posts of it",
                (address or self._address(record)) if self.at_home() else "",
                help="where it is shown, it can be read from another server",
            )
        return Whose(
            address=self._address(record),
            number=values.identifier(record.get("id")),
            moved_to=self._moved(record),
        )

    def _same(self, record: dict[str, Any], known: tuple[str, str]) -> bool:
        """Whether this is the account that was known, if one was.

        Servers may give all accounts other numbers when they are set up anew, and state another
        address of them in a later version: never both.
        """
        address, number = known
        addresses = (record.get("uri"), record.get("url"), self._address(record))
        return not address or address in addresses or record.get("id") == number

    def _gone(self, address: str) -> LeftError:
        """Return what to tell of an account that is not there; `address` of one that was.

        A server that has lost everything, or that another program answers for, tells of nobody.
        """
        message = f"{self.client.host} knows no account @{self.handle}"
        help_ = "write it as it is written there: @name, or @name@its.server"
        if not address:
            return LeftError(message, "", help=help_)
        left = address if self.at_home() and self._is_in_service() else ""
        return LeftError(f"{message} any more", left, help=help_ if not left else "")

    def _is_in_service(self) -> bool:
        """Whether the server answers at all to what every server of its kind does."""
        for version in (2, 1):
            try:
                self.client.instance(version)
            except BackendError as error:
                if error.kind == "temporary":
                    raise
            else:
                return True
        return False

    def _address(self, record: dict[str, Any]) -> str:
        try:
            return self.format.account(record).id
        except UnreadableError:
            return ""

    def _moved(self, record: dict[str, Any]) -> str:
        moved = values.record(record.get("moved"))
        try:
            target = self.format.account(moved)
        except UnreadableError:
            return ""
        return "" if target.id == self._address(record) else target.handle
