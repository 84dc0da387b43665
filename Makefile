# `make results/tables/mmwp.csv` on a fresh machine: environment, then the workflow. `make test`: the tests; `make test-whole`: those that make runs of their own.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: test test-whole environment all
.DEFAULT_GOAL := all

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python %d.%d is too old: LinguaLIFT needs 3.11 or newer; run make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import os, re, sys; sys.exit("the path of this folder holds a blank or another character that a shell takes apart; move it to one with letters, digits, \".\", \"_\" and \"-\" alone" if re.search(r"[\s\x22\x24\x26-\x2a\x3b\x3c\x3e\x3f\x5c\x60\x7b-\x7d]", os.getcwd()) else 0)'
	$(PYTHON) -m venv $(VENV)
	@echo "installing requirements.lock"  # in two halves: unpacking keeps one processor busy
	@split --number=r/2 requirements.lock $(VENV)/lock-
	@$(PIP) install --no-deps --no-compile -r $(VENV)/lock-aa & \
	other=$$!; $(PIP) install --no-deps --no-compile -r $(VENV)/lock-ab; status=$$?; wait $$other && exit $$status
	@$(PIP) check >/dev/null || { echo "installing what this build of torch needs besides: CUDA's libraries"; $(PIP) install -r requirements.lock; }
	$(PIP) install --no-deps --no-build-isolation -e .
	@echo "compiling what the workflow imports"  # every job reads this byte code; some environments forbid writing it later
	@export PYTHONDONTWRITEBYTECODE=; $(BIN)/python -c 'import lingualift.evaluation.predict, lingualift.training.run' & \
	other=$$!; $(BIN)/python -c 'import faiss, scipy.stats, snakemake.cli, spacy, lingualift.tables.results'; status=$$?; wait $$other && exit $$status
	@touch $@

environment: $(VENV)/.installed

all: environment
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) all $(ARGS)

# Any path below results/ is a target of the workflow: make results/lexicons/sw.parquet
results/%: environment FORCE
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $@ $(ARGS)

test: environment
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal --ignore=tests/whole --ignore=tests/slurm $(ARGS)

# Slurm's tests share one Slurm, so one process; without Slurm they are skipped.
test-whole: environment
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal tests/whole $(ARGS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/slurm $(ARGS)

FORCE:
