import warnings

import numpy as np
import pytest
from biased_programs import conic_optimum

import relaxgap
from relaxgap.certificates.output_bias import OutputBias
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems.biases import CONVENTIONAL, PENALISED, Bias, BiasColumn, Biases
from relaxgap.problems.losses import LOSSES, SQUARED

ASKED = {
    CONVENTIONAL: {"bias": True},
    PENALISED["weights"]: {"penalise": "weights"},
    PENALISED["all"]: {"penalise": "all"},
}


def instance(seed: int, n: int, d: int, loss: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * [1.0, 3.0][:d] + 2.0
    y = rng.standard_normal(n) + 3.0
    if LOSSES[loss].of_classes:
        y = np.where(y > np.median(y), 1.0, -1.0)
    return X, y


@pytest.mark.parametrize("biases", ASKED, ids=["bias", "weights", "all"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("n", "d"), [(6, 2), (9, 1)])
def test_the_bracket_holds_the_optimum_that_a_conic_solver_finds(
    n: int, d: int, loss: str, biases: Biases
) -> None:
    X, y = instance(n, n, d, loss)
    result = relaxgap.solve(X, y, beta=0.3, loss=loss, rtol=1e-4, **ASKED[biases])
    patterns = enumerate_patterns(np.column_stack([X, np.ones(n)]))
    with warnings.catch_warnings():
        # Clarabel says so where it is inaccurate
        warnings.simplefilter("ignore")
        optimum = conic_optimum(X, y, patterns, 0.3, loss, biases)
    assert result.status is relaxgap.Status.SOLVED
    assert result.complete
    assert result.dual_value <= optimum * (1.0 + 1e-5)
    assert result.primal_value >= optimum * (1.0 - 1e-5)


@pytest.mark.parametrize("biases", ASKED, ids=["bias", "weights", "all"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_network_of_raw_rows_attains_the_upper_end(loss: str, biases: Biases) -> None:
    X, y = instance(3, 8, 2, loss)
    result = relaxgap.solve(
        X, y, beta_fraction=0.1, loss=loss, rtol=1e-3, standardize=True, **ASKED[biases]
    )
    value = result.network.training_loss(relaxgap.Dataset(X, y), result.beta, LOSSES[loss])
    assert result.dual_value <= value <= result.primal_value * (1.0 + 1e-9)


def test_penalties_are_those_of_the_problem() -> None:
    X, y = instance(0, 8, 2, "squared")
    for biases, asked in ASKED.items():
        network = relaxgap.solve(X, y, beta=0.5, rtol=1e-3, **asked).network
        hidden, bias = network.network.hidden[:, :-1], network.network.hidden[:, -1]
        squares = np.sum(hidden**2) + np.sum(network.network.output**2)
        if biases.hidden is Bias.PENALISED:
            squares += np.sum(bias**2)
        if biases.output is Bias.PENALISED:
            squares += network.output_bias**2
        outputs = np.maximum(X @ hidden.T + bias, 0.0) @ network.network.output
        fit = 0.5 * np.sum((outputs + network.output_bias - y) ** 2)
        loss = network.training_loss(relaxgap.Dataset(X, y))
        assert loss == pytest.approx(fit + 0.25 * squares, rel=1e-12)


def test_a_free_output_bias_takes_an_offset_of_the_labels() -> None:
    X, y = instance(1, 8, 2, "squared")
    values = [
        relaxgap.solve(X, y + offset, beta=0.5, rtol=1e-5, bias=True).primal_value
        for offset in (0.0, 1e3)
    ]
    assert values[1] == pytest.approx(values[0], rel=2e-5)


def test_free_hidden_biases_take_an_offset_of_the_columns() -> None:
    X, y = instance(1, 6, 2, "squared")
    values = [
        relaxgap.solve(X + offset, y, beta=0.5, rtol=1e-5, penalise="weights").primal_value
        for offset in (0.0, 1e3)
    ]
    assert values[1] == pytest.approx(values[0], rel=2e-5)


@pytest.mark.parametrize("asked", ASKED.values(), ids=["bias", "weights", "all"])
def test_weights_are_zero_at_beta_max_and_not_below(asked: dict[str, object]) -> None:
    X, y = instance(2, 9, 2, "squared")
    at, below = (
        relaxgap.solve(X, y, beta_fraction=fraction, rtol=1e-6, **asked).network.network
        for fraction in (1.0 + 1e-6, 0.9)
    )
    assert np.all(np.abs(at.output)[:, None] * np.abs(at.hidden[:, :-1]) < 1e-6)
    assert np.abs(below.output).max() > 1e-3


def test_a_mean_of_two_dual_points_has_a_sum_of_zero_and_a_value_between() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal(6)
    bias = OutputBias(y, SQUARED, 1.0, 0.0, BiasColumn.absent(rng.standard_normal((6, 2))))
    above, below = y - y.mean() + 0.1, y - y.mean() - 0.3
    nu, value, share = bias.mean(above, below, 10.0)
    assert share == pytest.approx(0.75)
    assert abs(nu.sum()) < 1e-12
    assert 0.0 < value <= SQUARED.dual_value(nu, y)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_no_constant_near_the_best_one_is_better(loss: str, penalty: float) -> None:
    rng = np.random.default_rng(1)
    y, fit = np.sign(rng.standard_normal(9)), rng.standard_normal(9)
    bias = OutputBias(y, LOSSES[loss], 1.0, penalty, BiasColumn.absent(np.ones((9, 1))))

    def value(constant: float) -> float:
        return LOSSES[loss].value(fit + constant, y) + 0.5 * penalty * constant**2

    best = bias.best_constant(fit)
    for step in (1e-4, 1e-2, 1.0):
        assert value(best) <= min(value(best - step), value(best + step)) + 1e-12


def test_a_dual_point_off_balance_loses_what_a_constant_could_gain() -> None:
    y = np.array([1.0, 2.0, 4.0])
    bias = OutputBias(y, SQUARED, 1.0, 0.0, BiasColumn.absent(np.ones((3, 1))))
    balanced = bias.lower_bound(np.array([-0.5, 0.0, 0.5]), 10.0)[1]
    nu = np.array([-0.5, 0.0, 0.6])
    tilted = bias.lower_bound(nu, 10.0)[1]
    assert balanced == pytest.approx(1.25, rel=1e-9)
    assert tilted < 0.9 * SQUARED.dual_value(nu, y)


def test_a_free_hidden_bias_asks_for_a_free_output_bias() -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="Expected a free output bias"):
        Biases(Bias.FREE, Bias.PENALISED)


def test_a_column_goes_to_ones_and_back() -> None:
    rng = np.random.default_rng(0)
    X, weights = rng.standard_normal((5, 2)) + 3.0, rng.standard_normal((4, 3))
    for column in (BiasColumn.free(X, 1e-3, short=False), BiasColumn.penalised(X)):
        ones = column.with_ones(weights)
        np.testing.assert_allclose(column.from_ones(ones), weights, rtol=1e-12)
        rows = np.column_stack([X, np.ones(5)])
        np.testing.assert_allclose(rows @ ones.T, column.append(X) @ weights.T, rtol=1e-9)


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (5.0 * np.ones(6), "squared"),
        (1.0 + 1e-3 * np.arange(6.0), "squared"),
        (np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0]), "hinge"),
        (np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0]), "logistic"),
    ],
)
def test_beta_max_is_where_weights_vanish_for_good_beside_a_bias_that_costs(
    y: np.ndarray, loss: str
) -> None:
    X = np.random.default_rng(0).standard_normal((6, 2))

    def largest_weight(beta: float) -> float:
        asked = {"penalise": "all", "loss": loss, "rtol": 1e-7 if loss != "hinge" else 1e-6}
        network = relaxgap.solve(X, y, beta=beta, **asked).network.network
        return float(np.abs(network.output).max(initial=0.0))

    beta_max = relaxgap.path(X, y, penalise="all", points=2, loss=loss).beta_max
    assert largest_weight(0.9 * beta_max) > 1e-3
    assert max(map(largest_weight, (1.01 * beta_max, 2.0 * beta_max))) < 1e-6


def test_columns_of_any_unit_have_a_column_of_biases_of_theirs() -> None:
    X = np.array([[-3.0], [-1.0], [1.0], [3.0]])
    lengths = [BiasColumn.free(unit * X, 1e-3, short=False).length for unit in (1e-6, 1.0)]
    assert lengths[0] == pytest.approx(1e-6 * lengths[1])


def test_one_class_that_a_constant_fits_is_solved() -> None:
    result = relaxgap.solve([[1.0]], [1.0], beta=0.1, penalise="all", loss="hinge")
    assert result.status is relaxgap.Status.SOLVED


def test_free_biases_cost_few_newton_steps_under_the_logistic_loss() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((8, 1)), np.where(rng.standard_normal(8) > 0, 1.0, -1.0)
    result = relaxgap.solve(X, y, beta=0.1, loss="logistic", penalise="weights")
    assert result.status is relaxgap.Status.SOLVED
    assert result.n_iterations < 300
