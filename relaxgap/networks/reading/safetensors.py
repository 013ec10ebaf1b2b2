"""Tensors in the safetensors format: a header in JSON, then the numbers.

References
----------
Hugging Face, "Safetensors": 8 bytes with the length of the header, the header, the byte buffer.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float64

from relaxgap.data.stored_array import StoredArray
from relaxgap.errors import DataError
from relaxgap.networks.reading.contents import Contents, refuse_type

_MAX_HEADER_BYTES = 2**18
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
}
_ADVICE = "save it again with safetensors, or as an .npz with hidden (m, d) and output (m,)"


@contextmanager
def open_safetensors(path: Path) -> Iterator[Contents]:
    """Open a ``.safetensors`` file.

    Raises
    ------
    DataError
        If it is none, or later if a tensor cannot be read; `relaxgap.data.paths.errors_of` adds
        the path to the message.
    """
    with path.open("rb") as stream:
        size = path.stat().st_size
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or 8 + length > size:
            raise _damaged(f"a header of {length} bytes in a file of {size}")
        if length > _MAX_HEADER_BYTES:
            raise DataError(
                f"Expected two layers, which a header of {_MAX_HEADER_BYTES} bytes is enough to "
                f"list, got one of {length} bytes; {_ADVICE}."
            )
        try:
            header = json.loads(stream.read(length).decode())
        except (ValueError, RecursionError) as error:
            raise _damaged(str(error)) from error
        if not isinstance(header, dict):
            raise _damaged("a header that is no object")
        contents = Contents()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            contents.tensors[(name,)] = _described(entry, stream, 8 + length, size)
        yield contents


def _described(entry: Any, stream: BinaryIO, start: int, size: int) -> StoredArray:
    """Return a tensor that can be read where it is."""
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [begin, end]} if all(
            type(count) is int and count >= 0 for count in (begin, end, *shape)
        ):
            pass
        case _:
            raise _damaged("a tensor without type, shape and place")
    if not begin <= end <= size - start:
        raise _damaged(f"a tensor that ends at byte {end} of {size - start}")
    if kind not in _DTYPES:
        return StoredArray(tuple(shape), kind == "BOOL", lambda: refuse_type(kind))
    dtype = np.dtype(_DTYPES[kind])
    # A tensor without entries takes no bytes, but NumPy has a largest axis.
    if math.prod(shape) * dtype.itemsize != end - begin or max(shape, default=0) > size + 2**31:
        raise _damaged(f"{end - begin} bytes for the shape {tuple(shape)} of {kind}")

    def read() -> Float64[np.ndarray, "..."]:
        stream.seek(start + begin)
        entries = np.frombuffer(stream.read(end - begin), dtype).reshape(shape)
        if kind == "BF16":
            # bfloat16 is the upper half of a float32.
            entries = (entries.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(all="ignore"):
            return np.array(entries, dtype=np.float64, order="C")

    return StoredArray(tuple(shape), kind[0] in "IU", read)


def _damaged(what: str) -> DataError:
    return DataError(f"Expected a safetensors file, got a damaged one ({what}); {_ADVICE}.")
