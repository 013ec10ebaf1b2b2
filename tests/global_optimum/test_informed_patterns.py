import numpy as np
import pytest

from relaxgap.data.dataset import Dataset
from relaxgap.data.gaussian import GaussianData
from relaxgap.global_optimum import informed_patterns as module
from relaxgap.global_optimum.informed_patterns import informed_patterns
from relaxgap.patterns import PatternSet, sample_patterns
from relaxgap.problems import relu_program
from relaxgap.solvers.base import Solution
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

DATA = GaussianData(n=20).load(np.random.default_rng(0))
BETA = 0.5


def solved(data: Dataset, patterns: PatternSet, rtol: float) -> Solution:
    return SemismoothNewton(rtol).solve(relu_program(data, patterns, BETA))


def test_no_round_is_a_gaussian_sample() -> None:
    informed = informed_patterns(DATA, BETA, 30, np.random.default_rng(1), rounds=0)
    gaussian = sample_patterns(DATA.X, 30, np.random.default_rng(1))
    assert np.array_equal(informed.gates, gaussian.gates)


@pytest.mark.parametrize("rounds", [1, 3])
def test_as_many_patterns_as_gates_come_of_many_that_there_are(rounds: int) -> None:
    found = informed_patterns(DATA, BETA, 30, np.random.default_rng(1), rounds)
    assert found.n_patterns == 30
    assert np.unique(found.packed, axis=0).shape[0] == 30
    assert not found.complete


def test_a_round_that_keeps_all_neurons_is_no_worse_than_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "KEPT", 1.0)
    first = sample_patterns(DATA.X, 10, np.random.default_rng(2))
    before = solved(DATA, first, module.GUIDING_RTOL)
    informed = informed_patterns(DATA, BETA, 20, np.random.default_rng(2), rounds=1)
    after = solved(DATA, informed, 1e-6)
    assert after.certificate.dual_value <= before.certificate.primal_value


def test_where_zero_is_optimal_gates_are_gaussian() -> None:
    beta = 1e3
    found = informed_patterns(DATA, beta, 12, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    sample_patterns(DATA.X, 6, rng)
    assert np.array_equal(found.gates, sample_patterns(DATA.X, 12, rng).gates)


def test_an_arrangement_of_fewer_patterns_than_gates_ends() -> None:
    data = Dataset(np.array([[1.0], [-2.0]]), np.array([1.0, 0.5]))
    found = informed_patterns(data, 0.1, 9, np.random.default_rng(4), rounds=2)
    assert found.n_patterns <= 2


@pytest.mark.parametrize(("n_gates", "rounds", "spread"), [(0, 1, 0.3), (4, -1, 0.3), (4, 1, 0.0)])
def test_numbers_out_of_range_are_refused(n_gates: int, rounds: int, spread: float) -> None:
    with pytest.raises(ValueError, match="Expected n_gates >= 1"):
        informed_patterns(DATA, BETA, n_gates, np.random.default_rng(0), rounds, spread)
