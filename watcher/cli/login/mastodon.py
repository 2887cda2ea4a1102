"""`watcher login mastodon https://...`, and its `logout`."""

import sys
import webbrowser
from contextlib import closing
from pathlib import Path

import click

from rules.errors import WatcherError
from watcher.backends import MastodonSource
from watcher.backends.address import wrong_server
from watcher.backends.interface import BackendError
from watcher.backends.mastodon import tokens
from watcher.backends.mastodon.tokens import Login
from watcher.cli import Settings
from watcher.cli.console import safe, stderr, stdout
from watcher.config import Config
from watcher.presence import make_private

READ = ("read",)
READ_AND_FOLLOW = ("read", "write:follows")
LONGEST_TOKEN = 4096
MEANINGS = {
    "read": "see what your account can see",
    "write:follows": "follow accounts, and undo it",
}


def _address(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001
    """Return a server's address, also where only its name was typed."""
    address = (value if "://" in value else f"https://{value}").rstrip("/").lower()
    if wrong := wrong_server(address):
        raise click.BadParameter(f"{safe(value, 100)}: {wrong}; write https://town.example")
    return address


@click.command("mastodon", short_help="A server that speaks Mastodon's API.")
@click.argument("server", callback=_address)
@click.option("--follow", is_flag=True, help="Also let the watcher follow accounts.")
@click.option("--token-stdin", is_flag=True, help="Read a token made elsewhere from the input.")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.pass_obj
def login(
    settings: Settings, server: str, follow: bool, token_stdin: bool, no_browser: bool
) -> None:
    """Log in to SERVER (https://town.example): Mastodon, GoToSocial, Pleroma, Akkoma, ...

    The server asks you in the browser, and shows a code to paste here. The watcher may then read
    what you can read, and with --follow follow accounts for you. It can never post or write to
    anybody.
    """
    config = settings.load()
    scopes = READ_AND_FOLLOW if follow else READ
    if token_stdin:
        given = Login(server=server, account="", scopes=(), token=_token_from_input())
    else:
        given = _asked(config, server, scopes, browser=not no_browser)
    login = Login(
        server=server, account=_account(config, given), scopes=given.scopes, token=given.token,
        client_id=given.client_id, client_secret=given.client_secret,
    )  # fmt: skip
    make_private(config.data)
    path = tokens.store(config.data, login)
    screen = stdout()
    screen.say(f"logged in at {server} as @{safe(login.account, 200)}")
    screen.note(f"kept in {_called(path)}, readable by you only")
    _what_next(config, server)


def _asked(config: Config, server: str, scopes: tuple[str, ...], *, browser: bool) -> Login:
    """Register at the server, send the person to its page, and take the code."""
    from watcher.backends.mastodon.client import Client

    screen = stdout()
    with closing(Client(server, "", config.contact)) as client:
        app = client.register("brand-watcher", scopes)
        address = client.consent_address(app, scopes)
        screen.say("The server will ask whether the watcher may:")
        screen.say(*(f"  - {MEANINGS[scope]}" for scope in scopes))
        screen.say("It asks for nothing else: it can neither post nor write to anybody.")
        opened = browser and sys.stdin.isatty() and webbrowser.open(address)
        screen.say("Its page opens in your browser. If not, open:" if opened else "Open:")
        screen.say("", safe(address, 2000), "")
        code = click.prompt("The code it shows", type=str).strip()
        token = client.token_for(app, code, scopes)
    return Login(
        server=server, account="", scopes=scopes, token=token,
        client_id=app[0], client_secret=app[1],
    )  # fmt: skip


def _token_from_input() -> str:
    """Return the token on the first line of the input. Raises `UsageError` where there is none."""
    token = sys.stdin.readline(LONGEST_TOKEN + 1).strip()
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise click.UsageError("the first line of the input is no token")
    return token


def _account(config: Config, login: Login) -> str:
    """Return our handle, which proves the token."""
    from watcher.backends.mastodon.client import Client

    with closing(Client(login.server, login.token, config.contact)) as client:
        try:
            record = client.ourselves()
        except BackendError as error:
            if error.kind != "refused":
                raise
            raise WatcherError(
                f"{client.host} does not know this token",
                help="copy it anew from the settings of the account there, under Development",
            ) from None
    name = record.get("acct") or record.get("username")
    return str(name)[:200]


def _what_next(config: Config, server: str) -> None:
    own = [s for s in config.sources if isinstance(s, MastodonSource)]
    names = [s.name for s in own if s.server.rstrip("/").lower() == server and s.token is None]
    if names:
        stdout().hint(f"used by the sources: {', '.join(names)}")
        return
    stdout().hint(
        "no source reads with it yet; for the configuration:",
        "",
        "[[sources]]",
        'name = "town"',
        'kind = "mastodon"',
        f'server = "{server}"',
        'query = "home"',
    )


@click.command("mastodon", short_help="A server that speaks Mastodon's API.")
@click.argument("server", callback=_address)
@click.pass_obj
def logout(settings: Settings, server: str) -> None:
    """Log out of SERVER: it forgets the watcher's token, and so does the data folder."""
    config = settings.load()
    login = tokens.stored(config.data, server)
    if login is None:
        raise WatcherError(
            f"there is no log-in at {server}",
            help="a token written as `token = ...` in the configuration is not one of these",
        )
    told = _told(config, login)
    tokens.remove(config.data, server)
    stdout().say(f"logged out of {server}")
    if not told:
        stderr().note(
            "the server could not be told: withdraw the token there, in the settings of the account"
        )


def _told(config: Config, login: Login) -> bool:
    """Tell the server to forget the token; whether it could be told."""
    from watcher.backends.mastodon.client import Client

    if not login.client_id:
        return False
    try:
        with closing(Client(login.server, login.token, config.contact)) as client:
            client.revoke((login.client_id, login.client_secret))
    except BackendError:
        return False
    return True


def _called(path: Path) -> str:
    """Return a path, short where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
