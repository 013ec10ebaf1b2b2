import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relaxgap.data.gaussian import GaussianData
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.global_benchmark.cell import Settings
from relaxgap.experiments.global_benchmark.completely_positive import solve_relaxation
from relaxgap.experiments.global_benchmark.figure import with_gaps
from relaxgap.experiments.global_benchmark.scip import INSTALL, solve_with_scip
from relaxgap.experiments.vector_relaxation.published import published_relaxation
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import minimal_network
from relaxgap.problems.vector_output import VectorProgram

DATA = GaussianData(n=10).load(np.random.default_rng(0))
BETA = 0.5
SCIP_PYTHON = Path(__file__).resolve().parents[2] / ".venv-scip" / "bin" / "python"
OWN_ACCURACY = 1e-4
"""Relative, of the solvers of the peers."""


def test_the_relaxation_in_fewer_coordinates_is_between_the_published_one_and_the_optimum() -> None:
    # the published form has no interior, and an interior point method ends below its value
    program = VectorProgram(VectorDataset(DATA.X, DATA.y[:, None]), BETA)
    published, _ = published_relaxation(program, 60.0)
    optimum = GlobalSolver(1e-6).solve(DATA, BETA).certificate.primal_value
    for solver in ("CLARABEL", "SCS"):
        value = solve_relaxation(DATA, BETA, solver, 60.0).value
        assert published <= value * (1.0 + OWN_ACCURACY)
        assert value <= optimum * (1.0 + OWN_ACCURACY)


@pytest.mark.skipif(not SCIP_PYTHON.is_file(), reason="no .venv-scip with pyscipopt")
def test_the_mixed_integer_program_has_the_optimum_as_value() -> None:
    data = GaussianData(n=6).load(np.random.default_rng(0))
    solution = GlobalSolver(1e-6).solve(data, BETA)
    signs = np.sort(np.sign(minimal_network(solution.network, data).output))
    answer = solve_with_scip(data, BETA, signs, 1e-4, 60.0, str(SCIP_PYTHON))
    optimum = solution.certificate.primal_value
    assert answer.dual_value <= optimum * (1.0 + OWN_ACCURACY)
    assert answer.primal_value == pytest.approx(optimum, rel=2.0 * OWN_ACCURACY)


@pytest.mark.parametrize("python", ["nowhere/bin/python", sys.executable])
def test_scip_that_is_not_installed_is_absent(python: str) -> None:
    answer = solve_with_scip(DATA, BETA, np.ones(2), 1e-4, 1.0, python)
    assert answer.status == "absent"
    assert answer.cpu_seconds is None
    assert INSTALL in answer.version or "pyscipopt" in answer.version


@pytest.mark.parametrize(
    "settings", [{"methods": ("gurobi",)}, {"methods": ()}, {"repeats": 0}, {"time_limit": 0.0}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="got"):
        Settings(**settings)


def test_what_a_method_leaves_open_is_relative_to_its_upper_side() -> None:
    path = Path(__file__).resolve().parents[1] / "references" / "global_benchmark.csv"
    frame = with_gaps(pd.read_csv(path))
    ours = frame[frame["method"] == "relaxgap"]
    assert (ours["gap"] * ours["primal_value"] + ours["dual_value"]).to_numpy() == pytest.approx(
        ours["primal_value"].to_numpy()
    )
    never = with_gaps(pd.read_csv(path).assign(n_found=0.0))
    assert np.isinf(never["seconds_each"]).all()
