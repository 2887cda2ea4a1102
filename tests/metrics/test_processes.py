"""Real processes tell their figures, their health and their log."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli_fixtures import CONFIG

pytestmark = pytest.mark.drill
PATIENCE = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def told(port: int, path: str) -> tuple[int, str]:
    """Ask until somebody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)


def until(port: int, path: str, pattern: str) -> str:
    """Ask until the answer has something in it."""
    end = time.monotonic() + PATIENCE
    while not re.search(pattern, (answer := told(port, path)[1])):
        assert time.monotonic() < end, answer
        time.sleep(0.2)
    return answer


def configured(folder: Path, port: int, store: str = "") -> None:
    """Write a configuration with a source that has two posts."""
    tables = f'[metrics]\nlisten = "127.0.0.1:{port}"\n'
    tables += f'[store]\nurl = "{store}"\n' if store else ""
    source = 'kind = "archive"\nfile = "posts.jsonl"\nformat = "jsonl"\n'
    text = CONFIG.replace('kind = "local"\nfile = "town.sqlite"\n', source)
    text = text.replace('"data"', f'"data-{port}"')
    (folder / f"{port}.toml").write_text(f"{text}\n{tables}")
    posts = [
        {"id": str(n), "text": "Acme is here", "author": f"a{n}", "date": "2026-03-02"}
        for n in (1, 2)
    ]
    (folder / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))


def started(folder: Path, port: int, command: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "watcher", "-c", f"{port}.toml", command]
    return subprocess.Popen(
        [*words, "--log-format", "json"], cwd=folder, stderr=subprocess.PIPE, text=True
    )


def test_a_service_tells_its_figures_and_logs_json(tmp_path: Path) -> None:
    port = free_port()
    configured(tmp_path, port)
    running = started(tmp_path, port, "run")
    try:
        until(port, "/metrics", r'watcher_source_posts_total\{source="town"\} 2\.0')
        page = until(port, "/metrics", r"watcher_matches_total [1-9]")
        assert "watcher_leader 1.0" in page
        assert 'watcher_step_duration_seconds_bucket{le="+Inf",step="match"}' in page
        assert told(port, "/healthz")[0] == 200
        assert json.loads(told(port, "/readyz")[1]) == {"status": "ok", "role": "leads"}
    finally:
        running.send_signal(signal.SIGTERM)
        _, log = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["message"] == "stopped"
    assert any((line.get("step"), line.get("source")) == ("pull", "town") for line in lines)


@pytest.mark.server
def test_on_postgresql_one_leads_one_stands_by_and_one_works(
    tmp_path: Path, postgres_url: str
) -> None:
    running = []
    ports = [free_port() for _ in range(3)]
    try:
        for port, command in zip(ports, ("run", "run", "work"), strict=True):
            configured(tmp_path, port, postgres_url)
            running.append(started(tmp_path, port, command))
            until(port, "/readyz", '"status": "ok"')
        roles = [json.loads(told(port, "/readyz")[1])["role"] for port in ports]
        assert roles == ["leads", "stands by", "works"]
        for port in ports:
            page = until(port, "/metrics", r'watcher_workers\{state="works"\} 1\.0')
            assert 'watcher_workers{state="stands_by"} 1.0' in page
            assert told(port, "/healthz")[0] == 200
        assert "watcher_leader 0.0" in page
        assert 'watcher_step_failures_total{step="work"} 0.0' in page
        running[0].send_signal(signal.SIGKILL)
        until(ports[1], "/readyz", '"role": "leads"')
    finally:
        for one in running:
            one.terminate()
        logs = [one.communicate(timeout=PATIENCE)[1] for one in running]
    assert all(json.loads(line) for log in logs for line in log.splitlines())
