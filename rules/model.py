"""The shared words: what is posted, by whom, what we look for, and what was found.

Every time is an aware `datetime` in UTC. Every key is `network:id`. All types are frozen: a changed
thing is a new thing. Texts come from strangers; nothing here is trusted to be short or harmless.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who posts. What a network does not tell is None (unknown), never a guess."""

    network: str
    """Which network: `mastodon`, `bluesky`, `x`, `local`, ... in lower case."""
    id: str
    """The network's own identifier, opaque. It survives a change of handle."""
    handle: str
    """The name to write after `@`, without it: `acme`, `acme@other.social`, `acme.bsky.social`."""
    display_name: str = ""
    bio: str = ""
    url: str = ""
    avatar: str = ""
    created: datetime | None = None
    followers: int | None = None
    following: int | None = None
    bot: bool | None = None
    locked: bool | None = None
    discoverable: bool | None = None
    verified: tuple[str, ...] = ()
    """Addresses that the network found to link back to this account: proof of a common owner."""
    standing: str = ""
    """`active`, `moved` (its owner uses another one now), `suspended` or `memorial`, as the network
    says; empty where it does not."""
    last_post: datetime | None = None
    """When it posted last, as the network says; many tell but the day."""

    @property
    def key(self) -> str:
        """`network:id`."""
        return f"{self.network}:{self.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One post as plain text, whatever the network's own format."""

    network: str
    id: str
    author: Account
    text: str
    posted_at: datetime
    url: str = ""
    language: str | None = None
    """BCP 47 tag as stated by the post (`fr`, `pt-BR`), None where it says nothing."""
    source: str = ""
    """Name of the configured source that brought the post first."""
    links: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    """Titles of the linked pages, as the network states them."""
    hashtags: tuple[str, ...] = ()
    """As the network states them, without `#`."""
    mentions: tuple[str, ...] = ()
    """Handles of the accounts mentioned, without `@`."""
    reply_to: str | None = None
    """Id, on the same network, of the post this one answers."""
    reply_to_handle: str | None = None
    repost_of: str | None = None
    repost_author: str = ""
    """Id, on the same network, of the account whose post this one passes on, words and all."""
    quote_of: str | None = None
    media: tuple[str, ...] = ()
    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    edited_at: datetime | None = None
    """When its author changed it last, None where it never was or nobody says so."""
    private: bool = False
    """Whether only those may read it whom its author chose: it never leaves the company."""
    alias: str = ""
    """The name under which the server that brought it speaks of it, where that is not `id`."""

    @property
    def key(self) -> str:
        """`network:id`."""
        return f"{self.network}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A name to watch over: the `[[brands]]` table."""

    name: str
    """The name as it is written, `Crédit Agricole`."""
    spellings: tuple[str, ...] = ()
    """Other ways to write it, abbreviations and product names that count as the brand."""
    accounts: tuple[str, ...] = ()
    """The brand's own accounts, `handle` or `network:handle`; never suspects."""
    domains: tuple[str, ...] = ()
    """The brand's own domains, subdomains included; never suspects."""
    friends: tuple[str, ...] = ()
    """Handles and domains of others that look alike and are fine."""
    trusted: tuple[str, ...] = ()
    """Words that mean no harm beside the name, `lyon`, `fans`: an account called so is raised only
    for what else is known of it, such as a copied picture. Domains are raised all the same."""
    competitors: tuple[str, ...] = ()
    """Names of other configured brands to compare with: a digest tells each one's part of what was
    said. Each must be there."""
    context: tuple[str, ...] = ()
    """For a name that is a common word too (`Orange`, `Apple`): words beside which it means the
    brand, `forfait`, `4g`. They count in the post, its links and its author's bio."""
    relevance: Literal["off", "context", "learn"] = "off"
    """Which posts that speak of the brand by name are taken for not about it, and not told:
    `context`: those without a word of `context`; `learn`: those that what people judged tells
    apart, once it is enough."""


@dataclass(frozen=True, kw_only=True)
class WordList:
    """A list that rules share: the `[[lists]]` table. `@list(name)` in a rule asks for any item."""

    name: str
    """What rules call it."""
    items: tuple[str, ...]
    """Words (`renault`), phrases (`la losange`), accounts (`@dacia`), hashtags (`#clio`)."""


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """What the expressions of rules may refer to."""

    brands: tuple[Brand, ...] = ()
    lists: tuple[WordList, ...] = ()
    languages: tuple[str, ...] = ()
    """The languages posts are expected in: the language of a post that states none is one of
    these, or unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One sentence that says why, written once by the rule that found it.

    `template` is English with named places (`"{name}" reads like {brand}.`) and doubles as the
    message id of the Gettext catalogues; `values` fill the places in every language.
    """

    template: str
    values: dict[str, str] = field(default_factory=dict)
    weight: float = field(default=0.0, compare=False)
    """By how much (log-odds) what it says raised a score, or lowered it where negative; 0 where it
    speaks of no score."""

    def __str__(self) -> str:
        """The sentence in English."""
        return self.template.format_map(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A rule found something in a post."""

    rule: str
    post: str
    """The post's key."""
    spans: tuple[tuple[int, int], ...]
    """What matched, as sorted, non-overlapping (start, end) offsets into the post's text.
    Empty where only metadata matched (`from:`, `lang:`)."""
    reason: Reason


class Verdict(StrEnum):
    """What a person decided about a suspect."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    OURS = "ours"
    PARODY = "parody"
    """A fan's or a parody that says so: harmless while it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """An account or a domain whose name looks like a brand's; found by a look-alike rule.

    One per subject, however many posts and brands: `brand` is the one it resembles most.
    """

    subject: str
    """The account's key, or `domain:` and the registrable domain in its ASCII form."""
    name: str
    """What the eye reads: the handle, or the domain in Unicode."""
    display_name: str = ""
    brand: str
    rule: str
    score: float
    """0 to 1, higher is more alike."""
    techniques: tuple[str, ...]
    """Labels as dnstwist and urlinsane name them: `homoglyph`, `leet`, `affix`, ..."""
    reason: Reason
    evidence: tuple[Reason, ...] = ()
    """What raised or lowered the score, one sentence each, strongest first."""
    likeness: float | None = None
    """The score of the names alone, without what is known beside them; None where nobody kept it
    apart."""
    signs: tuple[str, ...] = ()
    """What is known beside the names, by stable names (`copied-bio`, `links:acme.example`): what
    was known when a person judged is no news later."""
    private: bool = False
    """Whether only private posts tell of it: outside the company it is not spoken of."""

    @property
    def is_domain(self) -> bool:
        """Whether the subject is a domain rather than an account."""
        return self.subject.startswith("domain:")
