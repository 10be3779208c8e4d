# Two commands matter to a newcomer: `make up` starts Parley, `make test` runs every test. Both need Python >= 3.11 and make.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)

# Half of what the tests do is wait for something, so that two of them side by side take little more than one.
# In the order of their folders, which begins with what takes longest.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder --durations 40

# OpenMP threads that spin while they wait make training up to 22 times slower on a machine that does something else too.
export GOMP_SPINCOUNT := 0

# No library reports to its maker, whatever imports it first (docs/security.md).
export ORT_DISABLE_TELEMETRY := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export WANDB_ERROR_REPORTING := false
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help up test test-all test-clients check chaos audit bench bench-quality bench-alerts bench-recommendation domain-model screenshots stack stack-down test-stack clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

up: $(VENV)/.runtime ## Start Parley on this machine; the first start also trains the starter model
	@$(BIN)/parley up

test: $(VENV)/.development ## Run the whole suite (under 20 minutes on 2 cores)
	$(PYTEST) -m "not slow and not stack and not clients"

test-all: $(VENV)/.development ## Run the suite and the checks that take long
	$(PYTEST) -m "not stack and not clients"

CLIENTS := agents chains instructor proxy

test-clients: $(VENV)/.development $(CLIENTS:%=.venv-clients/%/.installed) ## Run real clients (docs/clients.md), each in an environment of its own
	$(BIN)/python -m pytest -m clients tests/clients

.venv-clients/%/.installed: tests/clients/requirements/%.txt
	@echo "Installing $< (a minute, once) ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

check: $(VENV)/.development ## Lint, format and type checks alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/.development ## Look the pinned dependencies up for known vulnerabilities (1: found, 3: could not be looked up)
	@$(BIN)/python -m tests.architecture.audit

chaos: $(VENV)/.development ## Swap models, restart and kill every kind of process under load (about 10 minutes; SEED=n repeats an order)
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))

bench: $(VENV)/.development ## Measure chat turns, scaling, inference and messaging
	$(BIN)/python -m tests.load.chat
	$(BIN)/python -m tests.load.scale
	$(BIN)/python -m tests.load.inference
	$(BIN)/python -m tests.load.messaging

bench-quality: $(VENV)/.development ## Train on the public datasets and write docs/quality.md, then every tuning on BANKING77
	$(BIN)/python -m tests.load.quality
	$(BIN)/python -m tests.load.tunings

bench-alerts: $(VENV)/.development ## Look for surges put into simulated streams and write docs/alerts-quality.md (about 20 minutes)
	$(BIN)/python -m tests.load.alerts

bench-recommendation: $(VENV)/.development ## Train recommendation on the public sets with the baselines beside it, and write docs/recommendation-quality.md
	$(BIN)/python -m tests.load.recommendation

domain-model: $(VENV)/.development ## Pre-train and tune a decoder of 22 million weights on the dialogue sets, by our own jobs, and judge it (SIZE=--small: minutes on a CPU)
	$(BIN)/python -m tests.load.domain_model $(SIZE)

screenshots: $(VENV)/.development ## Take the pictures of the console again; a platform has to run (make up)
	$(BIN)/python -m tests.screenshots

stack: ## Build and start the stack of docker-compose.yml (RabbitMQ, PostgreSQL, one container per service) and wait for it
	@infra/stack.sh up

stack-down: ## Stop that stack; its data stays
	@infra/stack.sh down

test-stack: $(VENV)/.development ## Run the end-to-end test against that stack, which has to run
	$(BIN)/python -m pytest -m stack tests/end_to_end/test_stack.py

clean: ## Remove the virtual environment and caches; your data in ~/.parley stays
	rm -rf $(VENV) .venv-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer: install it, or name it with 'make PYTHON=/path/to/python $(MAKECMDGOALS)'."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: on Debian or Ubuntu, 'apt-get install python3-venv'."; exit 1; }

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the pinned dependencies into $(VENV) (a few minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,client]'
	@touch $@

$(VENV)/.development: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the pinned dependencies into $(VENV) (a few minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.runtime
