"""Files that a command writes where the user says: checked before the work, written after it."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError, StorageError
from relaxgap.networks.saving import archive_of


def refuse_missing_folder(path: Path | None, option: str) -> None:
    """Refuse a file whose folder is not there.

    Raises
    ------
    ConfigurationError
        Before hours of work and not after.
    """
    if path is not None and not path.parent.is_dir():
        raise ConfigurationError(
            f"Expected {option} in an existing folder, got {path}; create {path.parent} first."
        )


def write_arrays(path: Path, option: str, **arrays: Float64[np.ndarray, "..."]) -> None:
    """Write an ``.npz`` file.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    write_bytes(path, option, archive_of(arrays))


def write_bytes(path: Path, option: str, content: bytes) -> None:
    """Write a file that an option names.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"Expected to write {path}, got {error.strerror}; choose another {option}."
        ) from error
