import math
from dataclasses import replace

import jaxtyping
import numpy as np
import pytest
from small_runs import (
    BETA,
    BOTH_LAYERS,
    FIRST_LAYER,
    draw,
    gaussian_data,
    generator,
)

from relaxgap.data.dataset import Dataset
from relaxgap.training import (
    NetworkBatch,
    TrainingSpec,
    logged_steps,
    step_size,
    train,
)


def test_an_initial_network_depends_on_its_own_generator_only() -> None:
    data = gaussian_data()
    many, one = draw(BOTH_LAYERS, data), draw(BOTH_LAYERS, data, seeds=range(2, 3))
    np.testing.assert_array_equal(many.hidden[2], one.hidden[0])
    np.testing.assert_array_equal(many.output[2], one.output[0])


@pytest.mark.parametrize(
    ("spec", "hidden_std", "output_std"),
    [
        (BOTH_LAYERS, 1 / math.sqrt(2000 * 5), 1 / math.sqrt(2000)),
        (FIRST_LAYER, 1 / math.sqrt(2000), 1.0),
    ],
)
def test_initial_weights_have_the_variance_of_their_protocol(
    spec: TrainingSpec, hidden_std: float, output_std: float
) -> None:
    networks = draw(spec, gaussian_data(d=5), n_neurons=2000)
    assert np.std(networks.hidden) == pytest.approx(hidden_std, rel=0.03)
    assert np.std(networks.output) == pytest.approx(output_std, rel=0.05)
    assert spec.hidden_std(2000, 5) == pytest.approx(hidden_std)


@pytest.mark.parametrize("batch_size", [0, 3])
def test_the_step_follows_a_rescaling_of_data_and_labels(batch_size: int) -> None:
    data = gaussian_data()
    spec = replace(BOTH_LAYERS, method="sgd", batch_size=batch_size)
    scaled = Dataset(3.0 * data.X, 5.0 * data.y)
    assert step_size(spec, scaled, 6) == pytest.approx(step_size(spec, data, 6) / 15)


def test_the_step_of_single_samples_is_the_one_for_the_longest_sample() -> None:
    data = gaussian_data()
    single = replace(BOTH_LAYERS, method="sgd", batch_size=1, learning_rate=1.0)
    longest = np.max(np.sum(data.X**2, axis=1))
    expected = np.linalg.norm(data.X, 2) / (data.n * longest * np.linalg.norm(data.y))
    assert step_size(single, data, 6) == pytest.approx(expected)


def test_the_step_of_vanishing_labels_is_finite() -> None:
    assert step_size(BOTH_LAYERS, Dataset(np.ones((2, 2)), np.zeros(2)), 3) == 0.5


def test_logged_steps_start_at_zero_and_end_at_the_last() -> None:
    steps = logged_steps(replace(BOTH_LAYERS, n_steps=1000, n_logged=10))
    assert steps[0] == 0
    assert steps[-1] == 1000
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= 10
    assert logged_steps(replace(BOTH_LAYERS, n_steps=1, n_logged=2)) == (0, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "lbfgs"},
        {"schedule": "linear"},
        {"n_steps": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"batch_size": -1},
        {"batch_size": 4},
        {"init_scale": -1.0},
        {"stop_loss_fraction": 1.5},
        {"n_logged": 1},
    ],
)
def test_a_setting_out_of_range_is_refused(
    change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="Expected"):
        replace(BOTH_LAYERS, **change)


def test_networks_on_other_features_and_a_negative_beta_are_refused() -> None:
    data = gaussian_data(d=3)
    networks = draw(BOTH_LAYERS, gaussian_data(d=4))
    with pytest.raises(ValueError, match="Expected networks on 3 features, got 4"):
        train(data, BETA, BOTH_LAYERS, networks, generator())
    with pytest.raises(ValueError, match="Expected a finite beta >= 0"):
        train(data, -1.0, BOTH_LAYERS, draw(BOTH_LAYERS, data), generator())


def test_a_neuron_without_output_weight_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="one output weight"):
        NetworkBatch(np.zeros((2, 3, 4)), np.zeros((2, 2)))
