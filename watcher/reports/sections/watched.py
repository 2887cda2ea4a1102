"""What was looked at, and what could not be: "nothing was said" is told from "nobody looked"."""

from collections.abc import Iterator

from watcher.reports.facts import Facts
from watcher.reports.model import Block, Hidden, Listing, Section, Sheet
from watcher.reports.sections.desk import Desk

MOST_GAPS = 40


def watched(desk: Desk) -> Section:
    """Write the section."""
    say, seen = desk.say, desk.facts.watched
    cautions = list(doubts(desk))
    blocks: list[Block] = []
    if cautions:
        blocks += [desk.warning(one) for one in cautions]
    else:
        blocks.append(desk.lead(whole(desk)))
    sheet = _sheet(desk)
    if sheet.rows:
        blocks.append(Listing(title=sheet.caption, sheet=sheet))
    gaps = _gaps(desk, desk.facts)
    if gaps.rows:
        blocks.append(Hidden(title=gaps.caption, sheet=gaps))
    if seen.brought:
        blocks.append(
            desk.note(
                say.t(
                    "Lag is how long after its writing half of the posts had been read. What an"
                    " archive or a search brings is read long after."
                )
            )
        )
    return desk.section("watched", say.t("What was watched, and what was not"), *blocks)


def whole(desk: Desk) -> str:
    """Say that nothing was missed, as far as is known."""
    return desk.say.tn(
        "{count} source was read all the time: where nothing is told, nothing was said there.",
        "All {count} sources were read all the time: where nothing is told, nothing was said"
        " there.",
        len(desk.facts.watched.coverage),
    )


def doubts(desk: Desk) -> Iterator[str]:
    """Yield what could not be seen, the worst first."""
    say, seen = desk.say, desk.facts.watched
    if not seen.coverage and not seen.brought:
        yield say.t("No source was watched: this report can say nothing of what was not read.")
        return
    for since, until in seen.blind[:3]:
        yield say.t(
            "Nobody could look from {since} to {until}: no source was read then.",
            since=say.words.moment(since),
            until=say.words.moment(until),
        )
    if seen.late and seen.late[1] >= desk.facts.period.until:
        yield say.t(
            "Nobody watched at the time: all of this came later, from an archive or a search, and"
            " may not be whole."
        )
    elif seen.late:
        yield say.t(
            "What was written before {moment} came later, from an archive or a search: it may not"
            " be whole.",
            moment=say.words.moment(seen.late[1]),
        )
    holes = [one for one in seen.coverage if one.gaps]
    if holes:
        names = say.listed([say.name(one.source) for one in holes[:5]])
        yield say.tn(
            "{count} source has gaps, so that posts may be missing: {names}.",
            "{count} sources have gaps, so that posts may be missing: {names}.",
            len(holes),
            names=names,
        )
    failing = [one for one in seen.coverage if one.last_error]
    if failing:
        names = say.listed([say.name(one.source) for one in failing[:5]])
        yield say.tn(
            "{count} source cannot be read at present: {names}.",
            "{count} sources cannot be read at present: {names}.",
            len(failing),
            names=names,
        )


def _sheet(desk: Desk) -> Sheet:
    say, seen = desk.say, desk.facts.watched
    configured = {one.source: one for one in seen.coverage}
    names = [*configured, *sorted(name for name in seen.brought if name not in configured)]
    rows = []
    for name in names:
        one, came = configured.get(name), seen.brought.get(name)
        rows.append(
            (
                name or say.t("by hand"),
                came.posts if came else 0,
                one.pulls if one else None,
                one.failures if one else None,
                len(one.gaps) if one else None,
                seen.first_reads.get(name),
                came.lag if came else None,
                say.name(one.last_error) if one and one.last_error else None,
            )
        )
    return desk.sheet(
        "watched",
        say.t("Sources"),
        [
            say.column("source", "Source", "name"),
            say.column("posts", "Posts of the period", "count"),
            say.column("pulls", "Times read in it", "count"),
            say.column("failures", "Of these in vain", "count"),
            say.column("gaps", "Gaps", "count"),
            say.column("first_read", "Read since", "moment"),
            say.column("lag", "Lag", "duration"),
            say.column("error", "What is wrong now", "text"),
        ],
        rows,
    )


def _gaps(desk: Desk, facts: Facts) -> Sheet:
    say = desk.say
    found = sorted(
        (since, until, one.source, why)
        for one in facts.watched.coverage
        for since, until, why in one.gaps
    )
    return desk.sheet(
        "gaps",
        say.t("Gaps, in which posts may have been missed"),
        [
            say.column("source", "Source", "name"),
            say.column("since", "From", "moment"),
            say.column("until", "To", "moment"),
            say.column("why", "Why", "name"),
        ],
        [(source, since, until, why) for since, until, source, why in found[:MOST_GAPS]],
        left_out=len(found[MOST_GAPS:]),
    )
