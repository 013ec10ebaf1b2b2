"""Files of data that tests write, read, and see refused in one line."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from relaxgap.data import FileData
from relaxgap.errors import DataError


def load(path, target="y"):
    return FileData(str(path), target).load(np.random.default_rng(0))


def refusal(path, target="y"):
    with pytest.raises(DataError) as caught:
        load(path, target)
    message = str(caught.value)
    assert message.startswith(f"{path}: Expected")
    assert "got" in message
    assert ";" in message
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
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


FINITE = st.floats(-1e60, 1e60)


@st.composite
def samples(draw):
    shape = draw(st.tuples(st.integers(2, 6), st.integers(1, 4)))
    matrix = draw(hnp.arrays(np.float64, shape, elements=FINITE))
    labels = draw(hnp.arrays(np.float64, shape[0], elements=FINITE))
    # Constant data is refused, so two entries are made to differ.
    matrix[0, 0], matrix[1, 0], labels[0], labels[1] = 1.0, 2.0, 1.0, 2.0
    return matrix, labels
