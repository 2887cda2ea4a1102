"""`watcher forget`: erases what is stored of a person, and keeps them out."""

import sys
from dataclasses import asdict
from typing import Any

import click

from watcher import mailing, pipeline
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, stderr, stdout
from watcher.cli.names import MistakeError
from watcher.clock import clock_of
from watcher.presence import BusyError, alone
from watcher.store import Held, Store
from watcher.walk.archiving import archive_of, erase_from_archive


@click.command()
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", is_flag=True, help="Let somebody in again; what was erased stays erased.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(settings: Settings, account: str, yes: bool, undo: bool, as_json: bool) -> None:
    """Erase a person's posts and account, and keep them out from now on.

    ACCOUNT is @handle, network:handle or network:id, as the watcher shows them.

    What is erased: the posts with all that was found in them, the account with its former names and
    pictures, the suspect and the proposed follow that it is, what mails told of it, and what others
    passed on of it; what of it is in the log, and in its archive. Posts of others that name or
    quote the person stay. What is kept is a keyed digest of the id and the handles, by which the
    person is known and left out when a source brings them again.
    """
    config = settings.load()
    with App.open(config, clock=settings.clock) as app:
        if undo:
            _lift(app.store, account, as_json=as_json)
            return
        held = _meant(app.store, account)
        if held is None:
            network, _, name = account.partition(":")
            _ask(f"keep {safe(account, 100)} out? Nothing is stored of them", yes=yes)
            app.store.keep_out(network, name, clock_of(app.store, settings.clock)())
            gone = 0
        else:
            if not as_json:
                _tell(held)
            _ask("erase this and keep them out?", yes=yes)
            gone = app.store.forget_account(held, clock_of(app.store, settings.clock)())
        try:
            if (archive := archive_of(app.config)) is not None:
                erase_from_archive(app, archive)
        finally:  # a file of the archive that is damaged holds up no mails
            mended = _clear(app)
    if as_json:
        print_json(_as_dict(held) | {"posts_erased": gone, "index_cleared": mended})
        return
    stdout().say(f"erased {count(gone, 'post')}; {safe(account, 100)} is kept out from now on")
    if not mended:
        stdout().say("the running service clears mails and the search index within a minute")
    stdout().hint(f"`watcher forget --undo {safe(account, 100)}` lets them in again")


def _meant(store: Store, name: str) -> Held | None:
    """Return the one account with this name; None for a `network:name` that was never seen."""
    found = store.accounts_called(name)
    if len(found) > 1:
        keys = ", ".join(one.account.key for one in found[:5])
        raise MistakeError(
            f"{name!r} is the name of {len(found)} accounts", help=f"name one: {keys}"
        )
    if not found and ":" not in name:
        raise MistakeError(
            f"nobody called {name!r} is stored",
            help="network:handle keeps out somebody who was never seen: mastodon:ann@other.example",
        )
    return found[0] if found else None


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise MistakeError("nobody is there to be asked, so nothing is erased", help="add --yes")
    click.confirm(question, abort=True, err=True)


def _tell(held: Held) -> None:
    """Say what is stored of a person."""
    account, screen = held.account, stdout()
    named = f"@{safe(account.handle, 80)}"
    if account.display_name:
        named += f", {safe(account.display_name, 80)}"
    screen.say(f"{named} ({safe(account.key, 200)})")
    what = [count(held.posts, "post"), count(held.matches, "match", "matches")]
    what += [count(held.forms, "former name")] * (held.forms > 0)
    what += ["a suspect"] * held.suspect + ["a proposed follow"] * held.proposed
    screen.say(f"  stored: {', '.join(what)}")
    if held.following:
        stderr().say("  you follow them at the network, or asked to: that is undone there")


def _clear(app: App) -> bool:
    """Make mails again that told of them and clear the index, unless a service does it anyway."""
    try:
        with alone(app.config.data, app.config.store_url):
            mailing.renew(app)
            pipeline.index(app)
    except BusyError:
        return False
    return True


def _lift(store: Store, name: str, *, as_json: bool) -> None:
    lifted = store.remember(name)
    if as_json:
        print_json({"lifted": lifted})
        return
    if not lifted:
        raise MistakeError(
            f"nobody called {name!r} was forgotten", help="network:handle or network:id name them"
        )
    stdout().say(f"{safe(name, 100)} is let in again; what was erased does not come back by itself")


def _as_dict(held: Held | None) -> dict[str, Any]:
    if held is None:
        return {"account": None}
    return {"account": held.account.key} | {
        name: value for name, value in asdict(held).items() if name != "account"
    }
