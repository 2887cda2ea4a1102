"""A database of an earlier shape is brought to the present one with all that it holds."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from rules.model import Verdict
from tests.store.samples import DAY, HOUR, NOON, frozen, waiting
from watcher.store import Store, versions

MICROSECONDS = int(NOON.timestamp()) * 1_000_000


def made(url: str, revision: str, *statements: str) -> None:
    """Make a database of an earlier shape and fill it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        folder = Path(versions.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        command.upgrade(config, revision)
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_database_of_the_first_shape_keeps_all_it_holds(empty_url: str) -> None:
    hour = 3_600_000_000
    made(
        empty_url,
        "0001",
        'INSERT INTO accounts ("row", network, id, handle, display_name, bio, avatar,'
        " folded_handle, url, seen, examined)"
        " VALUES (1, 'town', '1', 'ann', '', '', '', 'ann', '', 0, TRUE)",
        *[
            "INSERT INTO posts (rid, seen, network, id, author, text, posted_at, url, source,"
            " links, hashtags, mentions, media)"
            f" VALUES ({n}, {MICROSECONDS}, 'town', 'p{n}', 1, 'Acme', {MICROSECONDS + at}, '', '',"
            " '[]', '[]', '[]', '[]')"
            for n, at in ((1, -hour), (2, hour))
        ],
        *[
            'INSERT INTO matches ("row", rid, rule, found, spans, reason)'
            f" VALUES ({n}, {n}, 'talk', {MICROSECONDS}, '[[0,4]]',"
            ' \'{"template": "It is there.", "values": {}}\')'
            for n in (1, 2)
        ],
        *[
            'INSERT INTO queue ("row", channel, "match", queued)'
            f" VALUES ({n}, 'daily', {n}, {MICROSECONDS})"
            for n in (1, 2)
        ],
        "INSERT INTO progress (name, rid) VALUES ('match', 2)",
    )
    store = Store.open(empty_url)
    try:
        assert [one.post.key for one in waiting(store).mentions] == ["town:p2", "town:p1"]
        assert [one.at for one in store.events("talk", NOON - DAY, NOON + DAY)] == [
            NOON - HOUR,
            NOON,
        ]
        # What was found before there were rates is no news to them.
        assert store.fresh_matches(["talk"], 10).events == {}
        frozen(store, "a@acme.example")
        first = store.matches()[-1]
        assert (first.verdict, first.copy_of, first.post.titles) == (None, None, ())
        assert store.judge_match(first.id, "relevant", "", "kim", NOON).verdict == "relevant"
    finally:
        store.close()


def test_suspects_of_the_second_shape_keep_their_verdicts(empty_url: str) -> None:
    reason = '{"template": "It is alike.", "values": {}}'
    made(
        empty_url,
        "0002",
        "INSERT INTO suspects (id, subject, name, display_name, brand, rule, score, techniques,"
        " reason, evidence, verdict, first_seen, last_seen) VALUES (1, 'domain:acme.shop',"
        f" 'acme.shop', '', 'Acme', 'names', 0.9, '[\"affix\"]', '{reason}', '[]', 'dismissed',"
        f" {MICROSECONDS}, {MICROSECONDS})",
        *[
            'INSERT INTO verdicts ("row", suspect, verdict, note, "by", at)'
            f" VALUES ({n}, 1, '{verdict}', '', 'kim', {MICROSECONDS})"
            for n, verdict in ((1, "confirmed"), (2, "dismissed"))
        ],
    )
    store = Store.open(empty_url)
    try:
        detail = store.suspect(1)
        assert [one.verdict for one in detail.verdicts] == [Verdict.CONFIRMED, Verdict.DISMISSED]
        assert [(one.kind, one.at) for one in detail.history] == [
            ("raised", NOON),
            ("judged", NOON),
            ("judged", NOON),
        ]
        assert str(detail.history[0].what) == "It is alike."
        assert detail.record.suspect.likeness is None
        store.note_suspect(1, "again", "kim", NOON)
    finally:
        store.close()


def test_deliveries_of_the_fourth_shape_are_mails(empty_url: str) -> None:
    mail = "x'6d61696c'" if empty_url.startswith("sqlite") else "'mail'"
    made(
        empty_url,
        "0004",
        "INSERT INTO digests (id, channel, slot, created, summary, mentions, suspects, more)"
        f" VALUES (1, 'daily', {MICROSECONDS}, {MICROSECONDS}, '1 post', 1, 0, 0)",
        "INSERT INTO deliveries (id, digest, channel, recipient, message_id, payload, state,"
        " attempts, uncertain, created, next_attempt, answer) VALUES (1, 1, 'daily',"
        f" 'a@acme.example', '<1@acme.example>', {mail}, 'pending', 0, 0, {MICROSECONDS},"
        f" {MICROSECONDS}, '')",
    )
    store = Store.open(empty_url)
    try:
        assert [one.kind for one in store.deliveries()] == ["email"]
        delivery = store.claim_delivery(NOON).delivery  # type: ignore[union-attr]
        assert (delivery.kind, delivery.payload) == ("email", b"mail")
    finally:
        store.close()


def test_follows_of_the_fourth_shape_count_for_the_pace(empty_url: str) -> None:
    reason = '{"template": "She spoke.", "values": {}}'
    made(
        empty_url,
        "0004",
        'INSERT INTO accounts ("row", network, id, handle, display_name, bio, avatar,'
        " folded_handle, url, seen, examined)"
        " VALUES (1, 'town', '1', 'ann', '', '', '', 'ann', '', 0, TRUE)",
        "INSERT INTO proposals (id, account, channel, rule, post, clause, reason, state, created,"
        f" \"by\", note) VALUES (1, 1, 'friends', 'talk', 'town:p1', 'spoke-of-brand',"
        f" '{reason}', 'followed', {MICROSECONDS}, 'watcher', '')",
        *[
            'INSERT INTO follow_events (proposal, channel, at, event, detail, "by")'
            f" VALUES (1, 'friends', {MICROSECONDS + n}, '{event}', '', 'watcher')"
            for n, event in enumerate(("proposed", "requested", "followed"))
        ],
    )
    store = Store.open(empty_url)
    try:
        pace = store.pace("friends", NOON + HOUR)
        assert (len(pace.recent), pace.first, pace.stopped) == (1, pace.recent[0], "")
        (record,) = store.proposals()
        assert (record.proposal.grounds, record.proposal.points) == ((), 0)
        assert len(store.follow_events(1)) == 3
    finally:
        store.close()
