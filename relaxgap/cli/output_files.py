"""Files that a command writes where the user says: tried before the work, written after it."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.networks.saving import archive_of
from relaxgap.numerics import writing


def refuse_unwritable(path: Path | None, option: str, ending: str = "") -> None:
    """Refuse a file that could not be written, or not read again: before hours of work.

    Parameters
    ----------
    path : Path or None
        None if the option is not given.
    option : str
        Its name.
    ending : str
        What the name of the file has to end in.

    Raises
    ------
    ConfigurationError
        If the ending is another one, or the folder is not there.
    StorageError
        If nothing can be written there.
    """
    if path is None:
        return
    if path.is_dir():
        raise ConfigurationError(
            f"Expected {option} to be a file, got the folder {str(path)!r}; name a file in it."
        )
    if path.suffix.lower() != ending and ending:
        raise ConfigurationError(
            f"Expected {option} to end in {ending}, got {str(path)!r}; "
            f"write {str(path.with_suffix(ending))!r}."
        )
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"Expected {option} in an existing folder, got {path}; create {path.parent} first."
        )
    writing.try_writing(path, _another(option))


def write_arrays(path: Path, option: str, **arrays: Float64[np.ndarray, "..."]) -> None:
    """Write an ``.npz`` file.

    Raises
    ------
    StorageError
        If the file cannot be written; an older one stays as it was.
    """
    write_bytes(path, option, archive_of(arrays))


def write_bytes(path: Path, option: str, content: bytes) -> None:
    """Write a file that an option names.

    Raises
    ------
    StorageError
        If the file cannot be written; an older one stays as it was.
    """
    writing.write_bytes(path, content, _another(option))


def _another(option: str) -> str:
    return f"choose another {option}"
