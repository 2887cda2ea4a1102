"""A microblog full of accounts that look like a brand, of every kind a reviewer meets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice, product
from pathlib import Path

from watcher.backends.local import Microblog, NewPost, Profile

_CLAIMS = ("support", "help", "promo", "refund", "official", "sav", "jobs", "giveaway")
_PLACES = ("lyon", "paris", "nord", "lille", "nantes", "metz", "brest", "nice", "tours", "caen")
_TRICKS = ("n0rdelia", "nordela", "nordeila", "nordellia", "nordelja", "mordelia", "nordelai")
_BIOS = ("", "Fan account, not affiliated.", "We answer in 5 minutes.", "Trains et cafés.")
_TEXTS = (
    "Refund? Write to us: https://nordelia-{}.example/claim",
    "Lovely morning on the {} line.",
    "Send us your booking number in private.",
)


def names() -> Iterator[tuple[str, str]]:
    """Yield handle and display name of squatters without end, each handle once."""
    for place in _PLACES:
        yield f"nordelia_{place}", f"Nordelia {place.title()}"
    for trick in _TRICKS:
        yield trick, ""
    for trick, word in product((*_TRICKS, "nordelia"), _CLAIMS):
        yield f"{trick}_{word}", f"{trick.title()} {word}"
    for number, word in enumerate(cycle(("\u041d\u043erdelia", "Nordelia \u2714", "NORDELlA"))):
        yield f"train_{number}", word


def settle(file: Path, number: int, now: datetime) -> None:
    """Make so many squatters in the microblog at `file`; each posts once or twice before `now`."""
    with Microblog.found(file, now).change() as change:
        for at, (handle, display) in enumerate(islice(names(), number)):
            profile = Profile(
                display_name=display,
                bio=_BIOS[at % len(_BIOS)],
                created=now - timedelta(days=3 + 11 * at),
            )
            change.account(handle, now, profile)
            for more in range(1 + at % 2):
                text = _TEXTS[(at + more) % len(_TEXTS)].format(handle.replace("_", "-"))
                when = now - timedelta(minutes=5 * number - 5 * at - more)
                change.post(NewPost(author=handle, text=text, posted_at=when))
