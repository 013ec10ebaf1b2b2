# `make run` and `make test` are all that a newcomer types: every target first makes the
# environment from a bare python3 (>= 3.11), once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: run test figures check format reproduce clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	$(BIN)/relaxgap run

test: $(VENV)/.installed
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -m "slow or reference"

figures: $(VENV)/.installed
	$(BIN)/relaxgap figures --finish

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# every experiment at scale=ci, its numbers against the committed references
reproduce: $(VENV)/.installed
	$(BIN)/python -m pytest -m experiment

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "relaxgap needs python3 >= 3.11, found $$($(PYTHON) --version); set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev]'
	@touch $@
