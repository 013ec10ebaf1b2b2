"""Networks that tests write as PyTorch does, read, and see refused in one line."""

import pickle
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from relaxgap.data.dataset import Dataset
from relaxgap.errors import DataError
from relaxgap.networks import load_network

HIDDEN = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
OUTPUT = np.array([1.5, -0.75])
BIAS = np.array([0.5, -4.0])
DATA = Dataset(np.random.default_rng(0).standard_normal((5, 3)), np.arange(5.0))


def with_ones_column(data):
    """Return data on which a hidden bias is a weight like any other."""
    return Dataset(np.column_stack([data.X, np.ones(data.n)]), data.y)


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
