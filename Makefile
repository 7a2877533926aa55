# make demo   set up, run the quickstart notebook into a fresh store, print its run table
# make test   set up, then every check: ruff, mypy, pytest with the notebooks and the browser tests

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs binder bench soak clean browser

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-pyproject
CHECKS := $(VENV)/.has-what-checks-need
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --editable
NEWEST := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c '$(NEWEST)' 2>/dev/null && echo "$$name" && break; done)
# One line of shell: packages are installed by us only where that is ours to do, else the user is told what to type.
ON_DEBIAN_AS_ROOT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null

DOCS := build/docs
# What users import, and what they get back.
DOCUMENTED := nbtrack nbtrack.concepts nbtrack.config nbtrack.errors nbtrack.records nbtrack.verification \
	nbtrack.widgets.charts.chart

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo "make lint   ruff and mypy alone"
	@echo "make format let ruff lay out the code"
	@echo "make docs   the API and the concepts as pages, into build/docs"
	@echo "make binder build and visit what binder/ describes, without a container"
	@echo "make soak   the long randomised tests (kill -9 by the hundred)"
	@echo "make bench  the figures against MLflow, trackio and Aim"
	@echo "make clean  remove the environment, builds and caches"

$(STAMP): pyproject.toml
	@"$(PYTHON)" -c '$(NEWEST)' 2>/dev/null || { \
		here=$$("$(or $(PYTHON),python3)" --version 2>/dev/null || echo "not there"); \
		echo "nbtrack needs Python 3.11 or newer; $(or $(PYTHON),python3) is: $$here."; \
		echo "Install one, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		if $(ON_DEBIAN_AS_ROOT); then apt-get update -qq && apt-get install -qq -y python3-venv; \
		else echo "Python's venv module is missing. Debian, Ubuntu: sudo apt-get install python3-venv"; exit 1; fi; }
	@echo "Setting up $(VENV) with $$("$(PYTHON)" --version): one or two minutes, once."
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) '.[demo]'
	@touch $(STAMP)

# Who tries the demo need not wait for them.
$(CHECKS): $(STAMP)
	@echo "Adding what the checks need: one or two minutes, once."
	@$(PIP) '.[test]'
	@touch $(CHECKS)

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		if $(ON_DEBIAN_AS_ROOT); then \
			echo "Installing Chromium for the browser tests."; \
			apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; \
		else \
			echo "The browser tests need Chromium. Debian: sudo apt-get install chromium fonts-dejavu-core"; exit 1; fi; }

demo: $(STAMP)
	@$(BIN)/nbtrack demo

# File by file in two processes, in the order of tests/conftest.py: kernels and browsers are mostly waited for.
test: browser lint
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(CHECKS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(CHECKS)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(CHECKS)
	@PYTHONWARNINGS=error $(BIN)/python -m pdoc --docformat numpy --no-show-source --footer-text nbtrack \
		--output-directory $(DOCS) $(DOCUMENTED)
	@# What is meant for the tests of the examples says nothing to a reader.
	@find $(DOCS) \( -name '*.html' -o -name '*.js' \) -exec \
		sed -i.before -E 's|  *<span class=\\?"c1\\?"># doctest: [^<]*</span>||g' {} +
	@find $(DOCS) -name '*.before' -delete
	@echo "Open $(DOCS)/index.html"

binder: browser $(CHECKS)
	@$(BIN)/python tests/binder/image.py

bench: $(CHECKS)
	@$(BIN)/python tests/bench/run_all.py

soak: $(CHECKS)
	@$(BIN)/pytest -m soak tests

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find nbtrack tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
