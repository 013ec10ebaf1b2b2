from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, random_program
from rational import certificate_holds

from relaxgap.certificates import DualCertificate, feasible_dual
from relaxgap.certificates.all_patterns.spectral import (
    SpectralDual,
    path,
    spectral_lower_bound,
    spectral_price,
)
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import sample_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

SEEDS = st.integers(0, 10_000)


def instance(n: int, d: int, seed: int) -> tuple[Dataset, float]:
    """Planted labels with noise, and a tenth of the strength at which zero is known optimal."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    y = np.maximum(X @ rng.standard_normal((d, 3)), 0.0) @ [1.0, -1.0, 1.0]
    y += 0.1 * rng.standard_normal(n)
    return Dataset(X, y), 0.1 * max(spectral_price(X, s * y).price_bound for s in (1.0, -1.0))


def scaled_by_its_price(data: Dataset, beta: float, nu: np.ndarray) -> float:
    largest = max(spectral_price(data.X, sign * nu).price_bound for sign in (1.0, -1.0))
    return feasible_dual(data.y, nu, largest, beta)[1]


def as_certificate(found: SpectralDual) -> DualCertificate:
    return DualCertificate(found.nu, np.inf, found.dual_value)


@pytest.mark.parametrize("seed", range(8))
def test_the_dual_point_is_feasible_for_every_pattern_in_exact_arithmetic(seed: int) -> None:
    n, d = 1 + seed % 4, 1 + seed % 3
    for program in (
        degenerate_program(relu_program, seed, n, d),
        random_program(relu_program, n, d, seed, fraction=10.0 ** -(seed % 6)),
    ):
        rtol = 1e-3 if seed % 2 else 0.0
        found = spectral_lower_bound(program.data, program.beta, rtol=rtol)
        assert certificate_holds(program, as_certificate(found))


@settings(max_examples=4)
@given(SEEDS)
def test_it_is_below_the_optimum_over_all_patterns_and_near_it(seed: int) -> None:
    program = random_program(relu_program, 7, 3, seed, labels="planted")
    found = spectral_lower_bound(program.data, program.beta)
    optimum = SemismoothNewton(rtol=1e-6).solve(program).certificate
    assert found.dual_value <= optimum.primal_value
    assert found.dual_value >= 0.8 * optimum.dual_value


@settings(max_examples=4)
@given(SEEDS)
def test_no_multiple_of_another_point_is_better(seed: int) -> None:
    data, beta = instance(20, 8, seed)
    nu0 = np.random.default_rng(seed).standard_normal(20) + data.y
    found = spectral_lower_bound(data, beta)
    assert found.converged
    for nu in (nu0, data.y, found.nu):
        assert scaled_by_its_price(data, beta, nu) <= 1.002 * found.dual_value
    assert scaled_by_its_price(data, beta, nu0) <= 0.99 * found.dual_value


@pytest.mark.parametrize("seed", range(2))
def test_it_is_never_worse_than_the_given_point_scaled(seed: int) -> None:
    data, beta = instance(20, 8, seed)
    good = spectral_lower_bound(data, beta).nu
    for nu0 in (good, -good, 0.0 * good, data.y):
        given = spectral_lower_bound(data, beta, nu0, max_iterations=3)
        largest = max(spectral_price(data.X, sign * nu0, 3).price_bound for sign in (1.0, -1.0))
        assert given.dual_value >= feasible_dual(data.y, nu0, largest, beta)[1]


@pytest.mark.parametrize("shape", [(80, 3), (30, 10), (15, 40), (12, 1)])
@pytest.mark.parametrize("fraction", [1e-5, 1e-2, 9.0])
def test_it_converges_over_all_strengths_and_shapes(
    shape: tuple[int, int], fraction: float
) -> None:
    data, beta = instance(*shape, seed=0)
    found = spectral_lower_bound(data, fraction * beta)
    assert found.converged
    assert found.n_iterations <= 40
    assert 0.0 < found.dual_value < 0.5 * float(data.y @ data.y)


@pytest.mark.parametrize("seed", range(6))
def test_it_converges_where_rows_span_sixteen_decades(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((15, 6)) * 10.0 ** rng.uniform(-8.0, 8.0, (15, 1))
    y = rng.standard_normal(15) * (rng.random(15) < 0.5)
    largest = max(spectral_price(X, sign * y).price_bound for sign in (1.0, -1.0))
    beta = largest * 10.0 ** rng.uniform(-6.0, 0.0)
    found = spectral_lower_bound(Dataset(X, y), beta)
    assert found.converged
    assert found.dual_value >= scaled_by_its_price(Dataset(X, y), beta, y)


def test_where_the_labels_themselves_are_feasible_it_is_half_their_square() -> None:
    data, beta = instance(12, 5, seed=1)
    found = spectral_lower_bound(data, 10.1 * beta)
    half = 0.5 * float(data.y @ data.y)
    assert (1.0 - 2e-3) * half <= found.dual_value <= half


@pytest.mark.parametrize("size", [1e-40, 1e40])
def test_units_of_the_labels_and_of_the_data_pass_through(size: float) -> None:
    data, beta = instance(12, 5, seed=2)
    expected = spectral_lower_bound(data, beta).dual_value
    labels = spectral_lower_bound(Dataset(data.X, size * data.y), size * beta)
    rows = spectral_lower_bound(Dataset(size * data.X, data.y), size * beta)
    assert labels.dual_value == pytest.approx(size**2 * expected, rel=1e-6)
    assert rows.dual_value == pytest.approx(expected, rel=1e-6)


def test_samples_without_a_row_cost_half_their_squared_labels() -> None:
    data, beta = instance(12, 5, seed=3)
    expected = spectral_lower_bound(data, beta, rtol=1e-7).dual_value
    for row in (0.0, 1e-300, 1e-14):
        X = np.vstack([data.X, np.full((1, 5), row)])
        more = Dataset(X, np.append(data.y, -2.0))
        found = spectral_lower_bound(more, beta, rtol=1e-7).dual_value
        assert found == pytest.approx(expected + 2.0, rel=1e-6)


def test_zero_labels_and_zero_data_have_their_known_values() -> None:
    X = np.random.default_rng(0).standard_normal((4, 3))
    assert spectral_lower_bound(Dataset(X, np.zeros(4)), 0.1).dual_value == 0.0
    zero = spectral_lower_bound(Dataset(np.zeros((4, 3)), np.ones(4)), 0.1)
    assert zero.dual_value == pytest.approx(2.0, rel=1e-12)
    assert zero.sample_gates(3, np.random.default_rng(0)).shape == (3, 3)


def test_an_unfinished_solve_is_weaker_and_valid() -> None:
    data, beta = instance(30, 10, seed=4)
    full = spectral_lower_bound(data, beta)
    none = spectral_lower_bound(data, beta, deadline=Deadline.after(0.0))
    assert none.n_iterations == 0
    assert not none.converged
    assert 0.0 < none.dual_value < full.dual_value
    values = [spectral_lower_bound(data, beta, max_iterations=k).dual_value for k in (2, 5, 8)]
    assert values == sorted(values)


@pytest.mark.parametrize(("seconds", "n_iterations"), [(10.0, 0), (1e6, 3)])
def test_no_first_iteration_starts_that_would_end_after_the_deadline(
    seconds: float, n_iterations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, beta = instance(30, 10, seed=4)
    # a small matrix takes a second, and 122 variables are more than ten of them long
    looks = count()
    monkeypatch.setattr(path, "perf_counter", lambda: float(next(looks)))
    monkeypatch.setattr(path, "TRIAL_ORDER", 50)
    monkeypatch.setattr(Deadline, "remaining_seconds", property(lambda _: seconds))
    found = spectral_lower_bound(data, beta, deadline=Deadline(1e300), max_iterations=3)
    assert found.n_iterations == n_iterations


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.inf])
def test_a_strength_that_is_not_positive_is_refused(beta: float) -> None:
    data, _ = instance(4, 2, seed=0)
    with pytest.raises(ConfigurationError, match="Expected a positive, finite beta"):
        spectral_lower_bound(data, beta)


@pytest.mark.parametrize("shape", [(30, 10), (15, 40)])
def test_gates_around_the_lifted_neurons_nearly_close_the_gap(shape: tuple[int, int]) -> None:
    data, beta = instance(*shape, seed=5)
    found = spectral_lower_bound(data, beta)
    rng = np.random.default_rng(0)
    values = [
        SemismoothNewton(rtol=1e-4)
        .solve(relu_program(data, patterns, beta))
        .certificate.primal_value
        for patterns in (
            pattern_set_from_gates(data.X, found.sample_gates(30, rng)),
            sample_patterns(data.X, 30, rng),
        )
    ]
    assert found.dual_value <= values[0] <= 1.12 * found.dual_value
    assert values[0] < values[1]


def test_a_larger_sample_of_gates_starts_with_the_smaller_one() -> None:
    found = spectral_lower_bound(*instance(12, 5, seed=6))
    few, many = (found.sample_gates(k, np.random.default_rng(1)) for k in (5, 9))
    assert np.array_equal(few, many[:5])
