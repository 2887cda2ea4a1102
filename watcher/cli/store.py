"""`watcher store`: moving the database elsewhere, saving it, and putting it back."""

import os
import shutil
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import click

from watcher.address_secrets import holds_secret
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, size, stderr, stdout
from watcher.config import Config, load
from watcher.presence import alone, database_held
from watcher.store import StoreError, shown_address
from watcher.store.at_work import refuse_at_work
from watcher.store.backup import back_up, restore
from watcher.store.copying import Copied, copy, refuse_same
from watcher.store.exclusive import bare_address

TARGET_PASSWORD = "WATCHER_TARGET_PASSWORD"  # noqa: S105 - a variable's name
SOURCE_PASSWORD = "WATCHER_SOURCE_PASSWORD"  # noqa: S105


@click.group()
def command() -> None:
    """Move the database elsewhere, save it, put it back."""


@command.command("copy")
@click.argument("target")
@click.option(
    "--from", "source", help="Copy this database, or that of this configuration, instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def copy_(settings: Settings, target: str, source: str | None, as_json: bool) -> None:
    """Copy everything into an empty database: from SQLite to PostgreSQL, back, or alike.

    TARGET is a URL, sqlite:///folder/watcher.sqlite or postgresql+psycopg://user@host/name, or
    another configuration, whose [store] is meant. A URL holds no password: others see what is
    typed. It comes from the configuration, from $WATCHER_TARGET_PASSWORD and
    $WATCHER_SOURCE_PASSWORD, or from ~/.pgpass.

    Every number stays, so no post is read again and no mail is sent twice. The service must not
    run. A copy that was broken off is begun anew; until it is whole, no watcher opens it.
    """
    target_url = _url(target, TARGET_PASSWORD)
    with ExitStack() as held:
        if source is None:
            config = settings.load()
            source_url = config.store_url
            held.enter_context(alone(config.data, source_url))
        else:
            source_url = _url(source, SOURCE_PASSWORD)
            held.enter_context(database_held(source_url))
        refuse_same(source_url, target_url)  # else the second lock would find the first
        held.enter_context(database_held(target_url))
        with stderr().progress("copying") as report:
            copied = copy(source_url, target_url, settings.clock(), report)
    if as_json:
        print_json(
            asdict(copied) | {"from": shown_address(source_url), "to": shown_address(target_url)}
        )
        return
    _tell_copied(copied, bare_address(target_url))
    if copied.waiting and target_url.startswith("sqlite:"):
        stderr().say(
            f"{count(copied.waiting, 'post')} in the log waited for workers: with log = true in "
            "[store] they are worked off here too"
        )


def _tell_copied(copied: Copied, where: str) -> None:
    filled = [table for table in copied.tables if table.rows]
    stdout().table(
        ["table", "rows", "checksum"],
        [(table.name, f"{table.rows:,}", table.checksum[:16]) for table in filled],
        right=("rows",),
        empty="the database holds nothing",
    )
    posts = copied.of("posts")
    pace = f", {posts / copied.seconds:,.0f} posts a second" if posts >= 10_000 else ""
    stdout().say(
        "",
        *(["a half copy lay there: it was begun anew"] if copied.begun_anew else []),
        f"copied {count(copied.rows, 'row')}, {count(posts, 'post')} among them{pace}; "
        "both sides are the same",
        f"now name {safe(where, 300)} in [store] url, and start the watcher; the search index is "
        "made from the database, and made anew where there is none",
    )


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def backup(settings: Settings, file: Path, as_json: bool) -> None:
    """Save the database in FILE, whole and of one moment, while the service goes on.

    SQLite saves itself, and the file is checked from end to end; PostgreSQL needs pg_dump here, and
    the file is read through. The search index is made from the database, and not saved.
    """
    config = settings.load()
    with stderr().progress("saving") as report:
        made = back_up(config.store_url, file, report)
    if as_json:
        print_json({"kind": made.kind, "file": str(made.file), "bytes": made.octets})
        return
    done = "checked" if made.kind == "SQLite" else "read through"
    stdout().say(f"saved {safe(str(file), 300)}, {size(made.octets)}, {done}")


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Also where the database holds something.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def restore_(settings: Settings, file: Path, force: bool, as_json: bool) -> None:
    """Put the backup in FILE in the place of the database. No process may work on it.

    A database that holds something is left alone without --force. With it, a SQLite file is put
    aside under another name, and what PostgreSQL holds is replaced in one transaction. The search
    index goes, and the next run makes it anew. Sources are read on from where the backup had read
    them; what was mailed since may be mailed once more.
    """
    config = settings.load()
    with alone(config.data, config.store_url):
        refuse_at_work(config.store_url, settings.clock())
        done = restore(file, config.store_url, force=force)
        _drop_index(config)
    if as_json:
        aside = str(done.aside) if done.aside else None
        print_json({"kind": done.kind, "file": str(file), "bytes": done.octets, "aside": aside})
        return
    stdout().say(f"restored {safe(str(file), 300)} into {shown_address(config.store_url)}")
    if done.aside:
        stdout().say(f"what was there before is in {safe(str(done.aside), 300)}")
    stdout().hint("", "`watcher once` or `watcher run` makes the search index anew, and goes on")


def _drop_index(config: Config) -> None:
    """Remove the index: numbers that the backup does not know will be given to other posts."""
    try:
        shutil.rmtree(config.data / "index")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            f"the search index cannot be removed: {error.strerror}",
            help=f"remove {config.data / 'index'} before you start the watcher",
        ) from error


def _url(named: str, variable: str) -> str:
    """Return the database that a URL or a configuration's path names, with its password."""
    if "://" not in named:
        return load(Path(named)).store_url
    try:
        parts = urlsplit(named)
        told = parts.password is not None or holds_secret(named)
    except ValueError:
        raise StoreError("the database address cannot be understood") from None
    if told:
        raise click.UsageError(
            "the address holds a password, which others may see on the command line; "
            f"put it into ${variable}, or into ~/.pgpass"
        )
    secret = os.environ.get(variable)
    if not secret or named.startswith("sqlite:"):
        return named
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(secret, safe='')}{at or '@'}{host}"))
