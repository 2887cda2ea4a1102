"""What a test starts is not left behind when the test itself is killed."""

import subprocess
import sys

import psutil
import pytest

CHILD = "import time; time.sleep(600)"
PARENT = f"""
import subprocess, sys, time
from tests.tied import tied
child = subprocess.Popen(tied([sys.executable, "-c", {CHILD!r}]))
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_a_process_ends_with_the_killed_one_that_started_it() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _, left = psutil.wait_procs([child], timeout=60)
    assert not left
