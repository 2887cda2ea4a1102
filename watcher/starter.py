"""The configuration to start from: small, commented, and right as it is."""

import json
from dataclasses import dataclass
from string import Template

from alerts.mail.address import parse_address
from rules.language import check, render
from rules.language.tree import Hashtag, Node, Or, Phrase

BLUESKY = "bluesky"
NOBODY = "you@acme.example"
"""Stands for whoever has not said where the digest shall go."""

_TEXT = Template("""\
# The watcher's configuration. `watcher check` tells whether all is well; docs/config.md explains
# every key. Texts stand between quotes; a line that starts with # is only a note.

data = "watcher-data"        # where the watcher keeps what it gathers, beside this file
timezone = $timezone$zone_note
languages = ["en", "fr"]     # the languages that you expect posts in
$contact
# How mails leave. This writes them into a folder, with a page to look at beside each.
[mail]
kind = "outbox"
folder = "watcher-data/outbox"
from = $sender

# To send them for real, take away the four lines above and the # before these. The password comes
# from the environment: export SMTP_PASSWORD=... before the watcher starts.
#[mail]
#kind = "smtp"
#host = "smtp.acme.example"
#username = "watcher"
#password = "$${SMTP_PASSWORD}"
#from = $sender

# Who you are.
[[brands]]
name = $brand
spellings = []               # other ways to write it, product names: ["Acme", "Acme Coffee"]
accounts = []                # your own accounts, never reported as look-alikes: ["acme"]
domains = []                 # your own domains: ["acme.example"]
friends = []                 # others that look alike and are fine

# Where posts come from.
[[sources]]
$source

# What to look for. `watcher rules test` tries a rule before you trust it.
[[rules]]
name = "mentions"
find = $find
then = ["daily"]

# Accounts and domains with names made to be taken for yours.
[[rules]]
name = "look-alikes"
kind = "lookalike"
then = ["daily"]

# Who is told, and when.
[[channels]]
name = "daily"
kind = "email"
to = [$email]
send = "daily"               # or "instant", "hourly", "weekly"
at = "08:00"
""")

_UNKNOWN_ZONE = '             # this machine does not say which it is: "Europe/Paris"'

_LOCAL = '''\
name = "town"
kind = "local"               # the embedded microblog; `watcher local post` writes into it
file = "watcher-data/town.sqlite"
every = "1m"'''

_ARCHIVE = Template('''\
name = "archive"
kind = "archive"             # a file of posts: JSON lines or CSV, also gzipped
file = $file
every = "1h"''')


_MASTODON = Template('''\
name = "mastodon"
kind = "mastodon"            # `watcher login mastodon $server` if it asks for an account
server = $quoted
query = "public"             # all that the server knows; or "#tag", "@account", "search:words"
every = "1m"''')

_BLUESKY = Template("""\
name = "bluesky"
kind = "bluesky"             # every post as it is written; no account is needed
query = "jetstream"
keep = { any = $keep }  # without this, millions a day are kept""")


@dataclass(frozen=True, kw_only=True)
class Starter:
    """What must be known to write a first configuration."""

    brand: str
    email: str
    """Who receives the digest."""
    archive: str = ""
    """The file to read, relative to the configuration; empty for the embedded microblog."""
    network: str = ""
    """`bluesky`, or the address of a server that speaks Mastodon's API; instead of an archive."""
    timezone: str = ""
    """The IANA name of the zone; empty where it is not known."""

    def toml(self) -> str:
        """The configuration as text."""
        return _TEXT.substitute(
            timezone=quoted(self.timezone or "UTC"),
            zone_note="" if self.timezone else _UNKNOWN_ZONE,
            sender=quoted(f"Brand watch <watch@{self._domain()}>"),
            contact="" if self.email == NOBODY else f"contact = {quoted(self.email)}\n",
            brand=quoted(self.brand),
            source=self._source(),
            find=quoted(expression(self.brand)),
            email=quoted(self.email),
        )

    def _source(self) -> str:
        """The keys of the one source."""
        if self.network == BLUESKY:
            keep = ", ".join(quoted(render(part)) for part in _parts(self.brand))
            return _BLUESKY.substitute(keep=f"[{keep}]")
        if self.network:
            return _MASTODON.substitute(server=self.network, quoted=quoted(self.network))
        return _ARCHIVE.substitute(file=quoted(self.archive)) if self.archive else _LOCAL

    def _domain(self) -> str:
        """The domain of the reader's address; the example's where it is not ASCII."""
        domain = parse_address(self.email).address.rpartition("@")[2]
        return domain if domain.isascii() else NOBODY.rpartition("@")[2]


def expression(brand: str) -> str:
    """Return what to look for to find a brand: its name, and its name as a hashtag."""
    parts = _parts(brand)
    return render(Or(parts=parts) if len(parts) > 1 else parts[0])


def _parts(brand: str) -> tuple[Node, ...]:
    phrase = Phrase(text=" ".join(brand.replace('"', " ").split()))
    tag = Hashtag(text="".join(char for char in brand.lower() if char.isalnum()))
    _, problems = check(render(Or(parts=(phrase, tag))))
    return (phrase,) if problems else (phrase, tag)


def quoted(text: str) -> str:
    """Return a text as a TOML string, between single quotes where that saves escapes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
