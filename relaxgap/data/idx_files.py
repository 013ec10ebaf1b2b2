"""The IDX files in which MNIST is published: a magic number, the axis lengths, unsigned bytes."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from relaxgap.data.paths import errors_of
from relaxgap.errors import DataError

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, n_axes: int) -> UInt8[np.ndarray, "..."]:
    """Read an IDX file of unsigned bytes, compressed if its name ends in ``.gz``.

    Parameters
    ----------
    path : Path
        File to read.
    n_axes : int
        Number of axes the file must have: 3 for images, 1 for labels.

    Raises
    ------
    DataError
        If the file cannot be used; the message is one line and starts with the path.

    References
    ----------
    LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
    """
    with errors_of(str(path)):
        content = path.read_bytes()
        return _array(decompressed(content) if path.suffix == ".gz" else content, n_axes)


def decompressed(content: bytes) -> bytes:
    """Undo gzip.

    Raises
    ------
    DataError
        If that is not possible; `errors_of` adds the path to the message.
    """
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(
            f"Expected a gzip file, got one that cannot be decompressed ({error}); download it "
            "again."
        ) from error


def _array(content: bytes, n_axes: int) -> UInt8[np.ndarray, "..."]:
    magic = _UNSIGNED_BYTE << 8 | n_axes
    found = content[:4]
    if found != magic.to_bytes(4, "big"):
        raise DataError(
            f"Expected the magic number 0x{magic:08x} of unsigned bytes with "
            f"{_count(n_axes, 'axis', 'axes')}, got 0x{found.hex()}; download the file again."
        )
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise DataError(
            f"Expected a header of {start} bytes, got a file of {len(content)}; download it again."
        )
    shape = tuple(int(length) for length in np.frombuffer(content, ">u4", n_axes, 4))
    expected, got = math.prod(shape), len(content) - start
    if got != expected:
        raise DataError(
            f"Expected {_count(expected, 'byte', 'bytes')} of data for the shape {shape} in the "
            f"header, got {got}: the file is {'cut off' if got < expected else 'too long'}; "
            "download it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
