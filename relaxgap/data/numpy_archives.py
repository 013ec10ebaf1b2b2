"""NumPy archives (``.npz``), read without NumPy's own reader: never a pickle, and no surprises."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64

from relaxgap.data.naming import listed, nearest, no_target
from relaxgap.data.npy_header import MAGIC, MAX_HEADER_BYTES, Header, parsed
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.stored_array import StoredArray
from relaxgap.data.zip_archives import ARCHIVE_ERRORS, ZipArchive, open_zip, too_large
from relaxgap.errors import DataError

Shapes = Mapping[str, tuple[int, ...]]
Axes = int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NumpyArchive:
    """Describe and read the arrays of an open ``.npz`` file."""

    archive: ZipArchive

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return [name.removesuffix(".npy") for name in self.archive.names]

    def describe(self, name: str, *ndims: int) -> StoredArray:
        """Read the header of an array of real numbers, whose number of axes is one of these.

        Raises
        ------
        DataError
            If it does not, or would take more memory than a file of this size may.
        """
        member = f"{name}.npy" if f"{name}.npy" in self.archive.names else name
        with _damage(name):
            header = parsed(name, self.archive.start_of(member, MAX_HEADER_BYTES))
            n_entries = math.prod(header.shape)
            if self.archive.size(member) < header.n_bytes + n_entries * header.dtype.itemsize:
                raise ValueError(f"too few bytes for the shape {header.shape}")
        if len(header.shape) not in ndims:
            raise DataError(
                f"Expected {name!r} with {' or '.join(map(str, ndims))} axes, got shape "
                f"{header.shape}; reshape it."
            )
        limit = self.archive.limit
        if max(8 * n_entries, *header.shape, 0) > limit:
            raise too_large(f"{name!r} of shape {header.shape} in float64", limit)

        def read() -> Float64[np.ndarray, "..."]:
            with _damage(name):
                if header.is_plain:
                    # read once: a large array is not in memory twice
                    out = np.empty(header.shape)
                    self.archive.read_into(out, member, header.n_bytes)
                    return out
                return _entries(self.archive.read(member), header)

        return StoredArray(header.shape, header.dtype.kind != "f", read)


def read_arrays(
    path: str,
    axes: Mapping[str, Axes],
    optional: Mapping[str, Axes] | None = None,
    check_shapes: Callable[[Shapes], None] = lambda shapes: None,
) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read named arrays of an ``.npz`` file as float64, never a pickle.

    Parameters
    ----------
    path : str
        File to read; ``~`` stands for the home directory.
    axes, optional, check_shapes
        As `read_members`.

    Raises
    ------
    DataError
        If the file cannot be used; the message is one line and starts with the path.
    """
    with errors_of(path), open_arrays(existing_file(path, (".npz",))) as archive:
        return read_members(archive, axes, optional, check_shapes)


@contextmanager
def open_arrays(path: Path) -> Iterator[NumpyArchive]:
    """Open an ``.npz`` file.

    Raises
    ------
    DataError
        If it is none; `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) == MAGIC:
            raise DataError(
                "Expected a NumPy archive, got a single array; write it again with "
                "numpy.savez(path, NAME=array)."
            )
    with open_zip(path, "a NumPy archive", "write it again with numpy.savez") as archive:
        yield NumpyArchive(archive)


def read_members(
    archive: NumpyArchive,
    axes: Mapping[str, Axes],
    optional: Mapping[str, Axes] | None = None,
    check_shapes: Callable[[Shapes], None] = lambda shapes: None,
    target: str = "",
) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read named arrays of an open ``.npz`` file as float64.

    Parameters
    ----------
    archive : NumpyArchive
        The file.
    axes : mapping of str to int or tuple of int
        Names of the arrays and the number of axes of each, or the numbers that it may have.
    optional : mapping of str to int or tuple of int, optional
        The same for arrays that the file may lack. If it is given, arrays of any other name are
        refused instead of ignored: a misspelt one would be lost in silence.
    check_shapes : callable
        Called with the shapes before an array is read, to refuse those that do not fit.
    target : str
        Which of the names the user can choose another for.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    for name in axes:
        if name in archive.names:
            continue
        if name == target:
            raise DataError(no_target("an array", name, archive.names))
        raise DataError(
            f"Expected an array named {name!r}, got {listed(archive.names)}; "
            f"{nearest(name, archive.names)}rename it in the file."
        )
    known = {**axes, **(optional or {})}
    other = [name for name in archive.names if name not in known]
    if other and optional is not None:
        raise DataError(
            f"Expected no arrays but {listed(list(known))}, got {listed(other)}; rename or "
            "remove the others."
        )
    found = {
        name: archive.describe(name, *((ndims,) if isinstance(ndims, int) else ndims))
        for name, ndims in known.items()
        if name in archive.names
    }
    check_shapes({name: array.shape for name, array in found.items()})
    return {name: array.read() for name, array in found.items()}


@contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise DataError(
            f"Expected a readable array {name!r}, got a damaged one ({error}); write the file "
            "again with numpy.savez."
        ) from error


def _entries(content: bytes, header: Header) -> Float64[np.ndarray, "..."]:
    count = math.prod(header.shape)
    if count == 0:
        return np.zeros(header.shape)
    flat = np.frombuffer(content, header.dtype, count, header.n_bytes)
    order: Literal["C", "F"] = "F" if header.fortran_order else "C"
    # An extended float beyond double precision becomes infinite, which is refused later.
    with np.errstate(all="ignore"):
        return np.array(flat.reshape(header.shape, order=order), dtype=np.float64, order="C")
