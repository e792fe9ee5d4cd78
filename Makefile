# Each target does its own set-up on a machine that has only Python 3.11 or newer and make.
#   PYTHON=python3.12   the Python to use, where the newest one found is not wanted
#   ARGS='...'          handed on to the command
#   CI=true             a server that the tests need and don't find is a failure, not a skip

.DEFAULT_GOAL := help
.PHONY: help serve test lint bench clean

BIN := .venv/bin
SETUP := .ci/environment pyproject.toml constraints.txt

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s%s\n", $$1, $$2 }' Makefile

serve: .venv/installed ## start the demo, or ARGS='--source mqtt://...' for your own stream
	$(BIN)/streamshade serve $(ARGS)

test: .venv/installed-dev ## check everything; ARGS='-k name' picks tests
	@sh .ci/servers
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/installed-dev ## style, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: .venv/installed-dev ## print the performance tables
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean: ## remove the environment and what the tools left behind
	rm -rf .venv build dist .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: $(SETUP)
	@PYTHON='$(PYTHON)' sh .ci/environment
	@touch $@

.venv/installed-dev: $(SETUP)
	@PYTHON='$(PYTHON)' sh .ci/environment test,lint,notebook
	@touch $@ .venv/installed
