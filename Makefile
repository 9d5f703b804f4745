# Everything a newcomer needs: `make demo` and `make test` set themselves up in .venv.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check bench format protos clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (about a minute, once)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## Run the whole tutorial on this machine; KEEP=1 leaves it running
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m demo $(if $(KEEP),--keep)

test: $(READY)  ## Run all tests
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pytest -q

check: $(READY)  ## Lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## Measure: latency of a label change, cold start, cost of a push and of a change, xDS beside its floor
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m bench

format: $(READY)  ## Format and fix what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

protos: $(READY)  ## Compile protos/ again
	$(BIN)/python protos/compile.py

clean:  ## Remove .venv and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
