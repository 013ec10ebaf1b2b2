"""Single arrays: features mapped into memory, labels beside them."""

import io
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from written_files import load, refusal, write

from relaxgap.data import FileData

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Y = np.array([0.5, -1.0, 2.0])


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "X.npy", npy_bytes(X))
    write(tmp_path / "y.npy", npy_bytes(Y))
    return tmp_path


def test_features_stay_in_their_file_and_labels_are_read(folder):
    data = load(folder / "X.npy")
    assert isinstance(data.X, np.memmap)
    assert not data.X.flags.writeable
    assert_array_equal(data.X, X)
    assert_array_equal(data.y, Y)
    assert not isinstance(data.y, np.memmap)
    rows, labels = FileData(str(folder / "X.npy")).load_classes()
    assert_array_equal(rows, X)
    assert labels == Y.tolist()


@pytest.mark.parametrize("array", [X.astype(np.float32), np.asfortranarray(X), X.astype(">f8")])
def test_entries_of_another_kind_are_converted(folder, array):
    write(folder / "X.npy", npy_bytes(array))
    data = load(folder / "X.npy")
    assert (data.X.dtype, data.X.flags.c_contiguous) == (np.float64, True)
    assert_array_equal(data.X, X)


def test_a_target_names_the_file_of_labels_and_counts_for_the_digest(folder):
    write(folder / "price.npy", npy_bytes(2.0 * Y))
    assert_array_equal(load(folder / "X.npy", "price").y, 2.0 * Y)
    source = FileData(str(folder / "X.npy"), "price")
    before = source.fingerprint()
    assert len(before) == 2
    write(folder / "price.npy", npy_bytes(3.0 * Y))
    assert source.fingerprint()[0] == before[0]
    assert source.fingerprint()[1] != before[1]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("X.npy", npy_bytes(X)[:-1], "176 bytes for the shape (3, 2) of X.npy, got 175: the file"),
        ("y.npy", npy_bytes(Y)[:-8], "152 bytes for the shape (3,) of y.npy, got 144: the file"),
        ("X.npy", npy_bytes(Y), "X.npy with 2 axes, got shape (3,)"),
        ("y.npy", npy_bytes(Y[:2]), "got 3 rows and 2 labels in y.npy; make the lengths match"),
        ("X.npy", npy_bytes(np.array([["a"], ["b"], ["c"]])), "real numbers in 'X', got dtype <U1"),
        ("X.npy", b"\x93NUMPY\x01\x00v\x00{}", "a readable array 'X', got a damaged one"),
        ("X.npy", b"\x93NUMPY\x01\x00v", "a readable array 'X', got a damaged one"),
        ("y.npy", b"\x93NUMPY\x02\x00v", "a readable array 'y', got a damaged one"),
        ("X.npy", b"PK", "'X' to be a NumPy array, got something else; write it with numpy.save"),
        (
            "X.npy",
            npy_bytes(X.view(np.uint64) * np.uint64(0) + np.uint64(0x7FF0000000000001)).replace(
                b"<u8", b"<f8"
            ),
            "got 6 NaN or infinite entries in X, the first X[0, 0]",
        ),
        ("X.npy", npy_bytes(np.where(X > 6, np.nan, X)), "the first X[2, 1]"),
        ("X.npy", npy_bytes(X[:0]), "at least one sample"),
    ],
)
def test_what_cannot_be_used_gets_one_clear_line(folder, name, content, reason):
    write(folder / name, content)
    if name == "X.npy" and content == npy_bytes(X[:0]):
        write(folder / "y.npy", npy_bytes(Y[:0]))
    assert reason in refusal(folder / "X.npy")


def test_labels_may_be_in_a_folder_below_and_are_regular_files(folder):
    (folder / "labels").mkdir()
    write(folder / "labels" / "price.npy", npy_bytes(2.0 * Y))
    assert_array_equal(load(folder / "X.npy", "labels/price").y, 2.0 * Y)
    (folder / "y.npy").unlink()
    (folder / "y.npy").mkdir()
    assert "named 'y', got nothing" in refusal(folder / "X.npy")
    write(folder / "z.npy", npy_bytes(Y))
    os.mkfifo(folder / "pipe.npy")
    assert "got a pipe or a device" in refusal(folder / "pipe.npy", "z")


def test_labels_that_are_not_there_are_named(folder):
    (folder / "y.npy").rename(folder / "Price.npy")
    message = refusal(folder / "X.npy", "price")
    assert "labels in an array beside it named 'price', got 'Price'; did you mean" in message
