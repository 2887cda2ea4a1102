"""`watcher rules import`: a query of another product as a rule, and what is lost on the way."""

import sys

import click

from rules.importing import DIALECTS, EFFECTS, MOST_TOLD, Imported, snippet, translate
from rules.language import show
from watcher.cli.console import count, print_json, safe_lines, stderr, stdout

LONGEST = 1_000_000
"""Characters read from standard input; a query is refused long before."""


@click.command("import", context_settings={"ignore_unknown_options": True})
@click.argument("query")
@click.option(
    "--from",
    "dialect",
    type=click.Choice(list(DIALECTS)),
    required=True,
    help="The product that the query was written for.",
)
@click.option("--name", default="imported", show_default=True, help="The name of the rule.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
def import_(query: str, dialect: str, name: str, as_json: bool) -> None:
    """Translate a query of another product into a rule.

    QUERY is the query in quotes, or - to read it from standard input. Prints a [[rules]] table to
    paste into the configuration, and tells what does not mean the same. Changes nothing.
    """
    if not name.strip():
        raise click.UsageError("a rule needs a name")
    if query == "-":
        query = sys.stdin.read(LONGEST)
    imported = translate(query, DIALECTS[dialect])
    title = imported.dialect.title
    table = snippet(name, imported.tree, title, imported.losses, imported.remark)
    if as_json:
        print_json(_as_data(imported, name, table))
        return
    for loss in imported.losses[:MOST_TOLD]:
        stderr().say(*safe_lines(show(loss.problem(), imported.query)), "")
    if imported.losses:
        parts = count(len(imported.losses), "part")
        verb = "does" if len(imported.losses) == 1 else "do"
        more = "; the comments tell of all" if len(imported.losses) > MOST_TOLD else ""
        stderr().note(f"{parts} of the query {verb} not mean the same{more}", "")
    for problem in imported.warnings:
        stderr().say(*safe_lines(show(problem, imported.expression)), "")
    click.echo(table, nl=False)  # as it is: a line broken for the screen could not be pasted
    stdout().hint("", "paste it into the configuration, then `watcher rules test` tries it")


def _as_data(imported: Imported, name: str, table: str) -> dict[str, object]:
    return {
        "from": imported.dialect.name,
        "query": imported.query,
        "name": name,
        "find": imported.expression,
        "remark": imported.remark or None,
        "losses": [
            {
                "kind": loss.kind,
                "text": loss.text,
                "start": loss.at[0],
                "end": loss.at[1],
                "message": loss.message,
                "effect": loss.effect,
                "effect_in_words": EFFECTS[loss.effect],
            }
            for loss in imported.losses
        ],
        "toml": table,
    }
