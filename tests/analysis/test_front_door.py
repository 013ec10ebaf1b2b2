import doctest
import importlib
import json
import re
import subprocess
import sys
from importlib.resources import files

import pytest

import relaxgap

HEAVY = {"cvxpy", "pandas", "matplotlib", "scipy.stats", "sklearn", "hydra", "rich"}
DOCUMENTED = [
    "relaxgap",
    "relaxgap.analysis.certifying",
    "relaxgap.analysis.optimal_set",
    "relaxgap.analysis.regularisation_path",
    "relaxgap.analysis.solving",
    "relaxgap.estimators",
    "relaxgap.estimators.classifiers",
    "relaxgap.estimators.cross_validated",
    "relaxgap.estimators.regressors",
    "relaxgap.global_optimum.informed_patterns",
    "relaxgap.networks.reading.files",
    "relaxgap.networks.two_layer",
]


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some code."""
    said = f"import sys, json; {code}; print(); print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", DOCUMENTED)
def test_the_examples_run_and_say_what_they_say(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def test_every_verb_and_value_to_construct_is_in_an_example() -> None:
    shown = ""
    for module in DOCUMENTED:
        found = doctest.DocTestFinder().find(importlib.import_module(module))
        shown += "".join(example.source for test in found for example in test.examples)
    constructed = {
        "Backend",
        "DataError",
        "Dataset",
        "PatternSet",
        "Status",
        "TwoLayerNetwork",
        "certify",
        "enumerate_patterns",
        "informed_patterns",
        "load_network",
        "optimal_set",
        "path",
        "sample_patterns",
        "solve",
    }
    assert {name for name in constructed if not re.search(rf"\b{name}\b", shown)} == set()


def test_every_public_name_is_there_and_listed() -> None:
    assert set(relaxgap.__all__) <= set(dir(relaxgap))
    for name in relaxgap.__all__:
        assert getattr(relaxgap, name) is not None
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", relaxgap.__version__)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"certify.*got 'slove'"):
        relaxgap.slove  # noqa: B018
    assert not hasattr(relaxgap, "slove")


def test_importing_the_package_loads_nothing_that_is_slow() -> None:
    modules = loaded_by("import relaxgap")
    assert not HEAVY & modules
    assert not {"numpy", "scipy", "click", "jaxtyping"} & modules


def test_importing_a_verb_loads_no_reference_table_figure_or_configuration() -> None:
    modules = loaded_by("import relaxgap; relaxgap.solve; relaxgap.certify; relaxgap.path")
    assert not HEAVY & modules
    assert "click" not in modules


def test_solving_needs_no_reference_table_figure_or_configuration() -> None:
    code = "import relaxgap; relaxgap.solve([[1.0], [-2.0]], [1.0, 2.0], beta=0.1)"
    assert not HEAVY & loaded_by(code)


def test_the_package_ships_its_types() -> None:
    assert (files("relaxgap") / "py.typed").is_file()


def test_reading_the_table_of_solvers_loads_none_of_them() -> None:
    code = "from relaxgap.solvers.registry import SOLVERS; [it.state for it in SOLVERS.values()]"
    assert not (HEAVY | {"numpy", "scipy", "clarabel", "jaxtyping"}) & loaded_by(code)
