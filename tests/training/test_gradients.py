import numpy as np
import pytest
from small_runs import (
    BETA,
    BOTH_LAYERS,
    draw,
    gaussian_data,
    generator,
)

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.backend import NUMPY
from relaxgap.problems.losses import SQUARED
from relaxgap.training import (
    NetworkBatch,
    training_gradient,
    training_losses,
)
from relaxgap.training.data_gradient import DataGradient
from relaxgap.training.weights import Weights


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beta", [0.0, 0.7])
def test_the_gradient_of_both_layers_is_the_central_difference(seed: int, beta: float) -> None:
    data = gaussian_data(seed=seed)
    networks = draw(BOTH_LAYERS, data)
    gradient = training_gradient(data, networks, beta)
    step = 1e-6
    assert np.min(np.abs(networks.hidden @ data.X.T)) > 10 * step

    def slope(hidden_step: np.ndarray, output_step: np.ndarray) -> np.ndarray:
        up = NetworkBatch(networks.hidden + hidden_step, networks.output + output_step)
        down = NetworkBatch(networks.hidden - hidden_step, networks.output - output_step)
        up_losses, down_losses = (training_losses(data, point, beta) for point in (up, down))
        return (up_losses - down_losses) / (2 * step)

    for j in range(networks.n_neurons):
        change = np.zeros_like(networks.output)
        change[:, j] = step
        along_output = slope(np.zeros_like(networks.hidden), change)
        np.testing.assert_allclose(along_output, gradient.output[:, j], atol=1e-7)
        for k in range(data.d):
            change = np.zeros_like(networks.hidden)
            change[:, j, k] = step
            along_hidden = slope(change, np.zeros_like(networks.output))
            np.testing.assert_allclose(along_hidden, gradient.hidden[:, j, k], atol=1e-7)


def test_the_loss_is_the_formula_written_out() -> None:
    data = gaussian_data()
    networks = draw(BOTH_LAYERS, data)
    losses = training_losses(data, networks, BETA)
    for s in range(networks.n_runs):
        hidden, output = networks.hidden[s], networks.output[s]
        residual = np.maximum(data.X @ hidden.T, 0.0) @ output - data.y
        expected = 0.5 * residual @ residual + BETA / 2 * (np.sum(hidden**2) + output @ output)
        assert losses[s] == pytest.approx(expected, rel=1e-13)


def test_the_loss_does_not_depend_on_how_neurons_are_chunked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = gaussian_data()
    networks = draw(BOTH_LAYERS, data)
    whole = training_losses(data, networks, BETA)
    monkeypatch.setattr("relaxgap.training.network_batch._CHUNK_ENTRIES", 50)
    np.testing.assert_allclose(training_losses(data, networks, BETA), whole, rtol=1e-13)


def test_a_zero_pre_activation_counts_as_active() -> None:
    data = Dataset(np.array([[1.0, 0.0]]), np.array([2.0]))
    networks = NetworkBatch(np.array([[[0.0, 1.0]]]), np.array([[3.0]]))
    gradient = training_gradient(data, networks, 0.0)
    np.testing.assert_array_equal(gradient.hidden, [[[-6.0, 0.0]]])


def test_scaled_batch_gradients_of_an_epoch_average_to_the_full_gradient() -> None:
    data = gaussian_data(n=12)
    networks = draw(BOTH_LAYERS, data)
    arrays = NUMPY.arrays()
    kernel = DataGradient(Weights.of(networks, arrays), 3, arrays, SQUARED)
    order = generator().permutation(12).reshape(4, 3)
    flats = []
    for rows in order:
        kernel.evaluate(data.X[rows], data.y[rows], weight=4.0)
        flats.append(kernel.gradient.flat.copy())
    full = training_gradient(data, networks, 0.0)
    expected = np.concatenate((full.hidden.ravel(), full.output.ravel()))
    np.testing.assert_allclose(np.mean(flats, axis=0), expected, atol=1e-13)
