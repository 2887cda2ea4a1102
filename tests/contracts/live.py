"""Live worlds: a loopback server of a network, read through that network's backend.

How a backend joins the contract
--------------------------------
Write one class in `tests/contracts/worlds/NAME.py` and name it in `LIVE` (tests/contracts/worlds/
__init__.py). It then passes every law of `test_readers.py` and `test_live.py`: order, resuming,
duplicates, edits, deletions, broken items, and all of `tests/faults.py`.

    class TownWorld(LiveWorld):
        page_size = 4                        # posts of one page under the fixture `small_pages`

        def reader(self, secret=SECRET): ...   # a *new* Reader of self.server.url, called "here";
                                             # opened as the program opens it, by the source's
                                             # `open()`, contact=CONTACT, and the secret given
        def answer(self, asked): ...         # the server: an `Asked` into a `Reply`
        def say(self, *posts): ...           # new posts, in this order
        def say_broken(self): ...            # one item that is no post (no id, a wrong type ...)
        def edit(self, text, new): ...       # change the text of a post said before
        def delete(self, text): ...          # take it away

A backend that also knows accounts writes the methods of `Society` (tests/contracts/world.py) and
stands in `SOCIETIES`, too: then it passes `test_networks.py`.

- `answer` passes the items of every page through `self.served(items)`, newest or oldest first as
  the network has it: the tests then let it repeat items, mix their order, and so on.
- `page_size` is how many posts the server gives at once where the backend's own constant is patched
  small; add that constant to `small_pages` in conftest.py. Where the smallest page is 10, it is 10.
- What a network cannot have, it says: `exact = False` where texts lose what `test_readers.py` tries
  (NUL octets, leading blanks), `any_time = False` where it has no posts of other decades,
  `sorts = False` where pages keep the network's order rather than that of time, `secret = False`
  where nobody logs in.
- The server is plain HTTP, on a free port. Every request must carry a User-Agent with `CONTACT`.
- Budgets are process-wide (`watcher.backends.http.budget.SHARED`); `new_world` clears them.
- Slow faults patch `watcher.backends.http.bounds.USUAL`: make sessions without bounds of your own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tests.contracts.world import Said, World
from tests.faults import Asked, Loopback, Reply
from watcher.backends.interface import Reader

CONTACT = "watch@acme.example"
SECRET = "s3cret-0123456789"

T = TypeVar("T")


class LiveWorld(World):
    """A network on loopback. See the top of this module for what a subclass writes."""

    sorts = True
    """Whether the posts of a page come by time; else as the network orders them."""
    secret = True
    """Whether one logs in; else no request may carry anything that would tell who asks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.repeats = False
        """Whether every page holds its first and last item twice."""
        self.shuffled = False
        """Whether the items of a page come in a mixed order."""
        self.server = Loopback(self.answer)

    def answer(self, asked: Asked) -> Reply:
        """Answer a request as the network does."""
        raise NotImplementedError

    def reader(self, secret: str = "") -> Reader:
        """Return a new reader of the server, with another secret than `SECRET` where one is given.

        That is a token or a password with which nobody logged in before.
        """
        raise NotImplementedError

    def say(self, *posts: Said) -> None:
        """Write posts, the oldest first."""
        raise NotImplementedError

    def say_broken(self) -> None:
        """Write something that cannot be read as a post."""
        raise NotImplementedError

    def edit(self, text: str, new: str) -> None:
        """Change the post that has this text."""
        raise NotImplementedError

    def delete(self, text: str) -> None:
        """Take away the post that has this text."""
        raise NotImplementedError

    def served(self, items: Sequence[T]) -> list[T]:
        """Return the items of a page as this world's server sends them."""
        page = list(items)
        if self.shuffled:
            page = page[1::2] + page[::2][::-1]
        if self.repeats and page:
            page = [page[0], *page, page[-1], page[0]]
        return page

    def close(self) -> None:
        """Stop the server."""
        self.server.close()
