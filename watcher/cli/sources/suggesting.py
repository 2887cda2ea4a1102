"""`watcher sources suggest`: the sources that the rules need, to be pasted."""

from typing import Any

import click

from watcher.cli import Settings
from watcher.cli.console import print_json, safe, safe_lines, stderr, stdout
from watcher.sourcing.places import LOG_INS
from watcher.sourcing.proposal import Proposal, propose
from watcher.sourcing.tables import named, table


@click.command()
@click.option("--network", type=click.Choice([*LOG_INS]), help="Only for this network.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def suggest(settings: Settings, network: str | None, as_json: bool) -> None:
    """Propose the fewest sources that bring what the rules look for.

    They come as tables to paste into the configuration, for each network that a source names or
    that somebody logged in to. No network is asked.
    """
    config = settings.load()
    proposal = propose(config, network or "")
    drafts = named(proposal.drafts, [source.name for source in config.sources])
    if as_json:
        print_json(_as_dict(proposal, drafts))
        return
    for at, (name, draft) in enumerate(drafts):
        stdout().say(*([""] if at else []), *safe_lines(table(name, draft)))
    stderr().note(*([""] if drafts else []), *(safe(line) for line in _notes(proposal)))


def _notes(proposal: Proposal) -> list[str]:
    """Say what needs nothing, and what could be asked for elsewhere."""
    notes = []
    for place in proposal.places:
        fed = [one for one in proposal.fed if one.place == place]
        if fed:
            by = dict.fromkeys(name for one in fed for name in one.sources)
            feed = "feeds" if len(by) == 1 else "feed"
            rules = ", ".join(one.rule for one in fed)
            notes.append(f"{place.name}: {', '.join(by)} already {feed} {rules}")
        searched = [one for one in proposal.drafts if "search:" in str(one.table.get("query"))]
        if place.network == "mastodon" and any(one.place == place for one in searched):
            notes.append(
                f"{place.name}: search finds only posts whose authors agreed, where it is offered;"
                ' query = "public" brings all that the server knows'
            )
    if proposal.lookalikes:
        names = ", ".join(proposal.lookalikes)
        notes.append(
            f"{names}: looks at the accounts that all sources show; `watcher suspects sweep` asks"
            " networks for names that nobody has seen"
        )
    notes += [
        f"{rule} cannot be asked for on {name}: {why}" for rule, name, why in proposal.unaskable
    ]
    read = {place.network for place in proposal.places}
    for name, how in proposal.log_ins.items():
        without = "nobody is logged in at" if name in read else "no access to"
        notes.append(f"{without} {name}: {how}")
    if not (proposal.drafts or proposal.fed):
        notes.append("nothing can be proposed before a network is known; docs/sources.md tells how")
    return notes


def _as_dict(proposal: Proposal, drafts: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "sources": [
            {
                "place": draft.place.name,
                "network": draft.place.network,
                "rules": draft.rules,
                "why": draft.why,
                "table": {"name": name, **draft.table},
                "toml": table(name, draft),
            }
            for name, draft in drafts
        ],
        "fed": [
            {
                "rule": one.rule,
                "network": one.place.network,
                "place": one.place.name,
                "sources": one.sources,
            }
            for one in proposal.fed
        ],
        "log_ins": dict(proposal.log_ins),
        "unaskable": [
            {"rule": rule, "network": name, "why": why} for rule, name, why in proposal.unaskable
        ],
        "lookalikes": proposal.lookalikes,
    }
