# Entry points for newcomers. `make demo` and `make test` create .venv on first use.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow kube runtimes check bench format protos crds charts clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (about a minute, once)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is required: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## Run the tutorial on this machine; REAL=1 with real servers, KEEP=1 leaves it running
ifdef REAL
	@PYTHON="$(abspath $(BIN))/python" CALLER="make demo" WITHOUT="make demo without REAL=1 needs none." \
	  demo/real/servers/install.sh triton mlserver
endif
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m demo$(if $(REAL),.real) $(if $(KEEP),--keep)

test: $(READY)  ## Run the tests; some need what `make kube` brings
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pytest -q -m 'not long'

test-slow: $(READY)  ## Run the long tests; some need what `make kube` and `make runtimes` bring
	@PATH="$(abspath $(BIN)):$$PATH" STRAIGHTWAY_SLOW=1 $(BIN)/pytest -q -m 'slow or long'

kube:  ## Build a Kubernetes API server for the tests, with Go (minutes, once)
	@tests/kubernetes/binaries/build.sh

runtimes: $(READY)  ## Install Triton, MLServer and KServe for the tests (1 GB, minutes, once)
	@PYTHON="$(abspath $(BIN))/python" demo/real/servers/install.sh

check: $(READY)  ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## Run the benchmarks
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m bench

format: $(READY)  ## Format, and apply ruff's fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

protos: $(READY)  ## Regenerate the compiled protos and the type stubs
	$(BIN)/python -m protos

crds: $(READY)  ## Rewrite deploy/crds from the models
	$(BIN)/straightway crds --directory deploy/crds

charts: $(READY)  ## Rewrite what Envoy reads in the chart of the gateway
	$(BIN)/python -m deploy.gateway_files

clean:  ## Remove .venv and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
