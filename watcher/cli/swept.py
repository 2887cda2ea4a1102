"""What a sweep found, as a person reads it, and as a program does."""

from rules.model import Account
from watcher.cli.console import count, safe, stderr, stdout
from watcher.impostors.sweep import NotAsked, Swept, SweptNetwork
from watcher.impostors.swept import FreeName, Ground
from watcher.store import SweptName

BEST = 20
"""Free names shown to a person who did not ask for all."""
SHOWN = 10
"""Harmless accounts named."""


def tell(brand: str, done: Swept, seen: Ground, guarded: bool) -> None:
    """Print what each network was asked, who has the names, and which are free.

    `guarded` says whether a look-alike rule judges the accounts that are found.
    """
    screen = stdout()
    for one in done.networks:
        screen.say(_line(one))
        if not one.names:
            screen.say(f"  no handle can spell {safe(brand, 80)}: give it another spelling")
    if seen.suspects:
        new = sum(_is_new(one, done) for one in seen.suspects)
        alike = count(len(seen.suspects), "account")
        screen.say("", f"taken and looking alike: {alike}, {new or 'none'} of them new")
        _table_of_suspects(brand, seen.suspects, done)
        screen.hint("`watcher suspects review` judges them one by one, `show ID` tells all")
    _tell_others(
        "taken and harmless, by your rules and verdicts" if guarded else "taken", seen.harmless
    )
    _tell_others("your own and your friends'", seen.own)
    if not guarded:
        screen.say(f"nobody judges them: no look-alike rule guards {safe(brand, 80)}")
    if seen.free:
        best = f"; the {BEST} likeliest" if len(seen.free) > BEST else ""
        screen.say("", f"free and worth registering: {count(len(seen.free), 'name')}{best}")
        tell_free(seen.free, BEST)
        if len(seen.free) > BEST:
            screen.hint("`--free` lists them all")


def _line(one: SweptNetwork) -> str:
    """Say how many names a network was asked for, and how many of them now."""
    told = [f"{one.asked:,} asked now"]
    if one.fresh:
        told.append(f"{one.fresh:,} known from before")
    if one.unanswered:
        told.append(f"{one.unanswered:,} not answered")
    if one.left:
        told.append(f"{one.left:,} not asked")
    where = f"{safe(one.network, 40)} (through {safe(one.source, 40)})"
    return f"{where}: {count(len(one.names), 'likely name')}: {', '.join(told)}"


def _table_of_suspects(brand: str, suspects: tuple[SweptName, ...], done: Swept) -> None:
    screen = stdout()
    networks = {one.network for one in suspects}
    brands = {one.suspect.suspect.brand for one in suspects if one.suspect}
    hidden = ["display name"] * screen.is_terminal + ["network"] * (len(networks) == 1)
    hidden += ["brand"] * (brands == {brand})
    hidden += ["new"] * (not any(_is_new(one, done) for one in suspects))
    screen.table(
        [
            *("id", "account", "display name", "network", "brand", "score", "techniques"),
            *("verdict", "new"),
        ],
        [
            (
                str(one.suspect.id),
                _called_and_named(one.account) if screen.is_terminal else _called(one.account),
                safe(one.account.display_name, 40),
                safe(one.network, 40),
                safe(one.suspect.suspect.brand, 40),
                f"{one.suspect.suspect.score:.2f}",
                ", ".join(one.suspect.suspect.techniques),
                str(one.suspect.verdict),
                "new" if _is_new(one, done) else "",
            )
            for one in suspects
            if one.suspect and one.account
        ],
        right=("id", "score"),
        hidden=hidden,
        less=("techniques", "verdict"),
    )


def _called(account: Account) -> str:
    return f"@{safe(account.handle, 80)}"


def _called_and_named(account: Account) -> str:
    """Return both names in one cell, which leaves more room for them."""
    name = account.display_name
    if not name or name.casefold() == account.handle.casefold():
        return _called(account)
    return f"{_called(account)} “{safe(name, 40)}”"


def _is_new(one: SweptName, done: Swept) -> bool:
    return one.suspect is not None and one.suspect.id > done.known


def _tell_others(what: str, others: tuple[SweptName, ...]) -> None:
    if not others:
        return
    names = [_called(one.account) for one in others[:SHOWN] if one.account]
    more = f" and {len(others) - SHOWN:,} more" if len(others) > SHOWN else ""
    stdout().say("", f"{what}: {count(len(others), 'account')}: {', '.join(names)}{more}")


def tell_free(free: tuple[FreeName, ...], most: int) -> None:
    """Print at most so many free names, the likeliest first."""
    several = len({one.network for one in free}) > 1
    stdout().table(
        ["rank", "network", "name", "techniques"],
        [
            (str(one.likely.rank), one.network, one.handle, ", ".join(one.likely.techniques))
            for one in free[:most]
        ],
        right=("rank",),
        whole=("name",),
        hidden=() if several else ("network",),
        empty="no name that was asked for is free",
    )


def tell_trouble(done: Swept, not_asked: tuple[NotAsked, ...]) -> None:
    """Say what was not asked, and why."""
    screen = stderr()
    for one in done.networks:
        if one.left:
            screen.say(f"{safe(one.network, 40)}: {count(one.left, 'name')} not asked: {_why(one)}")
        elif one.why:
            screen.say(f"{safe(one.network, 40)}: {_why(one)}")
        if one.unanswered:
            asked = count(one.unanswered, "name")
            screen.say(f"{safe(one.network, 40)}: {asked} not answered, asked again next time")
        screen.note(*(f"{safe(one.network, 40)}: {safe(note, 300)}" for note in one.notes))
    screen.note(*(f"{safe(one.source, 40)} not asked: {safe(one.why, 300)}" for one in not_asked))


def _why(one: SweptNetwork) -> str:
    return safe(one.why, 300)


def as_dict(
    brand: str, done: Swept, not_asked: tuple[NotAsked, ...], seen: Ground
) -> dict[str, object]:
    """Return everything that a sweep did and found as plain values."""
    return {
        "brand": brand,
        "stopped": done.stopped,
        "networks": [
            {
                "network": one.network,
                "source": one.source,
                "names": len(one.names),
                "asked": one.asked,
                "known": one.fresh,
                "unanswered": one.unanswered,
                "left": one.left,
                "why": one.why,
                "searched": one.searched,
                "notes": one.notes,
            }
            for one in done.networks
        ],
        "not_asked": [{"source": one.source, "why": one.why} for one in not_asked],
        "suspects": [
            _account(one)
            | {
                "id": one.suspect.id,
                "new": _is_new(one, done),
                "brand": one.suspect.suspect.brand,
                "score": round(one.suspect.suspect.score, 4),
                "techniques": one.suspect.suspect.techniques,
                "verdict": one.suspect.verdict,
            }
            for one in seen.suspects
            if one.suspect
        ],
        "harmless": [_account(one) for one in seen.harmless],
        "own": [_account(one) for one in seen.own],
        "free": [
            {
                "network": one.network,
                "name": one.likely.name,
                "handle": one.handle,
                "rank": one.likely.rank,
                "score": round(one.likely.score, 4),
                "techniques": one.likely.techniques,
                "checked": one.found.checked,
            }
            for one in seen.free
        ],
        "unknown": [
            {"network": one.network, "name": one.name, "said": one.said, "checked": one.checked}
            for one in seen.unknown
        ],
    }


def _account(one: SweptName) -> dict[str, object]:
    account = one.account
    return {
        "network": one.network,
        "account": account.key if account else "",
        "handle": account.handle if account else "",
        "display_name": account.display_name if account else "",
        "found_by": "search" if one.searched else "name",
        "checked": one.checked,
    }
