"""Propositions 1 to 4, Corollaries 1 and 2, Theorems 4 and 5, equation (7) and Lemma 6."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from jaxtyping import Bool, Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import DataError
from relaxgap.patterns import enumerate_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import gated_program
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton
from relaxgap.theory import gated_ratio as bounds
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_number,
    kappa_bound,
    kappa_limit,
    largest_eigenvalue,
    least_eigenvalue,
    linear_kernel,
    sampled_activation_gram,
)
from relaxgap.theory.random_interpolation import (
    failure_bound,
    gates_needed,
    interpolating_gates,
    interpolation_residual,
)
from relaxgap.theory.ridge_relaxation import ridge_bounds, ridge_limit, ridge_value


@dataclass(frozen=True)
class Instance:
    X: Float64[np.ndarray, "n d"]
    y: Float64[np.ndarray, " n"]
    gates: Float64[np.ndarray, "P d"]

    @property
    def active(self) -> Bool[np.ndarray, "P n"]:
        return np.asarray(self.gates @ self.X.T >= 0.0)


def instance(seed: int, n: int = 8, d: int = 4, n_gates: int = 20) -> Instance:
    rng = np.random.default_rng(seed)
    return Instance(
        rng.standard_normal((n, d)), rng.standard_normal(n), rng.standard_normal((n_gates, d))
    )


def test_the_closed_form_is_the_mean_over_gates() -> None:
    given = instance(0, n=6, d=3, n_gates=400_000)
    exact, sampled = activation_gram(given.X), sampled_activation_gram(given.X, given.active)
    assert np.linalg.norm(exact - sampled) < 5e-3 * np.linalg.norm(exact)


@pytest.mark.parametrize("tilt", [0.0, 1e-16, 1e-13, 1e-9])
def test_equal_rows_are_singular_and_nearly_equal_ones_are_as_far_apart_as_they_are(
    tilt: float,
) -> None:
    X = np.array([[3.0, 0.0], [3.0, 3.0 * tilt], [0.0, 1.0]])
    least = least_eigenvalue(activation_gram(X))
    if tilt < 1e-15:
        assert least == 0.0
        assert condition_number(X) == math.inf
    else:
        # 1/2 - angle / 2 pi against 1/2 on the diagonal
        assert least == pytest.approx(9.0 * tilt / (2.0 * math.pi), rel=1e-3)


def test_a_row_that_no_gate_activates_is_singular() -> None:
    given = instance(1)
    active = given.active
    active[:, 2] = False
    assert least_eigenvalue(sampled_activation_gram(given.X, active)) == 0.0
    assert not bounds.proposition_3(sampled_activation_gram(given.X, active), given.y, 0.1).applies


@pytest.mark.parametrize(("c", "limit"), [(0.5, 10.7), (1.0, 16.0), (2.0, 23.3), (4.0, 36.0)])
def test_kappa_tends_to_its_limit_and_stays_below_theorem_6(c: float, limit: float) -> None:
    assert kappa_limit(c) == pytest.approx(limit, abs=0.05)
    d = 150
    X = np.random.default_rng(0).standard_normal((round(c * d), d))
    assert 1.0 <= condition_number(X) <= kappa_bound(c)
    assert condition_number(X) == pytest.approx(limit, rel=0.45)


def test_lemma_6_needs_its_constant_matrix() -> None:
    errors, without = [], []
    for d in (50, 200):
        X = np.random.default_rng(0).standard_normal((2 * d, d))
        M = activation_gram(X)
        errors.append(np.linalg.norm(M - linear_kernel(X), 2) / d)
        plain = linear_kernel(X) - 1.0 / (2.0 * math.pi)
        without.append(np.linalg.norm(M - plain, 2) / d)
    assert errors[1] < 0.6 * errors[0]
    assert without[1] > 0.25


def test_the_2n_gates_of_proposition_1_fit_every_label() -> None:
    given = instance(3, n=9, d=4)
    found = interpolating_gates(given.X, given.y, np.random.default_rng(0))
    active = found.gates @ given.X.T >= 0.0
    changed = active[0::2] != active[1::2]
    np.testing.assert_array_equal(changed, np.eye(9, dtype=bool))
    fit = np.einsum("pn,nd,pd->n", active.astype(float), given.X, found.weights)
    np.testing.assert_allclose(fit, given.y, atol=1e-12)
    assert interpolation_residual(given.X, given.y, active) < 1e-12


def test_parallel_rows_have_no_such_gates() -> None:
    X = np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]])
    with pytest.raises(DataError, match="no two are parallel"):
        interpolating_gates(X, np.ones(3), np.random.default_rng(0))


def test_corollary_1_is_the_least_squares_residual() -> None:
    given = instance(4, n=12, d=3, n_gates=3)
    features = np.hstack([row[:, None] * given.X for row in given.active])
    w, *_ = np.linalg.lstsq(features, given.y, rcond=None)
    expected = np.linalg.norm(features @ w - given.y)
    assert expected > 0.1
    assert interpolation_residual(given.X, given.y, given.active) == pytest.approx(expected)


def test_the_sharp_chernoff_bound_is_below_the_stated_one() -> None:
    kappa, n = 30.0, 40
    needed = gates_needed(kappa, n, 0.1)
    assert failure_bound(kappa, n, needed) <= n * math.exp(-needed / (8.0 * kappa)) <= 0.1 + 1e-12


def test_theorem_4_is_the_optimum_with_repeats_kept() -> None:
    given = instance(5, n=10, d=5, n_gates=30)
    gates = np.vstack([given.gates, given.gates[:7]])
    active, beta, P = gates @ given.X.T >= 0.0, 0.3, 37
    gram = sampled_activation_gram(given.X, active)
    features = np.hstack([row[:, None] * given.X for row in active])
    # the normal equations of the program itself
    w = np.linalg.solve(
        features.T @ features + 2.0 * beta * np.eye(features.shape[1]), features.T @ given.y
    )
    optimum = 0.5 * np.sum((features @ w - given.y) ** 2) + beta * w @ w
    assert ridge_value(gram, given.y, beta, P) == pytest.approx(optimum, rel=1e-10)
    # without its repeats it is another number
    distinct = np.unique(active, axis=0)
    other = ridge_value(sampled_activation_gram(given.X, distinct), given.y, beta, len(distinct))
    assert abs(other / optimum - 1.0) > 1e-3
    M = activation_gram(given.X)
    low, high = ridge_bounds(largest_eigenvalue(given.X), least_eigenvalue(M), given.y, beta, P)
    assert low <= optimum <= high


def test_the_number_of_gates_times_theorem_4_tends_to_its_limit() -> None:
    given = instance(6, n=8, d=4, n_gates=100_000)
    limit = ridge_limit(activation_gram(given.X), given.y, 0.1)
    value = ridge_value(sampled_activation_gram(given.X, given.active), given.y, 0.1, 100_000)
    assert 100_000 * value == pytest.approx(limit, rel=0.02)


def test_the_surrogate_is_the_gated_objective_at_its_least() -> None:
    rng = np.random.default_rng(7)
    residual, lengths = rng.standard_normal(5), np.array([0.0, 1.0, 2.5])
    objective = 0.5 * residual @ residual + 0.2 * lengths.sum()
    assert bounds.surrogate_value(residual, lengths, lengths, 0.2) == pytest.approx(objective)
    for t in rng.random((20, 3)) + 0.01:
        assert bounds.surrogate_value(residual, lengths, t, 0.2) >= objective


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.01, 0.3, 1.5])
def test_every_bound_of_the_gated_values_holds(seed: int, share: float) -> None:
    given = instance(seed)
    data, everything = Dataset(given.X, given.y), enumerate_patterns(given.X)
    C_y = bounds.largest_gated_price(given.X, given.y, everything.patterns)
    beta = share * C_y
    sampled, complete = (
        SemismoothNewton(rtol=1e-8).solve(gated_program(data, patterns, beta)).certificate
        for patterns in (pattern_set_from_gates(given.X, given.gates), everything)
    )
    gram = sampled_activation_gram(given.X, given.active)
    largest = largest_eigenvalue(given.X)
    assert sampled.dual_value <= bounds.proposition_3(gram, given.y, beta).value
    assert bounds.proposition_4(C_y, given.y, beta).value <= complete.primal_value
    corollary = bounds.corollary_2(largest, given.y, beta)
    assert not corollary.applies or corollary.value <= complete.primal_value
    ratio = sampled.dual_value / complete.primal_value
    seventh = bounds.equation_7(C_y, gram, given.y)
    assert seventh.value >= 2.0
    assert ratio <= seventh.value
    kappa = condition_number(given.X)
    assert ratio <= bounds.theorem_5(kappa, True).value
    if share >= 1.0:
        assert complete.primal_value == pytest.approx(0.5 * given.y @ given.y)


def test_labels_of_zero_have_no_ratio() -> None:
    given = instance(0)
    gram = sampled_activation_gram(given.X, given.active)
    assert bounds.equation_7(0.0, gram, np.zeros(8)).value == 2.0
    assert bounds.proposition_4(0.0, np.zeros(8), 0.1).value == 0.0
