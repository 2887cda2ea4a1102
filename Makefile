# The two commands: `make demo` shows the main job, `make test` runs every check.
# Both do their own set-up in .venv; they need Python 3.11 or newer, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types unit servers whole whoosh3 drill benchmarks screenshot lock clean

demo: $(VENV)/run.stamp
	@$(BIN)/watcher demo

test: lint types servers whole whoosh3
	@echo "every check passed"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "the venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }

$(VENV)/run.stamp: requirements.txt requirements-build.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.txt -r requirements-build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "installing what the checks need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-dev.txt
	@touch $@

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

# PostgreSQL, Chromium, tmux and a Bluesky network for the tests that need them; says what it cannot
# install.
servers:
	@tests/install-servers

# What a developer runs all the time: under two minutes, nothing but Python.
unit: $(VENV)/dev.stamp
	$(BIN)/pytest -n 2 -q -m "not server and not drill and not install"

# Everything: also on PostgreSQL, in Chromium, from the built wheel, and under a hundred kills.
whole: $(VENV)/dev.stamp
	$(BIN)/pytest -n 2 -q

# The search must also hold on the other distribution that installs as `import whoosh`.
whoosh3: $(VENV)/dev.stamp
	$(BIN)/python tests/with_whoosh3.py

drill: $(VENV)/dev.stamp servers
	$(BIN)/python -m tests.crash_drill --kills 500 --page
	$(BIN)/python -m tests.stream_drill --posts 100000 --kills 10
	$(BIN)/python -m tests.log_drill --posts 100000 --kills 20

benchmarks: $(VENV)/dev.stamp
	$(BIN)/python benchmarks/everything.py

screenshot: $(VENV)/dev.stamp
	$(BIN)/python docs/screenshot.py

lock: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--extra postgres pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--group pyproject.toml:build -o requirements-build.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		-c requirements.txt -c requirements-build.txt \
		--group pyproject.toml:dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--extra postgres --extra dask --extra parquet -c requirements.txt pyproject.toml \
		-o deploy/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		tests/s3/requirements.in -o tests/s3/requirements.txt

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
