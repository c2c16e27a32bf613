# make run    the dashboard;  ARGS="--port 9200" are passed on
# make test   everything that CI checks
# Each sets up what it needs, once; the second time that costs nothing.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS  ?=

# Nothing of the machine's Python settings or language reaches the build and the tests.
export PYTHONNOUSERSITE := 1
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH
unexport PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help run test lint types unit stress bench screenshots clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(STAMP) ## open the dashboard (ARGS="--port 9200" are passed on)
	@$(BIN)/xats-tui $(ARGS)

test: lint types unit ## everything that CI checks

lint: $(STAMP) ## style, format and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

# -n 4: the journeys wait more than they compute; on two cores four workers keep one and a half busy.
unit: $(STAMP) ## the tests (ARGS="-k wake" are passed on)
	$(BIN)/pytest -n 4 $(ARGS)

stress: $(STAMP) ## the tests that take long, and the coordinator killed ten times under load
	$(BIN)/pytest -n 2 -m slow $(ARGS)
	XATS_KILLS=10 $(BIN)/pytest -n 0 tests/test_restarts.py

bench: $(STAMP) ## measure, and print one table (ARGS="--rounds 50 --json FILE" are passed on)
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(STAMP) ## draw the pictures of the README anew
	$(BIN)/python -m tests.screenshots

clean: ## remove what make has made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

$(STAMP): pyproject.toml .ci/setup
	@.ci/setup $(VENV)
	@touch $@
