"""One column with free biases is a lasso over kinks at the samples: a reference without cells.

Zeger, Wang, Mishkin, Ergen, Candès & Pilanci (2024), arXiv 2403.01046.
"""

import numpy as np
import pytest
from jaxtyping import Float64

import relaxgap
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso


def lasso_over_kinks(
    x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], beta: float
) -> float:
    """Return the optimum of the lasso, which its own residual proves."""
    steps = np.subtract.outer(x, x)
    A = np.column_stack([np.maximum(steps, 0.0), np.maximum(-steps, 0.0)])
    # a free constant
    A, y = A - A.mean(axis=0), y - y.mean()
    A = np.column_stack([A, -A])
    c = nonnegative_lasso(A, y, beta)
    residual = y - A @ c
    value = 0.5 * float(residual @ residual) + beta * float(c.sum())
    nu = min(1.0, beta / float(np.max(A.T @ residual))) * residual
    assert value - float(y @ nu) + 0.5 * float(nu @ nu) <= 1e-12 * value
    return value


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_the_optimum_of_one_column_is_that_of_the_lasso_over_kinks(
    seed: int, fraction: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = np.sort(rng.standard_normal(6)), rng.standard_normal(6)
    found = relaxgap.solve(x[:, None], y, beta_fraction=fraction, penalise="weights", rtol=1e-6)
    value = lasso_over_kinks(x, y, found.beta)
    room = 1e-12 * value
    assert found.dual_value - room <= value <= found.primal_value + room


@pytest.mark.parametrize(
    ("loss", "n"),
    [
        ("squared", 12),
        pytest.param("squared", 60, marks=pytest.mark.slow),
        pytest.param("logistic", 40, marks=pytest.mark.slow),
    ],
)
def test_one_column_agrees_with_column_generation(loss: str, n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n)
    y = np.sin(3.0 * x) + 0.3 * rng.standard_normal(n)
    settings = {"beta_fraction": 0.1, "penalise": "weights", "loss": loss}
    labels = y if loss == "squared" else np.where(y > 0.0, 1.0, -1.0)
    found = relaxgap.solve(x[:, None], labels, rtol=1e-9, **settings)
    settings |= {"beta_fraction": None, "beta": found.beta, "rtol": 1e-4}
    other = relaxgap.solve(x[:, None], labels, solver="column_generation", **settings)
    assert (found.solver, found.status) == ("kinks", relaxgap.Status.SOLVED)
    assert found.dual_value <= other.primal_value
    assert other.dual_value <= found.primal_value


def test_one_column_may_be_scaled_repeated_offset_and_beside_constants() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.standard_normal(15), 2)
    y = np.abs(x) + 0.1 * rng.standard_normal(30)
    base = relaxgap.solve(x[:, None], y, beta=0.2, penalise="weights", rtol=1e-9)
    moved = np.column_stack([np.full(30, 7.0), 1e-6 * (x + 1e6)])
    for settings in ({"beta": 0.2e-6}, {"beta": 0.2 / x.std(), "standardize": True}):
        found = relaxgap.solve(moved, y, penalise="weights", rtol=1e-8, minimal=True, **settings)
        # a column near 1 holds x to ten digits
        assert found.primal_value == pytest.approx(base.primal_value, rel=1e-8)
        data = relaxgap.Dataset(moved, y)
        assert found.network.training_loss(data) == pytest.approx(found.primal_value, rel=1e-8)
        assert found.network.width <= 15


@pytest.mark.slow
def test_another_solver_may_be_asked_for_one_column() -> None:
    x, y = np.arange(5.0)[:, None], np.array([0.0, 1.0, 0.0, 2.0, 1.0])
    found = relaxgap.solve(x, y, beta=0.5, penalise="weights", solver="kinks")
    other = relaxgap.solve(x, y, beta=0.5, penalise="weights", solver="semismooth_newton")
    assert (found.solver, other.solver) == ("kinks", "semismooth_newton")
    assert found.dual_value <= other.primal_value
    assert other.dual_value <= found.primal_value
    hinge = relaxgap.solve(x, np.sign(y - 0.5), beta=0.1, penalise="weights", loss="hinge")
    assert hinge.solver != "kinks"


def test_a_straight_line_of_two_samples_has_a_closed_form() -> None:
    x, y, beta = np.array([-1.0, 1.0]), np.array([-2.0, 3.0]), 0.5
    # slope t at cost beta |t|, constant free: 1/2 (5/2 - t)^2 2 + beta |t|
    slope = 2.5 - beta / 2.0
    value = (2.5 - slope) ** 2 + beta * slope
    found = relaxgap.solve(x[:, None], y, beta=beta, penalise="weights", rtol=1e-9)
    assert found.dual_value <= value * (1.0 + 1e-12)
    assert value <= found.primal_value * (1.0 + 1e-12)
    assert lasso_over_kinks(x, y, beta) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("normalisation", ["columns", "frobenius"])
@pytest.mark.parametrize(("width", "n"), [(1, 1000), (2, 1000), (2, 30), (3, 30)])
def test_three_layers_of_one_column_have_a_closed_form(
    normalisation: str, width: int, n: int
) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n)
    y = np.abs(x) - 0.3 * x + 0.3 * rng.standard_normal(n)
    found = relaxgap.solve(
        x[:, None],
        y,
        beta=0.3 * np.sqrt(n),
        program="three_layer",
        subnetwork_width=width,
        normalisation=normalisation,
        rtol=1e-8,
    )
    # without biases all of them are multiples of two functions, which no sample sees both of; equal
    # neurons of unit columns are cheaper by the root of their number
    cost = found.beta / (np.sqrt(width) if normalisation == "columns" else 1.0)
    value = 0.5 * float(y @ y)
    for part in (np.maximum(x, 0.0), np.maximum(-x, 0.0)):
        value -= max(abs(float(part @ y)) - cost, 0.0) ** 2 / (2.0 * float(part @ part))
    assert found.relative_gap <= 1e-8
    assert found.dual_value <= value * (1.0 + 1e-12)
    assert value <= found.primal_value * (1.0 + 1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("program", ["relu", "narrow"])
def test_the_value_is_that_of_the_network_far_from_zero_too(program: str, offset: float) -> None:
    x = offset + np.arange(60.0) / 10.0
    y = np.sin(x - offset)
    arguments = {"program": "narrow"} if program == "narrow" else {"penalise": "weights"}
    found = relaxgap.solve(x[:, None], y, beta_fraction=1e-3, rtol=1e-6, **arguments)
    residual = np.asarray(found.network.predict(x[:, None])).ravel() - y
    assert 0.5 * float(residual @ residual) <= found.primal_value * (1.0 + 1e-12)
    assert (found.status == "solved") == (found.relative_gap <= 1e-6)
    assert found.status == "solved" or offset > 1e9
