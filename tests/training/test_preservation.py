import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.data.dataset import Dataset
from relaxgap.networks import live_neurons
from relaxgap.training import (
    TrainingSpec,
    initial_networks,
    measure_preservation,
    patterns_kept,
    train,
)

LEMMA = TrainingSpec(
    method="gd",
    n_steps=5000,
    learning_rate=1.0,
    schedule="constant",
    train_output=False,
    stop_loss_fraction=0.01,
)


def unit_sphere_data(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return Dataset(X / np.linalg.norm(X, axis=1, keepdims=True), rng.standard_normal(n))


def test_identical_weights_keep_everything() -> None:
    rng = np.random.default_rng(0)
    hidden, X = rng.standard_normal((9, 4)), rng.standard_normal((6, 4))
    kept = measure_preservation(hidden, hidden, rng.standard_normal(9), X, sigma=1.0)
    assert kept.bits_kept == kept.interior_bits_kept == kept.neurons_kept == 1.0
    assert kept.patterns_kept == kept.live_neurons == 1.0
    assert kept.certified_bits_kept == kept.certified_neurons_kept == 1.0
    assert kept.max_movement == kept.mean_movement == 0.0
    assert kept.bits_bound == kept.neurons_bound == 1.0


def test_opposite_weights_keep_nothing() -> None:
    rng = np.random.default_rng(0)
    hidden, X = rng.standard_normal((9, 4)), rng.standard_normal((6, 4))
    kept = measure_preservation(hidden, -hidden, np.ones(9), X, sigma=1.0)
    assert kept.bits_kept == kept.neurons_kept == kept.certified_bits_kept == 0.0


def test_every_count_agrees_with_the_count_by_hand() -> None:
    X = np.eye(2)
    initial = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])
    # One bit of the third neuron flips; the fourth sits on a boundary and is dead.
    hidden = np.array([[1.0, 1.0], [2.0, 1.0], [0.5, 1.0], [-1.0, 0.0]])
    output = np.array([1.0, 1.0, 1.0, 0.0])
    kept = measure_preservation(initial, hidden, output, X, sigma=0.5)
    assert kept.bits_kept == 6 / 8
    assert kept.interior_bits_kept == 6 / 7
    assert kept.neurons_kept == 2 / 4
    assert kept.live_neurons == 3 / 4
    # Initial patterns 11, 01, 00; live ones now: 11.
    assert kept.patterns_kept == pytest.approx(1 / 3)
    assert kept.max_movement == 3.0
    assert kept.mean_movement == pytest.approx(2.5 / 4 / 0.5)
    # Movement 0, 0, 1.5, 1: nothing of the third and fourth neuron is certain.
    assert kept.certified_bits_kept == 4 / 8
    assert kept.certified_neurons_kept == 2 / 4
    assert kept.bits_bound == pytest.approx(1 - math.sqrt(2 / math.pi) * 3)
    assert kept.neurons_bound == pytest.approx(1 - 2 * math.sqrt(2 / math.pi) * 3)


def test_patterns_that_neurons_exchange_are_kept() -> None:
    initial = np.array([[1.0, 1.0], [-1.0, 1.0], [2.0, 2.0]])
    assert patterns_kept(initial, initial[[1, 0]], np.eye(2)) == 1.0
    assert patterns_kept(initial, initial[[0]], np.eye(2)) == 0.5


def test_a_zero_pre_activation_is_active_for_the_patterns_too() -> None:
    initial, now = np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])
    assert measure_preservation(initial, now, np.ones(1), np.eye(2), 1.0).bits_kept == 1.0
    assert patterns_kept(initial, now, np.eye(2)) == 1.0


def test_a_network_of_zeros_has_no_live_neuron() -> None:
    assert not np.any(live_neurons(np.zeros((3, 2)), np.ones(3)))


def test_chunks_of_neurons_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    initial, X = rng.standard_normal((23, 3)), rng.standard_normal((7, 3))
    hidden = initial + 0.3 * rng.standard_normal((23, 3))
    whole = measure_preservation(initial, hidden, np.ones(23), X, 1.0)
    monkeypatch.setattr("relaxgap.numerics.limits.CHUNK_ENTRIES", 30)
    assert measure_preservation(initial, hidden, np.ones(23), X, 1.0) == whole


def test_a_vanishing_sigma_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected a finite sigma > 0"):
        measure_preservation(np.ones((1, 1)), np.ones((1, 1)), np.ones(1), np.ones((1, 1)), 0.0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5), st.floats(1e-12, 1e3))
def test_the_certificate_never_promises_more_than_is_kept(
    seed: int, n: int, d: int, distance: float
) -> None:
    rng = np.random.default_rng(seed)
    X, initial = rng.standard_normal((n, d)), rng.standard_normal((8, d))
    away = rng.standard_normal((8, d))
    # Straight towards a sample, a hyperplane is crossed at the least possible movement.
    along = -np.outer(initial @ X[0], X[0]) / (X[0] @ X[0]) * (1.0 + rng.choice([0.0, 1e-15, 1e-9]))
    for hidden in (initial + distance * away, initial + along):
        kept = measure_preservation(initial, hidden, np.ones(8), X, 1.0)
        assert kept.certified_bits_kept <= kept.bits_kept
        assert kept.certified_neurons_kept <= kept.neurons_kept


@pytest.mark.parametrize("method", ["gd", "sgd", "adam"])
@pytest.mark.parametrize("train_output", [False, True])
def test_flips_of_a_trained_run_lie_in_the_certified_set_at_every_step(
    method: str, train_output: bool
) -> None:
    data = unit_sphere_data(12, 6, seed=0)
    spec = TrainingSpec(
        method=method,
        n_steps=100,
        learning_rate=0.01 if method == "adam" else 0.5,
        batch_size=0 if method == "gd" else 4,
        train_output=train_output,
    )
    initial = initial_networks(spec, 50, 6, [np.random.default_rng(s) for s in range(2)])
    beta = 0.05 if train_output else 0.0
    run = train(data, beta, spec, initial, np.random.default_rng(0), record_preservation=True)
    for row in run.preservation:
        for kept in row:
            assert kept.certified_bits_kept <= kept.bits_kept
            assert kept.certified_neurons_kept <= kept.neurons_kept
            assert kept.neurons_kept <= kept.bits_kept
    before = initial.hidden @ data.X.T
    flipped = (before >= 0.0) != (run.final.hidden @ data.X.T >= 0.0)
    movement = np.linalg.norm(run.final.hidden - initial.hidden, axis=2)
    reach = movement[:, :, None] * np.linalg.norm(data.X, axis=1)
    assert np.any(flipped)
    assert np.all(np.abs(before)[flipped] <= reach[flipped] * (1.0 + 1e-12))


def test_the_expected_share_of_bits_near_their_hyperplane_is_below_the_bound() -> None:
    rng = np.random.default_rng(0)
    sigma, tau = 0.1, 0.02
    initial = sigma * rng.standard_normal((4000, 3))
    directions = rng.standard_normal((4000, 3))
    hidden = initial + tau * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    X = np.random.default_rng(1).standard_normal((5, 3))
    kept = measure_preservation(initial, hidden, np.ones(4000), X, sigma)
    assert kept.max_movement == pytest.approx(tau / sigma)
    assert kept.certified_bits_kept >= kept.bits_bound - 0.01
    assert kept.certified_neurons_kept >= kept.neurons_bound - 0.02


# Recorded runs of the coupling lemma's protocol: n = 40, d = 20, unit rows, three seeds.
RECORDED = [(250, 0.0370, 0.624, 0.465, 0.94), (1000, 0.0189, 0.466, 0.237, 0.91)]


@pytest.mark.parametrize(("m", "bits", "neurons", "mean_movement", "certificate"), RECORDED)
def test_the_coupling_protocol_reproduces_the_recorded_shares(
    m: int, bits: float, neurons: float, mean_movement: float, certificate: float
) -> None:
    rows = []
    for seed in range(4):
        data = unit_sphere_data(40, 20, seed)
        initial = initial_networks(LEMMA, m, 20, [np.random.default_rng([seed, s]) for s in (0, 1)])
        run = train(
            data,
            0.0,
            replace(LEMMA, n_logged=2),
            initial,
            np.random.default_rng(seed),
            record_preservation=True,
        )
        assert np.all(run.final_losses <= 0.01 * run.losses[0])
        rows += run.preservation[-1]
    assert np.mean([1 - kept.bits_kept for kept in rows]) == pytest.approx(bits, rel=0.1)
    assert np.mean([1 - kept.neurons_kept for kept in rows]) == pytest.approx(neurons, rel=0.1)
    assert np.mean([kept.mean_movement for kept in rows]) == pytest.approx(mean_movement, rel=0.15)
    assert np.mean([1 - kept.certified_neurons_kept for kept in rows]) == pytest.approx(
        certificate, abs=0.03
    )
