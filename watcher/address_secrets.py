"""What of a database's address, behind its `?`, nobody else may read."""

from urllib.parse import parse_qsl, urlsplit

SECRETS = frozenset(("password", "sslpassword", "oauth_client_secret"))
"""The names of libpq."""


def holds_secret(address: str) -> bool:
    """Whether an address says a password, in either place. Raises `ValueError` where it is none."""
    parts = urlsplit(address)
    named = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return bool(parts.password) or not SECRETS.isdisjoint(named)
