# make run    the dashboard;  ARGS="--port 9200" are passed on
# make test   everything that CI checks
# Each sets up what it needs, once; the second time that costs nothing.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
AUDIT := .audit
ARGS  ?=

# Nothing of the machine's Python settings or language reaches the build and the tests.
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

demo: $(STAMP) ## stand-in agents at work, to try everything on (ARGS="--headless" is passed on)
	@$(BIN)/xats-tui demo $(ARGS)

# mypy and the look for tests keep a processor busy each; the tests are rewritten there once, and not by every worker.
test: $(STAMP) ## everything that CI checks
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint types collected
	@$(MAKE) --no-print-directory unit

lint: $(STAMP) ## style, format and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

collected: $(STAMP)
	@$(BIN)/pytest --collect-only -qq -p no:cacheprovider >/dev/null || $(BIN)/pytest --collect-only -qq

# -n 6: the journeys wait more than they compute; on two cores six workers keep both busy.
unit: $(STAMP) ## the tests (ARGS="-k wake" are passed on)
	$(BIN)/pytest -n 6 --dist loadgroup $(ARGS)

# Some tests measure time or imports and fail while every line is counted: whether tests pass is for `make test` to say.
coverage: $(STAMP) ## which branches of coordinator and bridge all tests go through, the long ones too; fails below 95 %
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -q -n 4 -m "slow or not slow" $(ARGS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

stress: $(STAMP) ## the tests that take long, and the coordinator killed thirty times under load
	$(BIN)/pytest -n 2 -m slow $(ARGS)
	XATS_KILLS=30 $(BIN)/pytest -n 0 tests/test_restarts.py

bench: $(STAMP) ## measure, and print one table (ARGS="--only calls,growth --quick --json FILE")
	@$(BIN)/python -m benchmarks $(ARGS)

audit: $(STAMP) ## ask whether what it stands on has known holes (needs the network)
	@test -x $(AUDIT)/bin/pip-audit || { $(BIN)/python -m venv $(AUDIT) && $(AUDIT)/bin/pip install -q 'pip-audit>=2.9'; }
	@$(BIN)/python -m pip freeze --exclude-editable > $(AUDIT)/frozen.txt
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r $(AUDIT)/frozen.txt

load: $(STAMP) ## 200 agents at work for two minutes, measured
	@$(BIN)/python -m benchmarks --only load $(ARGS)

pages: $(STAMP) ## write what is generated in docs/ anew
	@$(BIN)/python -m documentation

# The pictures are snapshots of the tests: the screens are accepted as they are now.
screenshots: $(STAMP) ## draw the screens anew, and the pictures of docs/ from them
	$(BIN)/pytest -q -n 4 -m '' -k 'test_filled and 120x40 or test_dialog and 80x24' --snapshot-update tests/screens/test_snapshots.py
	@$(BIN)/python -m documentation

docs: $(STAMP) ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo site/index.html

cast: $(STAMP) ## record the session of the README anew
	@$(BIN)/python -m tests.recording $(ARGS)

release-check: $(STAMP) ## build wheel and sdist, and try them in a clean environment (needs the network)
	@$(BIN)/pip install -q --group release
	@.ci/release-check $(BIN)/python

clean: ## remove what make has made
	rm -rf $(VENV) $(AUDIT) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist site

$(STAMP): pyproject.toml .ci/setup
	@.ci/setup $(VENV)
	@touch $@
