"""The paper estimate of `docs/scale.md` is what the formula gives for the unit costs it names."""

from dataclasses import fields, replace

import pytest

from benchmarks.scale_paper import (
    FEW,
    MANY,
    NETWORKS,
    PAGE,
    TOLD,
    Units,
    between,
    cost,
    read_units,
    told,
)

ONES = Units(**{one.name: 1.0 for one in fields(Units)})


def test_the_page_says_what_the_formula_gives_for_its_unit_costs() -> None:
    page = between(PAGE.read_text(encoding="utf-8"))
    assert told(read_units(page)).strip() == page[page.index("| Measured |") :].strip()


def test_unit_costs_are_read_as_they_were_written() -> None:
    units = replace(ONES, all_client=1234.5, kept=0.1)
    assert read_units(told(units)) == units
    assert len(TOLD) == len(fields(Units))


def test_costs_grow_with_the_posts_and_the_share_of_a_lock_does_not() -> None:
    one, ten = cost(ONES, 1, "all", FEW), cost(ONES, 10, "all", FEW)
    assert ten.cores == pytest.approx(10 * one.cores)
    assert ten.wal == pytest.approx(10 * one.wal)
    assert ten.storage == pytest.approx(10 * one.storage)
    assert ten.most == one.most


def test_a_post_is_the_sum_of_its_steps() -> None:
    units = replace(ONES, kept=100.0, few=100.0, many=300.0)
    sparse, dense = cost(units, 1e6, "all", FEW), cost(units, 1e6, "all", MANY)
    # Matched and stored, held against many rules; appended and indexed; both in PostgreSQL too.
    assert (sparse.workers, sparse.others, sparse.server) == (2.0, 2.0, 3.0)
    # Two more matches, in the worker and in PostgreSQL.
    assert (dense.workers, dense.others, dense.server) == (4.0, 2.0, 5.0)
    assert sparse.wal == 3 * 86_400 * 1e6
    assert dense.wal == 5 * 86_400 * 1e6


@pytest.mark.parametrize("rate", NETWORKS.values())
def test_keeping_matches_stores_their_share_only(rate: float) -> None:
    units = replace(ONES, kept=10.0, few=10.0)
    everything, matches = cost(units, rate, "all", FEW), cost(units, rate, "matched", FEW)
    assert matches.storage == pytest.approx(everything.storage / 10)
    assert matches.log == everything.log
