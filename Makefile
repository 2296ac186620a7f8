# The targets explain themselves: `make help`.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CYCLE  ?= latest
UPGRADE ?= --upgrade
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
           --no-header --no-emit-index-url --no-annotate $(UPGRADE) pyproject.toml

.PHONY: help setup report test lab lint docs gallery sample lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: setup data/truth.json ## Set everything up and make the sample company's latest cycle, HTML and PDF
	@$(BIN)/opsnb cycle $(CYCLE)

test: $(VENV)/.dev data/truth.json ## Set everything up and run the tests
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

lab: setup data/truth.json ## Open the playbooks in JupyterLab
	@$(BIN)/jupyter lab playbooks

lint: $(VENV)/.dev ## Check style, types, and that notebooks hold no outputs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify --keep-id playbooks/*.ipynb

docs: $(VENV)/.dev ## Write the tables of docs/data.md from the models
	@$(BIN)/python -m tests.data_page

gallery: $(VENV)/.dev ## Draw docs/gallery anew from the reports in reports/
	@$(BIN)/python docs/gallery/build.py $(GALLERY)

sample: setup ## Write the sample company's data anew
	@$(BIN)/opsnb sample

lock: $(VENV)/.dev ## Resolve the lock files anew: to run, to develop, and with every extra
	@$(BIN)/python -m pip install -q uv
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock
	@$(COMPILE) --all-extras -c requirements-dev.lock -o requirements-ci.lock

clean: ## Remove generated data and reports, keep the environment
	@rm -rf data reports/20* reports/undated reports/*.html

setup: $(VENV)/.run

$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "opsnb needs Python 3.11 or newer; name one with PYTHON=..."; exit 1; }
	@echo "Setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.lock
	@touch $@

data/truth.json: $(VENV)/.run
	@$(BIN)/opsnb sample
