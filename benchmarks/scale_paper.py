"""From what one post costs to what whole networks cost: the arithmetic of `docs/scale.md`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- what it costs -->\n", "<!-- the end of what it costs -->"
NETWORKS = {"Bluesky": 1_000, "the fediverse": 500, "X": 6_000}
"""Posts a second."""
LOG_DAYS = 3
"""For so long posts lie in the log: two days after they came, and the day itself."""
DAY, YEAR = 86_400, 365 * 86_400
FEW, MANY = "few", "many"


@dataclass(frozen=True, kw_only=True)
class Units:
    """What was measured. Microseconds are of CPU time, octets those of PostgreSQL."""

    append_client: float
    append_server: float
    all_client: float
    all_server: float
    matched_client: float
    matched_server: float
    rules: float
    match_client: float
    match_server: float
    index_client: float
    index_server: float
    save_client: float
    matched_save_client: float
    log_octets: float
    post_octets: float
    index_octets: float
    match_octets: float
    parquet_octets: float
    append_wal: float
    all_wal: float
    matched_wal: float
    index_wal: float
    match_wal: float
    kept: float
    few: float
    many: float


TOLD = {
    "append_client": "µs to append a post, in who appends",
    "append_server": "µs to append a post, in PostgreSQL",
    "all_client": 'µs to match and store a post, `keep = "all"`, in the worker',
    "all_server": 'µs to match and store a post, `keep = "all"`, in PostgreSQL',
    "matched_client": 'µs a post, `keep = "matched"`, in the worker',
    "matched_server": 'µs a post, `keep = "matched"`, in PostgreSQL',
    "rules": "µs more to match a post by 100,000 rules than by 1,000",
    "match_client": "µs to store a match and its queue entry, in the worker",
    "match_server": "µs to store a match and its queue entry, in PostgreSQL",
    "index_client": "µs to index a stored post, in the leader",
    "index_server": "µs to index a stored post, in PostgreSQL",
    "save_client": "µs of the worker's time while it holds the writers' lock, `keep = \"all\"`",
    "matched_save_client": 'the same with `keep = "matched"`',
    "log_octets": "octets of a post in the log",
    "post_octets": "octets of a stored post with its author and what was found in it",
    "index_octets": "octets of a post in the full-text index",
    "match_octets": "octets of a match and its queue entry",
    "parquet_octets": "octets of a post in the Parquet archive",
    "append_wal": "octets of write-ahead log to append a post",
    "all_wal": 'octets of write-ahead log to store a post, `keep = "all"`',
    "matched_wal": 'octets of write-ahead log a post, `keep = "matched"`',
    "index_wal": "octets of write-ahead log to index a stored post",
    "match_wal": "octets of write-ahead log for a match and its queue entry",
    "kept": 'share of the posts that were stored with `keep = "matched"`, %',
    "few": "matches for 100 posts, with 1,000 of the rules",
    "many": "matches for 100 posts, with 100,000 of the rules",
}
assert list(TOLD) == [one.name for one in fields(Units)]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a network costs."""

    workers: float
    """Cores for matching and storing."""
    others: float
    """Cores for appending and indexing."""
    server: float
    """Cores for PostgreSQL."""
    wal: float
    """Octets of write-ahead log a day."""
    storage: float
    """Octets a year, in the database."""
    log: float
    """Octets that lie in the log at any time."""
    most: float
    """Posts a second at which the writers' lock is never free, whatever the number of workers."""

    @property
    def cores(self) -> float:
        """All cores."""
        return self.workers + self.others + self.server


def cost(units: Units, rate: float, keep: str, found: str) -> Cost:
    """Return what so many posts a second cost with 100,000 rules.

    `keep` is "all" or "matched", `found` how many matches a post: "few" or "many". All time is busy
    time; sums are of unit costs, without room for peaks. With "many", all posts match something.
    """
    everything = keep == "all" or found == MANY
    share = 1.0 if everything else units.kept / 100
    matches = (units.few if found == FEW else units.many) / 100
    # What 1,000 rules found is within the cost of a post.
    more = max(0.0, matches - units.few / 100)
    client = units.all_client if everything else units.matched_client
    server = units.all_server if everything else units.matched_server
    wal = units.all_wal if everything else units.matched_wal
    held = units.save_client if everything else units.matched_save_client
    client += units.rules + more * units.match_client
    server += more * units.match_server
    # What PostgreSQL does for a worker is all but done while that holds the lock.
    serial = held + server + more * units.match_client
    appending = units.append_client + share * units.index_client
    beside = units.append_server + share * units.index_server
    wal += units.append_wal + share * units.index_wal + more * units.match_wal
    stored = share * (units.post_octets + units.index_octets) + more * units.match_octets
    return Cost(
        workers=rate * client / 1e6,
        others=rate * appending / 1e6,
        server=rate * (server + beside) / 1e6,
        wal=rate * DAY * wal,
        storage=rate * YEAR * stored,
        log=rate * DAY * LOG_DAYS * units.log_octets,
        most=1e6 / serial,
    )


def units_table(units: Units) -> Iterator[str]:
    """Yield what was measured, as a Markdown table."""
    yield "| Measured | |"
    yield "|---|---:|"
    for one in fields(units):
        yield f"| {TOLD[one.name]} | {getattr(units, one.name):,.1f} |"


def read_units(page: str) -> Units:
    """Read that table again. Raises `KeyError` where a line is missing."""
    rows = dict(re.findall(r"^\| (.+?) \| ([\d,.]+) \|$", page, re.MULTILINE))
    return Units(**{name: float(rows[told].replace(",", "")) for name, told in TOLD.items()})


def costs_table(units: Units) -> Iterator[str]:
    """Yield what whole networks cost, as a Markdown table."""
    yield (
        "| Posts a second | Kept | Workers | Others | PostgreSQL | Cores | WAL a day | "
        "Database a year | Log | Most a second |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    cases: Sequence[tuple[str, str, str]] = (
        ("all", FEW, "all"),
        ("matched", FEW, "matches"),
        ("all", MANY, "all, dense rules"),
    )
    for name, rate in NETWORKS.items():
        for keep, found, told in cases:
            one = cost(units, rate, keep, found)
            yield (
                f"| {name}, {rate:,} | {told} | {one.workers:.2f} | {one.others:.2f} | "
                f"{one.server:.2f} | **{one.cores:.1f}** | {_size(one.wal)} | "
                f"{_size(one.storage)} | {_size(one.log)} | {_short(one.most):,} |"
            )


def archive_line(units: Units) -> str:
    """Return what an archive of everything adds in a year."""
    told = (f"{_size(rate * YEAR * units.parquet_octets)} for {name}"
            for name, rate in NETWORKS.items())  # fmt: skip
    return "An archive of all that came takes a further " + ", ".join(told) + " a year."


def _size(octets: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if octets >= size:
            return f"{octets / size:,.1f} {unit}"
    return f"{octets / 1e6:,.0f} MB"


def _short(number: float) -> int:
    """Two digits that count."""
    return int(float(f"{number:.2g}"))


def told(units: Units) -> str:
    """Return the tables, as they stand in the page."""
    return "\n".join([*units_table(units), "", *costs_table(units), "", archive_line(units), ""])


def between(page: str) -> str:
    """Return what stands between the marks of a page."""
    return page.partition(BEGIN)[2].partition(END)[0]


def write(units: Units, how: str) -> None:
    """Replace the tables of the page; `how` they came is told before them."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{how}\n\n{told(units)}{END}{after}", encoding="utf-8")
