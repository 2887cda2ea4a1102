"""`watcher init`: a configuration to start from."""

import os
import shlex
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import available_timezones

import click

from alerts.mail.address import AddressError, parse_address
from watcher.cli.console import stdout
from watcher.coherence import LONGEST_NAME
from watcher.config import FILE, load
from watcher.starter import BLUESKY, NOBODY, Starter


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=FILE)
@click.option("--brand", help="Your brand's name.")
@click.option("--email", help="Who receives the digest.")
@click.option(
    "--archive",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="Read posts from this file instead of the embedded microblog.",
)
@click.option("--network", help="Read `bluesky`, or the server at this address (https://...).")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: take the answers in brackets.")
def command(
    path: Path,
    brand: str | None,
    email: str | None,
    archive: Path | None,
    network: str | None,
    yes: bool,
) -> None:
    """Write a commented configuration to PATH (./watcher.toml) to start from.

    It asks for three things, and never replaces a file without asking.
    """
    path = path / FILE if path.is_dir() else path
    _make_sure(path, yes=yes)
    brand = _brand(brand, yes=yes)
    email = _address(email, yes=yes)
    if archive and network:
        raise click.UsageError("read either a file (--archive) or a network (--network)")
    network = _network(network) if network else ""
    if archive is None and not network and not yes:
        archive, network = _ask_where()
    starter = Starter(
        brand=brand,
        email=email,
        archive=_archive(archive, path) if archive else "",
        network=network,
        timezone=_timezone(),
    )
    _write(path, starter.toml())
    _found_microblog(path)
    where = "" if path.absolute() == Path.cwd() / FILE else f" --config {shlex.quote(str(path))}"
    stdout().say(
        f"{path} is written. What comes next:",
        *([f"  watcher{where} {_login(network)}    where you have an account"] if network else []),
        f"  watcher{where} check    is all well?",
        f"  watcher{where} once     pull, match and mail once",
        f"  watcher{where} run      keep watching",
    )


def _login(network: str) -> str:
    return "login bluesky" if network == BLUESKY else f"login mastodon {network}"


def _archive(archive: Path, config: Path) -> str:
    """Return the archive's path as it was given if absolute, else as the configuration sees it."""
    if archive.is_absolute():
        return str(archive)
    return os.path.relpath(archive, config.absolute().parent)


def _make_sure(path: Path, *, yes: bool) -> None:
    if not path.exists():
        return
    if yes:
        raise click.ClickException(f"{path} is already there: name another path, or remove it")
    click.confirm(f"{path} is already there. Replace it?", abort=True)


def _ask(question: str, default: str, *, yes: bool) -> str:
    return default if yes else click.prompt(question, default=default, type=str)


def _brand(given: str | None, *, yes: bool) -> str:
    """Return the brand's name, with nothing in it that a name cannot hold."""
    asked = given is None
    text = _ask("What is your brand called?", "Acme Café", yes=yes) if asked else given or ""
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME]
    if not any(char.isalnum() for char in name):
        raise click.BadParameter("a brand has letters or digits.", param_hint="--brand")
    return name


def _address(given: str | None, *, yes: bool) -> str:
    """Return a valid address: the one given, or asked for until it is one."""
    while True:
        asked = given is None
        text = (
            _ask("Where shall the digest go (e-mail)?", NOBODY, yes=yes) if asked else given or ""
        )
        try:
            parse_address(text)
        except AddressError as error:
            if given is not None or yes:
                raise click.BadParameter(error.message, param_hint="--email") from error
            click.echo(f"{error.message}", err=True)
        else:
            return text


def _ask_where() -> tuple[Path | None, str]:
    """Return the file to read, or else the network; neither for the embedded microblog."""
    answer: str = click.prompt(
        "Where are posts read? A file of posts, a Mastodon server (https://...), or bluesky"
        " (empty: the embedded microblog, to try things out)",
        default="",
        show_default=False,
        value_proc=_file_or_network,
    )
    if answer == BLUESKY or answer.startswith(("https://", "http://")):
        return None, answer
    return (Path(answer) if answer else None), ""


def _file_or_network(text: str) -> str:
    text = text.strip()
    if text.lower() == BLUESKY or "://" in text:
        return _network(text)
    path = Path(text).expanduser()
    if text and not path.is_file():
        raise click.BadParameter(f"{path} is no file.")
    return str(path) if text else ""


def _network(text: str) -> str:
    """Return a network as `Starter` takes it. Raises `BadParameter` for what is none."""
    from watcher.backends.address import wrong_server

    if text.strip().lower() == BLUESKY:
        return BLUESKY
    address = text.strip().rstrip("/").lower()
    if wrong := wrong_server(address):
        raise click.BadParameter(f"{wrong}: write bluesky, or https://town.example.")
    return address


def _timezone() -> str:
    """This machine's time zone by its IANA name, empty where that cannot be told."""
    for name in (os.environ.get("TZ", ""), os.path.realpath("/etc/localtime")):
        zone = name.removeprefix(":").rpartition("zoneinfo/")[2]
        if zone in available_timezones():
            return "UTC" if zone in ("Etc/UTC", "Etc/UCT", "UCT", "Zulu") else zone
    return ""


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing. Raises `ClickException` where that fails."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def _found_microblog(path: Path) -> None:
    """Read the file back, and make the microblog that it names."""
    from watcher.backends import LocalSource
    from watcher.backends.local import Microblog

    config = load(path)
    for source in config.sources:
        if isinstance(source, LocalSource):
            Microblog.found(config.folder / source.file, datetime.now(UTC))
