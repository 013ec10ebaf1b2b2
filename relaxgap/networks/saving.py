"""Networks written as the archives that `relaxgap.load_network` reads."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from relaxgap.errors import ConfigurationError, DataError
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
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise DataError(
                f"Expected finite weights, got NaN or infinity in {name}; take a network from "
                "before its training diverged."
            )
    write_bytes(file, archive_of(arrays), "choose another path")
    return file


def archive_of(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of an ``.npz`` file."""
    stream = io.BytesIO()
    typed = {
        name: array if array.dtype == np.uint8 else np.asarray(array, dtype=np.float64)
        for name, array in arrays.items()
    }
    np.savez(stream, **typed)  # type: ignore[arg-type]
    return stream.getvalue()
