"""The `[metrics]` table: where figures are told, if anywhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.errors import Problem

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:\s/@]*):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class MetricsTable:
    """The `[metrics]` table: where a running service tells its figures and its health."""

    listen: str = ""
    """The address at which `/metrics`, `/healthz` and `/readyz` are served, such as
    `127.0.0.1:9464`. Empty: nowhere. Whoever reaches it reads the names of sources and channels, so
    leave it to this machine or to a network of your own."""

    @property
    def address(self) -> tuple[str, int] | None:
        """The host (empty: every one of this machine) and the port; None where it is off."""
        found = _LISTEN.fullmatch(self.listen)
        if not found:
            return None
        return found["host"].strip("[]"), int(found["port"])

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the address."""
        address = self.address
        if self.listen and (address is None or not 0 < address[1] < 65536):
            yield Problem(
                code="bad-listen",
                message="this is no address to listen at",
                path=("listen",),
                help='listen = "127.0.0.1:9464"',
            )
