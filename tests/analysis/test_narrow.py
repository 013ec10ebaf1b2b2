"""Narrow networks of one column: brackets, networks and depths, against independent references."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float64

import relaxgap
from relaxgap.networks.narrow_network import NarrowNetwork
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso
from relaxgap.problems.losses import LOGISTIC


def lasso_over_ramps(
    x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], beta: float
) -> float:
    """Return the optimum of the lasso over all ramps between samples, proven by its residual."""
    s = np.sort(x)
    ramps = [np.clip(x, a, b) - a for i, a in enumerate(s) for b in s[i + 1 :]]
    A = np.column_stack(ramps)
    A, y = A - A.mean(axis=0), y - y.mean()
    A = np.column_stack([A, -A])
    c = nonnegative_lasso(A, y, beta)
    residual = y - A @ c
    value = 0.5 * float(residual @ residual) + beta * float(c.sum())
    nu = min(1.0, beta / float(np.max(A.T @ residual))) * residual
    assert value - float(y @ nu) + 0.5 * float(nu @ nu) <= 1e-12 * value
    return value


def ramp_cost(x: Float64[np.ndarray, " n"], f: Float64[np.ndarray, " n"], depth: int) -> float:
    """Return the least cost of a function on sorted samples, from its slopes alone."""
    slopes = np.diff(f) / np.diff(x)
    variation = float(np.abs(np.diff(slopes)).sum())
    if depth == 2:
        # Savarese, Evron, Soudry & Srebro (2019), with slopes beyond the samples chosen best
        return max(variation, 0.5 * (variation + abs(float(slopes[0] + slopes[-1]))))
    return 0.5 * float(variation + abs(slopes[0]) + abs(slopes[-1]))


def random_network(rng: np.random.Generator, width: int, depth: int) -> NarrowNetwork:
    weights = rng.standard_normal((width, depth))
    return NarrowNetwork(weights, rng.standard_normal((width, depth - 1)), 0.5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fraction", [0.02, 0.1, 0.5])
def test_the_optimum_of_depth_three_is_that_of_the_lasso_over_ramps(
    seed: int, fraction: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(8), rng.standard_normal(8)
    found = relaxgap.solve(x, y, beta_fraction=fraction, program="narrow", rtol=1e-9)
    value = lasso_over_ramps(x, y, found.beta)
    room = 1e-11 * value
    assert found.relative_gap <= 1e-9
    assert found.dual_value - room <= value <= found.primal_value + room


@pytest.mark.slow
def test_depth_lowers_the_optimum_once() -> None:
    strictly = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 40))
        x, y = rng.standard_normal(n), rng.standard_normal(n)
        beta = 0.05 * 10.0 ** rng.uniform(-1.0, 1.0)
        two, three, four = (
            relaxgap.solve(x, y, beta=beta, program="narrow", depth=depth, rtol=1e-9)
            for depth in (2, 3, 4)
        )
        assert two.status is three.status is four.status is relaxgap.Status.SOLVED
        assert three.dual_value <= two.primal_value
        assert three.dual_value <= four.primal_value
        assert four.dual_value <= three.primal_value
        strictly += three.primal_value < two.dual_value
    assert strictly > 30


@pytest.mark.parametrize("seed", range(3))
def test_depth_two_is_the_two_layer_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(30), rng.standard_normal(30)
    narrow = relaxgap.solve(x, y, beta=0.3, program="narrow", depth=2, rtol=1e-9)
    two = relaxgap.solve(x[:, None], y, beta=0.3, penalise="weights", rtol=1e-9)
    assert narrow.dual_value <= two.primal_value
    assert two.dual_value <= narrow.primal_value
    new = np.linspace(-4.0, 4.0, 50)
    assert narrow.network.predict(new) == pytest.approx(two.network.predict(new[:, None]), abs=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4, 7])
def test_the_network_attains_the_value_and_is_balanced(depth: int) -> None:
    rng = np.random.default_rng(depth)
    x = rng.uniform(-2.0, 2.0, 80)
    y = np.sin(3.0 * x) + 0.1 * rng.standard_normal(80)
    found = relaxgap.solve(x, y, beta_fraction=0.01, program="narrow", depth=depth, rtol=1e-10)
    network, data = found.network, relaxgap.Dataset(x[:, None], y)
    assert isinstance(network, NarrowNetwork)
    assert network.depth == depth
    assert network.training_loss(data, found.beta) == pytest.approx(found.primal_value, rel=1e-10)
    sizes = np.abs(network.weights)
    assert sizes == pytest.approx(np.broadcast_to(sizes[:, :1], sizes.shape), rel=1e-12)
    again = network.balanced()
    assert again.predict(x) == pytest.approx(network.predict(x), abs=1e-12)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_random_networks_cost_at_least_what_their_slopes_do(depth: int) -> None:
    rng = np.random.default_rng(depth)
    for _ in range(100):
        network = random_network(rng, 3, depth)
        x = np.sort(rng.standard_normal(30))
        cost = ramp_cost(x, network.predict(x), min(depth, 3))
        assert cost <= network.cost * (1.0 + 1e-9) + 1e-9
        balanced = network.balanced()
        assert balanced.predict(x) == pytest.approx(network.predict(x), abs=1e-9)
        assert balanced.cost == pytest.approx(network.cost, rel=1e-12)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_optimum_costs_what_its_slopes_do(depth: int) -> None:
    rng = np.random.default_rng(depth)
    x, y = np.sort(rng.standard_normal(40)), rng.standard_normal(40)
    found = relaxgap.solve(x, y, beta_fraction=0.05, program="narrow", depth=depth, rtol=1e-10)
    fit = found.network.predict(x)
    value = 0.5 * float(np.sum((fit - y) ** 2)) + found.beta * ramp_cost(x, fit, depth)
    assert value == pytest.approx(found.primal_value, rel=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_trained_networks_never_fall_below_the_bound(depth: int) -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(-1.0, 1.0, 20)
    y = np.abs(np.sin(4.0 * x))
    found = relaxgap.solve(x, y, beta=0.02, program="narrow", depth=depth, rtol=1e-9)
    data, best = relaxgap.Dataset(x[:, None], y), np.inf
    for _ in range(4):
        for start in (random_network(rng, 8, depth), _moved(found.network, rng)):
            for network in _descent(start, x, y, found.beta):
                best = min(best, network.training_loss(data, found.beta))
                assert best >= found.dual_value
    assert best < 1.1 * found.primal_value


def _moved(network: NarrowNetwork, rng: np.random.Generator) -> NarrowNetwork:
    weights = network.weights + 0.1 * rng.standard_normal(network.weights.shape)
    biases = network.biases + 0.1 * rng.standard_normal(network.biases.shape)
    return NarrowNetwork(weights, biases, network.output_bias)


def _descent(
    network: NarrowNetwork, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], beta: float
) -> list[NarrowNetwork]:
    """Return networks on the way of Adam."""
    depth, way = network.depth, []
    parts = [network.weights.copy(), network.biases.copy(), np.array(network.output_bias)]
    first, second = [0.0 * part for part in parts], [0.0 * part for part in parts]
    for step in range(1, 601):
        W, b, c = parts
        layers = [np.broadcast_to(x[:, None], (x.size, W.shape[0]))]
        for layer in range(depth - 1):
            layers.append(np.maximum(layers[-1] * W[:, layer] + b[:, layer], 0.0))
        rest = layers[-1] @ W[:, -1] + c - y
        gW, gb = beta * np.sign(W) * np.abs(W) ** (depth - 1), np.zeros_like(b)
        gW[:, -1] += rest @ layers[-1]
        back = rest[:, None] * W[:, -1]
        for layer in reversed(range(depth - 1)):
            back = back * (layers[layer + 1] > 0.0)
            gW[:, layer] += np.sum(back * layers[layer], axis=0)
            gb[:, layer] += back.sum(axis=0)
            back = back * W[:, layer]
        for i, gradient in enumerate((gW, gb, rest.sum())):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.99 * second[i] + 0.01 * gradient**2
            scale = np.sqrt(second[i] / (1.0 - 0.99**step)) + 1e-9
            parts[i] = parts[i] - 0.02 * first[i] / (1.0 - 0.9**step) / scale
        if step % 100 == 0:
            way.append(NarrowNetwork(parts[0].copy(), parts[1].copy(), float(parts[2])))
    return way


def exact_price(
    x: Float64[np.ndarray, " n"], nu: Float64[np.ndarray, " n"], depth: int
) -> Fraction:
    """Return the largest price of a ramp at and between samples and beyond, as a fraction."""
    X, shares = [Fraction(v) for v in x.tolist()], [Fraction(v) for v in nu.tolist()]
    assert sum(shares) == 0
    ends = sorted(X)
    ends += [(a + b) / 2 for a, b in pairwise(ends)] + [ends[0] - 1, ends[-1] + 1]
    G = [sum(v * max(a - t, Fraction(0)) for v, a in zip(shares, X, strict=True)) for t in ends]
    if depth > 2:
        return max(G) - min(G)
    first = sum(v * a for v, a in zip(shares, X, strict=True))
    return max(max(abs(g), abs(g - first)) for g in G)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_certificates_hold_in_exact_arithmetic(depth: int, offset: float, loss: str) -> None:
    rng = np.random.default_rng(4)
    # samples that repeat, in a column of tiny size far from zero
    x = 1e-7 * np.round(3.0 * rng.standard_normal(25), 1) + offset
    y = rng.standard_normal(25) if loss == "squared" else np.sign(rng.standard_normal(25))
    found = relaxgap.solve(
        x, y, beta_fraction=0.03, program="narrow", depth=depth, loss=loss, rtol=1e-8
    )
    # so far from zero the biases of a network have no digits for kinks 1e-7 apart
    assert (found.status is relaxgap.Status.SOLVED) == (found.relative_gap <= 1e-8)
    assert found.relative_gap <= 1e-8 or offset > 0.0
    assert exact_price(x, found.nu, depth) <= Fraction(found.beta)
    if loss == "squared":
        nu = [Fraction(v) for v in found.nu.tolist()]
        value = sum(
            v * Fraction(label) - v * v / 2 for v, label in zip(nu, y.tolist(), strict=True)
        )
        assert Fraction(found.dual_value) <= value
    else:
        assert found.dual_value <= LOGISTIC.dual_value(found.nu, y)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([2.0], [3.0]),
        ([1.0, 1.0, 1.0], [0.0, 1.0, 5.0]),
        ([0.0, 1.0, 2.0], [4.0, 4.0, 4.0]),
        ([0.0, 0.0, 1.0, 1.0], [1.0, 3.0, 2.0, 4.0]),
    ],
)
def test_degenerate_columns_are_solved(x: list[float], y: list[float], depth: int) -> None:
    found = relaxgap.solve(x, y, beta=0.1, program="narrow", depth=depth, rtol=1e-9)
    sites = {a: [b for c, b in zip(x, y, strict=True) if c == a] for a in x}
    within = sum(0.5 * float(np.sum((np.array(b) - np.mean(b)) ** 2)) for b in sites.values())
    assert found.status is relaxgap.Status.SOLVED
    assert found.dual_value <= found.primal_value
    assert found.primal_value >= within * (1.0 - 1e-12)
    if len(sites) == 1 or len(set(y)) == 1:
        assert found.primal_value == pytest.approx(within, rel=1e-12)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("fraction", [1.0, 3.0])
def test_from_the_critical_strength_on_a_constant_is_optimal(
    depth: int, loss: str, fraction: float
) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(15), np.where(rng.random(15) < 0.6, 1.0, -1.0)
    found = relaxgap.solve(
        x, y, beta_fraction=fraction, program="narrow", depth=depth, loss=loss, rtol=1e-9
    )
    assert (found.status, found.network.width) == (relaxgap.Status.SOLVED, 0)


def test_ten_thousand_samples_are_solved_to_a_certificate() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(10_000)
    y = np.sin(3.0 * x) + 0.1 * rng.standard_normal(10_000)
    values = []
    for settings in ({"program": "narrow"}, {"penalise": "weights"}):
        found = relaxgap.solve(x[:, None], y, beta_fraction=0.01, rtol=1e-8, **settings)
        assert (found.status, found.solver) == (relaxgap.Status.SOLVED, "kinks")
        assert found.relative_gap <= 1e-8
        values.append(found.primal_value / found.beta)
    assert values[0] != values[1]


def test_a_network_is_written_and_read(tmp_path: Path) -> None:
    x, y = np.arange(6.0), np.array([0.0, 1.0, 0.0, 2.0, 1.0, 1.0])
    network = relaxgap.solve(x, y, beta=0.1, program="narrow").network
    with np.load(network.save(tmp_path / "network.npz")) as file:
        again = NarrowNetwork(file["weights"], file["biases"], float(file["output_bias"][0]))
    assert again.predict(x).tolist() == network.predict(x).tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 1}, "Expected a depth from 2"),
        ({"depth": True}, "Expected a whole number as depth"),
        ({"loss": "hinge"}, "Expected the squared or the logistic loss"),
        ({"patterns": "gaussian:3"}, "Expected no patterns for narrow networks"),
        ({"solver": "clarabel"}, "Expected no solver for narrow networks"),
        ({"penalise": "all"}, "Expected no penalise for narrow networks"),
        ({"standardize": True}, "Expected no standardize for narrow networks"),
        ({"rtol": -1.0}, "rtol"),
        ({"backend": relaxgap.Backend(dtype="float32")}, "Expected the backend numpy in float64"),
        ({"program": "relu", "depth": 3}, "Expected no depth for the program relu"),
        ({"program": "relu", "solver": "kinks"}, "Expected one column, all patterns"),
    ],
)
def test_what_narrow_networks_do_not_have_is_refused(
    settings: dict[str, object], message: str
) -> None:
    x, y = np.arange(4.0)[:, None], np.array([1.0, -1.0, 1.0, 1.0])
    with pytest.raises(relaxgap.ConfigurationError, match=message):
        relaxgap.solve(x, y, **{"beta": 0.1, "program": "narrow", **settings})


def test_several_columns_are_refused() -> None:
    with pytest.raises(relaxgap.DataError, match="Expected one column for narrow networks, got 2"):
        relaxgap.solve(np.eye(2), [0.0, 1.0], beta=0.1, program="narrow")
