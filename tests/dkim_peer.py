"""Another implementation of DKIM: Mail::DKIM, in Perl."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

_PROGRAM = Path(__file__).parent / "dkim-verify.pl"


def verified_by_perl(octets: bytes, records: Mapping[str, str]) -> list[str]:
    """Return what it says of each signature: `pass @acme.example`, or `fail (...) ...`.

    `records` are the TXT records of DNS, by name. Skips the test where it is not installed; under
    CI it fails.
    """
    there = subprocess.run(["perl", "-MMail::DKIM", "-MNet::DNS", "-e", "1"], capture_output=True)
    if there.returncode:
        missing = "Mail::DKIM is not installed: `make test` installs it, or tests/install-servers"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    dns = [word for record in records.items() for word in record]
    done = subprocess.run(["perl", _PROGRAM, *dns], input=octets, capture_output=True, check=True)
    return done.stdout.decode().splitlines()
