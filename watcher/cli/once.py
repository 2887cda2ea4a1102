"""`watcher once`: every step of the walk in a row."""

from collections.abc import Mapping
from dataclasses import asdict
from time import monotonic

import click

from alerts import DigestChannel
from watcher import following, pipeline, revisiting
from watcher.app import App
from watcher.backends.http.bounds import within
from watcher.cli import Settings
from watcher.cli.console import count, moment, print_json, safe, stderr, stdout
from watcher.cli.messages import counted, noun
from watcher.presence import alone
from watcher.rates import MANY_MATCHES, RATE_FAILED
from watcher.search import SearchError
from watcher.walk.archiving import need_parquet

SKIPPED_SHOWN = 3
IDLE = pipeline.Delivered()
LOOK_SECONDS = 10.0
"""How long it may take in all to look at pictures of accounts."""
REVISIT_SECONDS = 10.0
"""How long it may take in all to ask again about posts that wait."""
COUNT_SECONDS = 10.0
"""How long it may take to count what came before a brand was known."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what each step did as JSON.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> int:
    """Pull, match, index, plan, deliver and clear away once, for cron or a first look.

    Exits with 1 when a source, a channel or a delivery failed; the others went on.
    """
    config = settings.load()
    need_parquet(config)
    with alone(config.data, config.store_url), settings.app(config) as app:
        app.store.believe_clock(app.clock())
        app.store.abandon_claims(app.clock())
        pulled = []
        for source in (source for source in app.config.sources if source.enabled):
            pulled.append(pipeline.pull(app, source))
            if not as_json:
                _tell_pulled(pulled[-1])
        matched = pipeline.match(app)
        if not as_json:
            stdout().say(
                f"matched {count(matched.posts, 'post')}: "
                f"{count(matched.matches, 'match', 'matches')}, "
                f"{count(matched.suspects, 'new suspect')}"
                + (f", {count(matched.changed, 'changed suspect')}" if matched.changed else "")
                + (f", {count(matched.alarms, 'alarm')}" if matched.alarms else "")
            )
            _tell_rates(matched)
        if matched.trouble:
            stderr().error(pipeline.PartitionError(matched.trouble))
        looked, seen = _look(app)
        if not as_json:
            _tell_looked(looked, seen)
        revisited = revisiting.revisit(app, seconds=REVISIT_SECONDS)
        if any(one.changed for one in revisited):
            pipeline.match(app)
        if not as_json:
            _tell_revisited(revisited)
        indexed, behind = 0, ""
        try:
            with stderr().progress("indexing") as report:
                indexed = pipeline.index(app, report)
        except SearchError as error:  # no mail waits for the index
            behind = str(error)
            stderr().error(error)
        for note in app.index.notes:
            stderr().say(f"{note} It was built again.")
        taken = pipeline.take_back(app)
        planned = pipeline.plan(app)
        delivered = pipeline.deliver(app)
        followed = following.follow(app)
        waiting = _waiting(app)
        earlier = pipeline.count_earlier(app, seconds=COUNT_SECONDS)
        forgotten = 0 if behind else pipeline.forget(app)  # the index forgets with the database
    if as_json:
        print_json(
            {
                "pulled": [asdict(one) for one in pulled],
                "matched": asdict(matched),
                "looked": asdict(looked) | {"suspects": seen.suspects, "changed": seen.changed},
                "revisited": [asdict(one) for one in revisited],
                "indexed": indexed,
                "index_error": behind,
                "returned": asdict(taken),
                "planned": [asdict(one) for one in planned],
                "delivered": asdict(delivered),
                "followed": asdict(followed),
                "counted": asdict(earlier),
                "forgotten": forgotten,
            }
        )
    else:
        stdout().say(f"indexed {count(indexed, 'post')}")
        _tell_taken(taken)
        _tell_planned(planned, {one.name: noun(one.kind) for one in config.channels})
        _tell_delivered(delivered)
        _tell_followed(followed)
        stdout().say(*waiting)
        if earlier.spoken or earlier.left:
            left = f"; about {earlier.left:,} more remain for the next time"
            stdout().say(
                f"counted {count(earlier.posts, 'earlier post')} for the brands"
                + (left if earlier.left else "")
            )
        if forgotten:
            stdout().say(f"forgot {count(forgotten, 'post')} that came in too long ago")
    troubled = (
        any(one.error for one in pulled)
        or matched.rates_failed
        or matched.trouble
        or taken.error
        or any(one.error for one in planned)
        or delivered.failed
        or delivered.parked
        or followed.error
        or behind
    )
    return 1 if troubled else 0


def _look(app: App) -> tuple[pipeline.Looked, pipeline.Matched]:
    """Look at pictures, no longer than a bound; return what of, and what matching again found."""
    until = monotonic() + LOOK_SECONDS
    with within(LOOK_SECONDS):
        looked = pipeline.look(app, stop=lambda: monotonic() >= until)
    seen = pipeline.match(app) if looked.pictures > looked.failed else pipeline.Matched()
    return looked, seen


def _waiting(app: App) -> list[str]:
    """Say of each channel that has something to tell later when its mail leaves."""
    entries = app.store.status().waiting
    lines = []
    for channel in app.config.channels:
        number = entries.get(channel.name, 0)
        if number and isinstance(channel, DigestChannel):
            slot = channel.next_slot(app.clock(), app.config.timezone)
            when = moment(slot, app.config.timezone) if slot else "never: see its times"
            lines.append(f"waiting for {channel.name}: {count(number, 'thing')}, next mail {when}")
    return lines


def _tell_pulled(pulled: pipeline.Pulled) -> None:
    line = f"pulled {pulled.source}: {count(pulled.new, 'new post')}"
    if pulled.known:
        line += f", {pulled.known:,} known already"
    if pulled.skipped:
        line += f", {pulled.skipped:,} skipped"
    stdout().say(line)
    for skipped in pulled.skipped_first[:SKIPPED_SHOWN]:
        stdout().note(f"  skipped {safe(skipped, 200)}")
    if pulled.skipped > SKIPPED_SHOWN:
        stdout().note(f"  and {pulled.skipped - SKIPPED_SHOWN:,} more")
    if pulled.error:
        stderr().say(f"  failed: {safe(pulled.error)}")
    if pulled.help:
        stderr().note(f"  {safe(pulled.help)}")


def _tell_revisited(revisited: tuple[revisiting.Revisited, ...]) -> None:
    for one in revisited:
        if one.asked:
            left = f"; {count(one.left, 'more post')} not asked about" if one.left else ""
            stdout().say(
                f"asked {one.source} again about {count(one.asked, 'post')}: "
                f"{one.deleted:,} deleted, {one.changed:,} changed{left}"
            )
        if one.error:
            stderr().say(f"  {one.source} could not be asked again: {safe(one.error)}")


def _tell_looked(looked: pipeline.Looked, seen: pipeline.Matched) -> None:
    if looked.pictures:
        stdout().say(
            f"looked at {count(looked.pictures, 'picture')}"
            + (f", {looked.failed:,} could not be had" if looked.failed else "")
            + (f": {count(seen.suspects, 'new suspect')}" if seen.suspects else "")
            + (f", {count(seen.changed, 'changed suspect')}" if seen.changed else "")
        )


def _tell_rates(matched: pipeline.Matched) -> None:
    for rule, failed in matched.rates_failed.items():
        stderr().say(f"the rate of {rule} failed: {RATE_FAILED} ({failed})")
    for rule in matched.rates_cut:
        stderr().say(f"{rule}: {MANY_MATCHES}")


def _tell_taken(taken: pipeline.Taken) -> None:
    if taken.kinds:
        found = ", ".join(f"{number:,} {kind}" for kind, number in taken.kinds.items())
        stdout().say(f"came back: {found}")
    for line in taken.lines:
        stdout().say(f"  {safe(line, 300)}")
    if taken.error:
        stderr().say(f"what came back could not be read: {safe(taken.error, 300)}")
    if taken.help:
        stderr().note(f"  {safe(taken.help, 300)}")


def _tell_planned(planned: tuple[pipeline.Planned, ...], nouns: Mapping[str, str]) -> None:
    for one in planned:
        if one.error:
            stderr().say(f"channel {one.channel} failed: {safe(one.error)}")
        elif one.mails:
            stdout().say(
                f"wrote a digest for {one.channel}: {count(one.mails, nouns[one.channel])}"
            )
        elif one.proposals or one.refused:
            stdout().say(
                f"{one.channel} proposes {count(one.proposals, 'follow')}; "
                f"the policy kept out {count(one.refused, 'account')}"
            )


def _tell_delivered(delivered: pipeline.Delivered) -> None:
    line = "no mail was due"
    if delivered != IDLE:
        line = f"delivered {counted(delivered.kinds)}"
    for number, word in (
        (delivered.later, "to be tried again"),
        (delivered.failed, "refused"),
        (delivered.parked, "parked"),
    ):
        if number:
            line += f", {number:,} {word}"
    stdout().say(line)
    for answer in delivered.answers:
        stderr().say(f"  {safe(answer, 300)}")
    if delivered.later or delivered.failed or delivered.parked:
        stderr().say("  `watcher deliveries list` shows each")


def _tell_followed(followed: following.Followed) -> None:
    for line in followed.lines:
        stdout().say(safe(line))
    for held in followed.held:
        stdout().say(safe(f"nobody is followed now: {held}"))
    if followed.error:
        stderr().say(f"follows stopped: {safe(followed.error)}")
