"""`watcher tones judge`: say in which tone a post speaks of a brand."""

from typing import cast

import click

from rules.errors import WatcherError
from watcher.cli import Settings
from watcher.cli.console import safe, stderr, stdout
from watcher.cli.names import MistakeError, brand_names, completing
from watcher.cli.suspects.subject import who
from watcher.cli.tones.listing import called
from watcher.store import NoSuchRecordError, SaidTone, Store


@click.command()
@click.argument("tone", type=click.Choice(["negative", "neutral", "positive", "unjudged"]))
@click.argument("posts", metavar="POST...", nargs=-1, required=True)
@click.option("--brand", shell_complete=completing(brand_names), help="Of which they speak.")
@click.option("--note", default="", help="Why, for whoever looks at it later.")
@click.pass_obj
def judge(
    settings: Settings, tone: str, posts: tuple[str, ...], brand: str | None, note: str
) -> int:
    """Say in which TONE each POST (its key, as `list` shows it) speaks of a brand.

    It holds for every post with the same words, now and later. `unjudged` takes it back.
    """
    failed = 0
    said = None if tone == "unjudged" else cast("SaidTone", tone)
    with settings.opened() as (config, store):
        wanted = called(config, brand)
        for key in posts:
            try:
                name = wanted or _only_brand(store, key)
                record = store.judge_tone(key, name, said, note, who(), settings.clock())
            except WatcherError as error:  # the others are judged all the same
                stderr().error(error)
                failed = 1
                continue
            text = safe(record.post.text, 60)
            stdout().say(f"{safe(key, 60)}: {record.tone or 'unknown'}: {text}")
    return failed


def _only_brand(store: Store, key: str) -> str:
    brands = store.brands_of(key)
    if len(brands) > 1:
        raise MistakeError(
            f"{key!r} speaks of several brands", help=f"add --brand: {', '.join(brands)}"
        )
    if not brands:
        raise NoSuchRecordError(
            f"no post {key!r} is known to speak of a brand",
            help="`watcher tones list` shows those that do, with their keys.",
        )
    return brands[0]
