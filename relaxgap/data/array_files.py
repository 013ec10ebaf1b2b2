"""Single NumPy arrays (``.npy``), mapped into memory where their entries need no conversion."""

import math
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64

from relaxgap.data.naming import no_target
from relaxgap.data.npy_header import MAX_HEADER_BYTES, Header, parsed
from relaxgap.errors import DataError

ENDING = ".npy"


def read_arrays_beside(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    """Read features of shape (n, d) from a file, and labels from ``TARGET.npy`` beside it.

    Features in float64 and C order stay in the file, from which the system reads the rows that are
    worked on.

    Raises
    ------
    DataError
        If one cannot be used; `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    labels = labels_beside(path, target)
    if path.is_file() and not labels.is_file():
        files = [p for p in path.parent.glob(f"*{ENDING}") if p.is_file() and p.name != path.name]
        beside = sorted(p.stem for p in files)
        raise DataError(no_target("labels in an array beside it", target, beside))
    X, y = read_array(path), _mapped(labels, target, 1)
    if X.shape[0] != y.shape[0]:
        raise DataError(
            f"Expected one label per sample, got {X.shape[0]} rows and {y.shape[0]} labels in "
            f"{labels.name}; make the lengths match."
        )
    return X, np.array(y)


def read_array(path: Path) -> Float64[np.ndarray, "n d"]:
    """Read features alone, as `read_arrays_beside` does.

    Raises
    ------
    DataError
        If they cannot be used.
    """
    if not path.is_file():
        raise DataError("Expected a regular file, got a pipe or a device; write the array to one.")
    return _mapped(path, "X", 2)


def labels_beside(path: Path, target: str) -> Path:
    """Return where the labels of an array of features are."""
    return path.expanduser().parent / f"{target.strip()}{ENDING}"


def _mapped(path: Path, name: str, ndim: int) -> Float64[np.ndarray, "..."]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        header = _header(name, stream.read(MAX_HEADER_BYTES))
    if len(header.shape) != ndim:
        raise DataError(
            f"Expected {path.name} with {ndim} axes, got shape {header.shape}; reshape it."
        )
    needed = header.n_bytes + math.prod(header.shape) * header.dtype.itemsize
    if size < needed:
        raise DataError(
            f"Expected {needed} bytes for the shape {header.shape} of {path.name}, got {size}: the "
            "file was cut short; write it again with numpy.save."
        )
    if math.prod(header.shape) == 0:
        return np.zeros(header.shape)
    order: Literal["C", "F"] = "F" if header.fortran_order else "C"
    entries: np.ndarray = np.memmap(
        path, header.dtype, "r", offset=header.n_bytes, shape=header.shape, order=order
    )
    if header.is_plain:
        return entries
    with np.errstate(all="ignore"):
        # an extended float beyond double precision becomes infinite, which is refused later
        return np.array(entries, dtype=np.float64, order="C")


def _header(name: str, start: bytes) -> Header:
    try:
        return parsed(name, start)
    except (ValueError, LookupError, ArithmeticError, struct.error) as error:
        raise DataError(
            f"Expected a readable array {name!r}, got a damaged one ({error}); write the file "
            "again with numpy.save."
        ) from error
