"""What leads to a suspect is no link on the screen."""

from rich.text import Text

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal
from watcher.cli.links import defused

__all__ = ["acme", "terminal"]


def test_only_what_leads_to_a_suspect_is_defused_and_the_marks_stay() -> None:
    text = Text("see https://x.acme-help.example/a.html or https://acme.example")
    text.stylize("bold", 4, 9)
    shown = defused(text, {"acme-help.example"})
    assert shown.plain == "see https[:]//x[.]acme-help[.]example/a.html or https://acme.example"
    assert [(span.start, span.end) for span in shown.spans] == [(4, 9)]
    assert defused("acme.example", ()).plain == "acme.example"
    assert defused("http://acme.example v1.2", (), all_links=True).plain == (
        "http[:]//acme[.]example v1.2"
    )


def test_every_host_is_defused_where_a_suspect_is_shown() -> None:
    text = 'It leads to "acme-pay.example" and http://x.example/a.b since v1.2.'
    assert defused(text, all_hosts=True).plain == (
        'It leads to "acme-pay[.]example" and http[:]//x[.]example/a[.]b since v1.2.'
    )


def test_what_an_account_leads_to_is_no_link_where_it_is_shown(acme: Terminal) -> None:
    post = "Acme pays back: https://acme-refund.example/now and acme-refund.example"
    assert acme.pipe("local", "post", "@acme_help", post).code == 0
    assert acme.pipe("once").code == 0
    number = next(
        line.split("\t")[0]
        for line in acme.pipe("suspects", "list", "--accounts").out.splitlines()[1:]
    )
    seen = acme.pipe("suspects", "show", number).out
    assert "its posts lead to\n  acme-refund[.]example" in seen
    assert "acme-refund.example" not in seen


def test_no_screen_shows_the_link_of_a_suspect(acme: Terminal) -> None:
    post = "Acme pays back: https://acme-refund.example/now and acme-refund.example"
    assert acme.pipe("local", "post", "@zoe", post).code == 0
    assert acme.pipe("once").code == 0
    for words in (
        ("suspects", "list"), ("suspects", "show", "1"), ("search", "acme"),
        ("rules", "test", "acme"),
    ):  # fmt: skip
        for seen in (acme.type(*words), acme.pipe(*words)):
            assert "acme-refund" in seen.out, words
            assert "acme-refund.example" not in seen.out, words
    assert "acme-refund.example" in acme.pipe("search", "acme", "--json").out
