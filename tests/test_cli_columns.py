"""The widths of a table's columns."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from watcher.cli.columns import GAP, broken, fitted

WORDS = st.text(st.sampled_from("ab_-. 新"), max_size=30)


def test_words_stay_whole_while_there_is_room() -> None:
    columns, rows = ["id", "suspect", "seen"], [["1", "a_long_name “A long name”", "10 min ago"]]
    assert fitted(columns, rows, 80) == {"id": 2, "suspect": 25, "seen": 10}
    assert fitted(columns, rows, 30) == {"id": 2, "suspect": 14, "seen": 10}


def test_a_column_is_left_out_before_a_word_is_broken() -> None:
    columns, rows = ["name", "posts", "seen"], [["a_long_name", "1,204", "yesterday"]]
    assert list(fitted(columns, rows, 30, less=("seen", "posts"))) == ["name", "posts", "seen"]
    assert list(fitted(columns, rows, 28, less=("seen", "posts"))) == ["name", "posts"]
    assert list(fitted(columns, rows, 12, less=("seen", "posts"))) == ["name"]


def test_an_overlong_word_breaks_where_it_is_joined() -> None:
    assert broken("see a_long_name here", 7).plain == "see a_long_\nname here"
    assert broken("short", 7).plain == "short"
    assert broken("acme-help[.]example", 12).plain == "acme-help[.]\nexample"


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=4), st.integers(7, 60))
def test_a_table_never_takes_more_room_and_loses_no_character(
    rows: list[tuple[str, str, str]], room: int
) -> None:
    widths = fitted(["x", "y", "z"], rows, room, unbroken=("x",))
    assert sum(widths.values()) + GAP * 2 <= room
    for row in rows:
        for cell, width in zip(row, widths.values(), strict=True):
            shown = broken(cell, width)
            assert shown.plain.replace("\n", "") == cell
            assert all(cell_len(line) >= 1 for line in shown.plain.split("\n") if "\n" in shown)
