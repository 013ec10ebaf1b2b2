"""Columns of a table are left out or become features of zeros and ones, and are remembered."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from written_files import npz_bytes, write

from relaxgap.data import FileData
from relaxgap.data.columns import Columns
from relaxgap.errors import ConfigurationError, DataError

HOUSES = """\
id,area,colour,price,rooms
h1,50,red,1,10
h2,70.5, blue ,2,9
h3,61,red,4,9
"""
CHOICE = {"drop": ("id",), "one_hot": ("colour", "rooms")}
FEATURES = ("area", "colour=blue", "colour=red", "rooms=9", "rooms=10")
X = np.array([[50.0, 0, 1, 0, 1], [70.5, 1, 0, 1, 0], [61.0, 0, 1, 1, 0]])
COLUMNS = Columns(
    ("area", "colour", "rooms"),
    {"colour": ("blue", "red"), "rooms": ("9", "10")},
    "price",
    ("id",),
)


def houses(folder, ending):
    path = folder / f"houses{ending}"
    if ending == ".parquet":
        pd.read_csv(io.StringIO(HOUSES)).to_parquet(path, engine="pyarrow")
        return path
    if ending == ".csv.gz":
        return write(path, gzip.compress(HOUSES.encode(), mtime=0))
    return write(path, HOUSES)


def refusal(path, **choice):
    with pytest.raises(DataError) as caught:
        FileData(str(path), "price", **choice).load_with_columns()
    message = str(caught.value)
    assert message.startswith(f"{path}: Expected")
    assert "got" in message
    assert ";" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_table_of_houses_becomes_numbers_by_the_columns_chosen(tmp_path, ending):
    data = FileData(str(houses(tmp_path, ending)), "price", **CHOICE)
    loaded = data.load(np.random.default_rng(0))
    assert_array_equal(loaded.X, X)
    assert_array_equal(loaded.y, [1.0, 2.0, 4.0])
    features, labels, columns = data.load_with_columns(classes=False)
    assert_array_equal(features, X)
    assert labels.dtype == np.float64
    assert columns == COLUMNS
    assert columns.feature_names == FEATURES
    assert columns.n_features == 5
    features, labels, columns = data.load_with_columns(classes=True)
    assert_array_equal(features, X)
    assert labels == (["1", "2", "4"] if ending != ".parquet" else [1, 2, 4])
    assert columns == COLUMNS
    assert data.load_classes()[1] == labels


def test_semicolons_and_the_order_of_the_settings_change_nothing(tmp_path):
    path = write(tmp_path / "houses.csv", HOUSES.replace(",", ";"))
    one_hot = (" rooms ", "colour")
    data = FileData(str(path), "price", drop=("id",), one_hot=one_hot)
    features, _, columns = data.load_with_columns()
    assert_array_equal(features, X)
    assert columns == COLUMNS


def test_labels_may_be_text_beside_columns_of_text(tmp_path):
    path = write(tmp_path / "houses.csv", HOUSES)
    data = FileData(str(path), "colour", drop=("id",), one_hot=("rooms",))
    features, labels, columns = data.load_with_columns(classes=True)
    assert_array_equal(features, [[50, 1, 0, 1], [70.5, 2, 1, 0], [61, 4, 1, 0]])
    assert labels == ["red", "blue", "red"]
    assert columns.feature_names == ("area", "price", "rooms=9", "rooms=10")


def test_every_column_of_text_is_enough_for_a_network(tmp_path):
    path = write(tmp_path / "a.csv", "colour,price\nred,1\nblue,2\n")
    for classes in (False, True):
        data = FileData(str(path), "price", one_hot=("colour",))
        assert_array_equal(data.load_with_columns(classes)[0], [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("cells", "categories"),
    [
        (["10", "9", "-1.5"], ("-1.5", "9", "10")),
        (["10", "9", "x"], ("10", "9", "x")),
        (["1", "1.0", "01"], ("01", "1", "1.0")),
        (["b", "B", "a b"], ("B", "a b", "b")),
        (["inf", "9", "10"], ("10", "9", "inf")),
        (["True", "no", "False"], ("False", "True", "no")),
    ],
)
def test_categories_are_ordered_by_size_if_all_are_numbers_else_by_the_alphabet(
    tmp_path, cells, categories
):
    rows = "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    data = FileData(str(write(tmp_path / "a.csv", f"kind,price\n{rows}")), "price", (), ("kind",))
    assert data.load_with_columns()[2].categories == {"kind": categories}


def test_parquet_numbers_and_booleans_are_categories_as_a_table_of_text_writes_them(tmp_path):
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame({"a": [2.0, 0.5], "b": [True, False], "c": [7, 8], "price": [1, 2]})
    frame["d"] = pd.Categorical(["x", "y"])
    frame.to_parquet(path, engine="pyarrow")
    columns = FileData(str(path), "price", one_hot=tuple("abcd")).load_with_columns()[2]
    kinds = {"a": ("0.5", "2"), "b": ("False", "True"), "c": ("7", "8"), "d": ("x", "y")}
    assert columns.categories == kinds


@pytest.mark.parametrize("ending", [".npz", ".npy"])
def test_columns_of_an_array_are_called_x0_x1_and_so_on(tmp_path, ending):
    array, y = np.array([[1.0, 5.0, 2.0], [0.5, 6.0, 3.0], [1.0, 7.0, 10.0]]), np.arange(3.0)
    path = tmp_path / f"a{ending}"
    if ending == ".npz":
        write(path, npz_bytes(X=array, price=y))
    else:
        np.save(path, array)
        np.save(tmp_path / "price.npy", y)
    plain, labels, columns = FileData(str(path), "price").load_with_columns()
    assert isinstance(plain, np.memmap) == (ending == ".npy")
    assert_array_equal(plain, array)
    assert_array_equal(labels, y)
    assert columns == Columns(("x0", "x1", "x2"), {}, "price")
    data = FileData(str(path), "price", drop=("x1",), one_hot=("x0",))
    chosen, labels, columns = data.load_with_columns(classes=True)
    assert_array_equal(chosen, [[0, 1, 2], [1, 0, 3], [0, 1, 10]])
    assert labels == [0.0, 1.0, 2.0]
    assert columns == Columns(("x0", "x2"), {"x0": ("0.5", "1")}, "price", ("x1",))
    assert_array_equal(FileData(str(path), "price", ("x0",)).load_with_columns()[0], array[:, 1:])


def test_a_column_of_row_numbers_may_be_dropped_though_pandas_named_it(tmp_path):
    path = write(tmp_path / "a.csv", "Unnamed: 0,a,price\n0,3,1\n1,4,2\n")
    assert "which pandas makes up" in refusal(path)
    assert_array_equal(
        FileData(str(path), "price", ("Unnamed: 0",)).load_with_columns()[0], [[3], [4]]
    )


def test_missing_cells_of_a_dropped_column_do_no_harm(tmp_path):
    path = write(tmp_path / "a.csv", "a,note,price\n3,,1\n4,text,2\n5\n")
    assert "got 1 missing values: row 3 of 'price'" in refusal(path, drop=("note",))
    path = write(tmp_path / "a.csv", "a,price,note\n3,1,\n4,2\n")
    assert_array_equal(FileData(str(path), "price", ("note",)).load_with_columns()[0], [[3], [4]])


IDENTIFIERS = "".join(f"k{i},{i}\n" for i in range(1001))
ENCODE = (
    "encode it (one_hot, on the command line: --one-hot NAME), leave it out (drop, --drop NAME)"
)


@pytest.mark.parametrize(
    ("text", "choice", "reason"),
    [
        (HOUSES, {}, f"numbers in column 'id', got 'h1' in row 1 below the header; {ENCODE}"),
        (
            HOUSES,
            {"drop": ("colur",)},
            "a column named 'colur' for drop (--drop), got 'id', 'area', 'colour', 'rooms'; did "
            "you mean 'colour'? Then name it as in the file.",
        ),
        (HOUSES, {"one_hot": ("Rooms",)}, "for one_hot (--one-hot), got 'id', 'area', 'colour',"),
        (
            "kind,area,price\nred,1,1\n,,2\nNA,3,1\n",
            {"one_hot": ("kind",)},
            "a value in every cell, got 3 missing values: row 2 of 'area', row 2 of 'kind', row 3 "
            "of 'kind' (rows counted below the header); fill in or remove them.",
        ),
        (
            f"id,price\n{IDENTIFIERS}",
            {"one_hot": ("id",)},
            "at most 1000 categories in column 'id', got 1001; leave it out (drop, on the command "
            "line: --drop NAME) or merge some of them.",
        ),
        ("id,price\nx,1\nx,2\n", {"one_hot": ("id",)}, "got constant data"),
        ("id,price\nx,1\ny,2\n", {"drop": ("id",)}, "at least one sample and one feature"),
        (
            "id,price\nx,a\ny,b\n",
            {"drop": ("id",)},
            "got 'a' in row 1 below the header; encode the",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_table_that_the_choice_does_not_fit_gets_one_clear_line(tmp_path, text, choice, reason):
    assert reason in refusal(write(tmp_path / "a.csv", text), **choice)


def test_an_identifier_of_a_thousand_values_is_fine(tmp_path):
    path = write(tmp_path / "a.csv", "id,price\n" + IDENTIFIERS.rpartition("k1000")[0])
    X, _, columns = FileData(str(path), "price", one_hot=("id",)).load_with_columns()
    assert columns.n_features == 1000
    assert_array_equal(X.sum(axis=0), np.ones(1000))


def test_a_parquet_table_that_the_choice_does_not_fit_gets_one_clear_line(tmp_path):
    path = houses(tmp_path, ".parquet")
    assert ENCODE in refusal(path)
    assert "did you mean 'colour'?" in refusal(path, drop=("id",), one_hot=("color",))
    pd.DataFrame({"a": ["x", None], "price": [1, 2]}).to_parquet(path, engine="pyarrow")
    assert "a category in every cell, got 1 missing values: row 2 of 'a'; fill in" in refusal(
        path, one_hot=("a",)
    )


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"drop": ("price",)}, r"features for drop \(--drop\), got the labels 'price'; name"),
        ({"one_hot": (" price",)}, r"features for one_hot \(--one-hot\), got the labels 'price'"),
        ({"drop": ("a", "b", "a ")}, "each column once for drop .*, got 'a' twice; name it once"),
        ({"drop": ("a",), "one_hot": ("a",)}, "in one_hot .*, got 'a' in both; choose one"),
        ({"drop": (" ",)}, "names of columns for drop .*, got an empty one; name the column"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused_before_the_file_is_read(choice, reason):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        FileData("nowhere.csv", "price", **choice)
    assert "\n" not in str(caught.value)


def test_columns_come_back_from_json():
    assert Columns.from_json(COLUMNS.to_json()) == COLUMNS
    assert "\n" not in COLUMNS.to_json()
    strange = Columns(('a"\n', "é"), {"é": ("", "\u2028")}, "y")
    assert Columns.from_json(strange.to_json()) == strange


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "1",
        json.dumps({"names": "ab", "categories": {}, "target": "y", "dropped": []}),
        json.dumps({"names": [1], "categories": {}, "target": "y", "dropped": []}),
        json.dumps({"names": ["a"], "categories": {"b": []}, "target": "y", "dropped": []}),
        json.dumps({"names": ["a", "a"], "categories": {}, "target": "y", "dropped": []}),
        json.dumps({"names": ["a"], "categories": [], "target": "y", "dropped": []}),
    ],
)
def test_what_is_no_description_of_columns_is_refused_in_one_line(text):
    with pytest.raises(DataError, match="a description of columns in JSON, got") as caught:
        Columns.from_json(text)
    assert "\n" not in str(caught.value)
