import contextlib
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from written_files import npz_bytes, refusal, write, zip_bytes

from relaxgap.data.numpy_archives import read_arrays
from relaxgap.errors import DataError

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Y = np.array([0.5, -1.0, 2.0])
GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }"


ENTRIES = X.tobytes()


def npy_bytes(header, version=1, content=ENTRIES):
    text = header.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + content


def with_header(path, header, **settings):
    buffer = io.BytesIO()
    np.save(buffer, Y)
    members = {"X.npy": npy_bytes(header, **settings), "y.npy": buffer.getvalue()}
    return write(path, zip_bytes(members))


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        "{'shape': (3, 2), 'descr': '<f8', 'fortran_order': False}",
        "{ 'shape' :(3,2,) ,'fortran_order': False,'descr':'=f8' , } ",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 2L), }",
        '{"descr": "<f8", "fortran_order": False, "shape": (3, 2)}',
    ],
)
def test_a_header_is_read_however_it_is_laid_out(tmp_path, header, version):
    path = with_header(tmp_path / "a.npz", header, version=version)
    assert_array_equal(read_arrays(str(path), {"X": 2})["X"], X)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("}", ""),
        ("'<f8'", "('<f8',)"),
        ("'<f8'", "'<f8"),
        ("'<f8'", "'f8,('"),
        ("'<f8'", "'<f7'"),
        ("'<f8'", "'<M8[no]'"),
        ("'<f8'", "''"),
        ("'<f8'", "None"),
        ("'<f8'", r"'\d'"),
        ("False", "0"),
        ("False", "False if 1else 2"),
        ("(3, 2)", "(True, 2)"),
        ("(3, 2)", "(-3, -2)"),
        ("(3, 2)", "[3, 2]"),
        ("(3, 2)", f"(3, 1{'0' * 30})"),
        ("(3, 2)", f"(3, 1{'0' * 5000})"),
        ("(3, 2)", "(3, 2 2)"),
        ("(3, 2)", "(3, 3)"),
        ("(3, 2)", "(3, 10000000000)"),
        ("(3, 2), }", "(3, 2), {}: 1}"),
        ("'shape'", "'descr': '<f8', 'shape'"),
        ("'shape'", "'descr'"),
        ("{", "{" * 200),
        ("{", " " * 20_000 + "{"),
    ],
    ids=lambda text: text[:30],
)
def test_a_damaged_header_gets_one_clear_line(tmp_path, good, bad):
    for version in (1, 2):
        path = with_header(tmp_path / "a.npz", GOOD.replace(good, bad), version=version)
        assert "Expected a readable array 'X', got a damaged one" in refusal(path)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (GOOD.replace("'<f8'", "[('a', '<f8'), ('b', '<i4')]"), "a table of the types [('a', "),
        (GOOD.replace("<f8", "|O"), "got Python objects, stored as a pickle that could run code"),
        (GOOD.replace("<f8", "|V8"), "real numbers in 'X', got dtype |V8"),
        (GOOD.replace("(3, 2)", "(0, 10000000000)"), "got 'X' of shape (0, 10000000000)"),
        (GOOD.replace("(3, 2)", "()"), "'X' with 2 axes, got shape ()"),
        (GOOD.replace("(3, 2)", "(2, 2)"), "one label per sample, got 2 rows of X and 3 labels"),
    ],
)
def test_a_header_that_asks_for_something_else_gets_one_clear_line(tmp_path, header, reason):
    assert reason in refusal(with_header(tmp_path / "a.npz", header))


@pytest.mark.parametrize("version", [0, 4, 255])
def test_an_unknown_version_of_the_format_gets_one_clear_line(tmp_path, version):
    path = with_header(tmp_path / "a.npz", GOOD, version=version)
    assert f"version {version} of the format" in refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_member_compressed_as_numpy_does_not_gets_one_clear_line(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("X.npy", npy_bytes(GOOD))
        archive.writestr("y.npy", npy_bytes(GOOD))
    assert f"compressed by deflate, as NumPy and PyTorch do, got the zip method {method}" in (
        refusal(tmp_path / "a.npz")
    )


def test_an_encrypted_member_gets_one_clear_line(tmp_path):
    content = bytearray(npz_bytes(X=X, y=Y))
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + place] |= 1
    path = write(tmp_path / "a.npz", bytes(content))
    assert "is encrypted" in refusal(path)


def test_an_extended_float_beyond_double_precision_is_refused_without_a_warning(tmp_path):
    matrix = np.full((3, 2), np.finfo(np.longdouble).max)
    matrix[0, 0] = 1.0
    path = write(tmp_path / "a.npz", npz_bytes(X=matrix, y=Y))
    assert "entries in X" in refusal(path)


def test_zeros_that_compress_to_little_do_not_fill_the_memory(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = GOOD.replace("(3, 2)", "(2500000, 1)")
        archive.writestr("X.npy", npy_bytes(header, content=bytes(20_000_000)))
        archive.writestr("y.npy", npy_bytes(GOOD))
    assert path.stat().st_size < 25_000
    tracemalloc.start()
    try:
        assert "16 MiB, or 100 times the size of the file" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


GATES = npz_bytes(gates=X)


@given(
    st.lists(st.tuples(st.integers(0, len(GATES) - 1), st.integers(0, 255)), max_size=3),
    st.integers(0, len(GATES)),
)
def test_no_change_of_a_byte_gets_past_the_one_clear_line(tmp_path_factory, changes, length):
    content = bytearray(GATES)
    for place, byte in changes:
        content[place] = byte
    path = write(tmp_path_factory.mktemp("npz") / "a.npz", bytes(content[:length]))
    with contextlib.suppress(DataError):
        assert_array_equal(read_arrays(str(path), {"gates": 2})["gates"], X)
