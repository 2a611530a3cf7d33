# Each target makes .venv if it is missing or older than what it is made from.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=

.PHONY: search test test-long check benchmark faults format clean

search: .venv/ready
	$(BIN)/packtune run $(ARGS)

test: .venv/ready-dev
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: .venv/ready-dev
	$(BIN)/python -m pytest --numprocesses 2 -m long $(ARGS)

check: .venv/ready-dev .venv/source/packtune
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: .venv/ready-dev
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

faults: .venv/ready-dev
	$(BIN)/python tests/faults/faults.py $(ARGS)

format: .venv/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "packtune needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(PIP) torch
	$(PIP) --editable .
	touch $@

.venv/ready-dev: .venv/ready
	$(PIP) --editable '.[dev]'
	touch $@

# mypy knows nothing of the folders that the installation maps to packtune: it gets links that look like the wheel.
.PHONY: .venv/source/packtune
.venv/source/packtune:
	rm -rf $@ && mkdir -p $@
	ln -s $(wildcard $(CURDIR)/search/*) $(CURDIR)/models $(CURDIR)/data $@
