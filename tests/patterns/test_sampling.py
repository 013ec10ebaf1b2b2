import numpy as np
import pytest

from relaxgap.patterns import pattern_set
from relaxgap.patterns.sampling import sample_patterns


def test_a_larger_sample_starts_with_the_smaller_one() -> None:
    X = np.random.default_rng(0).standard_normal((12, 5))
    small = sample_patterns(X, 40, np.random.default_rng(7))
    large = sample_patterns(X, 400, np.random.default_rng(7))
    assert large.n_patterns > small.n_patterns
    assert np.array_equal(large.gates[: small.n_patterns], small.gates)
    assert np.array_equal(large.packed[: small.n_patterns], small.packed)


def test_sampled_patterns_are_distinct_and_produced_by_their_gates() -> None:
    X = np.random.default_rng(1).standard_normal((6, 2))
    sample = sample_patterns(X, 500, np.random.default_rng(2))
    assert np.unique(sample.patterns, axis=0).shape[0] == sample.n_patterns == 12
    assert np.array_equal(sample.gates @ X.T >= 0.0, sample.patterns)


def test_gates_are_the_first_draws_of_the_generator() -> None:
    X = np.eye(3)
    sample = sample_patterns(X, 1, np.random.default_rng(3))
    assert np.array_equal(sample.gates, np.random.default_rng(3).standard_normal((1, 3)))


def test_a_sample_never_claims_to_be_complete() -> None:
    assert not sample_patterns(np.eye(1), 100, np.random.default_rng(4)).complete


@pytest.mark.parametrize("n_gates", [0, -3])
def test_a_sample_needs_at_least_one_gate(n_gates: int) -> None:
    with pytest.raises(ValueError, match=f"n_gates={n_gates}"):
        sample_patterns(np.eye(2), n_gates, np.random.default_rng(0))


def test_long_data_are_read_once_a_chunk_of_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X, gates = rng.standard_normal((43, 3)), rng.standard_normal((9, 3))
    whole = pattern_set.patterns_of_gates(X, gates)
    monkeypatch.setattr(pattern_set, "CHUNK_ENTRIES", 10)
    monkeypatch.setattr(pattern_set, "ROWS_AT_ONCE", 16)
    assert np.array_equal(pattern_set.patterns_of_gates(X, gates), whole)
