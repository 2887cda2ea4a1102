"""`watcher login`: one file for each network."""

from importlib import import_module

import click

NETWORKS = {
    "mastodon": "A server that speaks Mastodon's API.",
    "bluesky": "Bluesky, or a server of its network.",
}


class Networks(click.Group):
    """The networks, each in the module of its name, imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the networks."""
        return list(NETWORKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a network's module; None for a network that nobody logs in to."""
        if cmd_name not in NETWORKS:
            return None
        module = import_module(f"watcher.cli.login.{cmd_name}")
        found: click.Command = getattr(module, self.name or "login")
        return found


@click.command(cls=Networks, name="login")
def command() -> None:
    """Let the watcher read with an account of yours.

    What a log-in leaves is kept in the data folder, readable by its owner only. `watcher logout`
    takes it back.
    """
