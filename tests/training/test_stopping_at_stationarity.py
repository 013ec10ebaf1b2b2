"""A run stops at the first logged step at which 0 is nearly a subgradient."""

from dataclasses import replace

import numpy as np
import pytest
from small_runs import D, M, gaussian_data, generator, starts

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, stationarity_residual
from relaxgap.training import (
    NetworkBatch,
    TrainingSpec,
    TrainingStatus,
    train,
    training_losses,
)
from relaxgap.training.stationarity_bounds import residual_lower_bounds

BETA = 1.0
SPEC = TrainingSpec(
    method="gd", n_steps=400, learning_rate=0.5, schedule="constant", stop_residual=1e-3
)


def residual(networks: NetworkBatch, run: int, data: Dataset, limit: float) -> float:
    network = TwoLayerNetwork(networks.hidden[run], networks.output[run])
    return stationarity_residual(network, data, BETA, limit)


@pytest.mark.parametrize("limit", [1e-2, 1e-4])
def test_a_run_stops_at_the_first_logged_step_under_the_limit(limit: float) -> None:
    data, spec = gaussian_data(seed=3), replace(SPEC, stop_residual=limit)
    initial = starts([spec] * 3)
    result = train(data, BETA, spec, initial, generator())
    stopped = [run for run in range(3) if result.status[run] is TrainingStatus.STATIONARY]
    assert len(stopped) >= 2
    for run in stopped:
        step = int(result.n_steps_done[run])
        place = result.steps.tolist().index(step)
        assert residual(result.final, run, data, limit) <= limit
        assert np.all(result.losses[place:, run] == result.losses[place, run])
        # with a constant step a shorter run takes the same steps
        before = replace(spec, n_steps=int(result.steps[place - 1]), stop_residual=None)
        alone = initial.of_runs(slice(run, run + 1))
        earlier = train(data, BETA, before, alone, generator()).final
        assert residual(earlier, 0, data, limit) > limit


def test_runs_that_never_get_there_take_all_their_steps() -> None:
    data, spec = gaussian_data(), replace(SPEC, n_steps=20)
    initial = starts([spec] * 3)
    result = train(data, BETA, spec, initial, generator())
    free = train(data, BETA, replace(spec, stop_residual=None), initial, generator())
    assert result.status == (TrainingStatus.DONE,) * 3
    assert result.n_steps_done.tolist() == [20] * 3
    np.testing.assert_array_equal(result.losses, free.losses)
    np.testing.assert_array_equal(result.final.hidden, free.final.hidden)


@pytest.mark.parametrize("method", ["gd", "sgd", "adam"])
def test_a_run_that_starts_at_the_optimum_stops_there(method: str) -> None:
    # One sample: fit = |y| - beta / |x|, carried by balanced neurons along x.
    data = Dataset(np.array([[3.0, 4.0]]), np.array([2.0]))
    size = np.sqrt((2.0 - BETA / 5.0) / 5.0 / 2.0)
    optimum = NetworkBatch(
        size * np.array([[[0.6, 0.8], [0.6, 0.8]]]), size * np.array([[1.0, 1.0]])
    )
    assert training_losses(data, optimum, BETA)[0] == pytest.approx(
        BETA * 2.0 / 5.0 - BETA**2 / 50.0
    )
    spec = replace(SPEC, method=method, stop_residual=1e-9)
    result = train(data, BETA, spec, optimum, generator())
    assert result.status == (TrainingStatus.STATIONARY,)
    assert result.n_steps_done.tolist() == [0]
    np.testing.assert_array_equal(result.final.hidden, optimum.hidden)
    assert np.all(result.losses == result.losses[0])


def test_the_zero_network_is_stationary() -> None:
    zero = NetworkBatch(np.zeros((2, M, D)), np.zeros((2, M)))
    result = train(gaussian_data(), BETA, SPEC, zero, generator())
    assert result.status == (TrainingStatus.STATIONARY,) * 2
    assert result.n_steps_done.tolist() == [0, 0]


def test_a_run_that_diverges_before_it_is_stationary_is_diverged() -> None:
    data, spec = gaussian_data(), replace(SPEC, learning_rate=1e3)
    result = train(data, BETA, spec, starts([spec]), generator())
    assert result.status == (TrainingStatus.DIVERGED,)


def test_the_target_loss_and_stationarity_are_both_tested() -> None:
    data, spec = gaussian_data(), replace(SPEC, stop_loss_fraction=0.9)
    result = train(data, BETA, spec, starts([spec] * 3), generator())
    assert np.all(result.final_losses <= 0.9 * result.losses[0])
    assert result.status == (TrainingStatus.DONE,) * 3
    assert np.all(result.n_steps_done < spec.n_steps)


@pytest.mark.parametrize("betas", [0.0, np.array([0.1, 0.0])])
def test_without_weight_decay_there_is_no_scale_to_stop_at(betas: float | np.ndarray) -> None:
    with pytest.raises(ValueError, match="Expected a finite beta > 0 to stop at stationary points"):
        train(gaussian_data(), betas, SPEC, starts([SPEC] * 2), generator())


@pytest.mark.parametrize("boundary_rtol", [1e-9, 1e-2, 0.5])
@pytest.mark.parametrize("scale", [1e-6, 0.1, 1.0, 10.0, 1e6])
def test_the_cheap_bound_is_never_above_the_residual(scale: float, boundary_rtol: float) -> None:
    rng = np.random.default_rng(0)
    for seed in range(10):
        data = gaussian_data(seed)
        hidden, output = scale * rng.standard_normal((2, M, D)), rng.standard_normal((2, M))
        # on kinks, with dead neurons and with vanishing output weights
        hidden[0, 0] -= (hidden[0, 0] @ data.X[0]) / (data.X[0] @ data.X[0]) * data.X[0]
        hidden[1, 1], output[1, 2] = 0.0, 0.0
        networks, betas = NetworkBatch(hidden, output), 10.0 ** rng.uniform(-4, 2, 2)
        bounds = residual_lower_bounds(data, networks, betas)
        for run, beta in enumerate(betas.tolist()):
            network = TwoLayerNetwork(hidden[run], output[run])
            exact = stationarity_residual(network, data, beta, boundary_rtol)
            assert 0.0 < bounds[run] <= exact * (1.0 + 1e-12)


def test_the_cheap_bound_is_the_formula_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relaxgap.training.network_batch._CHUNK_ENTRIES", 30)
    data, networks = gaussian_data(), starts([SPEC] * 2)
    betas = np.array([0.1, 0.7])
    for run, bound in enumerate(residual_lower_bounds(data, networks, betas)):
        hidden, output = networks.hidden[run], networks.output[run]
        post = np.maximum(data.X @ hidden.T, 0.0)
        part = np.linalg.norm(betas[run] * output - post.T @ (data.y - post @ output))
        decay = betas[run] * np.sqrt(np.sum(hidden**2) + np.sum(output**2))
        assert bound == pytest.approx(part / (2.0 * decay + part), rel=1e-12)
