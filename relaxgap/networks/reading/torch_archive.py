"""Tensors that PyTorch saved, read without it: no code in the file is executed.

References
----------
PyTorch, "Serialization semantics": the zip container of ``torch.save``, since version 1.6.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.stored_array import StoredArray
from relaxgap.data.zip_archives import ARCHIVE_ERRORS, ZipArchive, open_zip, too_large
from relaxgap.errors import DataError
from relaxgap.networks.reading.contents import (
    ADVICE,
    Contents,
    contents_of,
    refuse_type,
    refused_object,
)
from relaxgap.networks.reading.pickled import (
    MEMORY_A_BYTE,
    MalformedPickleError,
    Name,
    Opaque,
    unpickled,
)

_KIND = "a file that torch.save of PyTorch 1.6 or later wrote"
_BFLOAT16 = "bfloat16"
_DTYPES = {
    "torch.DoubleStorage": "f8",
    "torch.FloatStorage": "f4",
    "torch.HalfStorage": "f2",
    "torch.BFloat16Storage": _BFLOAT16,
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
}
_BYTE_ORDERS = {b"little": "<", b"big": ">"}
_ERRORS = (*ARCHIVE_ERRORS, MalformedPickleError, AttributeError, TypeError)
# The number with which the container before 1.6 begins, as every protocol of pickle writes it.
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")


@contextmanager
def open_torch(path: Path) -> Iterator[Contents]:
    """Open a file that ``torch.save`` wrote: dictionaries of tensors, nested as they may be.

    Parameters
    ----------
    path : Path
        An existing file; its ending does not matter.

    Raises
    ------
    DataError
        If it is anything else, or later if a tensor cannot be read;
        `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    with path.open("rb") as stream:
        if _LEGACY_MAGIC in stream.read(64):
            raise DataError(
                f"Expected {_KIND}, got the container of earlier versions (or of "
                "_use_new_zipfile_serialization=False), which is a pickle that could run code and "
                "was not opened; save it again: torch.save(torch.load(path, map_location='cpu', "
                "weights_only=True), path)."
            )
    with open_zip(path, _KIND, ADVICE) as archive:
        roots = [
            name.removesuffix("data.pkl")
            for name in archive.names
            if name.endswith("/data.pkl") and name.count("/") == 1
        ]
        if len(roots) != 1:
            raise DataError(
                f"Expected one data.pkl in what torch.save wrote, got {len(roots)}; {ADVICE}."
            )
        yield _contents(archive, roots[0])


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise DataError(
            f"Expected {_KIND}, got one that cannot be read as such ({type(error).__name__}: "
            f"{error}); {ADVICE}."
        ) from error


def _contents(archive: ZipArchive, root: str) -> Contents:
    index = f"{root}data.pkl"
    size, most = archive.size(index), archive.limit // MEMORY_A_BYTE
    if size > most:
        raise DataError(
            f"Expected layers and notes, which {most} bytes are enough to list in a file of this "
            f"size, got a list of {size} bytes; {ADVICE}."
        )
    with _damage():
        order = "<"
        if f"{root}byteorder" in archive.names:
            order = _BYTE_ORDERS[archive.start_of(f"{root}byteorder", 8).strip()]
        reader = _Reader(archive, f"{root}data/", order)
        found = unpickled(archive.read(index), reader.call, reader.storage)
    if isinstance(found, (Name, Opaque)):
        raise refused_object(found.name)
    if not isinstance(found, dict):
        raise DataError(f"Expected a dictionary of tensors, got something else; {ADVICE}.")
    return contents_of(found)


@dataclass(frozen=True, slots=True)
class _Storage:
    """A typed run of numbers, in a member of the archive."""

    kind: str
    member: str
    numel: int


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the names in an index stand for, and where the numbers are."""

    archive: ZipArchive
    folder: str
    order: str

    def call(self, function: str, arguments: tuple[Any, ...]) -> Any:
        """Return the dictionary or tensor that a call makes."""
        match function:
            case "collections.OrderedDict" if not arguments:
                return {}
            case "collections.defaultdict":
                return {}
            case "torch._utils._rebuild_tensor_v2":
                return self._tensor(*arguments)
            case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state":
                return arguments[0]
        if function in _DTYPES:
            raise MalformedPickleError("a call of what cannot be called")
        return Opaque(function)

    def storage(self, identity: Any) -> _Storage:
        """Return where a storage is; it is read when its tensor is."""
        kind, storage_type, key, _, numel = identity
        if (
            kind != "storage"
            or type(storage_type) is not Name
            or type(key) is not str
            or type(numel) is not int
        ):
            raise MalformedPickleError("a storage of unknown form")
        return _Storage(storage_type.name, key, numel)

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Any:
        # After two things that only training needs comes metadata: bits that negate or conjugate.
        counts = (offset, *shape, *strides)
        if (
            type(storage) is not _Storage
            or any(type(count) is not int or count < 0 for count in counts)
            or len(shape) != len(strides)
            or any(rest[2:])
        ):
            raise DataError(f"Expected plain tensors, got another one; {ADVICE}.")
        if storage.kind not in _DTYPES:
            is_bool = storage.kind == "torch.BoolStorage"
            return StoredArray(tuple(shape), is_bool, lambda: refuse_type(storage.kind))

        def read() -> Float64[np.ndarray, "..."]:
            with _damage():
                return self._array(storage, offset, tuple(shape), tuple(strides))

        return StoredArray(tuple(shape), _DTYPES[storage.kind][0] in "iu", read)

    def _array(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Float64[np.ndarray, "..."]:
        is_bfloat16 = _DTYPES[storage.kind] == _BFLOAT16
        dtype = np.dtype(f"{self.order}{'u2' if is_bfloat16 else _DTYPES[storage.kind]}")
        member = f"{self.folder}{storage.member}"
        n_bytes = storage.numel * dtype.itemsize
        if self.archive.size(member) != n_bytes:
            raise DataError(
                f"Expected a storage of {n_bytes} bytes, got {self.archive.size(member)}; save the "
                "file again."
            )
        if 8 * max(storage.numel, *shape, 0) > self.archive.limit:
            raise too_large(f"a tensor of shape {shape} in float64", self.archive.limit)
        if 0 in shape:
            return np.zeros(shape)
        reach = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        if offset + reach >= storage.numel:
            raise DataError(
                f"Expected tensors inside their storage, got one that ends at entry "
                f"{offset + reach} of {storage.numel}; save the file again."
            )
        if math.prod(shape) > storage.numel:
            # Strides of zero: a number stored once would fill any amount of memory.
            raise DataError(
                f"Expected tensors no larger than their storage, got shape {shape} in a storage of "
                f"{storage.numel}; make them contiguous before saving."
            )
        steps = tuple(stride * dtype.itemsize for stride in strides)
        content = self.archive.read(member)
        entries = np.ndarray(shape, dtype, content, offset * dtype.itemsize, steps)
        if is_bfloat16:
            # bfloat16 is the upper half of a float32.
            entries = (entries.astype(np.uint32, order="C") << 16).view(np.float32)
        with np.errstate(all="ignore"):
            return np.array(entries, dtype=np.float64, order="C")
