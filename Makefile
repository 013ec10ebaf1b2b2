# `make run` and `make test` are all that a newcomer types: every target first makes the
# environment from a bare python3 (>= 3.11), once; what tests it and checks it comes with `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# the gate starts some hundred processes: what they import is compiled once
unexport PYTHONDONTWRITEBYTECODE

# fast tests, each on one of its cases: the verbs and what they are made of with every argument and
# result checked against its annotation, which takes three times the CPU
TYPED := --once --jaxtyping-packages=relaxgap,beartype.beartype tests/analysis tests/problems tests/numerics
# and half a minute more, which `make test` runs whole
FAST := --once tests/patterns tests/certificates tests/networks tests/solvers

.PHONY: run test install figures report results check style types typed fast explore completion docs package wheel format reproduce clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	$(BIN)/relaxgap run

# every test there is, in one collection
test: $(VENV)/.developing
	$(BIN)/python -m pytest -m ""

# the command without what tests and checks it
install: $(VENV)/.installed
	@echo 'relaxgap is installed; to call it by its name:'
	@echo '  export PATH="$(abspath $(BIN)):$$PATH"'

# redraw from the committed CSV
figures: $(VENV)/.installed
	$(BIN)/relaxgap figures

# one page over all results: results/report.html
report: $(VENV)/.installed
	$(BIN)/relaxgap report

# finish the missing cells of every experiment, then redraw
results: $(VENV)/.installed
	$(BIN)/relaxgap figures --finish

# its three parts may run at once: make -j2 check
check: style types typed

style: $(VENV)/.developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.developing
	$(BIN)/mypy

typed: $(VENV)/.developing
	$(BIN)/python -m pytest $(TYPED)

# a quick look at every room, for those who change one
fast: typed
	$(BIN)/python -m pytest $(FAST)

format: $(VENV)/.developing
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# every experiment at scale=ci, its numbers against the committed references; part of `make test`
reproduce: $(VENV)/.developing
	$(BIN)/python -m pytest -m experiment

# what a shell completes, made from the commands and the settings of experiments
completion: $(VENV)/.developing
	$(BIN)/python -m relaxgap.cli.completing.making

# the pages and the Python reference as HTML; a warning is an error, links to elsewhere are listed
docs: $(VENV)/.documenting
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo 'build/site/index.html; not checked:'
	@grep -ohE 'https?://[^] )>"`]+' README.md CONTRIBUTING.md docs/*.md results/README.md | sort -u

# wheel and sdist, the sdist's own wheel, and the command from the wheel in an environment of its own
package:
	.ci/package $(PYTHON)

# the same with the dependencies of .venv, in a third of the time
wheel: $(VENV)/.developing
	.ci/package $(PYTHON) "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')"

# the property tests on examples that no gate has seen
explore: $(VENV)/.developing
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=explore

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# what is imported is compiled as it is; pip would spend half its time on what never is
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "relaxgap needs python3 >= 3.11, found $$($(PYTHON) --version); set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-c .ci/constraints.txt -e '$(1)'
endef

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	$(call install,.)
	@touch $@

$(VENV)/.developing: pyproject.toml .ci/constraints.txt
	$(call install,.[dev])
	@touch $(VENV)/.installed $@

$(VENV)/.documenting: pyproject.toml .ci/constraints.txt
	$(call install,.[docs])
	@touch $(VENV)/.installed $@
