# The one toolbox: people and CI run the same verbs. `make VERB ARGS="..."` passes arguments on.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

ARGS ?=
BENCHMARKS ?= servicer streams tick planning webhook simulate
IMAGE ?= heteroscale:0.1.0
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROGRAM := $(BIN)/heteroscale

# What is generated is made by a module named generate, beside what it writes; each knows --check.
GENERATORS := $(subst /,.,$(basename $(wildcard */generate.py */*/generate.py)))

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
           --no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: help setup demo test check format lock generate bench evaluation check-external image serve webhook validate render \
        explain plan place topology simulate sweep backtest

help:  ## list the verbs
	@awk -F ':.*## ' '/^[a-z][a-z -]*:.*## / {n = split($$1, verbs, " "); \
	    for (i = 1; i <= n; i++) printf "  %-14s %s\n", verbs[i], $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)  ## make .venv and install heteroscale in it (PYTHON=... chooses the interpreter)

# pyenv and the like put names on PATH that do not start: only one that runs and says 3.11 or later counts.
$(STAMP): requirements-dev.lock pyproject.toml
	@usable() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' >/dev/null 2>&1; }; \
	chosen=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3 python); do \
	    if usable "$$candidate"; then chosen=$$candidate; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	    echo "heteroscale needs Python 3.11, 3.12, 3.13 or 3.14: $(if $(PYTHON),$(PYTHON) is none of them,none found on PATH)." >&2; \
	    echo "Install one, or name it: make setup PYTHON=/path/to/python3.13" >&2; \
	    exit 2; \
	fi; \
	if ! usable $(BIN)/python || [ -n "$(PYTHON)" ]; then \
	    "$$chosen" -m venv --clear $(VENV) || { \
	        echo "$$chosen cannot make virtual environments (on Debian and Ubuntu: install python3-venv)." >&2; exit 2; }; \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## eight recorded hours on a simulated fleet, in under two minutes (ARGS="--json out.json")
	$(PROGRAM) demo $(ARGS)

test: setup  ## run the tests (ARGS="-k name")
	$(BIN)/pytest $(ARGS)

check: setup  ## format, lint, types, import arrows, generated files current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for generator in $(GENERATORS); do echo "$(BIN)/python -m $$generator --check"; \
	    $(BIN)/python -m $$generator --check || exit 1; done

format: setup  ## rewrite the sources as `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup  ## resolve the dependencies anew, then run setup again (ARGS="--upgrade")
	$(COMPILE) $(ARGS) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --constraint requirements.lock --group dev --output-file requirements-dev.lock pyproject.toml

generate: setup  ## write everything that is generated: wire code, CRDs, reference
	@for generator in $(GENERATORS); do echo "$(BIN)/python -m $$generator"; \
	    $(BIN)/python -m $$generator || exit 1; done

bench: setup  ## measure (BENCHMARKS=servicer for one, ARGS="--help" for its options)
	@for benchmark in $(BENCHMARKS); do echo "$(BIN)/python -m benchmarks.$$benchmark $(ARGS)"; \
	    $(BIN)/python -m benchmarks.$$benchmark $(ARGS) || exit 1; done

evaluation: setup  ## write docs/evaluation.md, what is left of ten seeds (ARGS="--within 2h", ARGS=--quick)
	$(BIN)/python -m benchmarks.evaluation $(ARGS)

check-external: setup  ## hold the world against a published table (TRACE=conversation_trace.jsonl, which is not shipped)
	@test -n "$(TRACE)" || { echo "TRACE is missing: make check-external TRACE=conversation_trace.jsonl" >&2; exit 2; }
	$(BIN)/python -m benchmarks.check_external "$(TRACE)"

image:  ## build the container image (IMAGE=name:tag)
	docker build --tag $(IMAGE) $(ARGS) .

serve webhook validate render explain plan place topology simulate sweep backtest: setup  ## the program's verb of that name (ARGS="--help")
	$(PROGRAM) $@ $(ARGS)
