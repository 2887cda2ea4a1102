"""`watcher login bluesky`, and its `logout`."""

import re
import sys
from contextlib import closing
from pathlib import Path

import click

from alerts.secret import Secret
from rules.errors import WatcherError
from watcher.backends import BlueskySource
from watcher.backends.address import wrong_address
from watcher.backends.bluesky.login import Login, LoginFile, login_file
from watcher.backends.bluesky.query import is_handle
from watcher.backends.bluesky.source import FOLDER, HOME, login_name
from watcher.backends.interface import BackendError
from watcher.cli import Settings
from watcher.cli.console import safe, stderr, stdout
from watcher.config import Config
from watcher.presence import make_private

LONGEST_PASSWORD = 512
_APP_PASSWORD = re.compile(r"(?:[a-z0-9]{4}-){3}[a-z0-9]{4}")


def _handle(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    """Return a handle without `@`, as the network writes it."""
    if value is None:
        return None
    handle = value.strip().removeprefix("@").lower()
    if not is_handle(handle):
        raise click.BadParameter(f"{safe(value, 100)!r} is no handle; write acme.bsky.social")
    return handle


def _server(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001
    """Return the address of a server, also where only its name was typed."""
    address = (value if "://" in value else f"https://{value}").rstrip("/")
    if wrong := wrong_address(address):
        raise click.BadParameter(f"{safe(value, 100)}: {wrong}; write {HOME}")
    return address


@click.command("bluesky", short_help="Bluesky, or a server of its network.")
@click.argument("handle", required=False, callback=_handle)
@click.option("--server", default=HOME, callback=_server, show_default=True,
              help="The account's server.")  # fmt: skip
@click.option("--password-stdin", is_flag=True, help="Read the app password from the input.")
@click.pass_obj
def login(settings: Settings, handle: str | None, server: str, password_stdin: bool) -> None:
    """Log in as HANDLE (acme.bsky.social) with an app password.

    Make one in the settings of the account, under "App passwords": it can be withdrawn there at any
    time, and opens neither the account's settings nor its messages. The watcher reads with it, and
    follows accounts where a rule says so; it never posts or writes to anybody.
    """
    config = settings.load()
    if handle is None:
        if password_stdin:
            raise click.UsageError("name the handle: PROGRAM | watcher login bluesky HANDLE ...")
        handle = _handle_asked()
    password = _from_input() if password_stdin else click.prompt("App password", hide_input=True)
    make_private(config.data)
    file = login_file(config.data / FOLDER / login_name(handle))
    name = _let_in(config, server, handle, password.strip(), file)
    screen = stdout()
    screen.say(f"logged in at {server} as @{safe(name, 253)}")
    screen.note(f"kept in {_called(file.path)}, readable by you only")
    if not _APP_PASSWORD.fullmatch(password.strip()):
        stderr().note(
            "this does not look like an app password: with the account's own password, whoever "
            "reads the file could take the account"
        )
    _what_next(config, handle, server)


def _handle_asked() -> str:
    while True:
        given = click.prompt("Handle (acme.bsky.social)", type=str)
        handle = str(given).strip().removeprefix("@").lower()
        if is_handle(handle):
            return handle
        stderr().note(f"{safe(handle, 100)!r} is no handle: they look like acme.bsky.social")


def _from_input() -> str:
    """Return the first line of the input. Raises `UsageError` where it is no password."""
    password = sys.stdin.readline(LONGEST_PASSWORD + 1).strip()
    if not password or len(password) > LONGEST_PASSWORD or not password.isprintable():
        raise click.UsageError(
            "the input's first line is no password: PROGRAM | watcher login bluesky ..."
        )
    return password


def _let_in(config: Config, server: str, handle: str, password: str, file: LoginFile) -> str:
    """Open a session, keep it, and return our handle. Raises `BackendError`."""
    from watcher.backends.bluesky.client import Client

    # The session comes first: a log-in that was refused replaces none that works.
    with closing(Client(server, contact=config.contact, handle=handle)) as client:
        name = client.log_in_anew(Secret(password))
        kept = client.session
    file.save(Login(server=server, handle=handle, password=password, session=kept))
    return name


def _what_next(config: Config, handle: str, server: str) -> None:
    own = [s for s in config.sources if isinstance(s, BlueskySource) and s.handle == handle]
    if own:
        stdout().hint(f"used by the sources: {', '.join(source.name for source in own)}")
        return
    stdout().hint(
        "no source reads with it yet; for the configuration:",
        "",
        "[[sources]]",
        'name = "bluesky"',
        'kind = "bluesky"',
        f'account = "{handle}"',
        *([] if server == HOME else [f'server = "{server}"']),
        'query = "search:your brand"',
    )


@click.command("bluesky", short_help="Bluesky, or a server of its network.")
@click.argument("handle", callback=_handle)
@click.pass_obj
def logout(settings: Settings, handle: str) -> None:
    """Log out as HANDLE: its server ends the session, and the data folder forgets the password."""
    config = settings.load()
    file = LoginFile(config.data / FOLDER / login_name(handle))
    kept = file.login()
    if kept is None:
        raise WatcherError(
            f"nobody is logged in as {handle}",
            help="a password written as `password = ...` in the configuration is not one of these",
        )
    told = _told(config, kept, file)
    file.remove()
    stdout().say(f"logged out as @{safe(handle, 253)}")
    if not told:
        stderr().note("the server could not be told: its session ends by itself in some weeks")
    stdout().hint("the app password itself is withdrawn in the settings of the account")


def _told(config: Config, kept: Login, file: LoginFile) -> bool:
    """Have the server end the session; whether it could be told."""
    from watcher.backends.bluesky.client import Client

    client = Client(kept.server, contact=config.contact, handle=kept.handle, file=file)
    try:
        with closing(client):
            client.log_out()
    except BackendError:
        return False
    return True


def _called(path: Path) -> str:
    """Return a path, short where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
