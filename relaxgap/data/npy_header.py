"""What stands before the entries of an array in NumPy's format: its shape, order and type.

On damaged headers NumPy raises whatever its tokenizer, compiler and allocator do, and warns; the
three entries of a header are recognised here by a regular expression, and nothing is evaluated.

References
----------
The NPY format: ``numpy.lib.format``, "Format Version 1.0" to "3.0".
"""

import re
import struct
from dataclasses import dataclass

import numpy as np

from relaxgap.errors import DataError

MAGIC = b"\x93NUMPY"
_LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
MAX_HEADER_BYTES = 10_016
"""All that is looked at of an array to find its header."""
_HEADER = re.compile(
    r"""\{(?:\s*(?:
        ['"]descr['"]\s*:\s*(?:['"](?P<descr>[^'"]*)['"]|(?P<fields>\[[^{}]*\]))
        |['"]fortran_order['"]\s*:\s*(?P<fortran_order>True|False)
        |['"]shape['"]\s*:\s*\((?P<shape>[\d\sL,]*)\)
    )\s*(?:,|(?=\}))){3}\s*\}\s*""",
    re.VERBOSE,
)
_LENGTH = re.compile(r"\s*(\d{1,20})L?\s*")
_TYPE = re.compile(r"[<>|=]?[biufcOSUVMm]\d{0,9}(\[\w{1,4}\])?")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the entries of an array, in ``n_bytes`` bytes."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[np.generic]
    n_bytes: int

    @property
    def is_plain(self) -> bool:
        """Whether the entries are float64 of this machine in C order, of an array not empty."""
        return self.dtype == np.float64 and not self.fortran_order and 0 not in self.shape


def parsed(name: str, start: bytes) -> Header:
    """Parse the start of a member; a `ValueError` says that it is damaged."""
    if not start.startswith(MAGIC):
        raise DataError(
            f"Expected {name!r} to be a NumPy array, got something else; write it with numpy.save, "
            "or numpy.savez."
        )
    version = start[len(MAGIC)] if len(start) > len(MAGIC) else 0
    if version not in _LENGTHS:
        raise ValueError(f"version {version} of the format")
    place = len(MAGIC) + 2
    (length,) = struct.unpack_from(_LENGTHS[version], start, place)
    place += struct.calcsize(_LENGTHS[version])
    text = start[place : place + length].decode("latin-1")
    found = _HEADER.fullmatch(text)
    if len(text) != length or not found or found["shape"] is None or not found["fortran_order"]:
        raise ValueError("its header is not that of an array")
    lengths = [_LENGTH.fullmatch(part) for part in found["shape"].split(",") if part.strip()]
    described = found["descr"] or found["fields"]
    if not described or None in lengths:
        raise ValueError("its header is not that of an array")
    shape = tuple(int(part[1]) for part in lengths if part)
    dtype = _real(name, described)
    return Header(shape, found["fortran_order"] == "True", dtype, place + length)


def _real(name: str, described: str) -> np.dtype[np.generic]:
    """Return the type that a header describes, if it is one of real numbers."""
    if described.startswith("["):
        raise DataError(
            f"Expected real numbers in {name!r}, got a table of the types {described}; save its "
            "columns as one float64 array."
        )
    if not _TYPE.fullmatch(described):
        raise ValueError(f"its type is {described!r}")
    try:
        dtype = np.dtype(described)
    except TypeError as error:
        raise ValueError(f"its type is {described!r}") from error
    if dtype.hasobject:
        # A pickle runs code when it is read.
        raise DataError(
            f"Expected numbers in {name!r}, got Python objects, stored as a pickle that could "
            "run code and was not opened; save it with a numeric dtype."
        )
    if dtype.kind not in "biuf":
        raise DataError(
            f"Expected real numbers in {name!r}, got dtype {dtype}; convert it to float64."
        )
    return dtype
