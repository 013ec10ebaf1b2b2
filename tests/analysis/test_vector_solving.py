"""The verb for columns of labels: what it returns, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relaxgap
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.analysis.vector_solving import vector_dataset_of
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.vector.methods import METHODS

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((7, 3)), RNG.standard_normal((7, 2))


def test_columns_of_labels_are_solved_together() -> None:
    result = relaxgap.solve(X, Y, beta_fraction=0.1, rtol=1e-8)
    assert (result.status, result.complete, result.program) == ("solved", True, "vector")
    assert (result.solver, result.certificate, result.n_outputs) == ("cells", "cells", 2)
    assert isinstance(result.network, VectorNetwork)
    program = VectorProgram(vector_dataset_of(X, Y), result.beta)
    assert result.network.training_loss(program) == pytest.approx(result.primal_value, rel=1e-12)
    np.testing.assert_allclose(
        result.network.predict(X), program.fit(result.network.hidden, result.network.output)
    )
    assert result.nu.shape == Y.shape
    assert "of several outputs" in result.sentence


def test_one_column_is_the_scalar_problem() -> None:
    scalar = relaxgap.solve(X, Y[:, 0], beta=0.3, rtol=1e-9)
    for labels in (Y[:, :1], Y[:, 0]):
        vector = relaxgap.solve(X, labels, beta=0.3, rtol=1e-9, program="vector")
        assert vector.dual_value <= scalar.primal_value
        assert scalar.dual_value <= vector.primal_value


@pytest.mark.parametrize(
    ("n", "d", "n_gates", "seed"), [(6, 2, 3, 0), (12, 3, 10, 1), (9, 4, 6, 2)]
)
def test_one_column_is_the_scalar_problem_over_sampled_patterns_too(
    n: int, d: int, n_gates: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, labels = rng.standard_normal((n, d)), rng.standard_normal((n, 1))
    asked: dict[str, Any] = {"beta_fraction": 0.05, "patterns": f"gaussian:{n_gates}", "rtol": 1e-8}
    vector = relaxgap.solve(rows, labels, program="vector", **asked)
    scalar = relaxgap.solve(rows, labels[:, 0], **asked)
    assert vector.status is scalar.status is Status.SOLVED
    assert (vector.complete, vector.lower_bound) == (False, None)
    assert vector.beta == pytest.approx(scalar.beta, rel=1e-9)
    assert vector.dual_value <= scalar.primal_value
    assert scalar.dual_value <= vector.primal_value


@pytest.mark.parametrize("seed", range(3))
def test_neurons_stay_in_the_cells_that_are_given(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, labels = rng.standard_normal((10, 3)), rng.standard_normal((10, 2))
    found = relaxgap.solve(rows, labels, beta_fraction=0.02, patterns=8, rtol=1e-8, seed=seed)
    every = relaxgap.solve(rows, labels, beta=found.beta, rtol=1e-8)
    assert found.status is Status.SOLVED
    assert every.dual_value <= found.primal_value
    sides = np.where(found.patterns.patterns, 1.0, -1.0)
    for u in found.network.hidden:
        slack = np.min(sides * (rows @ (u / np.linalg.norm(u))), axis=1)
        assert slack.max() >= -1e-15


@pytest.mark.parametrize("units", [(1e8, 1e-9), (1e-7, 1e5)])
def test_units_change_nothing_but_units(units: tuple[float, float]) -> None:
    base = relaxgap.solve(X, Y, beta_fraction=0.1, rtol=1e-7)
    other = relaxgap.solve(units[0] * X, units[1] * Y, beta_fraction=0.1, rtol=1e-7)
    assert other.status == "solved"
    assert other.primal_value / units[1] ** 2 == pytest.approx(base.primal_value, rel=1e-6)
    program = VectorProgram(vector_dataset_of(units[0] * X, units[1] * Y), other.beta)
    assert isinstance(other.network, VectorNetwork)
    loss = other.network.training_loss(program)
    assert loss == pytest.approx(other.primal_value, rel=1e-10)


def test_the_gated_program_takes_sampled_patterns() -> None:
    result = relaxgap.solve(X, Y, beta_fraction=0.1, program="gated", patterns="gaussian:9")
    assert (result.status, result.complete, result.solver) == ("solved", False, "proximal")
    assert isinstance(result.network, GatedVectorNetwork)
    rest = result.network.predict(X) - Y
    norms = sum(np.linalg.norm(block, "nuc") for block in result.network.weights)
    value = 0.5 * float(np.sum(rest**2)) + result.beta * norms
    assert value == pytest.approx(result.primal_value, rel=1e-9)


def test_patches_are_pooled() -> None:
    patches = RNG.standard_normal((5, 2, 2))
    result = relaxgap.solve(patches, Y[:5], beta_fraction=0.2, rtol=1e-7)
    assert result.status == "solved"
    assert isinstance(result.network, VectorNetwork)
    assert result.network.predict(patches).shape == (5, 2)


def test_where_cells_are_too_many_networks_are_found_and_bounded() -> None:
    rng = np.random.default_rng(1)
    wide, labels = rng.standard_normal((14, 8)), rng.standard_normal((14, 2))
    result = relaxgap.solve(wide, labels, beta_fraction=0.3, rtol=1e-3, time_limit=8.0)
    assert result.solver == "lifted"
    assert result.certificate in ("lifted", "spectral")
    assert 0.0 < result.dual_value <= result.primal_value


def test_zero_labels_and_a_strength_above_all_give_zero_networks() -> None:
    result = relaxgap.solve(X, np.zeros((7, 2)), beta=1.0)
    assert (result.primal_value, result.active_blocks) == (0.0, 0)
    above = relaxgap.solve(X, Y, beta_fraction=1.5)
    assert (above.status, above.active_blocks) == ("solved", 0)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"loss": "logistic"}, "squared loss"),
        ({"minimal": True}, "no minimal"),
        ({"penalise": "weights", "program": "gated"}, "penalise"),
        ({"patterns": "gaussian:3", "solver": "lifted"}, "over given patterns"),
        ({"solver": "simplex"}, "solver of several outputs"),
        ({"solver": "cells", "program": "gated"}, "proximal"),
        ({"rtol": 2.0}, "rtol"),
        ({"backend": relaxgap.Backend(dtype="float32")}, "backend numpy"),
    ],
)
def test_what_several_outputs_do_not_have_is_refused(
    settings: dict[str, object], match: str
) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match=match):
        relaxgap.solve(X, Y, beta=0.1, **settings)


@pytest.mark.parametrize(
    ("rows", "labels", "match"),
    [
        (X, Y[:3], "one row of labels"),
        (X[:, :, None, None], Y, r"\(n, T, d\)"),
        (X, Y[:, :, None], "one row of labels"),
        (X, [["a", "b"]] * 7, "real numbers in Y"),
        (X, np.full((7, 2), np.nan), "finite numbers"),
        (X[:0], Y[:0], "non-empty"),
    ],
)
def test_data_that_do_not_fit_are_refused(rows: object, labels: object, match: str) -> None:
    with pytest.raises(relaxgap.DataError, match=match):
        relaxgap.solve(rows, labels, beta=0.1, program="vector")


def test_a_fraction_of_nothing_is_refused() -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="beta_max > 0"):
        relaxgap.solve(X, np.zeros((7, 2)), beta_fraction=0.1)


def test_a_network_of_several_outputs_is_certified() -> None:
    hidden, output = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 2))
    report = relaxgap.certify((hidden, output), X, Y, beta=0.2, rtol=1e-6)
    assert isinstance(report, VectorReport)
    best = relaxgap.solve(X, Y, beta=0.2, rtol=1e-7)
    assert report.lower_bound <= best.primal_value
    assert best.dual_value <= report.upper_bound < report.network_value
    assert report.better_network_found
    assert "a better one was found" in str(report)
    again = relaxgap.certify(report.best_network, X, Y, rtol=1e-6)
    assert isinstance(again, VectorReport)
    assert (again.beta_source, again.better_network_found) == ("implied", False)
    assert again.beta == pytest.approx(0.2, rel=1e-4)
    assert again.certified_ratio == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("network", "match"),
    [
        ((np.ones((2, 3)), np.ones((2, 3))), "as many outputs as labels a sample, 2"),
        ((np.ones((2, 3)), np.ones(2)), "as many outputs as labels a sample, 2"),
        ((np.ones((2, 4)), np.ones((2, 2))), r"shape \(m, 3\)"),
        ((np.full((2, 3), np.inf), np.ones((2, 2))), "finite weights"),
        ([1.0, 2.0, 3.0], "a tuple"),
        (GatedVectorNetwork(np.ones((2, 3)), np.ones((2, 3, 2))), "a ReLU network"),
        ("missing.npz", "missing.npz"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network: Any, match: str) -> None:
    with pytest.raises(relaxgap.DataError, match=match):
        relaxgap.certify(network, X, Y, beta=0.2)


@pytest.mark.parametrize("size", [1e-15, 3e-13, 1e-12, 1e-9, 1e-6, 1e-3])
def test_a_column_of_other_units_hides_no_face(size: float) -> None:
    # a neuron of the second column alone is the best one at 1e-12
    second = np.array([-0.8859668189722512, 1.107458523715314, -1.55044193320144, -0.221491704743])
    rows, y = np.column_stack([np.ones(4), size * second]), np.array([-3.0, 8.0, 2.0, -7.0])
    beta = 2.2592153883792408 * size
    for hidden in np.array([[1.27e-6, 1.43e6], [1.27e-6, -1.43e6], [1.0, 0.0], [0.0, 1e6]]):
        along = np.maximum(rows @ hidden, 0.0)
        for sign in (1.0, -1.0):
            gain = max(float(sign * along @ y) - beta * float(np.linalg.norm(hidden)), 0.0)
            weight = sign * gain / float(along @ along) if np.any(along) else 0.0
            loss = 0.5 * float(np.sum((weight * along - y) ** 2))
            loss += beta * abs(weight) * float(np.linalg.norm(hidden))
            result = relaxgap.solve(rows, y, beta=beta, program="vector", time_limit=1.0)
            assert result.dual_value <= loss * (1.0 + 1e-12)
    scalar = relaxgap.solve(rows, y, beta=beta, time_limit=1.0)
    assert result.dual_value <= scalar.primal_value
    assert scalar.dual_value <= result.primal_value


def test_a_file_with_biases_is_a_network_with_them(tmp_path: Path) -> None:
    path = tmp_path / "biased.npz"
    np.savez(path, hidden=np.ones((1, 3)), output=np.ones((1, 2)), hidden_bias=[100.0])
    report = relaxgap.certify(path, X, Y, beta=0.1, time_limit=1.0)
    activations = np.maximum(X.sum(axis=1) + 100.0, 0.0)
    loss = 0.5 * float(np.sum((Y - activations[:, None]) ** 2)) + 0.05 * (3.0 + 100.0**2 + 2.0)
    assert report.network_value == pytest.approx(loss, rel=1e-12)
    assert report.d == 4


def test_weights_whose_squares_overflow_are_refused() -> None:
    with pytest.raises(relaxgap.DataError, match="finite float64"):
        relaxgap.certify((np.full((1, 3), 1e200), np.ones((1, 2))), X, Y, beta=0.1)


@pytest.mark.parametrize("solver", METHODS)
@pytest.mark.parametrize("fraction", [0.99, 0.9999])
def test_near_the_critical_strength_every_solver_ends(solver: str, fraction: float) -> None:
    result = relaxgap.solve(X, Y, beta_fraction=fraction, solver=solver, time_limit=20.0)
    assert result.stopped == ""
    assert 0.0 < result.dual_value <= result.primal_value <= 0.5 * float(np.sum(Y**2)) * (1 + 1e-9)


def test_where_no_neuron_gains_anything_a_fraction_is_of_nothing() -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="up to rounding"):
        relaxgap.solve(
            [[2.0], [-1.0], [-1.0]], [[0.0], [-1.0], [1.0]], beta_fraction=0.1, program="vector"
        )


@pytest.mark.parametrize("settings", [{"time_limit": -1.0}, {"time_limit": np.nan}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="Expected"):
        relaxgap.solve(X, Y, beta=0.1, **settings)
