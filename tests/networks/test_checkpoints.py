import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from written_networks import (
    BIAS,
    DATA,
    HIDDEN,
    OUTPUT,
    assert_is_the_network,
    call,
    index_of,
    named,
    plain,
    plain_storages,
    plain_tensors,
    refusal,
    save_pt,
    tensor,
)

from relaxgap.data.dataset import Dataset
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import DataError
from relaxgap.networks import load_network


def nested(items):
    """Return the opcodes of a dictionary whose values are opcodes."""
    return index_of(items, b"}")[2:-1]


WEIGHTS = nested(plain_tensors())
MATRIX = tensor("0", "FloatStorage", 6, (2, 3))
VECTOR = tensor("1", "FloatStorage", 2, (2,))
COUNTER = tensor("n", "LongStorage", 1, ())
NUMBER = tensor("x", "FloatStorage", 1, ())
OPTIMISER = nested(
    {
        "state": b"}" + plain(0) + nested({"exp_avg": MATRIX, "exp_avg_sq": MATRIX}) + b"s",
        "param_groups": b"](" + nested({"lr": plain(0.1), "params": plain([0, 1])}) + b"e",
    }
)
NAMESPACE = call(named("argparse", "Namespace")) + nested({"lr": plain(0.1)}) + b"b"
ACTIVATION = named("torch.nn.modules.activation", "ReLU")
ATTRIBUTES = (
    named("lightning_fabric.utilities.data", "AttributeDict")
    + b")\x81("
    + plain("width")
    + plain(8)
    + b"u"
)


def storages():
    return plain_storages() | {"n": bytes(8), "x": bytes(4)}


@pytest.mark.parametrize("ending", ["pt", "pth", "ckpt", "bin", "pth.tar", "PT"])
def test_every_ending_of_a_checkpoint_is_read_alike(tmp_path, ending):
    path = save_pt(tmp_path / f"a.{ending}", plain_tensors(), plain_storages())
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize(
    "beside",
    [
        {"epoch": plain(3), "loss": plain(0.5), "name": plain("run"), "done": plain(True)},
        {"optimizer_state_dict": OPTIMISER, "scheduler": nested({"base_lrs": plain([0.1])})},
        {"optimizer_states": b"](" + OPTIMISER + b"e", "lr_schedulers": plain([])},
        {"loss": NUMBER, "callbacks": nested({"EarlyStopping": nested({"best_score": NUMBER})})},
        {"hyper_parameters": ATTRIBUTES, "args": NAMESPACE, "activation": ACTIVATION},
        {"losses": plain([0.5, 0.25]), "betas": plain((0.9, 0.999)), "none": plain(None)},
        {"scaler": nested({"scale": plain(65536.0), "growth_interval": plain(2000)})},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["state_dict", "model_state_dict"])
def test_what_training_saves_beside_the_weights_is_no_part_of_the_network(tmp_path, name, beside):
    for items in ({**beside, name: WEIGHTS}, {name: WEIGHTS, **beside}):
        path = save_pt(tmp_path / "a.ckpt", items, storages())
        assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "net.layers."])
@pytest.mark.parametrize("reverse", [False, True])
def test_prefixes_counters_and_the_order_of_layers_do_not_matter(tmp_path, prefix, reverse):
    tensors = {"n_averaged": COUNTER}
    tensors |= {f"{prefix}{name}": content for name, content in plain_tensors().items()}
    if reverse:
        tensors = dict(reversed(tensors.items()))
    assert_is_the_network(load_network(save_pt(tmp_path / "a.pt", tensors, storages()), DATA))


def test_layers_may_stand_in_dictionaries_of_their_own(tmp_path):
    weights = plain_tensors()
    layers = {name: nested({"weight": weights[f"{name}.weight"]}) for name in ("2", "0")}
    for items in (layers, {"params": nested(layers), "step": COUNTER}):
        assert_is_the_network(load_network(save_pt(tmp_path / "a.pt", items, storages()), DATA))


def with_inputs_first():
    tensors = {
        "hidden/kernel": tensor("0", "FloatStorage", 6, (3, 2), (1, 3)),
        "output/kernel": tensor("1", "FloatStorage", 2, (2, 1)),
    }
    return tensors, plain_storages()


def test_weights_with_inputs_first_are_transposed(tmp_path):
    assert_is_the_network(load_network(save_pt(tmp_path / "a.pt", *with_inputs_first()), DATA))
    tensors, stored = with_inputs_first()
    tensors["hidden/bias"] = tensor("b", "FloatStorage", 2, (2,))
    stored["b"] = BIAS.astype("<f4").tobytes()
    loaded = load_network(save_pt(tmp_path / "b.pt", tensors, stored), DATA)
    assert_array_equal(loaded.network.hidden, np.column_stack([HIDDEN, BIAS]))


# One feature: a column of k and a row of k may be (hidden, output) or, inputs first, the reverse.
COLUMN, ROW = np.array([[1.0], [2.0]]), np.array([[3.0, 5.0]])
ONE_FEATURE = Dataset(np.arange(1.0, 4.0)[:, None], np.array([1.0, 0.0, 2.0]))


def of_one_feature(path, column, row, **biases):
    tensors = {
        column: tensor("0", "FloatStorage", 2, (2, 1)),
        row: tensor("1", "FloatStorage", 2, (1, 2)),
    }
    stored = {"0": COLUMN.astype("<f4").tobytes(), "1": ROW.astype("<f4").tobytes()}
    for key, (name, size) in enumerate(biases.items(), 2):
        tensors[name.replace("_", ".")] = tensor(str(key), "FloatStorage", size, (size,))
        stored[str(key)] = bytes(4 * size)
    return save_pt(path, tensors, stored)


@pytest.mark.parametrize(
    ("column", "row", "biases"),
    [
        ("0.weight", "2.weight", {}),
        ("fc1.weight", "fc2.weight", {}),
        ("9.weight", "10.weight", {}),
        ("in.weight", "out.weight", {"in_bias": 2, "out_bias": 1}),
        ("z.weight", "a.weight", {"z_bias": 2}),
        ("z.weight", "a.weight", {"a_bias": 1}),
        ("2.weight", "0.weight", {"2_bias": 2}),
    ],
)
def test_biases_and_numbers_tell_layers_of_one_feature_apart(tmp_path, column, row, biases):
    path = of_one_feature(tmp_path / "a.pt", column, row, **biases)
    network = load_network(path, ONE_FEATURE).network
    assert_array_equal(network.hidden, COLUMN)
    assert_array_equal(network.output, ROW[0])


def test_numbers_tell_that_inputs_come_first(tmp_path):
    path = of_one_feature(tmp_path / "a.pt", "2.weight", "0.weight")
    network = load_network(path, ONE_FEATURE).network
    assert_array_equal(network.hidden, ROW.T)
    assert_array_equal(network.output, COLUMN[:, 0])


def test_layers_that_cannot_be_told_apart_are_refused(tmp_path):
    path = of_one_feature(tmp_path / "a.pt", "hidden.weight", "output.weight")
    message = refusal(path, ONE_FEATURE)
    assert "got (2, 1) in 'hidden.weight' and (1, 2) in 'output.weight'; save them as" in message


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ({"mean": VECTOR}, "'mean' of shape (2,), which may change the function, as a scaler"),
        ({"scaler.mean": MATRIX}, "'scaler.mean' of shape (2, 3), which may change the function"),
        ({"1.weight": VECTOR}, "got '1.weight' of shape (2,)"),
        ({"1.running_mean": VECTOR, "1.n": COUNTER}, "got '1.running_mean' of shape (2,)"),
        ({"scale": NUMBER}, "got 'scale' of shape ()"),
        ({"mask": tensor("0", "BoolStorage", 6, (2,))}, "got 'mask' of shape (2,)"),
        ({"0.bias": COUNTER}, "got '0.bias' of shape ()"),
        (
            {"scaler": call(named("sklearn.preprocessing._data", "StandardScaler"))},
            "the Python object 'sklearn.preprocessing._data.StandardScaler' under 'scaler'",
        ),
        (
            {"mean": call(named("numpy._core.multiarray", "_reconstruct"), plain(0))},
            "the Python object 'numpy._core.multiarray._reconstruct' under 'mean'",
        ),
        (
            {"mean": call(named("torch._utils", "_rebuild_tensor_v3"), plain(0))},
            "got torch._utils._rebuild_tensor_v3; convert the model",
        ),
    ],
)
def test_what_may_change_the_function_is_refused_by_name(tmp_path, items, reason):
    path = save_pt(tmp_path / "a.pt", plain_tensors() | items, storages())
    assert reason in refusal(path)


def test_an_array_beside_the_weights_is_refused_by_name_too(tmp_path):
    path = save_pt(tmp_path / "a.pt", {"model": WEIGHTS, "x_mean": VECTOR}, storages())
    assert "got 'x_mean' of shape (2,), which may change the function" in refusal(path)


def test_an_object_among_the_weights_is_refused_by_name(tmp_path):
    weights = nested(plain_tensors() | {"_extra_state": NAMESPACE})
    path = save_pt(tmp_path / "a.pt", {"model": weights}, storages())
    assert "'argparse.Namespace' under 'model._extra_state'" in refusal(path)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ({"model": WEIGHTS, "ema": nested(plain_tensors())}, "they stand under 'model', 'ema'"),
        (
            {"model": call(named("torch.nn.modules.container", "Sequential")), "epoch": plain(1)},
            "the Python object 'torch.nn.modules.container.Sequential' under 'model'",
        ),
        ({"model": OPTIMISER}, "got 0 matrices among 0 tensors"),
        ({"a.weight": MATRIX}, "got 1 matrices among 1 tensors"),
    ],
)
def test_a_checkpoint_without_one_set_of_weights_says_what_it_has(tmp_path, items, reason):
    assert reason in refusal(save_pt(tmp_path / "a.pt", items, storages()))


def save_safetensors(path, arrays, header=None, **metadata):
    entries, content = {}, b""
    for name, (kind, array) in arrays.items():
        begin, content = len(content), content + array.tobytes()
        place = {"data_offsets": [begin, len(content)]}
        entries[name] = {"dtype": kind, "shape": list(array.shape), **place}
    if metadata:
        entries["__metadata__"] = metadata
    text = json.dumps(entries).encode() if header is None else header
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return str(path)


def in_float32(**more):
    weights = {"2.weight": OUTPUT[None], "0.weight": HIDDEN, **more}
    return {name: ("F32", array.astype("<f4")) for name, array in weights.items()}


@pytest.mark.parametrize(
    ("kind", "dtype"), [("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2"), ("BF16", "<u2")]
)
def test_safetensors_are_read_in_every_float_type(tmp_path, kind, dtype):
    def stored(array):
        if kind == "BF16":
            return (array.astype("<f4").view("<u4") >> 16).astype(dtype)
        return array.astype(dtype)

    arrays = {"2.weight": (kind, stored(OUTPUT[None])), "0.weight": (kind, stored(HIDDEN))}
    path = save_safetensors(tmp_path / "a.safetensors", arrays, format="pt")
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize("inputs_first", [False, True])
def test_layers_of_several_outputs_are_told_by_the_labels(tmp_path, inputs_first):
    rng = np.random.default_rng(0)
    hidden, output = rng.standard_normal((5, 3)), rng.standard_normal((2, 5))
    arrays = {"0.weight": hidden, "2.weight": output}
    if inputs_first:
        arrays = {"0.weight": hidden.T, "2.weight": output.T}
    arrays |= {"0.bias": np.ones(5), "2.bias": np.array([1.0, 2.0])}
    stored = {name: ("F64", np.ascontiguousarray(array)) for name, array in arrays.items()}
    path = save_safetensors(tmp_path / "a.safetensors", stored)
    data = VectorDataset(rng.standard_normal((6, 3)), rng.standard_normal((6, 2)))
    expected = np.maximum(data.X @ hidden.T + 1.0, 0.0) @ output.T + [1.0, 2.0]
    for loaded in (load_network(path, data), load_network(path)):
        np.testing.assert_allclose(loaded.predict(data.X), expected, rtol=1e-12)
    with pytest.raises(DataError, match="as many columns of labels"):
        load_network(path, DATA)


def test_biases_and_numbers_tell_several_outputs_of_one_column(tmp_path):
    arrays = {"0.weight": np.ones((4, 1)), "2.weight": np.ones((2, 4))}
    for more in ({}, {"0.bias": np.ones(4), "2.bias": np.ones(2)}):
        stored = {name: ("F64", array) for name, array in (arrays | more).items()}
        loaded = load_network(save_safetensors(tmp_path / "a.safetensors", stored))
        assert (loaded.n_features, loaded.n_outputs) == (1, 2)


def test_safetensors_follow_the_rules_of_checkpoints(tmp_path):
    path = tmp_path / "a.safetensors"
    bias = in_float32(**{"0.bias": BIAS})
    assert load_network(save_safetensors(path, bias), DATA).has_bias
    counter = {"n": ("I64", np.array(3))}
    assert_is_the_network(load_network(save_safetensors(path, in_float32() | counter), DATA))
    assert "got 'mean' of shape (2,)" in refusal(save_safetensors(path, in_float32(mean=OUTPUT)))
    complex_ = {"0.weight": ("C64", HIDDEN.astype("<c8")), "2.weight": ("F32", OUTPUT[None])}
    complex_["2.weight"] = ("F32", OUTPUT[None].astype("<f4"))
    assert "got C64; convert the model" in refusal(save_safetensors(path, complex_))


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32"},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 25]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 10**9]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [24, 0]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [-24, 0]},
        {"dtype": "F32", "shape": [2, 3.0], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [True, 6], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [0, 2**62], "data_offsets": [0, 0]},
        {"dtype": 32, "shape": [2, 3], "data_offsets": [0, 24]},
        7,
    ],
)
def test_a_damaged_entry_of_safetensors_gets_one_clear_line(tmp_path, entry):
    header = json.dumps({"0.weight": entry}).encode()
    path = save_safetensors(tmp_path / "a.safetensors", in_float32(), header)
    assert "Expected a safetensors file, got a damaged one" in refusal(path)


@pytest.mark.parametrize(
    "header", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"a": 1' + b"0" * 5000 + b"}"]
)
def test_a_damaged_header_of_safetensors_gets_one_clear_line(tmp_path, header):
    path = save_safetensors(tmp_path / "a.safetensors", {}, header)
    assert "Expected a safetensors file, got a damaged one" in refusal(path)


def test_a_header_of_safetensors_longer_than_two_layers_need_is_refused(tmp_path):
    path = save_safetensors(tmp_path / "a.safetensors", {}, b" " * 300_000)
    assert "got one of 300000 bytes" in refusal(path)
    for content in (b"", b"short", b"\xff" * 8):
        (tmp_path / "a.safetensors").write_bytes(content)
        assert "got a damaged one" in refusal(path)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3), st.integers(0))
def test_no_change_of_a_byte_of_safetensors_gets_past_the_one_clear_line(
    tmp_path_factory, changes, length
):
    path = tmp_path_factory.mktemp("st") / "a.safetensors"
    save_safetensors(path, in_float32(**{"0.bias": BIAS}))
    content = bytearray(path.read_bytes())
    for place, byte in changes:
        content[place % len(content)] = byte
    path.write_bytes(content[: max(length % 500, 0)])
    try:
        loaded = load_network(path, DATA)
    except DataError:
        refusal(path)
    else:
        assert loaded.network.hidden.shape[1] == 3 + loaded.has_bias
