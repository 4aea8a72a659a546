# devconsole: `make run` starts the console, `make test` proves it. Everything else is listed by `make help`.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PINS := .ci/constraints.txt
PYTEST_WORKERS ?= 2
SCHEMA := fixtures/scenarios/scenario.schema.json

.PHONY: help run test check format proof bench demo picture install clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The newest Python of the supported range that really starts (a version manager's shim may not).
$(PY):
	@command -v git >/dev/null || echo "note: git was not found; devconsole runs without it, development does not" >&2
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then \
	    $$candidate -m venv $(VENV) >/dev/null 2>&1 && exit 0; \
	    echo "devconsole: $$candidate has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; \
	  fi; \
	done; \
	echo "devconsole needs Python 3.11, 3.12 or 3.13 and found none. Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1

$(STAMP): $(PY) pyproject.toml $(PINS)
	@echo "Installing devconsole into $(VENV) (once; a minute or two) ..." >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint $(PINS)
	@$(PY) -m compileall -q billing devconsole fixtures relay
	@touch $(STAMP)

install: $(STAMP)  ## create .venv and install the pinned packages

run: $(STAMP)  ## start the console (without a terminal: the headless server)
	@$(VENV)/bin/devconsole $(ARGS)

test: $(STAMP)  ## the whole suite
	@$(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadscope

check: $(STAMP)  ## format, lint, types, import contracts, the schema of stories
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/devconsole scenario schema | cmp -s - $(SCHEMA) || { echo "$(SCHEMA) is old; make format draws it anew" >&2; exit 1; }

format: $(STAMP)  ## format and mend what can be mended
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/devconsole scenario schema > $(SCHEMA)

proof: $(STAMP)  ## long proofs: crash points, random orders, the official tools
	@$(PY) -m pytest -m proof

bench: $(STAMP)  ## measured ratios, each beside its baseline of the same run
	@$(PY) -m tests.bench

demo: $(STAMP)  ## play the demo stories in the console, over and over
	@$(VENV)/bin/devconsole demo $(ARGS)

picture: $(STAMP)  ## draw the README's pictures from the running program
	@$(PY) -m tests.support.picture

clean:  ## remove what was installed and cached (not the data in .devconsole)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
