import io
import pathlib
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from relaxgap.data import FileData
from relaxgap.errors import ConfigurationError, DataError

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Y = np.array([0.5, -1.0, 2.0])
FINITE = st.floats(-1e60, 1e60)


def load(path, target="y"):
    return FileData(str(path), target).load(np.random.default_rng(0))


def refusal(path, target="y"):
    with pytest.raises(DataError) as caught:
        load(path, target)
    message = str(caught.value)
    assert message.startswith(f"{path}: Expected")
    assert "got" in message
    assert "\n" not in message
    return message


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def npz_bytes(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def zip_bytes(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@st.composite
def samples(draw):
    shape = draw(st.tuples(st.integers(2, 6), st.integers(1, 4)))
    matrix = draw(hnp.arrays(np.float64, shape, elements=FINITE))
    labels = draw(hnp.arrays(np.float64, shape[0], elements=FINITE))
    # Constant data is refused, so two entries are made to differ.
    matrix[0, 0], matrix[1, 0], labels[0], labels[1] = 1.0, 2.0, 1.0, 2.0
    return matrix, labels


@given(samples())
def test_an_archive_comes_back_bit_for_bit(tmp_path_factory, data):
    matrix, labels = data
    path = write(tmp_path_factory.mktemp("npz") / "a.npz", npz_bytes(X=matrix, y=labels))
    loaded = load(path)
    assert loaded.X.tobytes() == matrix.tobytes()
    assert loaded.y.tobytes() == labels.tobytes()


@given(samples(), st.integers(0, 4))
def test_a_table_comes_back_bit_for_bit_wherever_the_target_stands(tmp_path_factory, data, place):
    matrix, labels = data
    table = pd.DataFrame(matrix, columns=[f"x{j}" for j in range(matrix.shape[1])])
    table.insert(min(place, matrix.shape[1]), "label", labels)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    table.to_csv(path, index=False)
    loaded = load(path, "label")
    assert_array_equal(loaded.X, matrix)
    assert_array_equal(loaded.y, labels)


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


def test_a_table_may_hold_booleans_large_integers_and_a_byte_order_mark(tmp_path):
    text = "\ufeffa,b,y\nTrue,99999999999999999999999,1\nFalse,2,0\n"
    data = load(write(tmp_path / "a.csv", text))
    assert_array_equal(data.X, [[1.0, 1e23], [0.0, 2.0]])


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
        ({"X": X, "labels": Y}, "an array named 'y', got 'X', 'labels'; rename"),
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty file"),
        ("\n\n", "an empty file"),
        ("a,y\n", "the header only"),
        (
            "a,Y\n1,2\n",
            "got 'a', 'Y'; did you mean 'Y'? Then rename it in the file or set target.",
        ),
        ("a, y\n1,2\n", "did you mean ' y'?"),
        ("a;y\n1;2\n", "comma-separated header, got 'a;y'"),
        ("y\n1\n2\n", "at least one sample and one feature"),
        ("a,y,y\n1,2,3\n", "different column names, got 'y' more than once"),
        (",y\n0,1\n1,2\n", "got none for column 1"),
        ("a,y\n1,2,3\n4,5,6\n", "Expected 2 fields in line 2, saw 3"),
        ("a,y\n1,2,\n4,5,\n", "Expected 2 fields in line 2, saw 3"),
        ("a,y\n1,2\n4,5,6\n", "Expected 2 fields in line 3, saw 3"),
        ("a,y\n1,2\n4\n", "got 1 missing values: row 2 of 'y'"),
        ("a,y\n,2\n3,NA\nx,1\n", "got 2 missing values: row 1 of 'a', row 2 of 'y'"),
        ("a,y\n" + ",1\n" * 30, "got 30 missing values: row 1 of 'a'"),
        ("a,y\n1,2\nred,3\n", "numbers in column 'a', got 'red' in row 2"),
        ("a,y\n1,1+2j\n2,3\n", "numbers in column 'y', got '1+2j' in row 1"),
        ("a,y\n1,inf\n2,3\n", "got 1 NaN or infinite entries in y"),
        ("a,y\n1\x00,2\n2,3\n", "numbers in column 'a', got '1\\x00' in row 1"),
        ("a,y\n1_000,1\n2,3\n", "numbers in column 'a', got '1_000' in row 1"),
        ('a,y\n"1,2\n', "cannot be read"),
        (b"a,y\n\xff\xfe,2\n", "UTF-8"),
        ("a,y\n1,3\n1,4\n", "got constant data"),
        ("a,y\n1,3\n2,3\n", "got the constant target 3"),
        (",".join(f"c{j}" for j in range(30)) + "\n", "'c9', ... (30 in all)"),
    ],
)
def test_a_table_that_cannot_be_used_gets_one_clear_line(tmp_path, text, reason):
    assert reason in refusal(write(tmp_path / "a.csv", text))


def test_a_path_that_is_no_data_file_gets_one_clear_line(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "got a directory" in refusal(tmp_path / "folder.csv")
    assert "got the ending '.xlsx'" in refusal(tmp_path / "a.xlsx")
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
