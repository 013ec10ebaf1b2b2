import numpy as np
import pytest
from scipy.optimize import minimize

import relaxgap
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, EnumerationLimitError
from relaxgap.global_optimum.narrow_optimum import narrow_optimum
from relaxgap.numerics.clock import Deadline


def gaussian(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


def best_of_restarts(data: Dataset, beta: float, width: int, n_restarts: int) -> float:
    """Return the least loss of networks of a width trained from random starts."""
    rng, m, d = np.random.default_rng(0), width, data.d

    def value(weights: np.ndarray) -> tuple[float, np.ndarray]:
        hidden, output = weights[: m * d].reshape(m, d), weights[m * d :]
        pre = np.maximum(data.X @ hidden.T, 0.0)
        off = pre @ output - data.y
        slopes = (off[:, None] * output * (pre > 0.0)).T @ data.X + beta * hidden
        gradient = np.concatenate([slopes.ravel(), pre.T @ off + beta * output])
        return 0.5 * float(off @ off) + 0.5 * beta * float(weights @ weights), gradient

    starts = rng.standard_normal((n_restarts, m * (d + 1)))
    return min(float(minimize(value, x, jac=True, method="L-BFGS-B").fun) for x in starts)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("n", "d"), [(5, 2), (6, 3)])
def test_the_best_of_many_restarts_is_the_bracket_s_optimum_and_never_below(
    n: int, d: int, seed: int
) -> None:
    data = gaussian(n, d, seed)
    beta = 0.1 * relaxgap.solve(data.X, data.y, beta_fraction=1.0).beta
    overall = relaxgap.solve(data.X, data.y, beta=beta, rtol=1e-8)
    found = [narrow_optimum(data, beta, width, rtol=1e-6) for width in (1, 2)]
    for width, optimum in enumerate(found, start=1):
        assert optimum.relative_gap <= 1e-6
        assert optimum.network.width <= width
        attained = optimum.network.training_loss(data, beta)
        assert optimum.dual_value <= attained <= optimum.primal_value
        restarts = best_of_restarts(data, beta, width, 30)
        assert restarts >= optimum.dual_value
        assert restarts <= optimum.primal_value * (1.0 + 1e-2)
    assert found[0].primal_value >= found[1].dual_value
    assert found[1].primal_value >= overall.dual_value
    if relaxgap.optimal_set(data.X, data.y, beta=beta).smallest_width <= 2:
        assert found[1].dual_value <= overall.primal_value


def test_ten_samples_in_five_dimensions_take_a_thousand_solves_of_half_a_million_pairs() -> None:
    data = gaussian(10, 4, 0)
    optimum = narrow_optimum(data, 0.5, 2, rtol=1e-4)
    assert optimum.relative_gap <= 1e-4
    assert optimum.n_sets == 520 * 521 // 2
    assert optimum.n_solved <= 700


def test_above_beta_max_the_narrow_optimum_is_the_zero_network() -> None:
    data = gaussian(6, 2, 0)
    optimum = narrow_optimum(data, 100.0, 2)
    assert optimum.network.width == 0
    assert optimum.primal_value == pytest.approx(0.5 * float(data.y @ data.y), rel=1e-12)
    assert optimum.relative_gap <= 1e-6


def test_a_deadline_that_has_passed_leaves_a_bracket() -> None:
    data = gaussian(8, 3, 0)
    optimum = narrow_optimum(data, 0.2, 2, deadline=Deadline.after(0.0))
    assert optimum.dual_value == 0.0
    assert optimum.primal_value >= narrow_optimum(data, 0.2, 2, rtol=1e-3).dual_value


@pytest.mark.parametrize("X", [[[0.0, 0.0], [1.0, 0.0]], [[1.0, 2.0], [1.0, 2.0]], [[1.0], [-2.0]]])
@pytest.mark.parametrize("y", [[1.0, -2.0], [0.0, 0.0]])
def test_degenerate_data_have_a_narrow_optimum(X: list[list[float]], y: list[float]) -> None:
    data = Dataset(np.array(X), np.array(y))
    optimum = narrow_optimum(data, 0.1, 2)
    solved = relaxgap.solve(X, y, beta=0.1, rtol=1e-9)
    # two samples need no more than two neurons
    assert optimum.dual_value <= solved.primal_value
    assert solved.dual_value <= optimum.primal_value
    assert optimum.primal_value - solved.dual_value <= 2e-6 * solved.primal_value


def test_what_has_too_many_sets_is_refused() -> None:
    data = gaussian(6, 2, 0)
    with pytest.raises(ConfigurationError, match="Expected a width of 1 to 2, got 3"):
        narrow_optimum(data, 0.1, 3)
    with pytest.raises(ConfigurationError, match="Expected a positive, finite beta, got 0"):
        narrow_optimum(data, 0.0, 1)
    with pytest.raises(EnumerationLimitError):
        narrow_optimum(gaussian(14, 7, 0), 0.1, 1)
