"""Writes the help texts into docs/commands.md: `python docs/commands.py`."""

from collections.abc import Iterator
from pathlib import Path

import click

from watcher.cli import watcher

PAGE = Path(__file__).parent / "commands.md"
MARK = "<!-- From here on written by docs/commands.py; a test compares it. -->\n"


def page() -> str:
    """Return the whole page: what stands above the mark, and every command's help below it."""
    above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return (
        above
        + MARK
        + "".join(
            _sections(click.Context(watcher, info_name="watcher", **watcher.context_settings))
        )
    )


def _sections(context: click.Context) -> Iterator[str]:
    """Yield a command's section, and those of the commands in it."""
    # The widths hold wherever this runs; 78 is click's own for a terminal of 80 columns.
    context.max_content_width = context.terminal_width = 78
    heading = "#" * (2 + context.command_path.count(" "))
    yield f"\n{heading} {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _sections(click.Context(command, info_name=name, parent=context))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
