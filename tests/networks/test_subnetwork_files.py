"""Checkpoints of parallel three-layer sub-networks, read without PyTorch."""

from pathlib import Path

import numpy as np
import pytest
from written_networks import ORDERED, call, index_of, named, save_pt, tensor

from relaxgap.errors import DataError
from relaxgap.networks.reading.three_layers import load_three_layers

TRAINED = Path(__file__).parents[1] / "analysis" / "trained"
K, M, D = 3, 2, 4
RNG = np.random.default_rng(0)
HIDDEN = RNG.standard_normal((K, M, D))
INNER, OUTPUT = RNG.standard_normal((K, M)), RNG.standard_normal(K)
ONE_BY_ONE = {
    f"{k}.{name}.weight": array
    for k in range(K)
    for name, array in (("0", HIDDEN[k]), ("2", INNER[k : k + 1]), ("4", OUTPUT[k].reshape(1, 1)))
}
BY_LAYER = dict(sorted(ONE_BY_ONE.items(), key=lambda item: item[0].split(".")[1]))


def saved(path: Path, state: dict[str, np.ndarray], objects: dict[str, bytes] | None = None) -> str:
    tensors = {
        name: tensor(name, "DoubleStorage", array.size, array.shape)
        for name, array in state.items()
    }
    storages = {name: array.astype("<f8").tobytes() for name, array in state.items()}
    return save_pt(path, index_of(tensors | (objects or {})), storages)


def stacked(*arrays: np.ndarray, names: tuple[str, ...] = ("a", "b", "c")) -> dict[str, np.ndarray]:
    return dict(zip(names, arrays, strict=True))


@pytest.mark.parametrize("name", ["parallel", "stacked"])
def test_what_pytorch_saved_gives_what_it_computed(name: str) -> None:
    known = np.load(TRAINED / "subnetworks.npz")
    network = load_three_layers(str(TRAINED / f"subnetworks_{name}.pt"))
    assert network.hidden.shape == (4, 3, 2)
    np.testing.assert_allclose(network.predict(known["X"]), known["outputs"], rtol=1e-12)


@pytest.mark.parametrize(
    "state",
    [
        ONE_BY_ONE,
        BY_LAYER,
        {name: array for name, array in ONE_BY_ONE.items() if ".4." not in name}
        | {"out.weight": OUTPUT[None]},
        {name: array for name, array in BY_LAYER.items() if ".4." not in name}
        | {"out.weight": OUTPUT[None]},
        ONE_BY_ONE | {"0.0.bias": np.zeros(M)},
        stacked(HIDDEN, INNER, OUTPUT),
        stacked(OUTPUT, INNER, HIDDEN),
        stacked(HIDDEN.transpose(0, 2, 1), INNER, OUTPUT),
        stacked(HIDDEN.transpose(0, 2, 1), INNER[:, :, None], OUTPUT[:, None, None]),
        stacked(HIDDEN, INNER[:, None], OUTPUT[:, None]),
    ],
)
def test_every_layout_is_the_same_network(tmp_path: Path, state: dict[str, np.ndarray]) -> None:
    network = load_three_layers(saved(tmp_path / "a.pt", state))
    np.testing.assert_array_equal(network.hidden, HIDDEN)
    np.testing.assert_array_equal(network.inner, INNER)
    np.testing.assert_array_equal(network.output, OUTPUT)


def test_square_layers_are_read_by_name_alone(tmp_path: Path) -> None:
    arrays = HIDDEN[:, :, :M], INNER, OUTPUT
    with pytest.raises(DataError, match="tell neurons from inputs"):
        load_three_layers(saved(tmp_path / "a.pt", stacked(*arrays)))
    own = stacked(*arrays, names=("hidden", "inner", "output"))
    network = load_three_layers(saved(tmp_path / "b.pt", own))
    np.testing.assert_array_equal(network.hidden, arrays[0])


@pytest.mark.parametrize(
    ("state", "match"),
    [
        (ONE_BY_ONE | {"0.0.bias": np.ones(M)}, "without biases"),
        (ONE_BY_ONE | {"scale": np.ones((M, D))}, "for each sub-network"),
        (ONE_BY_ONE | {"0.temperature": np.array(2.0)}, "for each sub-network"),
        (stacked(HIDDEN, INNER, OUTPUT[:2]), r"second ones \(K, m\)"),
        (stacked(HIDDEN, INNER[:, :1], OUTPUT), r"second ones \(K, m\)"),
        ({f"{at}.weight": np.ones((1, 1)) for at in range(6)}, "in an order that shapes tell"),
        ({}, "no tensor"),
    ],
)
def test_what_may_be_another_network_is_refused(
    tmp_path: Path, state: dict[str, np.ndarray], match: str
) -> None:
    with pytest.raises(DataError, match=match) as caught:
        load_three_layers(saved(tmp_path / "a.pt", state))
    assert "\n" not in str(caught.value)


def test_a_scaler_beside_the_weights_is_refused(tmp_path: Path) -> None:
    scaler = call(named("sklearn.preprocessing", "StandardScaler"), ORDERED)
    with pytest.raises(DataError, match="StandardScaler"):
        load_three_layers(saved(tmp_path / "a.pt", ONE_BY_ONE, {"scaler": scaler}))


def test_as_many_subnetworks_as_a_file_holds_are_read(tmp_path: Path) -> None:
    some = {
        f"{k}.{name}": array
        for k in range(1200)
        for name, array in (("a", np.ones((1, 2))), ("b", np.ones((1, 1))), ("c", np.ones((1, 1))))
    }
    assert load_three_layers(saved(tmp_path / "a.pt", some)).width == 1200
