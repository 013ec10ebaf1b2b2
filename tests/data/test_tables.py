import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from written_files import load, refusal, samples, write

TABLE = "a,b,y\n-2.4,-1,0.5\n3,4e1,-1\n5,6.5,2\n"
X = np.array([[-2.4, -1.0], [3.0, 40.0], [5.0, 6.5]])
Y = np.array([0.5, -1.0, 2.0])


@given(samples(), st.integers(0, 4), st.sampled_from(",;\t|"))
def test_a_table_comes_back_bit_for_bit_wherever_the_target_stands(
    tmp_path_factory, data, place, separator
):
    matrix, labels = data
    table = pd.DataFrame(matrix, columns=[f"x{j}" for j in range(matrix.shape[1])])
    table.insert(min(place, matrix.shape[1]), "label", labels)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    table.to_csv(path, index=False, sep=separator)
    loaded = load(path, "label")
    assert_array_equal(loaded.X, matrix)
    assert_array_equal(loaded.y, labels)


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        TABLE.replace(",", ", "),
        TABLE.replace(",", " , "),
        re.sub(r"[^,\n]+", r'"\g<0>"', TABLE),
        re.sub(r"[^,\n]+", r'"\g<0>"', TABLE).replace(",", ", "),
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("\n", "\r"),
        TABLE.replace("\n", "\n\n"),
        TABLE + ",,\n" * 3,
        TABLE + " , ,\n\n,,",
        TABLE.rstrip("\n"),
        "\n" + TABLE,
        "sep=,\n" + TABLE,
        '"sep=;"\n' + TABLE.replace(",", ";"),
        "SEP=\t\r\n" + TABLE.replace(",", "\t"),
        "sep=:\n" + TABLE.replace(",", ":"),
        TABLE.replace("a,b", "NA,null"),
        TABLE.replace("a,b", '"a,b",c'),
        TABLE.replace("a,b", '"a\nb",c'),
        "\ufeff" + TABLE,
        ("\ufeffsep=;\n" + TABLE.replace(",", ";")).encode("utf-8"),
        TABLE.encode("utf-16"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        TABLE.encode("utf-32"),
        gzip.compress(TABLE.encode(), mtime=0),
        gzip.compress(TABLE[:9].encode(), mtime=0) + gzip.compress(TABLE[9:].encode(), mtime=0),
        gzip.compress(TABLE.encode("utf-16"), mtime=0),
    ],
    ids=lambda content: repr(content)[:40],
)
def test_what_spreadsheets_write_around_the_cells_does_not_change_the_numbers(tmp_path, content):
    for name in ("a.csv", "a.CSV.gz"):
        data = load(write(tmp_path / name, content))
        assert_array_equal(data.X, X)
        assert_array_equal(data.y, Y)


@pytest.mark.parametrize(("true", "false"), [("True", "False"), ("TRUE", "FALSE"), ("true", "f")])
def test_booleans_are_one_and_zero(tmp_path, true, false):
    path = write(tmp_path / "a.csv", f"a,b,y\n{true},99999999999999999999999,1\n{false},2,0\n")
    if false == "f":
        assert "numbers in column 'a', got 'f' in row 2" in refusal(path)
    else:
        assert_array_equal(load(path).X, [[1.0, 1e23], [0.0, 2.0]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty file"),
        ("\n\n", "an empty file"),
        ("sep=;\n", "an empty file"),
        ("a,y\n", "the header only"),
        ("a,y\n,\n", "the header only"),
        (
            "a,Y\n1,2\n",
            "got 'a', 'Y'; did you mean 'Y'? Then rename it in the file or set target (on the "
            "command line: --target NAME).",
        ),
        ("a y\n1 2\n", "in a header separated by commas, semicolons or tabs, named 'y', got 'a y'"),
        ("a;b\n1;2\n", "named 'y', got 'a', 'b'"),
        ("y\n1\n2\n", "at least one sample and one feature"),
        ("a,y,y\n1,2,3\n", "different column names, got 'y' more than once"),
        ("a,y, y\n1,2,3\n", "different column names, got 'y' more than once"),
        (",y\n0,1\n1,2\n", "got none for column 1"),
        ("Unnamed: 0,a,y\n0,3,1\n1,4,2\n", "got 'Unnamed: 0', which pandas makes up"),
        ("a,y\n1,2,3\n4,5,6\n", "Expected 2 fields in line 2, as in the header, got 3"),
        ("a,y\n1,2,\n4,5,\n", "Expected 2 fields in line 2, as in the header, got 3"),
        ("a,y\n1,2\n4,5,6\n", "Expected 2 fields in line 3, as in the header, got 3"),
        ("\nsep=,\na,y\n1,2\n4,5,6\n", "Expected 2 fields in line 5, as in the header, got 3"),
        ("a,y\n1,5,2,5\n", "got 4; remove the others, put text with ',' in quotes, and write"),
        ("a,y\n1,2\n4\n", "got 1 missing values: row 2 of 'y'"),
        ("a,y\n,2\n3,NA\nx,1\n", "got 2 missing values: row 1 of 'a', row 2 of 'y'"),
        ("a,y\n1,2\n,\n3,1\n", "got 2 missing values: row 2 of 'a', row 2 of 'y'"),
        ("a,y\n" + ",1\n" * 30, "got 30 missing values: row 1 of 'a'"),
        ("a,y\n1,2\nred,3\n", "numbers in column 'a', got 'red' in row 2"),
        ("a;y\n1,5;2\n", "got '1,5' in row 1 below the header; it has a decimal comma"),
        ("a;y\n1;-1.234,5E-3\n", "got '-1.234,5E-3' in row 1 below the header; it has a decimal"),
        ('a,y\n"1,5","2,5"\n', "got '1,5' in row 1 below the header; it has a decimal comma"),
        ("a\ty\n1,234.5\t2\n", "got '1,234.5' in row 1 below the header; encode"),
        ("a,y\n1,1+2j\n2,3\n", "numbers in column 'y', got '1+2j' in row 1"),
        ("a,y\n1,inf\n2,3\n", "got 1 NaN or infinite entries in y"),
        ("a,y\n1\x00,2\n2,3\n", "numbers in column 'a', got '1\\x00' in row 1"),
        ("a,y\n1_000,1\n2,3\n", "numbers in column 'a', got '1_000' in row 1"),
        ("a,y\n\u0661,1\n2,3\n", "numbers in column 'a', got '\u0661' in row 1"),
        ('a,y\n"1,2\n', "cannot be read"),
        ('a,y\n"1"x,2\n', "cannot be read"),
        (b"a,y\n\xff\xfe,2\n", "Expected text in UTF-8, in UTF-16 with a byte order mark"),
        ("a,y\n1,2\n".encode("utf-16-le"), "perhaps UTF-16 without a mark"),
        ("a,y\n1,2\n".encode("utf-16")[:-1], "Expected text in UTF-8, in UTF-16"),
        (
            gzip.compress(b"a,y\n1,2\n2,3\n", mtime=0)[:-9],
            "a whole gzip file, got one that cannot be deco",
        ),
        (
            gzip.compress(b"a,y\n", mtime=0)[:4],
            "a whole gzip file, got one that cannot be decompressed",
        ),
        (b"\x1f\x8b" + bytes(30), "a whole gzip file, got one that cannot be decompressed"),
        (
            gzip.compress(b"a,y\n" + bytes(2**24), mtime=0),
            "16777216 bytes (16 MiB, or 100 times the size",
        ),
        ("a,y\n1,3\n1,4\n", "got constant data"),
        ("a,y\n1,3\n2,3\n", "got the constant target 3"),
        (",".join(f"c{j}" for j in range(30)) + "\n", "'c9', ... (30 in all)"),
    ],
    ids=lambda content: repr(content)[:40],
)
def test_a_table_that_cannot_be_used_gets_one_clear_line(tmp_path, text, reason):
    assert reason in refusal(write(tmp_path / "a.csv", text))
