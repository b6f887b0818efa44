# Everything a newcomer needs: `make demo`, `make test`. Python >= 3.11, git and make are all that must be there.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test quick storm mutants lint bench docs notebooks frontend pictures clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

# Made again whenever pyproject.toml changes.
$(VENV)/.done: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "taskframe needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V`. Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.done  ## the whole job on an embedded server, for each of the three services: load, edit a CSV, plan, apply, read again
	$(BIN)/taskframe demo

test: $(VENV)/.done lint  ## everything: style, types, layers, all tests
	$(BIN)/python -m pytest -n 3 --dist worksteal

quick: $(VENV)/.done  ## the part that takes less than a minute
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow and not benchmark'

storm: $(VENV)/.done  ## hours: 500 storms for each service, and one over 5,000 tasks each
	STORM_SEEDS=500 $(BIN)/python -m pytest -n 2 tests/storm/test_storm.py

MUTATED := $(addprefix changes/,answered basecells cells changes compare diff follow intake jsontext judge lineage match merge normal \
  picked prints settle stale values) \
  plan contents narrowing guard sequel engine/doubt engine/decider engine/settling

mutants: $(VENV)/.done $(VENV)-fast/.done  ## hours: changes the diff, the plan and the three-way rule in one place at a time; do the tests notice?
	$(BIN)/python tests/mutants.py --jobs 2 $(MUTATED:%=%.py) tests/changes tests/frame tests/report tests/engine
	$(VENV)-fast/bin/python tests/mutants.py --jobs 2 changes/places.py changes/frozen.py tests/changes/test_places.py tests/changes/test_frozen.py  # Arrow's ids and texts

lint: $(VENV)/.done  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.done  ## the documentation as HTML, in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

# An environment of its own, with the extra `fast`. What is reached without it: .venv/bin/python -m tests.benchmarks
$(VENV)-fast/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)-fast
	$(VENV)-fast/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fast]' requests pyreqwest  # and peers to measure beside
	@touch $@

bench: $(VENV)-fast/.done  ## measures beside what one would use otherwise, both in one go; some 20 minutes; writes docs/benchmarks.md
	$(VENV)-fast/bin/python -m tests.benchmarks

notebooks: $(VENV)/.done  ## the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

frontend:  ## the editor's scripts anew, from taskframe/widgets/frontend (node and npm must be there)
	cd taskframe/widgets/frontend && npm ci --no-fund && npm run build

pictures: $(VENV)/.done  ## the pictures of the editor in docs/_static anew (Chromium must be there)
	$(BIN)/python tests/browser/pictures.py

clean:  ## away with the environment and what tools left
	rm -rf $(VENV) $(VENV)-fast demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist docs/_build
