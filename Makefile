# Needs Python 3.11 or later, make and the usual shell tools; all else goes into .venv.

PORT ?= 8080
ARGS ?=
UV ?= uv

BIN := .venv/bin
# The environment is made again when what it is made from has changed.
STAMP := .venv/made-from-$(shell cat requirements.lock pyproject.toml 2>/dev/null | cksum | tr ' ' '-')

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help run test check types rules load faults lock env clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: env ## Run everything on this machine, on PORT (8080); ARGS=--fresh forgets all data first
	@$(BIN)/python -m server dev --port $(PORT) --life $(ARGS)

test: check ## Check, then run the tests; ARGS are for pytest
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not slow" $(ARGS)

check: env ## Lint, types, import contracts, migrations, OpenAPI and AsyncAPI
	@$(MAKE) --no-print-directory -j 2 types rules

types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python -m server check

load: env ## Measure under load and write the report to load/report
	$(BIN)/python -m load $(ARGS)

faults: env ## The fault tests and all long tests in full, which takes an hour or two
	$(BIN)/python -m pytest -o faulthandler_timeout=7200 tests/faults $(ARGS)
	$(BIN)/python -m pytest -o faulthandler_timeout=7200 -m slow --ignore tests/faults $(ARGS)

lock: ## Choose the newest versions allowed by pyproject.toml (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or UV=/path/to/uv"; exit 1; }
	echo 'setuptools>=77' | $(UV) pip compile pyproject.toml - --all-extras --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock

env: $(STAMP) ## Make .venv from requirements.lock; the other targets do it themselves

$(STAMP):
	@python=; for name in python3.11 python3.12 python3.13 python3.14 python3; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Vitrine needs Python 3.11 or later; none is on the PATH."; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$python cannot make environments: it lacks ensurepip (on Debian: apt install python3-venv)."; exit 1; fi; \
	echo "Making .venv with $$($$python --version) from requirements.lock …"; \
	if ! [ -w "$${HOME:-/nonexistent}" ]; then export PIP_NO_CACHE_DIR=1; fi; \
	$$python -m venv .venv && \
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes -r requirements.lock && \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@rm -f .venv/made-from-* && touch $@

clean: ## Remove what was made: environment, caches, the embedded servers' data
	rm -rf .venv .vitrine .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
