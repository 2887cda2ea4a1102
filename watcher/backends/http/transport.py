"""The same bounds for httpx: the only module that knows it.

A request of httpx is made by our `requests` session, so that both have one set of bounds.
"""

import logging

import httpx
import requests

from watcher.backends.http.session import Session

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, searches included

_HOP = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
"""Headers that spoke of the octets on the wire."""
_OURS = frozenset({"accept-encoding", "connection", "host", "user-agent"})
"""Headers that the session writes itself."""


class BoundedTransport(httpx.BaseTransport):
    """What `httpx.Client(transport=...)` takes; closing the client closes the session.

    Redirects within the host have been followed. Raises `BackendError` through httpx, which lets it
    pass.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make one request; the answer is wholly read."""
        headers = {n: v for n, v in request.headers.items() if n.lower() not in _OURS}
        answer: requests.Response = self._session.request(
            request.method, str(request.url), headers=headers, data=request.read() or None
        )
        kept = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in answer.headers.items()
            if name.lower() not in _HOP
        ]
        return httpx.Response(answer.status_code, headers=kept, content=answer.content)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()
