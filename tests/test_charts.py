"""Charts of characters: they fit, tell their numbers, and need neither colour nor blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from watcher.cli.charts import Paper, bars, heat, spark

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = [str(hour) for hour in range(24)]
papers = st.builds(Paper, width=st.integers(40, 120), ascii=st.booleans())


@given(
    rows=st.lists(st.tuples(st.text(max_size=80), st.integers(0, 10**9)), max_size=12), on=papers
)
def test_bars_fit_the_paper_and_tell_each_number(rows: list[tuple[str, float]], on: Paper) -> None:
    lines = bars(rows, on=on)
    assert len(lines) == len(rows)
    for line, (_, value) in zip(lines, rows, strict=True):
        assert cell_len(line.plain) <= on.width
        assert line.plain.endswith(f"  {value:,}") or line.plain.endswith(f" {value:,}")
        assert "\x1b" not in line.plain


@given(numbers=st.lists(st.integers(1, 1000), min_size=2, max_size=9), on=papers)
def test_a_longer_bar_is_never_a_smaller_number(numbers: list[int], on: Paper) -> None:
    drawn = [
        sum("▏▎▍▌▋▊▉█".find(char) + 1 for char in line.plain) + line.plain.count("#") * 8
        for line in bars([("a", number) for number in numbers], on=on)
    ]
    assert all(length > 0 for length in drawn)
    in_order = [length for _, length in sorted(zip(numbers, drawn, strict=True))]
    assert in_order == sorted(in_order)


@given(
    cells=st.lists(
        st.lists(st.integers(0, 10**6), min_size=24, max_size=24), min_size=7, max_size=7
    ),
    on=papers,
)
def test_a_heat_map_fits_and_adds_up(cells: list[list[int]], on: Paper) -> None:
    lines = [line.plain for line in heat(cells, rows=WEEK, columns=HOURS, on=on)]
    assert all(cell_len(line) <= on.width for line in lines[:8])
    for line, name, row in zip(lines[1:8], WEEK, cells, strict=True):
        assert line.startswith(name)
        assert line.endswith(f" {sum(row):,}")
    assert lines[-1].endswith("posts") or max(map(max, cells)) == 0


@pytest.mark.parametrize("width", [20, 30, 60, 100])
def test_hours_stand_above_their_columns(width: int) -> None:
    cells = [[0] * 24 for _ in WEEK]
    cells[2][20] = 9
    lines = [line.plain for line in heat(cells, rows=WEEK, columns=HOURS, on=Paper(width=width))]
    at = lines[3].index("█")
    heads = lines[0]
    named = [hour for hour in HOURS if heads.find(f" {hour}") + 1 <= at and f" {hour}" in heads]
    assert named
    assert int(named[-1]) <= 20


def test_where_there_are_no_blocks_signs_stand_in_for_them() -> None:
    plain = Paper(width=60, ascii=True)
    drawn = [line.plain for line in bars([("a", 3), ("b", 1)], on=plain)]
    drawn += [line.plain for line in heat([[1, 2], [0, 3]], rows="ab", columns="xy", on=plain)]
    drawn.append(spark([1, None, 3], on=plain))
    assert all(line.isascii() for line in drawn)
    assert drawn[-1] == "-?#"


def test_a_spark_is_as_wide_as_it_may_be_and_shows_what_is_unknown() -> None:
    on = Paper(width=40)
    assert spark([0, 1, 2], on=on) == "▁▄█" or spark([0, 1, 2], on=on) == "▁▅█"
    assert spark([None, 5], on=on) == "?█"
    assert len(spark(range(1000), on=on)) == 40
    assert spark([], on=on) == ""


def test_nothing_gives_no_chart() -> None:
    assert bars([], on=Paper()) == []
    assert heat([], rows=(), columns=(), on=Paper()) == []
