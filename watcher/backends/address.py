"""Addresses of servers as people write them: what is wrong with one, before a secret goes there."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

SAFE_AND_OPEN = ("https", "http")


def wrong_server(address: str) -> str:
    """Say what is wrong with the address of a whole server; empty where nothing is.

    It ends with the server's name. A token is sent there with each request: in plain text it goes
    to this machine only.
    """
    parts = _parts(address)
    if parts is None:
        return "this is no address"
    if parts.scheme not in SAFE_AND_OPEN or not re.fullmatch(r"[\w.:-]{1,253}", _host(parts)):
        return "this is no address of a server"
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        return "a server's address ends with its name"
    return _open_to_others(parts, "http")


def wrong_address(address: str, schemes: tuple[str, str] = SAFE_AND_OPEN) -> str:
    """Say what is wrong with an address, which may lead to a place at a server; empty if nothing.

    `schemes` are the safe one and the open one, over which only this machine is spoken to.
    """
    parts = _parts(address)
    if parts is None:
        return "this is no address"
    if parts.username or parts.password:
        return "a server's address holds no name and no password"
    if parts.scheme not in schemes or not _host(parts):
        return f"this is no address of a server: it begins with {schemes[0]}://"
    if parts.query or parts.fragment:
        return "a server's address holds no ? and no #"
    return _open_to_others(parts, schemes[1])


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


def _open_to_others(parts: SplitResult, scheme: str) -> str:
    if parts.scheme == scheme and not is_here(_host(parts)):
        return f"over plain {scheme} others may read along"
    return ""
