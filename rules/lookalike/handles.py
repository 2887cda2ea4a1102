"""What a handle may look like on each network."""

import re
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = re.compile(r"[a-z0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class HandleForm:
    """Which names a network gives away as handles. Letters are ASCII on all of them."""

    signs: str = "_"
    """Signs allowed beside letters and digits, the one used most to part words first."""
    outside: str = "_"
    """Those of them that may stand at the beginning and at the end."""
    shortest: int = 1
    longest: int = 30
    capitals: bool = True
    """Whether capitals are shown as they were written, so that I passes for l. To none of these
    networks do they make another name."""
    suffix: str = ""
    """What the network puts behind the name to make a whole handle."""

    def fits(self, name: str) -> bool:
        """Return whether the network would give this name away as (the beginning of) a handle."""
        lower = name.lower() if self.capitals else name
        return (
            self.shortest <= len(name) <= self.longest
            and all(char in self.signs or _LETTERS.fullmatch(char) for char in lower)
            and all(
                char in self.outside or char not in self.signs for char in lower[:1] + lower[-1:]
            )
            and ".." not in lower
        )

    def whole(self, name: str) -> str:
        """Return the handle by which the network is asked for a name."""
        return name + self.suffix


FORMS: Final = {
    # What Mastodon's sign-up takes; names of other servers may also hold `.` and `-`.
    "mastodon": HandleForm(),
    # A label of a domain, of the length that the hosts of bsky.social give away.
    "bluesky": HandleForm(
        signs="-", outside="", shortest=3, longest=18, capitals=False, suffix=".bsky.social"
    ),
    "x": HandleForm(shortest=4, longest=15),
    "local": HandleForm(signs="_.-", longest=64),
}


def handle_form(network: str) -> HandleForm:
    """Return what handles look like on a network; of one not known, what most would take."""
    return FORMS.get(network, HandleForm())
