"""An SMTP server that takes every mail and keeps none: what a benchmark sends to.

    python benchmarks/smtp_sink.py       # prints its port, then counts until standard input ends

In a process of its own, and as little work as can be, so that the sender is what is measured. For
each mail that is taken it counts the octets; asked with a line on standard input it answers with
`mails octets connections`.
"""

import asyncio
import sys


class Sink(asyncio.Protocol):
    """One connection."""

    mails = octets = connections = 0

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        Sink.connections += 1
        self._transport = transport
        self._say(b"220 sink")

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._buffer += data
        while (self._in_data and self._message()) or (not self._in_data and self._command()):
            pass

    def _message(self) -> bool:
        end = self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return False
        Sink.mails += 1
        Sink.octets += end
        del self._buffer[: end + 5]
        self._in_data = False
        self._say(b"250 taken")
        return True

    def _command(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        verb = bytes(self._buffer[:4]).upper()
        del self._buffer[: end + 2]
        if verb == b"EHLO":
            self._say(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
        elif verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on")
        elif verb == b"QUIT":
            self._say(b"221 bye")
            self._transport.close()
        else:
            self._say(b"250 fine")
        return True

    def _say(self, line: bytes) -> None:
        self._transport.write(line + b"\r\n")  # type: ignore[attr-defined]


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(Sink.mails, Sink.octets, Sink.connections, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
