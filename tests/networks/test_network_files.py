import jaxtyping
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPRegressor
from written_networks import (
    BIAS,
    DATA,
    HIDDEN,
    OUTPUT,
    assert_is_the_network,
    refusal,
    save_npz,
    with_ones_column,
)

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, DataError, StorageError
from relaxgap.networks import FittedNetwork, TwoLayerNetwork, load_network
from relaxgap.networks.gated import GatedNetwork


@pytest.mark.parametrize("biases", [{}, {"hidden_bias": np.zeros(2), "output_bias": [-0.0]}])
def test_an_archive_gives_its_network_and_biases_of_zero_are_dropped(tmp_path, biases):
    path = save_npz(tmp_path / "net.npz", hidden=HIDDEN, output=OUTPUT, **biases)
    assert_is_the_network(load_network(path, DATA))


def test_integers_become_float64(tmp_path):
    path = save_npz(tmp_path / "net.npz", hidden=np.eye(3, dtype=np.int8), output=[1, 2, 3])
    network = load_network(path, DATA).network
    assert network.hidden.dtype == network.output.dtype == np.float64
    assert_array_equal(network.output, [1.0, 2.0, 3.0])


def test_a_network_of_width_zero_is_the_zero_network(tmp_path):
    path = save_npz(tmp_path / "net.npz", hidden=np.zeros((0, 3)), output=np.zeros(0))
    loaded = load_network(path, DATA)
    assert loaded.network.width == 0
    assert loaded.network.training_loss(DATA, 0.7) == 0.5 * float(DATA.y @ DATA.y)


def test_a_hidden_bias_is_a_regularised_weight_on_a_column_of_ones(tmp_path):
    path = save_npz(tmp_path / "net.npz", hidden=HIDDEN, output=OUTPUT, hidden_bias=BIAS)
    loaded = load_network(path, DATA)
    assert isinstance(loaded, FittedNetwork)
    assert loaded.has_bias
    fit = np.maximum(DATA.X @ HIDDEN.T + BIAS, 0.0) @ OUTPUT
    with_ones = with_ones_column(DATA)
    assert_allclose(loaded.network.predict(with_ones.X), fit, rtol=1e-14)
    assert_array_equal(with_ones.y, DATA.y)
    penalty = np.sum(HIDDEN**2) + np.sum(BIAS**2) + np.sum(OUTPUT**2)
    loss = 0.5 * np.sum((fit - DATA.y) ** 2) + 0.5 * 0.3 * penalty
    assert loaded.network.training_loss(with_ones, 0.3) == pytest.approx(loss, rel=1e-14)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_of_scikit_learn_keeps_its_predictions_once_its_intercept_is_folded(tmp_path):
    X = np.random.default_rng(1).standard_normal((40, 3))
    y = np.abs(X[:, 0]) + X[:, 1] + 2.0
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0).fit(X, y)
    intercept = model.intercepts_[1][0]
    arrays = {
        "hidden": model.coefs_[0].T,
        "output": model.coefs_[1][:, 0],
        "hidden_bias": model.intercepts_[0],
    }
    data = Dataset(X, y - intercept)
    loaded = load_network(save_npz(tmp_path / "net.npz", **arrays), data)
    ones = with_ones_column(data)
    assert loaded.has_bias
    assert_allclose(loaded.network.predict(ones.X) + intercept, model.predict(X), rtol=1e-12)
    fit_loss = 0.5 * np.sum((model.predict(X) - y) ** 2)
    assert loaded.network.training_loss(ones, 0.0) == pytest.approx(fit_loss, rel=1e-12)
    unfolded = load_network(
        save_npz(tmp_path / "unfolded.npz", **arrays, output_bias=model.intercepts_[1]), data
    )
    assert_allclose(unfolded.predict(X), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden": HIDDEN[:, :2]}, "of 3 features, got shape (2, 2), for 2 features"),
        ({"hidden": HIDDEN.T}, "got shape (3, 2), for 2 features; transpose them"),
        ({"hidden": HIDDEN[0]}, "'hidden' with 2 axes, got shape (3,)"),
        ({"output": OUTPUT[None]}, "a network of one output for one label a sample, got one of 2"),
        ({"output": np.ones(3)}, "Expected 2 output weights for 2 hidden neurons"),
        ({"hidden_bias": np.ones(3)}, "Expected 2 hidden biases for 2 hidden neurons"),
        ({"output_bias": np.zeros(2)}, "Expected 1 output biases"),
        ({"output": np.ones((2, 0))}, "Expected output weights of at least one output"),
        ({"scale": np.array([1.0, 0.0, 1.0])}, "Expected positive numbers in scale"),
        ({"shift": np.ones(2)}, "Expected one entry of shift a feature, 3, got 2"),
        ({"about": np.frombuffer(b"text", np.uint8)}, "Expected what relaxgap wrote of a training"),
        ({"hidden": np.where(HIDDEN > 2, np.nan, HIDDEN)}, "got 1 NaN or infinite entries in h"),
        ({"hidden_bias": np.array([np.inf, 0])}, "got 1 NaN or infinite entries in hidden_bias"),
        ({"output_bias": np.array([np.nan])}, "got 1 NaN or infinite entries in output_bias"),
        ({"hidden": HIDDEN * 1e200}, "training loss is a finite float64, got inf"),
        ({"hidden": HIDDEN * 1j}, "real numbers in 'hidden', got dtype complex128"),
        ({"hidden": HIDDEN.astype(object)}, "could run code and was not opened"),
        ({"hidden_biases": BIAS}, "got 'hidden_biases'; rename or remove"),
        ({"hidden2": np.eye(2)}, "Expected no arrays but 'hidden', 'output', 'hidden_bias'"),
    ],
)
def test_an_archive_that_cannot_be_used_gets_one_clear_line(tmp_path, change, reason):
    arrays = {"hidden": HIDDEN, "output": OUTPUT, **change}
    assert reason in refusal(save_npz(tmp_path / "net.npz", **arrays))


def test_an_archive_without_output_weights_gets_one_clear_line(tmp_path):
    assert "named 'output', got 'hidden'" in refusal(save_npz(tmp_path / "a.npz", hidden=HIDDEN))


def test_a_path_that_is_no_network_gets_one_clear_line(tmp_path):
    for ending in (".npz", ".pt", ".pth.tar", ".ckpt", ".bin", ".safetensors"):
        (tmp_path / f"folder{ending}").mkdir()
        assert "got a directory" in refusal(tmp_path / f"folder{ending}")
        assert "got a path where there is none" in refusal(tmp_path / f"none{ending}")
    assert "ending in .npz or .pt or .pth or " in refusal(tmp_path / "a.onnx")
    assert "got the ending '.tar'" in refusal(tmp_path / "a.tar")


@pytest.mark.parametrize("width", [0, 1, 7])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_a_saved_network_is_read_as_it_was(tmp_path, width, dtype, monkeypatch):
    # the run-time type hook would refuse weights that are no float64
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    rng = np.random.default_rng(width)
    weights = 3.0 * rng.standard_normal((width, 4))
    network = TwoLayerNetwork(weights[:, :3].astype(dtype), weights[:, 3].astype(dtype))
    path = network.save(tmp_path / "net.npz")
    for loaded in (load_network(path), load_network(str(path), DATA)):
        assert not loaded.has_bias
        assert_array_equal(loaded.network.hidden, network.hidden)
        assert_array_equal(loaded.network.output, network.output)
        assert loaded.network.hidden.dtype == np.float64


def test_a_saved_network_with_biases_is_read_with_them(tmp_path):
    path = save_npz(tmp_path / "net.npz", hidden=HIDDEN, output=OUTPUT, hidden_bias=BIAS)
    loaded = load_network(path)
    again = load_network(loaded.save(tmp_path / "again.npz"), DATA)
    assert loaded.has_bias
    assert again.has_bias
    assert_array_equal(again.network.hidden, np.column_stack([HIDDEN, BIAS]))


def test_the_home_directory_is_expanded_on_saving(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert TwoLayerNetwork(HIDDEN, OUTPUT).save("~/net.npz") == tmp_path / "net.npz"
    assert load_network("~/net.npz").network.width == 2


@pytest.mark.parametrize("name", ["net", "net.pt", "net.npy"])
def test_a_network_is_not_saved_under_a_name_that_could_not_be_read(tmp_path, name):
    with pytest.raises(ConfigurationError, match=r"ending in \.npz, got"):
        TwoLayerNetwork(HIDDEN, OUTPUT).save(tmp_path / name)


def test_a_network_that_could_not_be_read_is_not_saved(tmp_path):
    with pytest.raises(DataError, match="NaN or infinity in output"):
        TwoLayerNetwork(HIDDEN, np.array([1.0, np.nan])).save(tmp_path / "net.npz")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="choose another path"):
        TwoLayerNetwork(HIDDEN, OUTPUT).save(tmp_path / "missing" / "net.npz")


def test_a_gated_network_saves_its_gates_and_weights(tmp_path):
    network = GatedNetwork(HIDDEN, BIAS[:, None] * HIDDEN)
    with np.load(network.save(tmp_path / "gated.npz")) as arrays:
        assert_array_equal(arrays["gates"], network.gates)
        assert_array_equal(arrays["weights"], network.weights)
    again = load_network(tmp_path / "gated.npz", DATA)
    assert_array_equal(again.predict(DATA.X), network.predict(DATA.X))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden": np.zeros((2, 0))}, "for at least one feature, got shape (2, 0)"),
        ({"output": np.ones(3)}, "Expected 2 output weights for 2 hidden neurons"),
        ({"output": np.array([1.0, np.nan])}, "got 1 NaN or infinite entries in output"),
        ({"hidden": HIDDEN * 1e200}, "Expected weights whose squares sum to a finite float64"),
        ({"hidden_bias": np.array([1e200, 0.0])}, "Expected weights whose squares sum to a finite"),
    ],
)
def test_what_the_file_alone_tells_is_checked_without_data(tmp_path, change, reason):
    arrays = {"hidden": HIDDEN, "output": OUTPUT, **change}
    assert reason in refusal(save_npz(tmp_path / "net.npz", **arrays), None)
