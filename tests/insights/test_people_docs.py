"""The queries of docs/people.md find what the program finds."""

import re
import sqlite3
from pathlib import Path

from rules.signals.spoken import Spoken
from tests.insights.people_samples import ACME, HOUR, WEEK, answer, person, say, told
from tests.store.samples import NOON
from watcher.insights.inbox import inbox
from watcher.insights.people import influencers
from watcher.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "people.md"


def test_the_queries_find_the_numbers(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'watcher.sqlite'}")
    early = {"posted_at": NOON - 9 * HOUR}
    told(
        store,
        say("a", "ann", **early),
        answer("r", "bob", "a"),
        answer("r2", person("robot", bot=True), "a"),
        answer("self", "ann", "a"),
        say("b", "cleo", **early),
        answer("o", "acme", "b", text="sorry"),
        silent=["r", "r2", "self", "o"],
        of={one: [Spoken(brand="Acme", post=f"town:{one}", complaint=True)] for one in "ab"},
    )
    people = influencers(store, ["Acme"], WEEK, own=[ACME])
    waits = inbox(store, [ACME], NOON)
    store.close()
    answered, waiting = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    connection = sqlite3.connect(tmp_path / "watcher.sqlite")
    found = dict(connection.execute(answered).fetchall())
    assert [found[one.account.handle] for one in people] == [1]
    assert [row[0] for row in connection.execute(waiting)] == [one.post.url for one in waits]
    connection.close()
