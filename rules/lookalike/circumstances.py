"""What is known of an account or a domain beside its name, and what that says of its intent."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What is known beside the name. A fact that nobody could look at is as if it were not so."""

    copies_display_name: str = ""
    """The brand's own account whose display name it bears under another handle."""
    copies_bio: str = ""
    """The brand's own account whose bio it repeats, or nearly so."""
    copies_avatar: str = ""
    """The brand's own account whose picture it shows, or nearly so."""
    age: timedelta | None = None
    """How old the account was when it was seen last; None where nobody told."""
    followers: int | None = None
    lookalike_links: tuple[str, ...] = ()
    """Domains that look like the brand's and that its bio, url or posts lead to; sorted."""
    answers: int = 0
    """Accounts that had addressed the brand, and that it answered or mentioned since."""
    verified: str = ""
    """The brand's domain that the network found to link back to the account, or the brand's own
    account that names it as verified: proof of a common owner."""
    marked: str = ""
    """The words by which it says that it is a parody, a fan's or not official."""
