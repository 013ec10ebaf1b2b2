"""Parquet tables, read through pandas and pyarrow."""

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from written_files import load, refusal, write

from relaxgap.data import FileData

FRAME = pd.DataFrame(
    {"area": [50.0, 70.0, 61.5], "rooms": [2, 3, 3], "new": [True, False, True], "y": [1, 2, 4]}
)


def written(folder, frame):
    path = folder / "table.parquet"
    frame.to_parquet(path, engine="pyarrow")
    return path


def test_numbers_booleans_and_integers_are_read_in_the_order_of_the_file(tmp_path):
    data = load(written(tmp_path, FRAME))
    assert_array_equal(data.X, [[50.0, 2.0, 1.0], [70.0, 3.0, 0.0], [61.5, 3.0, 1.0]])
    assert_array_equal(data.y, [1.0, 2.0, 4.0])
    assert data.X.flags.c_contiguous


def test_classes_may_be_text(tmp_path):
    path = written(tmp_path, FRAME.assign(y=["yes", None, "no"]))
    X, labels = FileData(str(path)).load_classes()
    assert X.shape == (3, 3)
    assert labels == ["yes", "", "no"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (FRAME.assign(rooms=["a", "b", "c"]), "Expected numbers in column 'rooms', got the type"),
        (FRAME.assign(area=[50.0, np.nan, 1.0]), "got 1 missing values: row 2 of 'area'; fill in"),
        (FRAME.rename(columns={"y": "Y"}), "a column named 'y', got 'area', 'rooms', 'new', 'Y'"),
        (FRAME[:0], "at least one sample"),
    ],
)
def test_a_table_that_cannot_be_used_gets_one_clear_line(tmp_path, frame, reason):
    assert reason in refusal(written(tmp_path, frame))


def test_names_that_occur_twice_are_said(tmp_path):
    path = tmp_path / "twice.parquet"
    columns = [pa.array([1.0, 2.0])] * 3
    pq.write_table(pa.Table.from_arrays(columns, names=["a", "a", "y"]), path)
    assert "different column names, got 'a' more than once; rename them" in refusal(path)


def test_damaged_files_and_a_missing_package_are_said(tmp_path, monkeypatch):
    path = written(tmp_path, FRAME)
    whole = path.read_bytes()
    for content in (whole[:-4], whole[:40], b"PAR1", b""):
        write(path, content)
        assert "a Parquet table, got a file that cannot be read as such" in refusal(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "install it with pip install 'relaxgap[parquet]'" in refusal(path)
