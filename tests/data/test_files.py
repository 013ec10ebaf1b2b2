import io
import pathlib

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from written_files import load, npz_bytes, refusal, samples, write, zip_bytes

from relaxgap.data import FileData
from relaxgap.errors import ConfigurationError

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Y = np.array([0.5, -1.0, 2.0])


@given(samples())
def test_an_archive_comes_back_bit_for_bit(tmp_path_factory, data):
    matrix, labels = data
    path = write(tmp_path_factory.mktemp("npz") / "a.npz", npz_bytes(X=matrix, y=labels))
    loaded = load(path)
    assert loaded.X.tobytes() == matrix.tobytes()
    assert loaded.y.tobytes() == labels.tobytes()


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.bool_, np.float16, np.float32, ">f8"])
def test_real_numbers_of_any_dtype_become_contiguous_float64(tmp_path, dtype):
    matrix = np.asfortranarray(np.array([[0, 1], [1, 1]], dtype=dtype))
    path = write(tmp_path / "a.NPZ", npz_bytes(X=matrix, y=np.array([0, 1], dtype=dtype)))
    data = load(path)
    assert (data.X.dtype, data.y.dtype) == (np.float64, np.float64)
    assert data.X.flags.c_contiguous
    assert_array_equal(data.X, [[0.0, 1.0], [1.0, 1.0]])


def test_an_archive_may_hold_other_arrays_and_name_its_labels(tmp_path):
    path = write(tmp_path / "a.npz", npz_bytes(X=X, label=Y, notes=np.array(["kept out"])))
    assert_array_equal(load(path, "label").y, Y)


def test_home_is_expanded(tmp_path, monkeypatch):
    write(tmp_path / "a.npz", npz_bytes(X=X, y=Y))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/a.npz").n == 3


class TouchesAFile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path(self.path),))


@pytest.mark.parametrize("name", ["X", "y"])
def test_a_pickle_in_an_archive_is_refused_and_not_executed(tmp_path, name):
    marker = tmp_path / "executed"
    trap = np.array([TouchesAFile(str(marker))] * 2, dtype=object)
    arrays = {"X": X, "y": Y, name: trap}
    path = write(tmp_path / "a.npz", npz_bytes(**arrays))
    assert "got Python objects, stored as a pickle that could run code" in refusal(path)
    assert not marker.exists()
    with np.load(path, allow_pickle=True) as archive:
        archive[name]
    assert marker.exists()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        (
            {"x": X, "y": Y},
            "an array named 'X', got 'x', 'y'; did you mean 'x'? Then rename it in the file.",
        ),
        (
            {"X": X, "labels": Y},
            "an array named 'y', got 'X', 'labels'; rename it in the file or set target (on the "
            "command line: --target NAME).",
        ),
        ({}, "an array named 'X', got nothing"),
        ({"X": X[0], "y": Y}, "'X' with 2 axes, got shape (2,)"),
        ({"X": X, "y": Y[:, None]}, "'y' with 1 axes, got shape (3, 1)"),
        ({"X": X + 1j, "y": Y}, "real numbers in 'X', got dtype complex128"),
        ({"X": X.astype(str), "y": Y}, "real numbers in 'X', got dtype <U32"),
        ({"X": X, "y": Y.astype("M8[s]")}, "real numbers in 'y', got dtype datetime64[s]"),
        ({"X": X, "y": Y[:2]}, "got 3 rows of X and 2 labels"),
        ({"X": X * 1e101, "y": Y}, "got 6.5e+101"),
        ({"X": X[:0], "y": Y[:0]}, "at least one sample"),
        ({"X": np.where(X > 6, np.nan, X), "y": Y}, "got 1 NaN or infinite entries in X"),
        ({"X": X, "y": np.array([1, np.inf, 2])}, "got 1 NaN or infinite entries in y"),
        ({"X": np.zeros((3, 2)), "y": Y}, "got constant data"),
        ({"X": np.full((3, 2), 7), "y": Y}, "got constant data"),
        ({"X": X[[0, 0, 0]], "y": Y}, "got constant data"),
        ({"X": np.zeros((1, 2)), "y": Y[:1]}, "got constant data"),
        ({"X": X, "y": np.full(3, 4.0)}, "got the constant target 4"),
    ],
)
def test_an_archive_that_cannot_be_used_gets_one_clear_line(tmp_path, arrays, reason):
    assert reason in refusal(write(tmp_path / "a.npz", npz_bytes(**arrays)))


def test_one_sample_is_not_called_constant(tmp_path):
    assert load(write(tmp_path / "a.npz", npz_bytes(X=X[:1], y=Y[:1]))).n == 1


def single_array_bytes():
    buffer = io.BytesIO()
    np.save(buffer, X)
    return buffer.getvalue()


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :]


GOOD_ARCHIVE = npz_bytes(X=X, y=Y)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read"),
        (b"hello", "cannot be read"),
        (b"PK\x03\x04junk", "cannot be read"),
        (GOOD_ARCHIVE[: len(GOOD_ARCHIVE) // 2], "cannot be read"),
        (flipped(GOOD_ARCHIVE, GOOD_ARCHIVE.index(X.tobytes())), "damaged"),
        (zip_bytes({"X.npy": GOOD_ARCHIVE[:0], "y.npy": b""}), "something else"),
        (zip_bytes({"X.npy": single_array_bytes()[:-8], "y.npy": b""}), "damaged"),
        (single_array_bytes(), "a single array"),
    ],
)
def test_a_corrupt_archive_gets_one_clear_line(tmp_path, content, reason):
    assert reason in refusal(write(tmp_path / "a.npz", content))


def test_a_path_that_is_no_data_file_gets_one_clear_line(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "got a directory" in refusal(tmp_path / "folder.csv")
    assert ".csv or .csv.gz or .parquet, got the ending '.xlsx'" in refusal(tmp_path / "a.xlsx")
    assert "got the ending ''" in refusal(tmp_path / "a")
    assert "got a path where there is none" in refusal(tmp_path / "a.csv")
    assert "path that can be opened" in refusal(tmp_path / ("a" * 300 + ".csv"))


@pytest.mark.parametrize(
    ("path", "target", "reason"),
    [("", "y", "non-empty path, got ''"), ("a.csv", " ", "non-empty target, got ' '")],
)
def test_an_empty_setting_is_refused(path, target, reason):
    with pytest.raises(ConfigurationError, match=reason):
        FileData(path, target)
