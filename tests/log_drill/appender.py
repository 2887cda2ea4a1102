"""Appends one source to the log, from where the store says that it stands, until it is read.

    python -m tests.log_drill.appender FOLDER SOURCE NAME

What `append` returned from is written to `FOLDER/acknowledged/NAME`, and with `fsync`, before
anything else. `FOLDER/gate` says how many pages may be appended by now.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.log_drill.flood import Flood
from watcher.store import StaleCursorError, Store, StoreError


def append(folder: Path, source: str, name: str) -> None:
    """Append until all is."""
    plan = json.loads((folder / "plan").read_text())
    flood = Flood(
        plan["posts"], datetime.fromisoformat(plan["start"]), repeats_all=plan["repeats_all"]
    )
    place = folder / "acknowledged" / name
    acknowledged = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    store: Store | None = None
    while True:
        try:
            if store is None:
                store = Store.open(plan["url"])
                print("at work", flush=True)
            cursor = store.cursor(source)
            at = int(cursor or 0)
            if at >= flood.pages:
                break
            if at >= int((folder / "gate").read_text()):
                # Looked at anew only now: another one may append to the same source.
                _wait_at(folder / "gate", at)
                continue
            store.append(source, cursor, flood.page(source, at), datetime.now(UTC))
        except StaleCursorError:
            print(f"another one was quicker at {cursor}", flush=True)
            continue
        except StoreError as error:
            print(f"tries again: {error}", flush=True)
            time.sleep(0.1)
            continue
        os.write(acknowledged, f"{source} {at}\n".encode())
        os.fsync(acknowledged)
    store.close()


def _wait_at(gate: Path, at: int) -> None:
    while at >= int(gate.read_text()):
        time.sleep(0.02)


if __name__ == "__main__":
    append(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
