"""Tensors that PyTorch saved, read without it: no code in the file is executed."""

import io
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from relaxgap.data.zip_archives import ARCHIVE_ERRORS
from relaxgap.errors import DataError

_ADVICE = (
    "save the weights alone with torch.save(model.state_dict(), path), or as an .npz with the "
    "arrays hidden (m, d) and output (m,)"
)
# Also bounds how deep a hostile file can nest what Python visits by recursion.
_MAX_INDEX_BYTES = 2**12
_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
}
_BYTE_ORDERS = {b"little": "<", b"big": ">"}

# What pickle raises on a damaged or hostile stream, beside the errors of the archive.
_PICKLE_ERRORS = (pickle.UnpicklingError, AttributeError, LookupError, TypeError, ArithmeticError)


def read_tensors(path: Path) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read a dictionary of tensors that ``torch.save`` wrote, in its order.

    Tensors of at most 2 axes, of real floats or integers; all become float64.

    Parameters
    ----------
    path : Path
        An existing file; its ending does not matter.

    Raises
    ------
    DataError
        If it is anything else or cannot be opened; `relaxgap.data.paths.errors_of` adds the path
        to the message.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            roots = [
                name.removesuffix("data.pkl")
                for name in archive.namelist()
                if name.endswith("/data.pkl") and name.count("/") == 1
            ]
            if len(roots) != 1:
                raise DataError(
                    f"Expected one data.pkl in what torch.save wrote, got {len(roots)}; {_ADVICE}."
                )
            tensors = _unpickle(archive, roots[0])
            return {name: _array(archive, roots[0], tensor) for name, tensor in tensors.items()}
    except (*ARCHIVE_ERRORS, *_PICKLE_ERRORS) as error:
        raise DataError(
            "Expected a file that torch.save of PyTorch 1.6 or later wrote, got one that cannot "
            f"be read as such ({type(error).__name__}: {error}); {_ADVICE}."
        ) from error


class _Storage(NamedTuple):
    """A typed run of numbers, in a member of the archive."""

    dtype: str
    member: str
    numel: int


class _Tensor(NamedTuple):
    """A strided view of a storage, counted in entries."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Dictionary(dict[Any, Any]):
    """An ``OrderedDict`` of the file, without the attributes that a pickle would give it."""

    def __setstate__(self, state: object) -> None: ...


class _StorageType(NamedTuple):
    """The class of a storage; not callable."""

    dtype: str


class _Rebuild(NamedTuple):
    """What a pickle may call: an immutable object, so that no pickle can alter it."""

    rebuild: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        return self.rebuild(*arguments)


def _rebuild_tensor(*arguments: Any) -> _Tensor:
    storage, offset, shape, strides, *rest = arguments
    # After two things that only training needs comes metadata: bits that negate or conjugate.
    counts = (offset, *shape, *strides)
    if (
        type(storage) is not _Storage
        or any(type(count) is not int or count < 0 for count in counts)
        or not len(shape) == len(strides) <= 2
        or any(rest[2:])
    ):
        raise DataError(f"Expected plain tensors with at most 2 axes, got another one; {_ADVICE}.")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): _Rebuild(_Dictionary),
    ("torch._utils", "_rebuild_tensor_v2"): _Rebuild(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): _Rebuild(lambda tensor, *_: tensor),
    **{("torch", name): _StorageType(dtype) for name, dtype in _DTYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Unpickle dictionaries of tensors; no name in the file reaches an import."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Return our stand-in for an object of PyTorch, or refuse."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module.partition(".")[0] == "torch" and name.endswith(("Storage", "_tensor_v3")):
            raise DataError(
                f"Expected tensors of real floats or integers, got {module}.{name}; convert the "
                "model with model.double() before saving its state_dict."
            )
        raise DataError(
            f"Expected tensors only, got the Python object {f'{module}.{name}'!r}, stored as a "
            f"pickle that could run code and was not opened; {_ADVICE}."
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """Return where a storage is; it is read when its tensor is."""
        kind, storage_type, key, _, numel = pid
        if (
            kind != "storage"
            or type(storage_type) is not _StorageType
            or type(key) is not str
            or type(numel) is not int
        ):
            raise pickle.UnpicklingError("a storage of unknown form")
        return _Storage(storage_type.dtype, key, numel)


def _unpickle(archive: zipfile.ZipFile, root: str) -> dict[str, _Tensor]:
    member = archive.getinfo(f"{root}data.pkl")
    if member.file_size > _MAX_INDEX_BYTES:
        raise DataError(
            f"Expected two layers, whose tensors {_MAX_INDEX_BYTES} bytes are enough to list, "
            f"got a list of {member.file_size} bytes; {_ADVICE}."
        )
    content = archive.read(member)
    with warnings.catch_warnings():
        # Python warns of odd escapes in strings of damaged files.
        warnings.simplefilter("ignore")
        for opcode, argument, _ in pickletools.genops(content):
            # The unpickler allocates its memo up to the largest index that it meets.
            if opcode.name.endswith("PUT") and int(argument or 0) > len(content):
                raise pickle.UnpicklingError("a memo index out of range")
        found = _Unpickler(io.BytesIO(content)).load()
    if not isinstance(found, dict):
        raise DataError(f"Expected a dictionary of tensors, got something else; {_ADVICE}.")
    for name, tensor in found.items():
        if type(name) is not str or type(tensor) is not _Tensor:
            raise DataError(
                "Expected a dictionary of names and tensors, got something else under "
                f"{name if type(name) is str else 'what is not a name'!r}; {_ADVICE}."
            )
    return found


def _array(archive: zipfile.ZipFile, root: str, tensor: _Tensor) -> Float64[np.ndarray, "..."]:
    storage, offset, shape, strides = tensor
    order = b"little"
    if f"{root}byteorder" in archive.namelist():
        with archive.open(f"{root}byteorder") as stream:
            order = stream.read(8).strip()
    dtype = np.dtype(f"{_BYTE_ORDERS[order]}{storage.dtype}")
    member = archive.getinfo(f"{root}data/{storage.member}")
    if member.file_size != storage.numel * dtype.itemsize:
        raise DataError(
            f"Expected a storage of {storage.numel * dtype.itemsize} bytes, got "
            f"{member.file_size}; save the file again."
        )
    if 0 in shape:
        return np.zeros(shape)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if last >= storage.numel:
        raise DataError(
            f"Expected tensors inside their storage, got one that ends at entry {last} of "
            f"{storage.numel}; save the file again."
        )
    steps = tuple(stride * dtype.itemsize for stride in strides)
    entries = np.ndarray(shape, dtype, archive.read(member), offset * dtype.itemsize, steps)
    if storage.dtype == "u2":
        # bfloat16 is the upper half of a float32.
        entries = (entries.astype(np.uint32, order="C") << 16).view(np.float32)
    return np.array(entries, dtype=np.float64, order="C")
