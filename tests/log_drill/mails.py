"""Reads what the drill's mails tell of."""

import re
from collections import Counter
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default


def told(mails: Sequence[tuple[str, bytes]], recipient: str) -> Counter[int]:
    """Count in how many mails a recipient was told of each post; copies of a mail are one."""
    different = {octets for to, octets in list(mails) if to == recipient}
    return Counter(number for octets in different for number in _numbers(octets))


_READ: dict[bytes, frozenset[int]] = {}


def _numbers(octets: bytes) -> frozenset[int]:
    if octets not in _READ:
        message = message_from_bytes(octets, policy=default)
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        _READ[octets] = frozenset(int(one) for one in re.findall(r"remark(\d+)x", text))
    return _READ[octets]
