# `make` lists the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo serve test check lint types coverage golden lock bench soak clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 12

demo: $(VENV)/installed  ## see the main job done: messages sent, delivered, read, failed and told, in half a minute
	@$(BIN)/tidings demo

serve: $(VENV)/installed  ## run a hub that may call this machine, with its data in ./var
	@TIDINGS_ALLOW_NETWORKS="$${TIDINGS_ALLOW_NETWORKS-127.0.0.0/8}" $(BIN)/tidings serve

test: $(VENV)/installed-dev  ## install what the tests need, and run every check and test
	@scripts/system-packages
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --cov --cov-report=term

check: lint types  ## style, types and the import contract, without tests

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

types: $(VENV)/installed-dev
	@$(BIN)/mypy

bench: $(VENV)/installed-dev  ## measure whole processes under load; the results are printed, and kept in bench/results
	@scripts/system-packages
	@PYTHONPATH=tests $(BIN)/python -m bench --keep

soak: $(VENV)/installed-dev  ## the long tests: the hub killed again and again under load
	@scripts/system-packages
	@$(BIN)/python -m pytest -m soak --no-cov

golden: $(VENV)/installed-dev  ## write the golden files anew, for you to read
	@$(BIN)/python tests/golden.py

lock: $(VENV)/installed-dev  ## pin what pyproject.toml allows
	@$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --python-version 3.11 --no-header -o requirements-dev.lock

clean:  ## take away what these commands made
	@rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Tidings needs Python 3.11 or newer.'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || scripts/system-packages python3-venv
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made requirements.lock
	@echo 'Installing Tidings into $(VENV) …'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	@echo 'Installing what tests and checks need …'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
