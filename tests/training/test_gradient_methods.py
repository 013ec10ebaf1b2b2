import math
from dataclasses import replace

import numpy as np
import pytest
from small_runs import (
    BETA,
    BOTH_LAYERS,
    FIRST_LAYER,
    METHODS,
    draw,
    gaussian_data,
    generator,
    only,
)

from relaxgap.data.dataset import Dataset
from relaxgap.training import (
    NetworkBatch,
    TrainingSpec,
    TrainingStatus,
    step_size,
    train,
    training_losses,
)


def test_one_descent_step_agrees_with_the_step_by_hand() -> None:
    data = Dataset(np.array([[1.0], [-1.0]]), np.array([1.0, 2.0]))
    initial = NetworkBatch(np.array([[[1.0], [-2.0]]]), np.array([[0.5, 0.5]]))
    spec = TrainingSpec(method="gd", n_steps=1, learning_rate=1.0, n_logged=2)
    assert step_size(spec, data, 2) == pytest.approx(1 / math.sqrt(10))
    rate = 1 / math.sqrt(10)
    # Fit (0.5, 1), residual (-0.5, -1): each neuron sees one sample.
    hidden = [1.0 - rate * (-0.25 + 0.1 * 1.0), -2.0 - rate * (0.5 - 0.1 * 2.0)]
    output = [0.5 - rate * (-0.5 + 0.05), 0.5 - rate * (-2.0 + 0.05)]
    final = train(data, BETA, spec, initial, generator()).final
    np.testing.assert_allclose(final.hidden[0, :, 0], hidden, rtol=1e-14)
    np.testing.assert_allclose(final.output[0], output, rtol=1e-14)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_adam_agrees_with_a_scalar_implementation(schedule: str) -> None:
    data = gaussian_data(n=5, d=2)
    n_steps, learning_rate = 25, 0.01
    spec = TrainingSpec(
        method="adam", n_steps=n_steps, learning_rate=learning_rate, schedule=schedule
    )
    initial = draw(spec, data, n_neurons=3, seeds=range(1))
    weights = [*initial.hidden[0].ravel().tolist(), *initial.output[0].tolist()]
    first, second = [0.0] * 9, [0.0] * 9
    for t in range(1, n_steps + 1):
        slopes = [BETA * weight for weight in weights]
        for x, label in zip(data.X.tolist(), data.y.tolist(), strict=True):
            pre = [sum(weights[2 * j + k] * x[k] for k in range(2)) for j in range(3)]
            residual = sum(weights[6 + j] * max(pre[j], 0.0) for j in range(3)) - label
            for j in range(3):
                slopes[6 + j] += residual * max(pre[j], 0.0)
                for k in range(2):
                    slopes[2 * j + k] += residual * weights[6 + j] * x[k] * (pre[j] >= 0.0)
        share = 0.5 * (1 + math.cos(math.pi * (t - 1) / n_steps)) if schedule == "cosine" else 1.0
        for i, slope in enumerate(slopes):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            unbiased = second[i] / (1 - 0.999**t)
            move = first[i] / (1 - 0.9**t) / (math.sqrt(unbiased) + 1e-8)
            weights[i] -= learning_rate * share * move
    final = train(data, BETA, spec, initial, generator()).final
    np.testing.assert_allclose(final.hidden[0].ravel(), weights[:6], rtol=1e-10)
    np.testing.assert_allclose(final.output[0], weights[6:], rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spec", [BOTH_LAYERS, FIRST_LAYER])
def test_small_descent_steps_never_raise_the_loss(spec: TrainingSpec, seed: int) -> None:
    data = gaussian_data(seed=seed)
    small = replace(spec, learning_rate=0.02, n_steps=60, n_logged=62)
    losses = train(data, BETA, small, draw(small, data), generator()).losses
    assert np.all(np.diff(losses, axis=0) <= 1e-12)


@pytest.mark.parametrize("spec", METHODS)
def test_seeds_trained_together_end_where_they_end_alone(spec: TrainingSpec) -> None:
    data = gaussian_data()
    networks = draw(spec, data)
    together = train(data, BETA, spec, networks, generator())
    for s in range(networks.n_runs):
        alone = train(data, BETA, spec, only(networks, s), generator())
        np.testing.assert_allclose(together.losses[:, s], alone.losses[:, 0], rtol=1e-9)
        np.testing.assert_allclose(together.final.hidden[s], alone.final.hidden[0], atol=1e-9)


@pytest.mark.parametrize("spec", METHODS)
def test_seeds_that_stop_early_do_not_disturb_the_others(spec: TrainingSpec) -> None:
    data = gaussian_data()
    spec = replace(spec, stop_loss_fraction=0.6, n_steps=200)
    networks = draw(spec, data, seeds=range(4))
    together = train(data, 0.0, spec, networks, generator())
    assert len(set(together.n_steps_done.tolist())) > 1
    for s in range(networks.n_runs):
        alone = train(data, 0.0, spec, only(networks, s), generator())
        assert together.n_steps_done[s] == alone.n_steps_done[0]
        np.testing.assert_allclose(together.final.hidden[s], alone.final.hidden[0], atol=1e-9)
        np.testing.assert_allclose(together.losses[:, s], alone.losses[:, 0], rtol=1e-8)


@pytest.mark.parametrize("spec", [FIRST_LAYER, METHODS[-1]])
def test_training_the_first_layer_leaves_the_output_untouched(spec: TrainingSpec) -> None:
    data = gaussian_data()
    networks = draw(spec, data)
    final = train(data, 0.0, spec, networks, generator()).final
    np.testing.assert_array_equal(final.output, networks.output)
    assert not np.array_equal(final.hidden, networks.hidden)


@pytest.mark.parametrize("spec", METHODS)
def test_training_does_not_write_to_its_starting_point(spec: TrainingSpec) -> None:
    data = gaussian_data()
    networks = draw(spec, data)
    hidden, output = networks.hidden.copy(), networks.output.copy()
    train(data, BETA, spec, networks, generator())
    np.testing.assert_array_equal(networks.hidden, hidden)
    np.testing.assert_array_equal(networks.output, output)


@pytest.mark.parametrize("spec", METHODS)
def test_recorded_losses_are_the_losses_of_the_returned_networks(spec: TrainingSpec) -> None:
    data = gaussian_data()
    result = train(data, BETA, spec, draw(spec, data), generator())
    np.testing.assert_allclose(
        result.final_losses, training_losses(data, result.final, BETA), rtol=1e-12
    )
    np.testing.assert_allclose(
        result.best_losses, training_losses(data, result.best, BETA), rtol=1e-12
    )
    np.testing.assert_allclose(result.best_losses, result.losses.min(axis=0), rtol=1e-12)


def test_a_batch_of_all_samples_is_gradient_descent() -> None:
    data = gaussian_data()
    networks = draw(BOTH_LAYERS, data)
    descent = train(data, BETA, BOTH_LAYERS, networks, generator())
    batched = train(
        data, BETA, replace(BOTH_LAYERS, method="sgd", batch_size=100), networks, generator()
    )
    np.testing.assert_array_equal(batched.final.hidden, descent.final.hidden)


@pytest.mark.parametrize("record_preservation", [False, True])
def test_a_diverging_seed_is_reported_and_leaves_the_others_alone(
    record_preservation: bool,
) -> None:
    data = gaussian_data()
    good = draw(BOTH_LAYERS, data)
    hidden, output = good.hidden.copy(), good.output.copy()
    hidden[1] *= 1e3
    output[1] *= 1e3
    mixed = train(
        data,
        BETA,
        BOTH_LAYERS,
        NetworkBatch(hidden, output),
        generator(),
        record_preservation=record_preservation,
    )
    diverged = TrainingStatus.DIVERGED
    assert [status is diverged for status in mixed.status] == [False, True, False]
    assert mixed.final_losses[1] == np.inf
    assert not np.any(np.isnan(mixed.losses))
    assert np.isfinite(mixed.best_losses[1])
    assert training_losses(data, mixed.final, BETA)[1] == pytest.approx(mixed.best_losses[1])
    assert len(mixed.preservation) == (len(mixed.steps) if record_preservation else 0)
    for s in (0, 2):
        alone = train(data, BETA, BOTH_LAYERS, only(good, s), generator())
        np.testing.assert_allclose(mixed.final.hidden[s], alone.final.hidden[0], atol=1e-10)


@pytest.mark.parametrize("record_preservation", [False, True])
def test_a_start_of_infinite_loss_is_reported_as_diverged(record_preservation: bool) -> None:
    data = gaussian_data()
    good = draw(BOTH_LAYERS, data, seeds=range(1))
    result = train(
        data,
        BETA,
        BOTH_LAYERS,
        NetworkBatch(good.hidden * 1e200, good.output),
        generator(),
        record_preservation=record_preservation,
    )
    assert result.status == (TrainingStatus.DIVERGED,)
    assert result.n_steps_done[0] == 0
    assert len(result.preservation) == (len(result.steps) if record_preservation else 0)


def test_a_run_without_a_target_takes_all_its_steps_from_a_perfect_start() -> None:
    data = Dataset(np.array([[1.0]]), np.array([0.0]))
    perfect = NetworkBatch(np.zeros((1, 1, 1)), np.zeros((1, 1)))
    result = train(data, 0.0, BOTH_LAYERS, perfect, generator())
    assert result.n_steps_done[0] == BOTH_LAYERS.n_steps
    assert result.final_losses[0] == 0.0


def test_a_seed_stops_at_the_first_step_that_reaches_the_target() -> None:
    data = gaussian_data()
    spec = replace(FIRST_LAYER, stop_loss_fraction=0.5, n_steps=300, n_logged=302)
    networks = draw(spec, data)
    stopped = train(data, 0.0, spec, networks, generator(), record_preservation=True)
    free = train(data, 0.0, replace(spec, stop_loss_fraction=None), networks, generator())
    for s in range(networks.n_runs):
        reached = free.losses[:, s] <= 0.5 * free.losses[0, s]
        first = int(np.argmax(reached))
        assert stopped.n_steps_done[s] == free.steps[first]
        assert stopped.final_losses[s] == pytest.approx(free.losses[first, s], rel=1e-9)
    assert len(stopped.preservation) == len(stopped.steps)


ONE_NEURON_OPTIMA = [("gd", 0.5, 3000), ("adam", 0.03, 3000)]


@pytest.mark.parametrize(("method", "learning_rate", "n_steps"), ONE_NEURON_OPTIMA)
def test_training_reaches_the_optimum_of_one_sample(
    method: str, learning_rate: float, n_steps: int
) -> None:
    # One sample: p* = beta |y| / |x| - beta^2 / (2 |x|^2), a soft threshold.
    data = Dataset(np.array([[3.0, 4.0]]), np.array([2.0]))
    optimum = BETA * 2.0 / 5.0 - BETA**2 / 50.0
    spec = TrainingSpec(method=method, n_steps=n_steps, learning_rate=learning_rate)
    losses = train(data, BETA, spec, draw(spec, data, n_neurons=8), generator()).final_losses
    assert np.all(losses >= optimum - 1e-12)
    np.testing.assert_allclose(losses, optimum, rtol=1e-3)
