"""`watcher suspects show`: all that is known about one suspect."""

from functools import partial

import click
from rich.text import Text

from rules.model import Account
from watcher.cli import Settings
from watcher.cli.console import count, moment, print_json, safe, stdout
from watcher.cli.links import defanged, defused
from watcher.cli.names import NUMBER
from watcher.cli.suspects.data import detail_dict
from watcher.cli.suspects.sidebyside import compared
from watcher.cli.suspects.subject import called
from watcher.config import Config
from watcher.store import SuspectDetail


@click.command()
@click.argument("suspect_id", metavar="ID", type=NUMBER)
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, suspect_id: int, json_: bool) -> None:
    """Show everything known about one suspect."""
    with settings.opened() as (config, store):
        detail = store.suspect(suspect_id)
    if json_:
        print_json(detail_dict(detail))
        return
    print_detail(config, detail)


def print_detail(config: Config, detail: SuspectDetail) -> None:
    """Print both names, the reasons, the account's facts, its posts and its history."""
    screen, record = stdout(), detail.record
    suspect, at = record.suspect, partial(moment, zone=config.timezone)
    own = (suspect.name.lower(),) if suspect.is_domain else ()
    techniques = f" ({', '.join(suspect.techniques)})" if suspect.techniques else ""
    screen.say(
        f"{called(record)} looks like {safe(suspect.brand, 80)}: "
        f"score {suspect.score:.2f}{techniques}, {record.verdict}",
        "",
        *compared(config.brands, suspect),
        "",
        defused(safe(str(suspect.reason)), own),
        *(defused(f"  - {safe(str(evidence))}", own) for evidence in suspect.evidence),
    )
    if record.account:
        screen.say("", *_account_lines(record.account))
    screen.say("", f"{count(record.posts, 'post')}, first seen {at(record.first_seen)}")
    for post in detail.posts:
        screen.say(defused(f"  {at(post.posted_at)}  {safe(post.text, 160)}", own, all_links=True))
    for form in detail.forms:
        if form.until:
            name = f' "{safe(form.display_name, 80)}"' if form.display_name else ""
            screen.say(f"until {at(form.until)} it was @{safe(form.handle, 80)}{name}")
    if detail.verdicts:
        screen.say("")
    for decision in detail.verdicts:
        note = f": {safe(decision.note, 200)}" if decision.note else ""
        screen.say(f"{at(decision.at)}  {decision.verdict} by {safe(decision.by, 40)}{note}")


def _account_lines(account: Account) -> list[str | Text]:
    facts = [f"on {safe(account.network, 40)}"]
    if account.display_name:
        facts.insert(0, f'"{safe(account.display_name, 100)}"')
    if account.created:
        facts.append(f"since {account.created:%Y-%m-%d}")
    if account.followers is not None:
        facts.append(count(account.followers, "follower"))
    if account.bot:
        facts.append("marked as a bot")
    lines: list[str | Text] = [", ".join(facts)]
    if account.bio:
        lines.append(defused(safe(account.bio, 300), (), all_links=True))
    if account.url:
        lines.append(f"address: {defanged(safe(account.url, 200))}")
    return lines
