# `make demo` and `make test` are all it takes from a fresh clone: Python 3.11+ and make.
# Everything is installed into .venv; nothing outside the clone is touched.
#
# On Linux the registry's plain torch is a CUDA build of several GB. Where a CPU wheel is at hand,
# say so in the usual pip ways (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL, pip.conf).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
PYTEST := $(BIN)/python -m pytest
ARGS   ?=

.PHONY: help demo test fast lint slow fuzz docs bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    encode, decode, render, restore a scene made here; ends with a page to open"
	@echo "make test    everything that must hold: lint, imports, tests (installs CPU torch)"
	@echo "make fast    lint and unit tests only"
	@echo "make lint    ruff and import rules"
	@echo "make slow    the tests marked slow"
	@echo "make fuzz    coverage-guided fuzzing (hours; goes on where it stopped), bit flips, cuts"
	@echo "make docs    API reference from the docstrings, in build/api/VERSION"
	@echo "make bench   rate-distortion and speed; ARGS='scene.ply ...' names the scenes"
	@echo "make clean   remove .venv, caches and demo_out"

# -- environment -------------------------------------------------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "NFX needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Demo: the light codec, the CPU renderer's compiler, SciPy for planning views, PNG, and what the
# restorer that ships needs.
# Torch first and alone, so that nothing later replaces it by a CUDA build.
$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) -e . numba scipy pillow safetensors
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) -e '.[restore,test]'
	@touch $@

# -- targets -----------------------------------------------------------------------------------

demo: $(VENV)/.demo
	$(BIN)/python -m tools.demo $(ARGS)

test: $(VENV)/.test lint
	$(PYTEST) $(ARGS)

fast: $(VENV)/.test lint
	$(PYTEST) -q tests/unit $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

slow: $(VENV)/.test
	$(PYTEST) -m slow $(ARGS)

fuzz: $(VENV)/.test
	$(PIP) -e '.[fuzz]'
	$(BIN)/python -m tools.damage --flips 30000
	$(BIN)/python -m tools.fuzz $(ARGS)

docs: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) -e '.[docs]'
	$(BIN)/python -m tools.api_docs

bench: $(VENV)/.test
	@mkdir -p demo_out
	test -n "$(ARGS)" || $(BIN)/python -m tools.make_scene demo_out/synth.ply
	$(BIN)/python -m tools.bench $(or $(ARGS),demo_out/synth.ply)

clean:
	rm -rf $(VENV) demo_out build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache \
	  .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
