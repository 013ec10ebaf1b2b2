import pathlib
import pickle
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_networks import (
    DATA,
    HIDDEN,
    ORDERED,
    REBUILD,
    assert_is_the_network,
    call,
    index_of,
    named,
    plain,
    plain_storages,
    plain_tensors,
    refusal,
    save_pt,
    save_zip,
    tensor,
)

from relaxgap.errors import DataError
from relaxgap.networks import load_network

HUGE = 2**62


NOT_PLAIN = "Expected plain tensors, got another one"
OUTSIDE = "tensors inside their storage"
DAMAGED = "cannot be read as such"


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"offset": -1}, NOT_PLAIN),
        ({"strides": (-3, 1), "offset": 3}, NOT_PLAIN),
        ({"shape": (-2, 3)}, NOT_PLAIN),
        ({"shape": (2, 3, 1), "strides": (3, 1, 1)}, "got 1 matrices among 2 tensors"),
        ({"strides": (3,)}, NOT_PLAIN),
        ({"offset": 0.0}, NOT_PLAIN),
        ({"offset": True}, NOT_PLAIN),
        ({"strides": (3, "1")}, NOT_PLAIN),
        ({"metadata": {"neg": True}}, NOT_PLAIN),
        ({"strides": (3, HUGE)}, OUTSIDE),
        ({"offset": HUGE}, OUTSIDE),
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
    tracemalloc.start()
    try:
        assert "got 0 matrices" in refusal(save_pt(tmp_path / "a.pt", memo, {}))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    long = index_of({f"{layer}.weight": plain(0) for layer in range(20000)})
    # as large as its file it is read: what it makes is within the memory of a file of that size
    assert "got 0 matrices" in refusal(save_pt(tmp_path / "a.pt", long, {}))
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", long)
    assert f"got a list of {len(long)} bytes" in refusal(tmp_path / "b.pt")


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (b"\x80\x02].", "a dictionary of tensors, got something else;"),
        (index_of({"epoch": plain(3)}), "got 0 matrices among 0 tensors"),
        (b"\x80\x02}" + plain(3) + plain(4) + b"s.", "got 0 matrices among 0 tensors"),
        (b"\x80\x02}q\x00h\x00" + plain(4) + b"s.", "got 0 matrices among 0 tensors"),
        (b"\x80\x02}" + plain("a") + b"h\x07s.", "cannot be read as such"),
        (b"\x80\x02(.", "cannot be read as such"),
        (b"\x80\x02N(}u.", "cannot be read as such"),
        (b"\x80\x02}" + plain(3) + b"a.", "cannot be read as such"),
        (b"\x80\x02}(" + plain(3) + b"u.", "cannot be read as such"),
        (b"\x80\x02N}b.", "cannot be read as such"),
        (b"\x80\x04\x93.", "cannot be read as such"),
        (b"\x80\x02NN\x93.", "cannot be read as such"),
        (b"\x80\x02K\x01)R.", "cannot be read as such"),
        (b"\x80\x02\x82\x01.", "cannot be read as such"),
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
            "and (1, m), got (2, 3) in '0.weight' and (3, 2) in '2.weight'; give as many columns",
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
    for content in (b"", b"hello", whole[: len(whole) // 2], flipped):
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


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_container_of_early_versions_gets_the_way_to_save_it_again(tmp_path, protocol):
    path = tmp_path / "a.pt"
    path.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, protocol) + pickle.dumps(1001, protocol))
    message = refusal(path)
    assert "got the container of earlier versions" in message
    assert "torch.save(torch.load(path, map_location='cpu', weights_only=True), path)" in message


@pytest.mark.parametrize("data", [DATA, None])
def test_a_number_stored_once_does_not_fill_the_memory(tmp_path, data):
    wide = (20_000, 20_000 if data is None else 3)
    tensors = {
        "0.weight": tensor("0", "FloatStorage", 1, wide, (0, 0)),
        "2.weight": tensor("0", "FloatStorage", 1, (1, 20_000), (0, 0)),
    }
    path = save_pt(tmp_path / "a.pt", tensors, {"0": bytes(4)})
    tracemalloc.start()
    try:
        assert "no larger than their storage, got shape (20000, " in refusal(path, data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_network_of_another_width_is_refused_before_it_is_read(tmp_path):
    tensors = {
        "0.weight": tensor("gone", "FloatStorage", HUGE, (2, HUGE)),
        "2.weight": tensor("1", "FloatStorage", 2, (1, 2)),
    }
    path = save_pt(tmp_path / "a.pt", tensors, plain_storages())
    assert f"for data of 3 features, got shape (2, {HUGE})" in refusal(path)
    assert "no item named 'net/data/gone'" in refusal(path, None)


@pytest.mark.parametrize(
    "note",
    [b"".join(b"q%ch%c\x86" % (n, n) for n in range(100)), b"\x85" * 100_000],
    ids=["doubled", "deep"],
)
def test_a_pickle_that_nests_without_end_is_refused_at_once_and_never_hashed(tmp_path, note):
    items = b"".join(plain(name) + content for name, content in plain_tensors().items())
    start, note = b"\x80\x02}(" + items, b"N" + note
    path = save_pt(tmp_path / "a.pt", start + plain("note") + note + b"u.", plain_storages())
    assert "nested at most 30 deep" in refusal(path)
    path = save_pt(tmp_path / "a.pt", start + note + plain("key") + b"u.", plain_storages())
    assert_is_the_network(load_network(path, DATA))


@pytest.mark.parametrize(("method", "number"), [(zipfile.ZIP_LZMA, 14), (zipfile.ZIP_BZIP2, 12)])
def test_a_member_compressed_as_torch_does_not_gets_one_clear_line(tmp_path, method, number):
    with zipfile.ZipFile(tmp_path / "a.pt", "w", method) as archive:
        archive.writestr("net/data.pkl", index_of(plain_tensors()))
    assert f"got the zip method {number}" in refusal(tmp_path / "a.pt")
