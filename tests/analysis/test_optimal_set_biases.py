"""Optimal sets of networks with biases."""

from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize

import relaxgap
from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks import FittedNetwork
from relaxgap.problems.losses import LOSSES

KINDS: dict[str, dict] = {
    "free": {"bias": True},
    "penalised": {"penalise": "all"},
    "standardized": {"bias": True, "standardize": True},
    "scaled": {"standardize": True},
}
IN_THE_PLANE = [[-1, 1], [0, -1], [-2, 1], [0, 1]]
"""With a column of ones a neuron of (1, 2, 2) / 3 and its opposite add up to 4/3 everywhere."""
NU, FIT = (1, -2, -1, 2), (3, 0, 2, 4)
"""Of sum zero, where that neuron and its opposite have price 3; and three times its column."""


def drawn(n: int, d: int, seed: int, loss: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    y[:2] = 1.0, -1.0
    return 3.0 * X + 1.0, np.sign(y) if loss == "logistic" else y


def value_of(network: object, found: OptimalSet, X: np.ndarray, y: np.ndarray) -> float:
    assert isinstance(network, FittedNetwork)
    return network.training_loss(Dataset(X, y), found.beta, LOSSES[found.loss])


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_optimum_is_that_of_solve_and_the_networks_attain_it(kind: str, loss: str) -> None:
    X, y = drawn(6, 2, 0, loss)
    new = np.random.default_rng(1).standard_normal((2, 2))
    found = optimal_set(X, y, beta_fraction=0.2, loss=loss, at=new, **KINDS[kind])
    solved = relaxgap.solve(X, y, beta=found.beta, loss=loss, **KINDS[kind])
    assert found.dual_value <= solved.primal_value
    assert solved.dual_value <= found.primal_value
    assert (found.hidden_bias, found.output_bias) == (solved.hidden_bias, solved.output_bias)
    assert found.unique != "not told"
    assert found.standardized == solved.standardized
    assert found.relative_gap <= 1e-11
    room = 1e-13 * found.primal_value
    assert found.dual_value <= value_of(found.smallest, found, X, y) <= found.primal_value + room
    for row, shown in zip(new, found.predictions, strict=True):
        at_row = float(found.smallest.predict(row[None])[0])
        assert shown.proven_low <= at_row <= shown.proven_high
        # what solve found is optimal up to its gap alone
        of_solve = solved.network.predict(row[None])[0]
        assert shown.proven_low - 1e-2 <= of_solve <= shown.proven_high + 1e-2
    for pruned in found.pruned:
        assert found.price(pruned) > 0.0
    assert [one.network.width for one in found.pruned] == list(range(found.smallest_width))[::-1]


@pytest.mark.parametrize("kind", ["free", "penalised"])
def test_no_trained_network_with_biases_is_below_the_bound(kind: str) -> None:
    X, y = drawn(6, 2, 3, "squared")
    found = optimal_set(X, y, beta_fraction=0.2, **KINDS[kind])
    rows, rng = np.column_stack([X, np.ones(6)]), np.random.default_rng(0)
    penalty = found.beta if kind == "penalised" else 0.0

    def loss(weights: np.ndarray) -> float:
        hidden, output, b = weights[:24].reshape(8, 3), weights[24:32], weights[32]
        residual = np.maximum(rows @ hidden.T, 0.0) @ output + b - y
        size = float(np.sum(hidden**2) + np.sum(output**2))
        return 0.5 * float(residual @ residual) + 0.5 * found.beta * size + 0.5 * penalty * b**2

    ends = [minimize(loss, rng.standard_normal(33), options={"maxiter": 200}) for _ in range(4)]
    assert all(found.dual_value <= end.fun for end in ends)
    best = min(ends, key=lambda end: end.fun)
    assert best.fun <= 1.05 * found.primal_value
    hidden, output = best.x[:24].reshape(8, 3), best.x[24:32]
    at_rows = np.maximum(rows @ hidden.T, 0.0) @ output + best.x[32]
    # the dual is strongly concave: a network is as near in outputs as its loss says
    far = np.sqrt(2.0 * max(best.fun - found.dual_value, 0.0)) + 2.0 * found.dual_radius
    assert np.linalg.norm(at_rows - (y - found.description.nu)) <= far


def test_a_free_constant_differs_between_optimal_networks_of_integer_data() -> None:
    y = np.array(NU) + np.array(FIT, dtype=np.float64)
    found = optimal_set(IN_THE_PLANE, y, beta=3.0, bias=True, at=[[2.0, 0.0], [0.0, 0.0]])
    assert (found.unique, found.proven_by, found.dimension) == ("no", "fractions", 1)
    assert (found.dimension_low, found.dimension_high, found.n_vertices) == (1, 1, 2)
    assert found.exact is not None
    assert found.exact.nu == tuple(map(Fraction, NU))
    assert (found.smallest_width, found.largest_width, found.largest_width_high) == (1, 1, 1)
    assert found.constant is not None
    assert (found.constant.low, found.constant.high) == pytest.approx((0.0, 4.0), abs=1e-12)
    assert found.constant.proven_low <= 0.0 <= 4.0 <= found.constant.proven_high
    # c of the neuron (1, 2, 2) / 3, 3 - c of its opposite: 4 - 4 c / 3 + c 4 / 3 - (3 - c) 0
    ends = [(one.low, one.high) for one in found.predictions]
    assert ends[0] == pytest.approx((4.0, 4.0), abs=1e-12)
    assert ends[1] == pytest.approx((2.0, 2.0), abs=1e-12)
    rng = np.random.default_rng(0)
    X = np.array(IN_THE_PLANE, dtype=np.float64)
    for _ in range(5):
        network = found.sample(rng)
        assert isinstance(network, FittedNetwork)
        assert found.constant.proven_low <= float(network.output_bias) <= found.constant.proven_high
        assert value_of(network, found, X, y) <= found.primal_value * (1.0 + 1e-13)
        assert network.predict(X) == pytest.approx(y - np.array(NU), abs=1e-12)
    assert len({float(found.sample(rng).output_bias) for _ in range(3)}) == 3


def test_a_constant_that_costs_is_the_same_for_all() -> None:
    y = np.array(NU) + np.array(FIT, dtype=np.float64)
    found = optimal_set(IN_THE_PLANE, y, beta=3.0, penalise="all")
    assert (found.unique, found.dimension_high) == ("yes", 0)
    assert found.constant is not None
    assert found.constant.low == found.constant.high
    assert found.constant.proven_low <= 0.0 <= found.constant.proven_high
    assert [weight.low for weight in found.weights if weight.low > 1e-6] == pytest.approx([3.0])


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("kind", ["free", "penalised"])
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_at_and_above_beta_max_a_constant_alone_is_optimal(
    kind: str, loss: str, factor: float
) -> None:
    X, y = drawn(7, 2, 0, loss)
    found = optimal_set(X, y, beta_fraction=factor, loss=loss, at=X[:1], **KINDS[kind])
    assert (found.unique, found.smallest_width, found.largest_width) == ("yes", 0, 0)
    assert found.constant is not None
    assert asdict(found.predictions[0]) == asdict(found.constant)
    assert found.smallest.predict(X) == pytest.approx(np.full(7, found.constant.low))
    if kind == "free" and loss == "squared":
        assert found.constant.proven_low <= y.mean() <= found.constant.proven_high


def test_free_constants_of_many_samples_in_the_plane_are_a_continuum() -> None:
    X, y = drawn(8, 2, 0, "squared")
    found = optimal_set(X, y, beta_fraction=0.01, bias=True, at=X)
    assert found.unique == "no"
    assert found.dimension_low == found.dimension == found.dimension_high
    assert found.constant is not None
    assert found.constant.high - found.constant.low > 1e-3
    assert found.largest_disagreement is not None
    assert found.largest_disagreement <= 1e-9
    rng = np.random.default_rng(0)
    values = [value_of(found.sample(rng), found, X, y) for _ in range(5)]
    assert max(values) <= found.primal_value * (1.0 + 1e-13)
    assert min(values) >= found.dual_value


def test_biases_that_make_no_polytope_are_refused_in_one_line() -> None:
    X, y = drawn(5, 2, 0, "squared")
    with pytest.raises(ConfigurationError, match=r"penalised, got penalise=weights: [^\n]*$"):
        optimal_set(X, y, beta_fraction=0.1, penalise="weights")
    with pytest.raises(ConfigurationError, match="Expected penalise to be"):
        optimal_set(X, y, beta_fraction=0.1, penalise="some")
