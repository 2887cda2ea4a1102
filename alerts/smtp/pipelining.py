"""What aiosmtplib does not do, or too slowly: its protocol steps aside for a moment.

Two commands travel in one go (RFC 2920): MAIL and RCPT. DATA never does: it is sent when the answer
to RCPT is known and the handing over is on disk.
"""

import asyncio

from aiosmtplib import SMTP, SMTPResponse, SMTPServerDisconnected

_LARGEST = 65_536
"""Octets of all answers together."""


async def hand_over(client: SMTP, payload: bytes, seconds: float, verdict: float) -> SMTPResponse:
    """Send DATA and, when the server asks for it, the message; return the last answer.

    The server has `seconds` to ask for the message, and `verdict` seconds to take it.

    The message has CR LF line ends and nothing else of the kind: aiosmtplib, which would see to
    that once more, takes longer for it than for all the rest. Raises `TimeoutError`, else as
    `both_at_once`.
    """
    [asked] = await _sent(client, b"DATA\r\n", 1, seconds)
    if asked.code != 354:
        return asked
    stuffed = payload.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
    [answer] = await _sent(client, stuffed + end, 1, verdict)
    return answer


async def both_at_once(
    client: SMTP, first: str, second: str, encoding: str, seconds: float
) -> list[SMTPResponse]:
    """Send two commands together; return both answers, whatever they are.

    Only the first one is returned where the connection ends or the time is up behind it. Raises
    `SMTPServerDisconnected` or `TimeoutError` where there is none at all, `ValueError` for a
    command with a control character or an answer that is none, `UnicodeError` for a command
    outside `encoding`. The connection is of no use after anything but two answers.
    """
    for command in (first, second):
        if any(ord(character) < 32 or ord(character) == 127 for character in command):
            raise ValueError("a command holds a control character")
    return await _sent(client, f"{first}\r\n{second}\r\n".encode(encoding), 2, seconds)


async def _sent(client: SMTP, octets: bytes, count: int, seconds: float) -> list[SMTPResponse]:
    """Write, and return so many answers, or those that came before the end."""
    transport, usual = client.transport, client.protocol
    if usual is None or not isinstance(transport, asyncio.Transport) or transport.is_closing():
        raise SMTPServerDisconnected("Connection lost")
    answers = _Answers(usual, count)
    transport.set_protocol(answers)
    try:
        transport.write(octets)
        await asyncio.wait([answers.done], timeout=seconds)
    finally:
        transport.set_protocol(usual)
    if not answers.done.done() and not answers.so_far:
        answers.done.cancel()
        raise TimeoutError
    return answers.done.result() if answers.done.done() else answers.so_far


class _Answers(asyncio.Protocol):
    """Gathers so many answers; all else it leaves to the protocol whose place it takes."""

    def __init__(self, usual: asyncio.Protocol, count: int) -> None:
        self.done: asyncio.Future[list[SMTPResponse]] = asyncio.get_running_loop().create_future()
        self._usual = usual
        self._count = count
        self.so_far: list[SMTPResponse] = []
        self._lines: list[bytes] = []
        self._rest = b""
        self._octets = 0

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        if self.done.done():
            return
        if self._octets > _LARGEST:
            self.done.set_exception(ValueError("the server answers without end"))
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.rstrip(b"\r"))

    def _take(self, line: bytes) -> None:
        if self.done.done():
            return
        if not line[:3].isdigit() or line[3:4] not in (b"-", b" ", b""):
            self.done.set_exception(ValueError("the server answers what is no answer"))
            return
        self._lines.append(line[4:].strip())
        if line[3:4] == b"-":
            return
        words = b"\n".join(self._lines).decode("utf-8", "replace")
        self.so_far.append(SMTPResponse(int(line[:3]), words))
        self._lines = []
        if len(self.so_far) == self._count:
            self.done.set_result(self.so_far)

    def eof_received(self) -> bool | None:
        self._end()
        return self._usual.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._usual.connection_lost(exc)

    def pause_writing(self) -> None:
        self._usual.pause_writing()

    def resume_writing(self) -> None:
        self._usual.resume_writing()

    def _end(self) -> None:
        if self.done.done():
            return
        if self.so_far:
            self.done.set_result(self.so_far)
        else:
            self.done.set_exception(SMTPServerDisconnected("Connection lost"))
