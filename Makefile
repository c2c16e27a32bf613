# make run    the dashboard;  ARGS="--port 9200" are passed on
# make test   everything that CI checks
# Each target sets up what it needs the first time; after that the set-up costs nothing.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
AUDIT := .audit
ARGS  ?=

# Keep the machine's Python settings and language out of the build and the tests.
export PYTHONNOUSERSITE := 1
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH
unexport PYTHONHOME
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo test lint types unit collected coverage stress audit bench load pages screenshots docs cast release-check clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: $(STAMP) ## open the dashboard (ARGS="--port 9200" are passed on)
	@$(BIN)/xats-tui $(ARGS)

demo: $(STAMP) ## open the dashboard with stand-in agents, to try everything (ARGS="--headless" is passed on)
	@$(BIN)/xats-tui demo $(ARGS)

# mypy and the collection of the tests keep one processor busy each.  Collecting first compiles the tests once, not in every worker.
test: $(STAMP) ## run everything that CI checks
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint types collected
	@$(MAKE) --no-print-directory unit

lint: $(STAMP) ## check style, format and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## check the types (mypy, strict)
	$(BIN)/mypy

collected: $(STAMP)
	@$(BIN)/pytest --collect-only -qq -p no:cacheprovider >/dev/null || $(BIN)/pytest --collect-only -qq

# -n 6: the tests wait more than they compute; six workers keep two cores busy.
unit: $(STAMP) ## run the tests (ARGS="-k wake" are passed on)
	$(BIN)/pytest -n 6 --dist loadgroup $(ARGS)

# Some tests measure time or imports and fail while lines are counted, so failures are ignored here; `make test` reports them.
coverage: $(STAMP) ## measure which branches of coordinator and bridge the tests cover, slow tests included; fails below 95 %
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -q -n 4 -m "slow or not slow" $(ARGS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

stress: $(STAMP) ## run the slow tests, and kill the coordinator thirty times under load
	$(BIN)/pytest -n 2 -m slow $(ARGS)
	XATS_KILLS=30 $(BIN)/pytest -n 0 -m '' tests/test_restarts.py

bench: $(STAMP) ## measure and print one table (ARGS="--only calls,growth --quick --json FILE")
	@$(BIN)/python -m benchmarks $(ARGS)

audit: $(STAMP) ## look for known vulnerabilities of the dependencies (needs the network)
	@test -x $(AUDIT)/bin/pip-audit || { $(BIN)/python -m venv $(AUDIT) && $(AUDIT)/bin/pip install -q 'pip-audit>=2.9'; }
	@$(BIN)/python -m pip freeze --exclude-editable > $(AUDIT)/frozen.txt
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r $(AUDIT)/frozen.txt

load: $(STAMP) ## measure 200 agents at work for two minutes
	@$(BIN)/python -m benchmarks --only load $(ARGS)

pages: $(STAMP) ## update the generated parts of docs/
	@$(BIN)/python -m docs_generator

# The pictures are the tests' snapshots: this accepts the dashboard as it looks now.
screenshots: $(STAMP) ## accept the dashboard's new look, and update the pictures of docs/
	$(BIN)/pytest -q -n 4 -m '' --snapshot-update tests/screens/test_snapshots.py
	@$(BIN)/python -m docs_generator

docs: $(STAMP) ## build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo site/index.html

cast: $(STAMP) ## record the session of the README again
	@$(BIN)/python -m tests.recording $(ARGS)

release-check: $(STAMP) ## build wheel and sdist and try them in a clean environment (needs the network)
	@$(BIN)/pip install -q --group release
	@.ci/release-check $(BIN)/python

clean: ## remove everything that make has created
	rm -rf $(VENV) $(AUDIT) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist site

$(STAMP): pyproject.toml .ci/setup
	@.ci/setup $(VENV)
	@touch $@
