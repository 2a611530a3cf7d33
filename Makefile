# Each target makes .venv if it is missing or older than what it is made from.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: search test check benchmark faults format clean

search: .venv/ready
	$(BIN)/packtune run $(ARGS)

test: .venv/ready
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: .venv/ready
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

faults: .venv/ready
	$(BIN)/python tests/faults/faults.py $(ARGS)

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "packtune needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch .venv/ready
