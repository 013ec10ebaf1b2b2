"""Files that a command writes where the user says: tried before the work, written after it."""

from pathlib import Path

from relaxgap.errors import ConfigurationError
from relaxgap.networks import FittedNetwork
from relaxgap.networks.saving import archive_of, refuse_without_torch, state_dict_of
from relaxgap.numerics import writing


def refuse_unwritable(path: Path | None, option: str, *endings: str) -> None:
    """Refuse a file that could not be written, or not read again: before hours of work.

    Parameters
    ----------
    path : Path or None
        None if the option is not given.
    option : str
        Its name.
    *endings : str
        What the name of the file has to end in, one of them; anything without.

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
    if endings and path.suffix.lower() not in endings:
        raise ConfigurationError(
            f"Expected {option} to end in {' or '.join(endings)}, got {str(path)!r}; "
            f"write {str(path.with_suffix(endings[0]))!r}."
        )
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"Expected {option} in an existing folder, got {path}; create {path.parent} first."
        )
    if path.suffix.lower() == ".pt":
        refuse_without_torch()
    writing.try_writing(path, _another(option))


def write_network(path: Path, option: str, network: FittedNetwork) -> None:
    """Write a network as ``.npz``, or as ``.pt`` by PyTorch.

    Raises
    ------
    MissingSolverError
        If PyTorch is not installed.
    StorageError
        If the file cannot be written; an older one stays as it was.
    """
    if path.suffix.lower() == ".pt":
        write_bytes(path, option, state_dict_of(network.folded().state))
    else:
        write_bytes(path, option, archive_of(network.arrays))


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
