# Two commands: `make demo` and `make test`. Each sets up what it needs, in .venv, from nothing.
PYTHON ?= python3
VENV ?= .venv
KIND ?= tabular
BIN := $(VENV)/bin

.PHONY: demo test check bench bench-peers clean

demo: $(VENV)/.runtime
	$(BIN)/lampas demo $(KIND)

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# Not here, for it installs other libraries and takes twenty minutes: python benchmarks/resume.py
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/peers.py --contenders usual,hand,lampas --processes 1

# Installs other libraries, in an environment of their own, and takes an hour.
bench-peers: $(VENV)/.dev
	$(BIN)/python benchmarks/peers.py --write

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) build dist runs
