"""Runs every benchmark and writes what they measured into `docs/benchmarks.md`.

    python benchmarks/everything.py                  # about half an hour; nothing else should run
    python benchmarks/everything.py --only spikes people    # only these; other sections stay
    python benchmarks/everything.py --quick          # small inputs, to the screen only

Each benchmark runs by itself in a process of its own, one after the other, and the page is written
after each. Ends with 1 where a benchmark fails, or where what is required is not met.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.page import SECTIONS, Measured, Section, merged, required_but_missed

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
POSTS = DATA / "bench" / "posts-100k.jsonl.gz"
PAGE = ROOT / "docs" / "benchmarks.md"
TITLES = [one.title for one in SECTIONS]


def run(section: Section, *, quick: bool) -> Measured | None:
    """Run a script; return its figures, or None where it gives none."""
    load = os.getloadavg()[0]
    command = [sys.executable, f"benchmarks/{section.name}.py", "--json"]
    command += ["--quick"] * quick + [str(POSTS)] * section.takes_posts
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    try:
        figures = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(f"benchmarks/{section.name}.py ended with {done.returncode}", file=sys.stderr)
        return None
    return Measured(
        section=section,
        figures=figures,
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        load=load,
    )


def machine() -> str:
    """Describe this machine in a line."""
    model = ""
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() + ", " if named else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def main() -> int:
    """Run what is asked for, write the page, and tell what is not met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small inputs, to the screen")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[one.name for one in SECTIONS],
        help="run these, and leave the other sections of the page as they are",
    )  # fmt: skip
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"the research data is not at {DATA}", file=sys.stderr)
        return 1
    failed = False
    page = "" if options.quick or not PAGE.exists() else PAGE.read_text(encoding="utf-8")
    for section in SECTIONS:
        if options.only and section.name not in options.only:
            continue
        print(f"{section.title} ...", file=sys.stderr)
        measured = run(section, quick=options.quick)
        if measured is None:
            failed = True
            continue
        page = merged(page, measured, TITLES)
        if not options.quick:
            PAGE.write_text(page, encoding="utf-8")
    if options.quick:
        print(page)
    missed = required_but_missed(page)
    for line in missed:
        print(line, file=sys.stderr)
    return int(failed or bool(missed))


if __name__ == "__main__":
    sys.exit(main())
