import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from written_networks import (
    BIAS,
    DATA,
    HIDDEN,
    ORDERED,
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
    with_ones_column,
)

from relaxgap.networks import load_network


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
    other = load_network(save_pt(tmp_path / "c.pt", *with_biases(BIAS, [0.5])), DATA)
    assert_array_equal(other.predict(DATA.X), loaded.predict(DATA.X) + 0.5)
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
    elif places.size > numel:
        assert "tensors no larger than their storage" in refusal(path)
    else:
        assert_array_equal(load_network(path, DATA).network.hidden, values[places])


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
        (state, legacy, "got the container of earlier versions"),
        (deep.state_dict(), {}, "got 3 matrices among 6 tensors"),
        (
            {k: v.to(torch.complex64) for k, v in state.items()},
            {},
            "got torch.ComplexFloatStorage; convert",
        ),
        (torch.ones(2), {}, "got something else;"),
    ):
        assert reason in refusal(saved(tmp_path / "net.pt", value, **settings_))
