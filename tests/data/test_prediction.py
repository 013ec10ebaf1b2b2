"""Files to predict for are read by the columns that the fit learned."""

import io

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from test_columns import COLUMNS, FEATURES, HOUSES, X, houses
from written_files import npz_bytes, write

from relaxgap.data import FileData
from relaxgap.data.columns import Columns
from relaxgap.data.prediction import read_features
from relaxgap.errors import ConfigurationError, DataError

NUMBERED = Columns(("x0", "x1"), {}, "y")
ARRAY = np.array([[1.0, 2.0], [3.0, 4.0]])


def refusal(path, columns=COLUMNS, target=None):
    with pytest.raises(DataError) as caught:
        read_features(str(path), columns, target)
    message = str(caught.value)
    assert message.startswith(f"{path}: Expected")
    assert "got" in message
    assert ";" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_the_table_of_the_fit_is_read_as_it_was_for_the_fit(tmp_path, ending):
    features, labels = read_features(str(houses(tmp_path, ending)), COLUMNS)
    assert_array_equal(features, X)
    assert labels == ["1", "2", "4"]


def as_text(frame, path, separator):
    frame.to_csv(path, index=False, sep=separator)


def as_parquet(frame, path, separator):
    frame.to_parquet(path, engine="pyarrow")


@pytest.mark.parametrize(
    ("name", "write_frame", "separator"),
    [("a.csv", as_text, ","), ("a.csv", as_text, ";"), ("a.parquet", as_parquet, "")],
)
def test_columns_are_matched_by_name_in_any_order(tmp_path, name, write_frame, separator):
    frame = pd.read_csv(io.StringIO(HOUSES), skipinitialspace=True)
    path = tmp_path / name
    write_frame(frame[["rooms", "price", "area", "colour"]], path, separator)
    features, labels = read_features(str(path), COLUMNS)
    assert_array_equal(features, X)
    assert labels == ["1", "2", "4"]
    # neither labels nor the column that was dropped need be there, and one row is enough
    write_frame(frame[["colour", "area", "rooms"]][1:2], path, separator)
    features, labels = read_features(str(path), COLUMNS)
    assert_array_equal(features, X[1:2])
    assert labels is None


def test_rows_all_alike_are_no_mistake_of_a_file_to_predict_for(tmp_path):
    path = write(tmp_path / "a.csv", "x0,x1\n0,0\n0,0\n")
    assert_array_equal(read_features(str(path), NUMBERED)[0], np.zeros((2, 2)))


def test_labels_of_another_name_may_stand_beside_those_of_the_fit(tmp_path):
    path = write(tmp_path / "a.csv", "x0,y,x1,new\n1,5,2,yes\n3,6,4,\n")
    features, labels = read_features(str(path), NUMBERED, "new")
    assert_array_equal(features, ARRAY)
    assert labels == ["yes", ""]
    assert "got 'new' too; remove them from the file, or name the labels" in refusal(path, NUMBERED)
    with pytest.raises(ConfigurationError, match="no feature of the fit, got 'x0'; name the"):
        read_features(str(path), NUMBERED, "x0")


def test_labels_of_a_parquet_table_are_written_as_a_table_of_text_would(tmp_path):
    path = tmp_path / "a.parquet"
    for values, words in (
        ([1.0, 2.5], ["1", "2.5"]),
        ([True, False], ["1", "0"]),
        (["a ", None], ["a", ""]),
    ):
        frame = pd.DataFrame({"x0": [1.0, 3.0], "x1": [2.0, 4.0], "y": values})
        frame.to_parquet(path, engine="pyarrow")
        assert read_features(str(path), NUMBERED)[1] == words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Area,colour,rooms\n1,red,9\n",
            "a column named 'area' as for the fit, got 'Area', 'colour', 'rooms'; did you mean "
            "'Area'? Then rename it in the file or add it.",
        ),
        ("area,rooms\n1,9\n", "a column named 'colour' as for the fit, got 'area', 'rooms'; "),
        (
            "area,garden,colour,rooms\n1,5,red,9\n",
            "no columns but those of the fit, 'area', 'colour', 'rooms', got 'garden' too; remove",
        ),
        (
            "colour,area,rooms\nred,1,9\nBlue,1,9\ngreen,1,9\n",
            "a category of the fit in column 'colour', 'blue', 'red', got 'Blue' in row 2 below "
            "the header; did you mean 'blue'? Then correct the cell, or fit on data that hold",
        ),
        ("area,colour,rooms\n1,red,8\n", "in column 'rooms', '9', '10', got '8' in row 1 below"),
        ("area,colour,rooms\n1,red,9\n1,,9\n", "1 missing values: row 2 of 'colour' (rows counted"),
        ("area,colour,rooms\n1,red,9\n,red,9\n", "1 missing values: row 2 of 'area' (rows counted"),
        (
            "area,colour,rooms\nbig,red,9\n",
            "numbers in column 'area', got 'big' in row 1 below the header; write it as numbers, "
            "as it was for the fit.",
        ),
        ("area,colour,rooms\n1e999,red,9\n", "infinite entries, the first in row 1 of 'area'"),
        ("area,colour,rooms\n", "got the header only"),
        ("", "an empty file"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_table_that_does_not_fit_the_columns_gets_one_clear_line(tmp_path, text, reason):
    assert reason in refusal(write(tmp_path / "a.csv", text))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"area": [1.0], "colour": ["green"], "rooms": [9]}, "got 'green' in row 1"),
        ({"area": [1.0], "colour": [None], "rooms": [9]}, "missing values: row 1 of 'colour'"),
        ({"area": [np.nan], "colour": ["red"], "rooms": [9]}, "missing values: row 1 of 'area'"),
        ({"area": [1.0], "rooms": [9]}, "a column named 'colour' as for the fit"),
        ({"area": ["x"], "colour": ["red"], "rooms": [9]}, "write it as numbers, as it was for"),
        ({"area": [], "colour": [], "rooms": []}, "at least one sample"),
    ],
)
def test_a_parquet_table_that_does_not_fit_the_columns_gets_one_clear_line(tmp_path, frame, reason):
    path = tmp_path / "a.parquet"
    pd.DataFrame(frame).to_parquet(path, engine="pyarrow")
    assert reason in refusal(path)


def written(folder, ending, array, **labels):
    path = folder / f"a{ending}"
    if ending == ".npz":
        return write(path, npz_bytes(X=array, **labels))
    np.save(path, array)
    for name, y in labels.items():
        np.save(folder / f"{name}.npy", y)
    return path


@pytest.mark.parametrize("ending", [".npz", ".npy"])
def test_an_array_has_labels_if_the_array_of_labels_is_there(tmp_path, ending):
    path = written(tmp_path, ending, ARRAY)
    features, labels = read_features(str(path), NUMBERED)
    assert_array_equal(features, ARRAY)
    assert labels is None
    path = written(tmp_path, ending, ARRAY, y=np.array([5, 6]), z=np.array([7.0, 8.0]))
    for target, y in ((None, [5.0, 6.0]), ("z", [7.0, 8.0]), ("other", None)):
        labels = read_features(str(path), NUMBERED, target)[1]
        assert y == (labels if y is None else labels.tolist())


@pytest.mark.parametrize("ending", [".npz", ".npy"])
def test_an_array_has_the_columns_of_the_fit_in_their_order(tmp_path, ending):
    array = np.array([[50.0, 7.0, 1.0], [60.0, 8.0, 2.0]])
    path = written(tmp_path, ending, array, y=np.array([1.0, 2.0]))
    _, _, columns = FileData(str(path), "y", ("x1",), ("x2",)).load_with_columns()
    features, labels = read_features(str(path), columns)
    assert_array_equal(features, [[50, 1, 0], [60, 0, 1]])
    assert_array_equal(labels, [1.0, 2.0])
    named = Columns(("area", "level"), {"level": ("1", "2")}, "y", ("note",))
    assert_array_equal(read_features(str(path), Columns(("a", "b", "c"), {}, "y"))[0], array)
    assert "Expected 2 columns as for the fit, 'area', 'level', got 3; write" in refusal(
        path, named
    )
    assert "Expected 2 columns as for the fit, 'x0', 'x1', got 3" in refusal(path, NUMBERED)
    path = written(tmp_path, ending, array[:, [0, 2]])
    assert_array_equal(read_features(str(path), named)[0], features)
    path = written(tmp_path, ending, array + 1.0)
    assert "in column 'x2', '1', '2', got '3' in row 2" in refusal(path, columns)
    if ending == ".npy":
        assert "got 1 rows and 2 labels in y.npy" in refusal(
            written(tmp_path, ending, array[:1]), columns
        )
        (tmp_path / "y.npy").unlink()
    path = written(tmp_path, ending, np.array([[1.0, np.nan]]))
    assert "the first in row 1 of 'x1'; remove" in refusal(path, NUMBERED)
    path = written(tmp_path, ending, ARRAY[:0])
    assert "at least one sample" in refusal(path, NUMBERED)


def test_a_table_with_the_names_of_an_array_is_read_for_a_fit_to_that_array(tmp_path):
    path = write(tmp_path / "a.csv", "x1,x0\n2,1\n4,3\n")
    assert_array_equal(read_features(str(path), NUMBERED)[0], ARRAY)


def test_what_is_no_file_of_data_gets_one_clear_line(tmp_path):
    assert "got a path where there is none" in refusal(tmp_path / "a.csv")
    assert "got the ending '.xlsx'" in refusal(tmp_path / "a.xlsx")
    write(tmp_path / "a.npz", b"junk")
    assert "a NumPy archive" in refusal(tmp_path / "a.npz")


def test_features_have_the_names_of_their_categories():
    assert COLUMNS.feature_names == FEATURES
    assert COLUMNS.n_features == len(FEATURES)
