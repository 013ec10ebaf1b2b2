import json

import numpy as np
import pytest

import relaxgap
from relaxgap.data.columns import Columns
from relaxgap.data.scaling import Scaling
from relaxgap.networks import FittedNetwork, Training
from relaxgap.networks.gated import GatedNetwork
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.problems.biases import CONVENTIONAL, NO_BIASES

RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 2)) * [10.0, 0.1] + [100.0, 3.0]
SCALING = Scaling.of(X)
COLUMNS = Columns(("a", "b"), {}, "y")
TRAINING = Training(0.5, "relu", "logistic", ("no", "yes"), CONVENTIONAL)
NETWORK = FittedNetwork(
    TwoLayerNetwork(RNG.standard_normal((3, 3)), RNG.standard_normal(3)),
    True,
    0.7,
    SCALING,
    COLUMNS,
    TRAINING,
)


def test_outputs_are_those_of_scaled_rows_and_biases():
    rows = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(7)])
    network = NETWORK.network
    own = np.maximum(rows @ network.hidden.T, 0.0) @ network.output + 0.7
    np.testing.assert_allclose(NETWORK.predict(X), own, rtol=1e-12)
    assert NETWORK.classify(X) == ["yes" if output > 0.0 else "no" for output in own]


def test_a_file_remembers_everything(tmp_path):
    again = relaxgap.load_network(NETWORK.save(tmp_path / "net.npz"))
    np.testing.assert_array_equal(again.predict(X), NETWORK.predict(X))
    assert again.training == TRAINING
    assert again.columns == COLUMNS


def test_a_gated_network_with_biases_is_read_again(tmp_path):
    gated = GatedNetwork(RNG.standard_normal((3, 3)), RNG.standard_normal((3, 3)))
    training = Training(0.5, "gated", "squared", None, CONVENTIONAL)
    network = FittedNetwork(gated, True, 0.2, SCALING, training=training)
    again = relaxgap.load_network(network.save(tmp_path / "net.npz"))
    np.testing.assert_array_equal(again.predict(X), network.predict(X))
    assert again.training_loss(relaxgap.Dataset(X, np.ones(7))) == network.training_loss(
        relaxgap.Dataset(X, np.ones(7))
    )


def test_folding_the_scaling_into_weights_leaves_the_outputs():
    folded = NETWORK.folded()
    assert folded.scaling is None
    np.testing.assert_allclose(folded.predict(X), NETWORK.predict(X), rtol=1e-11)


def test_a_constant_column_is_moved_to_zero_and_not_scaled():
    scaling = Scaling.of(np.column_stack([np.full(5, 0.1), np.arange(5.0)]))
    assert scaling.scale[0] == 1.0
    np.testing.assert_allclose(scaling.apply(np.array([[0.1, 2.0]])), 0.0, atol=1e-15)


def test_rows_of_another_table_are_refused():
    with pytest.raises(relaxgap.DataError, match="Expected rows of 2 features, got shape"):
        NETWORK.predict(np.ones((2, 3)))


def saved_about(tmp_path, change):
    path = NETWORK.save(tmp_path / "net.npz")
    with np.load(path) as found:
        arrays = {name: found[name] for name in found}
    about = json.loads(bytes(arrays["about"]).decode())
    change(about)
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta", -1.0),
        ("beta", float("nan")),
        ("beta", True),
        ("program", "other"),
        ("program", "gated"),
        ("loss", "other"),
        ("loss", "squared"),
        ("classes", []),
        ("classes", ["a", "a"]),
        ("classes", "cat"),
        ("classes", ["a", "b", "c"]),
        ("classes", None),
        ("biases", {"hidden": "none", "output": "free"}),
        ("biases", {"hidden": "free", "output": "none"}),
        ("biases", {"hidden": "some", "output": "free"}),
    ],
)
def test_a_damaged_training_is_one_line_that_starts_with_the_path(tmp_path, name, value):
    path = saved_about(tmp_path, lambda about: about["training"].update({name: value}))
    with pytest.raises(relaxgap.DataError) as caught:
        relaxgap.load_network(path)
    assert str(caught.value).startswith(f"{path}: Expected")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "columns",
    [Columns(("a",), {}, "y"), Columns(("a", "b"), {}, "a"), Columns(("a", "b"), {"a": ()}, "y")],
)
def test_columns_of_another_network_are_one_line(tmp_path, columns):
    path = saved_about(tmp_path, lambda about: about.update(columns=columns.to_json()))
    with pytest.raises(relaxgap.DataError, match=r"net.npz: Expected"):
        relaxgap.load_network(path)


def test_a_network_without_training_has_the_biases_that_it_shows():
    plain = FittedNetwork(TwoLayerNetwork(np.eye(2), np.ones(2)), False)
    assert plain.biases == NO_BIASES
    with pytest.raises(relaxgap.DataError, match="Expected beta, got none"):
        plain.training_loss(relaxgap.Dataset(X, np.ones(7)))
