"""`docs/benchmarks.md`: one file of tables for each subject, and the page made of them."""

from benchmarks.page.document import merged, required_but_missed
from benchmarks.page.finding import FINDING
from benchmarks.page.insights import INSIGHTS
from benchmarks.page.machines import MACHINES
from benchmarks.page.section import Measured, Section
from benchmarks.page.sources import SOURCES
from benchmarks.page.spikes import SPIKES
from benchmarks.page.tones import TONES
from benchmarks.page.walk import WALK

SECTIONS: tuple[Section, ...] = (*WALK, *FINDING, *SOURCES, *TONES, *SPIKES, *INSIGHTS, *MACHINES)
"""In the order of the page."""

__all__ = ["SECTIONS", "Measured", "Section", "merged", "required_but_missed"]
