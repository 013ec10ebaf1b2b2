"""Networks written as the archives that `relaxgap.load_network` reads."""

import io
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from relaxgap.errors import ConfigurationError, DataError, MissingSolverError
from relaxgap.numerics.writing import write_bytes


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write the arrays of a network to an ``.npz`` file and return its path.

    Parameters
    ----------
    path : str or Path
        File to write, ending in ``.npz``; ``~`` stands for the home directory.
    arrays : mapping of str to (...) float64
        By the name of each; bytes of text stay bytes.

    Raises
    ------
    ConfigurationError
        If the path ends in anything else: it could not be read again.
    DataError
        If an array is not finite.
    StorageError
        If the file cannot be written; an older one stays as it was.
    """
    file = Path(path).expanduser()
    if file.suffix.lower() != ".npz":
        raise ConfigurationError(
            f"Expected a file ending in .npz, got {str(path)!r}; name it for example network.npz."
        )
    _refuse_infinite(arrays)
    write_bytes(file, archive_of(arrays), "choose another path")
    return file


def save_state_dict(path: str | Path, state: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as ``torch.save`` writes a ``state_dict``, and return the path.

    Raises
    ------
    DataError
        If an array is not finite.
    MissingSolverError
        If PyTorch is not installed.
    StorageError
        If the file cannot be written; an older one stays as it was.
    """
    file = Path(path).expanduser()
    _refuse_infinite(state)
    write_bytes(file, state_dict_of(state), "choose another path")
    return file


def state_dict_of(state: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a checkpoint, written by PyTorch.

    Raises
    ------
    MissingSolverError
        If it is not installed.
    """
    refuse_without_torch()
    torch: Any = import_module("torch")
    stream = io.BytesIO()
    torch.save({name: torch.tensor(np.array(array)) for name, array in state.items()}, stream)
    return stream.getvalue()


def refuse_without_torch() -> None:
    """Raise `MissingSolverError` unless PyTorch is there to write a checkpoint."""
    if find_spec("torch") is None:
        raise MissingSolverError(
            "Expected PyTorch to write a .pt file, found none; run pip install 'relaxgap[torch]', "
            "or write an .npz."
        )


def _refuse_infinite(arrays: Mapping[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise DataError(
                f"Expected finite weights, got NaN or infinity in {name}; take a network from "
                "before its training diverged."
            )


def archive_of(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of an ``.npz`` file."""
    stream = io.BytesIO()
    typed = {
        name: array if array.dtype == np.uint8 else np.asarray(array, dtype=np.float64)
        for name, array in arrays.items()
    }
    np.savez(stream, **typed)  # type: ignore[arg-type]
    return stream.getvalue()
