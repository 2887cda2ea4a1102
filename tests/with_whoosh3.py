"""Run the search tests on `whoosh3`, the other distribution that installs as `import whoosh`.

It cannot live beside `whoosh`, so it gets an environment of its own under `.cache`, which sees the
packages of this one behind its own.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "whoosh3"
WANTED = "whoosh3>=3.54"


def main() -> int:
    """Make the environment if need be; run the tests in it."""
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED],
        check=True,
    )
    ours = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # whoosh3 first, then everything else from the usual environment.
    path = os.pathsep.join([ours, str(ROOT), sysconfig.get_path("purelib")])
    environment = {**os.environ, "PYTHONPATH": path, "WHOOSH3": "1"}
    found = subprocess.run(
        [python, "-c", "import whoosh; print(whoosh.__file__, whoosh.versionstring())"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout.strip()
    print(f"search tests on {found}")
    if not found.startswith(ours):
        sys.exit(f"whoosh3 is not the whoosh that is imported: {found}")
    tests = sorted(str(path) for path in (ROOT / "tests").glob("test_search*.py"))
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not drill", *tests],
        cwd=ROOT,
        env=environment,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
