import io
import pathlib
import pickle
import zipfile

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPRegressor

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, DataError, StorageError
from relaxgap.networks import LoadedNetwork, TwoLayerNetwork, load_network, with_ones_column
from relaxgap.networks.gated import GatedNetwork

HIDDEN = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
OUTPUT = np.array([1.5, -0.75])
BIAS = np.array([0.5, -4.0])
DATA = Dataset(np.random.default_rng(0).standard_normal((5, 3)), np.arange(5.0))


def refusal(path, data=DATA):
    with pytest.raises(DataError) as caught:
        load_network(str(path), data)
    message = str(caught.value)
    assert message.startswith(f"{path}: Expected")
    assert message.count(str(path)) == 1
    assert "got" in message
    assert ";" in message
    assert "\n" not in message
    return message


def save_npz(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def save_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


# What torch.save writes, opcode by opcode: the layout of PyTorch 1.6 and later.


def plain(value):
    return pickle.dumps(value, 2)[2:-1]


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def call(function, *arguments):
    return function + b"(" + b"".join(arguments) + b"tR"


ORDERED = call(named("collections", "OrderedDict"))
REBUILD = named("torch._utils", "_rebuild_tensor_v2")


def tensor(key, kind, numel, shape, strides=None, offset=0, metadata=None):
    strides = strides or tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    place = (plain("storage"), named("torch", kind), plain(key), plain("cpu"), plain(numel))
    view = (plain(offset), plain(shape), plain(strides), plain(False), ORDERED)
    extra = () if metadata is None else (plain(metadata),)
    return call(REBUILD, b"(" + b"".join(place) + b"tQ", *view, *extra)


def index_of(tensors, start=ORDERED):
    items = b"".join(plain(name) + content for name, content in tensors.items())
    return b"\x80\x02" + start + b"(" + items + b"u."


def save_pt(path, tensors, storages, byteorder=b"little"):
    index = tensors if isinstance(tensors, bytes) else index_of(tensors)
    members = {f"net/data/{key}": content for key, content in storages.items()}
    if byteorder is not None:
        members["net/byteorder"] = byteorder
    return save_zip(path, {"net/data.pkl": index, **members, "net/version": b"3\n"})


def plain_tensors(kind="FloatStorage", names=("0.weight", "2.weight")):
    return {names[0]: tensor("0", kind, 6, (2, 3)), names[1]: tensor("1", kind, 2, (1, 2))}


def plain_storages(dtype="<f4"):
    return {"0": HIDDEN.astype(dtype).tobytes(), "1": OUTPUT.astype(dtype).tobytes()}


def assert_is_the_network(loaded):
    assert not loaded.has_bias
    assert_array_equal(loaded.network.hidden, HIDDEN)
    assert_array_equal(loaded.network.output, OUTPUT)
    assert loaded.network.hidden.dtype == loaded.network.output.dtype == np.float64


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
    assert isinstance(loaded, LoadedNetwork)
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
    unfolded = save_npz(tmp_path / "unfolded.npz", **arrays, output_bias=model.intercepts_[1])
    message = refusal(unfolded, data)
    assert f"got {intercept:g}; subtract it from the labels" in message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden": HIDDEN[:, :2]}, "of 3 features, got shape (2, 2), for 2 features"),
        ({"hidden": HIDDEN.T}, "got shape (3, 2), for 2 features; transpose them"),
        ({"hidden": HIDDEN[0]}, "'hidden' with 2 axes, got shape (3,)"),
        ({"output": OUTPUT[None]}, "'output' with 1 axes, got shape (1, 2)"),
        ({"output": np.ones(3)}, "Expected 2 output weights for 2 hidden neurons"),
        ({"hidden_bias": np.ones(3)}, "Expected 2 hidden biases for 2 hidden neurons"),
        ({"output_bias": np.zeros(2)}, "Expected 1 output biases"),
        ({"output_bias": np.array([0.5])}, "Expected no output bias"),
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
    for ending in (".npz", ".pt", ".pth"):
        (tmp_path / f"folder{ending}").mkdir()
        assert "got a directory" in refusal(tmp_path / f"folder{ending}")
        assert "got a path where there is none" in refusal(tmp_path / f"none{ending}")
    assert "ending in .npz or .pt or .pth, got the ending '.onnx'" in refusal(tmp_path / "a.onnx")


@pytest.mark.parametrize("names", [("0.weight", "2.weight"), ("fc1.weight", "fc2.weight")])
@pytest.mark.parametrize("ending", ["pt", "pth", "PT"])
def test_a_state_dict_is_read_without_torch(tmp_path, names, ending):
    path = save_pt(tmp_path / f"a.{ending}", plain_tensors(names=names), plain_storages())
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize("byteorder", ["little", "big", None])
@pytest.mark.parametrize(
    ("kind", "dtype"), [("DoubleStorage", "f8"), ("FloatStorage", "f4"), ("HalfStorage", "f2")]
)
def test_every_float_type_and_byte_order_is_honoured(tmp_path, kind, dtype, byteorder):
    order = {"little": "<", "big": ">", None: "<"}[byteorder]
    mark = byteorder and byteorder.encode()
    path = save_pt(tmp_path / "a.pt", plain_tensors(kind), plain_storages(order + dtype), mark)
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize("order", ["<", ">"])
def test_bfloat16_is_the_upper_half_of_float32(tmp_path, order):
    def halved(array):
        return (array.astype(np.float32).view(np.uint32) >> 16).astype(f"{order}u2").tobytes()

    storages = {"0": halved(HIDDEN), "1": halved(OUTPUT)}
    mark = b"little" if order == "<" else b"big"
    path = save_pt(tmp_path / "a.pt", plain_tensors("BFloat16Storage"), storages, mark)
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("LongStorage", "i8"),
        ("IntStorage", "i4"),
        ("ShortStorage", "i2"),
        ("CharStorage", "i1"),
        ("ByteStorage", "u1"),
    ],
)
def test_integer_tensors_become_float64(tmp_path, kind, dtype):
    values = np.array([[0, 1, 2], [3, 4, 127]], dtype=f"<{dtype}")
    storages = {"0": values.tobytes(), "1": values[1, :2].tobytes()}
    network = load_network(save_pt(tmp_path / "a.pt", plain_tensors(kind), storages), DATA).network
    assert network.hidden.dtype == np.float64
    assert_array_equal(network.hidden, values)
    assert_array_equal(network.output, [3.0, 4.0])


def test_views_of_one_storage_keep_their_offsets_and_strides(tmp_path):
    shared = np.concatenate([[9.0], HIDDEN.T.ravel(), [9.0], OUTPUT]).astype("<f8").tobytes()
    tensors = {
        "0.weight": tensor("s", "DoubleStorage", 10, (2, 3), (1, 2), 1),
        "2.weight": tensor("s", "DoubleStorage", 10, (1, 2), (7, 1), 8),
    }
    path = save_pt(tmp_path / "a.pt", tensors, {"s": shared})
    assert_is_the_network(load_network(path, DATA))


def test_parameters_and_the_metadata_of_a_module_are_read_through(tmp_path):
    parameter = call(
        named("torch._utils", "_rebuild_parameter"),
        tensor("0", "FloatStorage", 6, (2, 3), metadata={}),
        plain(True),
        ORDERED,
    )
    items = plain("0.weight") + parameter + plain("2.weight") + plain_tensors()["2.weight"]
    metadata = plain({"_metadata": {"": {"version": 1}}, "items": None, "values": None})
    index = b"\x80\x02" + ORDERED + b"(" + items + b"u" + metadata + b"b."
    assert_is_the_network(load_network(save_pt(tmp_path / "a.pt", index, plain_storages()), DATA))


def test_a_plain_dictionary_of_tensors_is_a_state_dict(tmp_path):
    path = save_pt(tmp_path / "a.pt", index_of(plain_tensors(), b"}"), plain_storages())
    assert_is_the_network(load_network(path, DATA))


def with_biases(hidden_bias, output_bias):
    tensors = plain_tensors()
    tensors["0.bias"] = tensor("2", "FloatStorage", len(hidden_bias), (len(hidden_bias),))
    tensors["2.bias"] = tensor("3", "FloatStorage", len(output_bias), (len(output_bias),))
    biases = {"2": np.array(hidden_bias, "<f4"), "3": np.array(output_bias, "<f4")}
    return tensors, plain_storages() | {key: bias.tobytes() for key, bias in biases.items()}


def test_the_biases_of_a_state_dict_are_those_of_an_archive(tmp_path):
    path = save_pt(tmp_path / "a.pt", *with_biases(BIAS, [0.0]))
    loaded = load_network(path, DATA)
    assert loaded.has_bias
    assert_array_equal(loaded.network.hidden, np.column_stack([HIDDEN, BIAS]))
    assert_is_the_network(
        load_network(save_pt(tmp_path / "b.pt", *with_biases([0.0, 0.0], [0.0])), DATA)
    )
    assert "no output bias" in refusal(save_pt(tmp_path / "c.pt", *with_biases(BIAS, [0.5])))
    assert "got 3; make the widths" in refusal(
        save_pt(tmp_path / "d.pt", *with_biases([1] * 3, [0]))
    )


def test_a_state_dict_of_width_zero_is_the_zero_network(tmp_path):
    tensors = {
        "0.weight": tensor("0", "FloatStorage", 0, (0, 3)),
        "2.weight": tensor("1", "FloatStorage", 0, (1, 0)),
    }
    path = save_pt(tmp_path / "a.pt", tensors, {"0": b"", "1": b""})
    assert load_network(path, DATA).network.width == 0


@settings(max_examples=200)
@given(
    st.integers(0, 12),
    st.tuples(st.integers(0, 3), st.just(3)),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.integers(0, 13),
)
def test_a_view_is_read_exactly_or_refused_when_it_leaves_its_storage(
    tmp_path_factory, numel, shape, strides, offset
):
    values = np.arange(1.0, numel + 1.0)
    m = shape[0]
    tensors = {
        "0.weight": tensor("0", "DoubleStorage", numel, shape, strides, offset),
        "2.weight": tensor("1", "DoubleStorage", m, (1, m)),
    }
    storages = {"0": values.astype("<f8").tobytes(), "1": np.ones(m, "<f8").tobytes()}
    path = save_pt(tmp_path_factory.mktemp("pt") / "a.pt", tensors, storages)
    rows, columns = np.indices(shape)
    places = offset + rows * strides[0] + columns * strides[1]
    if places.size and places.max() >= numel:
        assert "tensors inside their storage" in refusal(path)
    else:
        assert_array_equal(load_network(path, DATA).network.hidden, values[places])


HUGE = 2**62


NOT_PLAIN = "plain tensors with at most 2 axes"
OUTSIDE = "tensors inside their storage"
DAMAGED = "cannot be read as such"


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"offset": -1}, NOT_PLAIN),
        ({"strides": (-3, 1), "offset": 3}, NOT_PLAIN),
        ({"shape": (-2, 3)}, NOT_PLAIN),
        ({"shape": (2, 3, 1), "strides": (3, 1, 1)}, NOT_PLAIN),
        ({"strides": (3,)}, NOT_PLAIN),
        ({"offset": 0.0}, NOT_PLAIN),
        ({"offset": True}, NOT_PLAIN),
        ({"strides": (3, "1")}, NOT_PLAIN),
        ({"metadata": {"neg": True}}, NOT_PLAIN),
        ({"strides": (3, HUGE)}, OUTSIDE),
        ({"offset": HUGE}, OUTSIDE),
        ({"shape": (HUGE, 3)}, OUTSIDE),
        ({"shape": (HUGE, 3), "strides": (0, 1)}, DAMAGED),
        ({"numel": HUGE}, "got 24; save the file again"),
        ({"numel": -6}, "got 24; save the file again"),
        ({"numel": 5}, "Expected a storage of 20 bytes, got 24"),
        ({"numel": "6"}, DAMAGED),
        ({"key": "../data.pkl"}, DAMAGED),
        ({"key": 0}, DAMAGED),
    ],
    ids=str,
)
def test_a_tensor_that_does_not_describe_its_storage_is_refused(tmp_path, view, reason):
    good = {"key": "0", "kind": "FloatStorage", "numel": 6, "shape": (2, 3), "strides": (3, 1)}
    tensors = plain_tensors() | {"0.weight": tensor(**(good | view))}
    assert reason in refusal(save_pt(tmp_path / "a.pt", tensors, plain_storages()))


class TouchesAFile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path(self.path),))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_state_dict_is_refused_and_not_executed(tmp_path, protocol):
    marker = tmp_path / "executed"
    trap = pickle.dumps({"0.weight": TouchesAFile(str(marker))}, protocol)
    message = refusal(save_pt(tmp_path / "a.pt", trap, plain_storages()))
    assert "a pickle that could run code and was not opened" in message
    assert "torch.save(model.state_dict(), path)" in message
    assert not marker.exists()
    pickle.loads(trap)
    assert marker.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("posix", "system"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch.nn.modules.container", "Sequential"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("collections", "OrderedDict.fromkeys"),
        ("relaxgap.networks.reading.torch_archive", "_Tensor"),
    ],
)
def test_every_name_but_those_of_tensors_is_refused(tmp_path, module, name):
    by_stack = b"\x80\x04" + plain(module) + plain(name) + b"\x93."
    for index in (b"\x80\x02" + named(module, name) + b".", by_stack):
        message = refusal(save_pt(tmp_path / "a.pt", index, plain_storages()))
        assert f"the Python object '{module}.{name}'" in message


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch", "ComplexFloatStorage"),
        ("torch", "BoolStorage"),
        ("torch._utils", "_rebuild_tensor_v3"),
    ],
)
def test_tensors_of_other_types_are_refused_with_a_way_out(tmp_path, module, name):
    index = b"\x80\x02" + named(module, name) + b"."
    message = refusal(save_pt(tmp_path / "a.pt", index, plain_storages()))
    assert f"got {module}.{name}; convert the model with model.double()" in message


@pytest.mark.parametrize(
    "state",
    [
        plain({"rebuild": None, "__call__": None}),
        b"N" + plain({"rebuild": None}) + b"\x86",
        b"N" + plain({"__setstate__": None, "dtype": "f8"}) + b"\x86",
    ],
)
@pytest.mark.parametrize(
    "target",
    [REBUILD, named("collections", "OrderedDict"), named("torch", "FloatStorage"), ORDERED],
)
def test_a_file_cannot_alter_what_reads_the_next_file(tmp_path, target, state):
    items = b"".join(plain(name) + content for name, content in plain_tensors().items())
    index = b"\x80\x02" + target + state + b"b0" + ORDERED + b"(" + items + b"u."
    hostile = save_pt(tmp_path / "hostile.pt", index, plain_storages())
    if target != ORDERED:
        refusal(hostile)
    good = save_pt(tmp_path / "good.pt", plain_tensors(), plain_storages())
    assert_is_the_network(load_network(good, DATA))


def test_a_pickle_that_asks_for_gigabytes_is_refused_before_it_gets_them(tmp_path):
    memo = b"\x80\x02}r\xff\xff\xff\x7f."
    assert "a memo index out of range" in refusal(save_pt(tmp_path / "a.pt", memo, {}))
    long = index_of({f"{layer}.weight": plain(0) for layer in range(2000)})
    assert f"got a list of {len(long)} bytes" in refusal(save_pt(tmp_path / "a.pt", long, {}))


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (b"\x80\x02].", "a dictionary of tensors, got something else;"),
        (index_of({"epoch": plain(3)}), "got something else under 'epoch'"),
        (index_of({"model": index_of(plain_tensors())[2:-1]}), "got something else under 'model'"),
        (b"\x80\x02}" + plain(3) + plain(4) + b"s.", "under 'what is not a name'"),
        (index_of({}), "got 0 matrices among 0 tensors"),
        (index_of(plain_tensors())[:-1], "cannot be read as such"),
        (b"", "cannot be read as such"),
        (b"junk", "cannot be read as such"),
        (b"\x80\x02" + named("\\(", "name") + b".", "the Python object '\\\\(.name'"),
        (b"\x80\x02" + call(REBUILD, plain(1)) + b".", "cannot be read as such"),
        (b"\x80\x02" + call(named("torch", "FloatStorage")) + b".", "cannot be read as such"),
        (b"\x80\x02" + plain((1, 2)) + b"Q.", "cannot be read as such"),
    ],
)
def test_a_pickle_that_is_no_state_dict_gets_one_clear_line(tmp_path, index, reason):
    assert reason in refusal(save_pt(tmp_path / "a.pt", index, plain_storages()))


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (
            {"4.weight": tensor("1", "FloatStorage", 2, (1, 2))},
            "got 3 matrices among 3 tensors; only two-layer networks",
        ),
        (
            {"2.weight": tensor("0", "FloatStorage", 6, (3, 2))},
            "got (2, 3) in '0.weight' and (3, 2) in '2.weight'; only networks with one output",
        ),
        ({"2.weight": tensor("1", "FloatStorage", 2, (2, 1))}, "shapes (m, d) and (1, m)"),
        ({"1.weight": tensor("1", "FloatStorage", 2, (2,))}, "got '1.weight' of shape (2,)"),
        ({"1.tracked": tensor("1", "FloatStorage", 2, ())}, "got '1.tracked' of shape ()"),
        ({"0.weight": tensor("0", "FloatStorage", 6, (2, 2))}, "(2, 2), for 2 features"),
    ],
)
def test_another_architecture_gets_one_clear_line(tmp_path, tensors, reason):
    path = save_pt(tmp_path / "a.pt", plain_tensors() | tensors, plain_storages())
    assert reason in refusal(path)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "Expected one data.pkl in what torch.save wrote, got 0"),
        ({"a/data.pkl": b"", "b/data.pkl": b""}, "got 2"),
        ({"net/data.pkl": index_of(plain_tensors())}, "no item named 'net/data/0'"),
        (
            {
                "net/data.pkl": index_of(plain_tensors()),
                "net/byteorder": b"middle",
                "net/data/0": bytes(24),
            },
            "cannot be read as such (KeyError: b'middle')",
        ),
    ],
)
def test_an_incomplete_archive_gets_one_clear_line(tmp_path, members, reason):
    assert reason in refusal(save_zip(tmp_path / "a.pt", members))


def test_a_file_that_is_no_archive_gets_one_clear_line(tmp_path):
    whole = pathlib.Path(save_pt(tmp_path / "a.pt", plain_tensors(), plain_storages())).read_bytes()
    weights = HIDDEN.astype("<f4").tobytes()
    flipped = whole.replace(weights, bytes(byte ^ 1 for byte in weights))
    legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    for content in (b"", b"hello", legacy, whole[: len(whole) // 2], flipped):
        path = tmp_path / "b.pt"
        path.write_bytes(content)
        message = refusal(path)
        assert "cannot be read as such" in message
        assert "torch.save(model.state_dict(), path), or as an .npz" in message


@settings(max_examples=300)
@given(st.data())
def test_no_change_of_a_byte_gets_past_the_one_clear_line(tmp_path_factory, data):
    index = bytearray(index_of(plain_tensors()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(index) - 1))
        index[place] = data.draw(st.integers(0, 255))
    path = save_pt(tmp_path_factory.mktemp("pt") / "a.pt", bytes(index), plain_storages())
    try:
        loaded = load_network(path, DATA)
    except DataError:
        refusal(path)
    else:
        assert loaded.network.hidden.shape[1] == 3 + loaded.has_bias


def saved(path, value, **settings):
    import torch  # type: ignore[import-not-found, unused-ignore]

    torch.save(value, path, **settings)
    return str(path)


def perceptron(width=8, bias=True):
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    torch.manual_seed(0)
    layers = torch.nn.Linear(3, width, bias=bias), torch.nn.ReLU(), torch.nn.Linear(width, 1, False)
    return torch, torch.nn.Sequential(*layers)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_a_network_of_torch_keeps_its_predictions(tmp_path, dtype, bias):
    torch, model = perceptron(bias=bias)
    path = saved(tmp_path / "net.pt", model.to(getattr(torch, dtype)).state_dict())
    loaded = load_network(path, DATA)
    assert loaded.has_bias == bias
    X = with_ones_column(DATA).X if bias else DATA.X
    expected = model.double()(torch.from_numpy(DATA.X)).detach().numpy()[:, 0]
    assert_allclose(loaded.network.predict(X), expected, rtol=1e-12, atol=1e-14)


def test_every_way_that_torch_saves_weights_gives_the_same_network(tmp_path):
    torch, model = perceptron(bias=False)
    weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
    for name, value, settings_ in (
        ("parameters", dict(model.named_parameters()), {}),
        ("protocol", model.state_dict(), {"pickle_protocol": 4}),
        ("views", {k: v.t().contiguous().t() for k, v in model.state_dict().items()}, {}),
        (
            "slices",
            {k: torch.cat([v, v], 1)[:, v.shape[1] :] for k, v in model.state_dict().items()},
            {},
        ),
    ):
        network = load_network(saved(tmp_path / f"{name}.pth", value, **settings_), DATA).network
        assert_array_equal(network.hidden, weights["0.weight"])
        assert_array_equal(network.output, weights["2.weight"][0])
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    (tmp_path / "buffer.pt").write_bytes(buffer.getvalue())
    network = load_network(str(tmp_path / "buffer.pt"), DATA).network
    assert_array_equal(network.hidden, weights["0.weight"])


def test_what_else_torch_saves_gets_one_clear_line(tmp_path):
    torch, model = perceptron()
    state = model.state_dict()
    legacy = {"_use_new_zipfile_serialization": False}
    deep = torch.nn.Sequential(*(torch.nn.Linear(3, 3) for _ in range(3)))
    for value, settings_, reason in (
        (model, {}, "the Python object 'torch.nn.modules.container.Sequential'"),
        (state, legacy, "cannot be read as such"),
        ({"model": state, "epoch": 3}, {}, "got something else under 'model'"),
        (deep.state_dict(), {}, "got 3 matrices among 6 tensors"),
        (
            {k: v.to(torch.complex64) for k, v in state.items()},
            {},
            "got torch.ComplexFloatStorage; convert",
        ),
        (torch.ones(2), {}, "got something else;"),
    ):
        assert reason in refusal(saved(tmp_path / "net.pt", value, **settings_))


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
    with pytest.raises(DataError, match="array named 'hidden'"):
        load_network(tmp_path / "gated.npz")
