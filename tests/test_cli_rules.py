"""Rules tried, explained, forecast and compared at the prompt; matches judged."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from rules import KeywordRule
from rules.matcher import Matcher
from rules.model import Account, Post
from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.backends.interface import Page
from watcher.store import Store

__all__ = ["_demo_folder", "acme", "demo", "terminal"]

LABELLED = [
    {"id": "1", "text": "acme is late", "label": {"ok": "yes", "of": "Acme"}},
    {"id": "2", "text": "acme anvils", "label": {"ok": "no", "of": "Acme"}},
    {"id": "3", "text": "the acm train is late", "label": {"ok": True, "of": "Acme"}},
    {"id": "4", "text": "nothing", "label": {"ok": False, "of": "acme"}},
    {"id": "5", "text": "acme again", "label": {"of": "Acme"}},
    {"id": "6", "text": "acme elsewhere", "label": {"ok": "yes", "of": "Other"}},
]


def json_of(at: Terminal, *words: str, text: str = "") -> Any:
    seen = at.pipe(*words, "--json", text=text)
    assert seen.code == 0, seen.err
    return json.loads(seen.out)


def stored(at: Terminal, *texts: str, days: int = 1) -> list[str]:
    """Store posts, one each so many days, the newest of now; return their keys."""
    store = Store.open(f"sqlite:///{at.folder}/data/watcher.sqlite")
    posts = [
        Post(
            network="town",
            id=str(1000 + number),
            author=Account(network="town", id="ann", handle="ann"),
            text=text,
            url=f"https://town.example/{number}",
            posted_at=NOW - timedelta(days=days * (len(texts) - 1 - number)),
        )
        for number, text in enumerate(texts)
    ]
    store.save_page("town", Page(posts=tuple(posts), cursor="1", more=False), NOW)
    batch = store.unmatched(1000)
    rule = KeywordRule(name="acme", find="acme")
    found = Matcher([rule]).match(batch.posts)
    store.save_matches(batch, found, [], {"acme": ("daily",)}, NOW)
    store.close()
    return [post.key for post in posts]


def labelled(at: Terminal, name: str = "labelled.jsonl.gz") -> str:
    lines = [json.dumps(one | {"created_at": "2026-03-01"}) for one in LABELLED]
    octets = "\n".join([*lines, "no json", lines[0]]).encode()
    (at.folder / name).write_bytes(gzip.compress(octets))
    return name


def test_a_file_brings_its_judgements_along(acme: Terminal) -> None:
    words = ["rules", "test", "acme", "--file", labelled(acme), "--labels", "label.ok"]
    told = json_of(acme, *words, "--where", "label.of=Acme")
    assert told["posts_scanned"] == 5
    assert told["posts_matched"] == 3
    quality = told["quality"]
    assert [quality[key] for key in ("tp", "fp", "fn", "tn")] == [1, 1, 1, 1]
    assert quality["precision"] == quality["recall"] == quality["f1"] == 0.5
    seen = acme.pipe(*words, "--where", "label.of=Acme", "--wrong")
    assert "acme anvils" in seen.out.partition("judged relevant, and not found")[0]
    assert "the acm train" in seen.out.partition("judged relevant, and not found")[2]
    assert "1 item could not be read" in seen.err
    assert "labelled.jsonl.gz:7: not JSON" in seen.err
    assert "1 post has no yes or no at label.ok" in seen.err
    assert "1 post came more than once" in seen.err
    assert "1 post left out: not label.of=Acme" in seen.err


def test_every_post_of_a_line_of_several_has_its_own_judgement(acme: Terminal) -> None:
    (acme.folder / "answers.jsonl").write_text(json.dumps([*LABELLED, {"no": "post"}]))
    words = ["rules", "test", "acme", "--file", "answers.jsonl", "--labels", "label.ok"]
    quality = json_of(acme, *words)["quality"]
    assert [quality[key] for key in ("tp", "fp", "fn", "tn")] == [2, 1, 1, 1]
    assert "answers.jsonl:1: item 7: no text" in acme.pipe(*words).err


def test_a_file_of_a_configured_source_is_read_as_it_says(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text() + '[[sources]]\nname = "odd"\nkind = "archive"\nfile = "odd.jsonl"\n'
        'mapping = { text = "said" }\n'
    )
    (acme.folder / "odd.jsonl").write_text('{"id": 1, "said": "acme"}\n')
    assert json_of(acme, "rules", "test", "acme", "--file", "odd.jsonl")["posts_matched"] == 1


def test_an_expression_can_be_tried_before_it_is_a_rule(acme: Terminal) -> None:
    told = json_of(acme, "rules", "test", "--find", "late", "--file", labelled(acme))
    assert told["rule"] == "this expression"
    assert told["posts_matched"] == 2
    told = json_of(acme, "rules", "test", "acme", "--find", "late", "--file", labelled(acme))
    assert told["rule"] == "acme"
    assert told["posts_matched"] == 2
    seen = acme.pipe("rules", "test", "--find", "(late", "--file", "x")
    assert seen.code == 2
    assert "error[unclosed-bracket]" in seen.err
    assert "there is no brand called" in acme.pipe("rules", "test", "--find", "brand:acm").err


MISTAKES = (
    (("test",), "there is nothing to try"),
    (("test", "acme", "--labels", "x"), "--labels and --where are about the records of a file"),
    (("test", "acme", "--file", "x", "--where", "y"), "labels.query=Audi"),
    (("test", "acme", "--file", "x", "--post", "y"), "either --file or --post"),
    (("test", "acm"), "did you mean 'acme'?"),
    (("test", "acme", "--file", "nowhere.jsonl"), "there is no file nowhere.jsonl"),
    (("explain", "acme"), "which post?"),
    (("explain", "acme", "town:9"), "no stored post is called 'town:9'"),
    (("why-not", "lookalikes", "--post", "x"), "lookalikes looks for names, not words"),
    (("diff", "acme", "acme late", "x"), "'x' is one too many"),
    (("diff", "watcher.toml", "acme"), "a configuration is compared with another one"),
    (("diff", "acme", "(acme"), "error[unclosed-bracket]"),
    (("forecast", "acm"), "did you mean 'acme'?"),
    (("diff", "watcher.toml", "watcher.toml", "zzz"), "called 'zzz' in watcher.toml"),
    (("suggest", "lookalikes"), "lookalikes looks for names, not words"),
)


def test_what_cannot_be_done_is_said(acme: Terminal) -> None:
    for words, told in MISTAKES:
        seen = acme.pipe("rules", *words)
        assert seen.code in (1, 2), words
        assert told in seen.err, words


def test_a_pasted_post_is_explained(acme: Terminal) -> None:
    for words, text in ((("--post", "Acme!"), ""), (("--post", "-"), "Acme!\n")):
        seen = acme.pipe("rules", "test", "acme", *words, text=text)
        assert seen.out == 'Acme!\n\nacme matches this post\n\n✓ the word "acme": “Acme”\n'
    told = json_of(acme, "rules", "test", "acme", "--post", "nothing")
    assert (told["posts_scanned"], told["posts_matched"]) == (1, 0)


def test_a_stored_post_is_named_by_its_key_or_its_address(acme: Terminal) -> None:
    [key] = stored(acme, "Acme is late")
    for name in (key, "https://town.example/0"):
        told = json_of(acme, "rules", "explain", "acme", name)
        assert told["matches"]
        assert told["key"] == key
        assert told["tree"]["spans"] == [[0, 4]]
    told = json_of(acme, "rules", "why-not", "--find", "acme -late", key)
    assert told["missing"] == [
        {"expression": "late", "lacking": False, "found": ["late"], "hints": []}
    ]
    assert "acme matches this post" in acme.pipe("rules", "why-not", "acme", key).out


def test_no_explanation_links_to_a_suspect(demo: Terminal) -> None:
    [one, *_] = json_of(demo, "search", "domain:nordelia-refund.example")
    for words in (
        ("explain", "nordelia", one["key"]),
        ("why-not", "--find", "url:nowhere domain:nowhere.example", one["key"]),
        ("why-not", "--find", "refund -url:nowhere zzz", one["key"]),
    ):
        seen = demo.pipe("rules", *words)
        assert "nordelia-refund[.]example" in seen.out
        assert "refund.example" not in seen.out


def test_what_is_excluded_together_is_told_apart_from_each_by_itself(acme: Terminal) -> None:
    expression = "acme -(late job) -(late OR job) -(2 OF (late, job, x)) -(late NEAR/2 job) -late"
    seen = acme.pipe("rules", "explain", "--find", expression, "--post", "acme late")
    heads = [line.strip() for line in seen.out.splitlines() if "not " in line]
    assert heads[1:] == [
        "✓ not all of:",
        "✗ not any of:",
        "✓ not at least 2 of these 3:",
        "✓ not within 2 words of each other, in any order:",
        '✗ not the word "late"',
    ]


def test_a_long_list_is_told_in_few_lines(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    items = ", ".join(f'"word{n}"' for n in range(500))
    path.write_text(path.read_text() + f'[[lists]]\nname = "many"\nitems = [{items}, "late"]\n')
    seen = acme.pipe("rules", "explain", "--find", "acme @list(many)", "--post", "acme late")
    assert "and 500 more that the post does not have" in seen.out
    assert '✓ the word "late": “late”' in seen.out
    assert len(seen.out.splitlines()) < 12
    seen = acme.pipe("rules", "why-not", "--find", "acme @list(many)", "--post", "acme")
    assert "(497 more)" in seen.out


def test_the_mails_that_a_rule_would_cause_are_counted(acme: Terminal) -> None:
    stored(acme, *(["acme"] * 8))
    told = json_of(acme, "rules", "test", "acme")
    assert told["days"] == 8
    assert told["mails_per_day"] == {"daily": 1.0}
    assert "daily 1 (to 2 people)" in acme.pipe("rules", "test", "acme").out


def test_a_forecast_stands_on_the_stored_past(acme: Terminal) -> None:
    stored(acme, *(["acme", "nothing"] * 5))
    told = json_of(acme, "rules", "forecast")
    assert told["days"] == 10
    [rule] = told["rules"]
    assert (rule["rule"], rule["posts"], rule["median"], rule["busiest"]) == ("acme", 5, 0.5, 1)
    assert told["mails_per_day"] == {"daily": 0.5}
    assert json_of(acme, "rules", "forecast", "--days", "3")["rules"][0]["posts"] == 2
    seen = acme.pipe("rules", "forecast", "acme", "--days", "3")
    assert "by 4 stored posts of 4 days" in seen.out  # 3 days back reach into a fourth
    assert "that is little to go by" in seen.out


def test_a_forecast_says_what_it_does_not_count(acme: Terminal) -> None:
    stored(acme, "acme")
    seen = acme.pipe("rules", "forecast")
    assert "daily: 1 mail a day, each to 2 people" in seen.out
    assert "not counted: the suspects of lookalikes" in seen.out


def test_of_many_names_the_first_are_told(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    more = [f'[[rules]]\nname = "n{n}"\nfind = "w{n}"\nthen = []\n' for n in range(30)]
    path.write_text(path.read_text() + "".join(more))
    seen = acme.pipe("rules", "show", "zzzzz")
    assert "n17 and 12 more" in seen.err


def test_a_forecast_says_how_much_was_judged_irrelevant(acme: Terminal) -> None:
    stored(acme, *(["acme"] * 4))
    ids = [str(one["id"]) for one in json_of(acme, "matches", "list")]
    assert acme.pipe("matches", "irrelevant", ids[0]).code == 0
    assert acme.pipe("matches", "relevant", *ids[1:]).code == 0
    assert "25.0 % of 4" in acme.pipe("rules", "forecast", "acme").out


def test_a_change_gains_and_loses_posts(acme: Terminal) -> None:
    stored(acme, "acme one", "acme job", "ac me", "nothing")
    job = next(one for one in json_of(acme, "matches", "list") if "job" in one["text"])
    acme.pipe("matches", "irrelevant", str(job["id"]))
    [told] = json_of(acme, "rules", "diff", "acme", '(acme OR "ac me") -job')
    assert (told["posts_before"], told["posts_after"]) == (2, 2)
    assert [told[side]["posts"] for side in ("gained", "lost")] == [1, 1]
    assert told["lost"]["irrelevant"] == 1
    assert told["quality_after"]["fp"] == 0
    seen = acme.pipe("rules", "diff", "acme", '(acme OR "ac me") -job')
    assert "lost 1 post, of these 1 judged irrelevant" in seen.out
    assert "precision 0.0 % -> –" in seen.out


def test_two_configurations_are_compared_rule_by_rule(acme: Terminal) -> None:
    stored(acme, "acme one", "acme job")
    text = (acme.folder / "watcher.toml").read_text()
    changed = text.replace('find = "acme"', 'find = "acme -job"')
    (acme.folder / "new.toml").write_text(
        changed + '[[rules]]\nname = "more"\nfind = "more"\nthen = ["daily"]\n'
    )
    for words in (("watcher.toml", "new.toml"), ("watcher.toml", "new.toml", "acme")):
        [told] = json_of(acme, "rules", "diff", *words)
        assert (told["rule"], told["lost"]["posts"], told["gained"]["posts"]) == ("acme", 1, 0)
    assert "only in new.toml: more" in acme.pipe("rules", "diff", "watcher.toml", "new.toml").err
    assert "no rule differs" in acme.pipe("rules", "diff", "watcher.toml", "watcher.toml").out


def test_a_misspelt_rule_is_noticed_where_it_is_read_as_an_expression(acme: Terminal) -> None:
    stored(acme, "acme")
    assert "there is a rule 'acme'" in acme.pipe("rules", "diff", "acmee", "acme late").err


def test_matches_are_listed_and_judged(acme: Terminal) -> None:
    stored(acme, "acme one", "acme two")
    first, second = json_of(acme, "matches", "list")
    assert first["verdict"] is None
    seen = acme.pipe("matches", "irrelevant", str(first["id"]), "999", "--note", "a joke")
    assert seen.code == 1
    assert f"{first['id']}: irrelevant: acme two" in seen.out
    assert "there is no match 999" in seen.err
    assert acme.pipe("matches", "relevant", str(second["id"])).code == 0
    for verdict, expected in (("irrelevant", [first]), ("relevant", [second]), ("none", [])):
        found = json_of(acme, "matches", "list", "--verdict", verdict)
        assert [one["id"] for one in found] == [one["id"] for one in expected]
    assert acme.pipe("matches", "unjudged", str(first["id"])).code == 0
    assert len(json_of(acme, "matches", "list", "--verdict", "none", "--rule", "ACME")) == 1


def test_all_that_was_said_of_a_match_is_kept(acme: Terminal) -> None:
    stored(acme, "acme one")
    [match] = json_of(acme, "matches", "list")
    number = str(match["id"])
    assert "nobody has judged it" in acme.pipe("matches", "show", number).out
    acme.pipe("matches", "irrelevant", number, "--note", "a \x1b[31mjoke")
    acme.pipe("matches", "relevant", number)
    acme.pipe("matches", "unjudged", number)
    told = json_of(acme, "matches", "show", number)
    assert [one["verdict"] for one in told["verdicts"]] == ["irrelevant", "relevant", None]
    seen = acme.pipe("matches", "show", number)
    assert ": a \ufffd[31mjoke" in seen.out
    assert "taken back, by " in seen.out
    assert acme.pipe("matches", "show", "999").code == 1


def test_matches_since_a_day_are_those_found_on_it_and_later(acme: Terminal) -> None:
    stored(acme, "acme one")
    assert len(json_of(acme, "matches", "list", "--since", "2026-03-10")) == 1
    assert json_of(acme, "matches", "list", "--since", "2026-03-11") == []
    assert "there is no rule called" in acme.pipe("matches", "list", "--rule", "zzz").err


def test_a_test_knows_what_was_judged_in_the_store(acme: Terminal) -> None:
    stored(acme, "acme one", "acme job", "acme job again")
    for one in json_of(acme, "matches", "list"):
        verdict = "irrelevant" if "job" in one["text"] else "relevant"
        acme.pipe("matches", verdict, str(one["id"]))
    quality = json_of(acme, "rules", "test", "acme")["quality"]
    assert (quality["tp"], quality["fp"]) == (1, 2)
    better = json_of(acme, "rules", "test", "acme", "--find", "acme -job")["quality"]
    assert (better["precision"], better["recall"]) == (1.0, 1.0)


def test_show_writes_out_what_a_rule_refers_to(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace(
            'find = "acme"', 'find = \'brand:Acme voiture\'\ninflections = ["fr"]\nrealert = "1h"'
        )
    )
    seen = acme.pipe("rules", "show", "acme")
    assert 'the word "Acme"' in seen.out
    assert "the hashtag #acme" in seen.out
    assert 'the word "voitures"' in seen.out
    assert 'realert = "1h"' in seen.out
    told = json_of(acme, "rules", "show", "acme")
    assert told["expression"] == "brand:Acme voiture"
    assert "voitures" in told["expanded"]


def test_a_search_may_name_brands_and_lists(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(path.read_text() + '[[lists]]\nname = "late"\nitems = ["late", "delayed"]\n')
    stored(acme, "acme delayed", "acme fine")
    found = json_of(acme, "search", "brand:acme @list(late)")
    assert [one["text"] for one in found] == ["acme delayed"]
    seen = acme.pipe("search", "@list(lat)")
    assert seen.code == 2
    assert 'did you mean "late"?' in seen.err


def test_no_command_about_rules_keeps_anything(acme: Terminal) -> None:
    """They may be tried on the real store: nothing is queued, matched or told."""
    stored(acme, "acme one")
    before = json_of(acme, "status")
    for words in (("test", "acme"), ("forecast",), ("diff", "acme", "late"), ("suggest", "acme")):
        assert acme.pipe("rules", *words).code == 0
    assert json_of(acme, "status") == before
    assert sorted(path.name for path in Path(acme.folder).glob("*.toml*")) == ["watcher.toml"]


def screens(at: Terminal, *lines: tuple[str, ...]) -> str:
    parts = []
    for words in lines:
        quoted = " ".join(f"'{word}'" if " " in word else word for word in words)
        parts.append(f"$ watcher {quoted}\n{at.type(*words).screen}")
    return "\n".join(parts)


def test_the_way_from_a_rule_to_a_better_one(demo: Terminal) -> None:
    path = demo.folder / "watcher-demo" / "watcher.toml"
    path.write_text(
        path.read_text() + '\n[[rules]]\nname = "late"\nfind = "retard* OR late OR delay*"\n'
        'then = ["matin"]\n'
    )
    assert demo.pipe("once").code == 0
    post = json_of(demo, "rules", "test", "plaintes")["samples"][0]["key"]
    compare(
        "cli-rules-tuning",
        screens(
            demo,
            ("rules", "test", "plaintes", "--samples", "1"),
            ("rules", "explain", "plaintes", post),
            ("rules", "why-not", "complaints", post),
            ("rules", "why-not", "--find", '"nordelia late" -rt', "--post", "RT Nordelia is late"),
            ("rules", "forecast", "--days", "10"),
            ("rules", "forecast", "plaintes", "--days", "10"),
            ("rules", "diff", "plaintes", "nordelia panne", "--samples", "1"),
            ("rules", "suggest", "plaintes"),
            ("matches", "list", "--rule", "plaintes", "-n", "3"),
        ),
    )
