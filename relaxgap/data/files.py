"""The user's own data: NumPy archives and comma-separated text, never a pickle."""

import difflib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset, file_digest
from relaxgap.errors import ConfigurationError, DataError

_LISTED = 10

ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What NumPy and zipfile raise on damaged, truncated, encrypted or oversized archives."""


@dataclass(frozen=True, slots=True)
class FileData:
    """Read samples and labels from an ``.npz`` or ``.csv`` file.

    An archive holds the array ``X`` of shape (n, d) and the labels, of shape (n,), under the name
    ``target``; other arrays are ignored. A table has a header line; ``target`` names the column of
    labels and every other column is a feature, in the order of the file. Booleans, integers and
    other floats become float64. Nothing is scaled, dropped or filled in.

    Parameters
    ----------
    path : str
        File to read; ``~`` stands for the home directory.
    target : str
        Name of the labels.

    Raises
    ------
    ConfigurationError
        If the path or the target is empty.
    DataError
        On `load`, if the file cannot be used; the message is one line and starts with the path.
    """

    path: str
    target: str = "y"

    def __post_init__(self) -> None:
        for name, value in (("path", self.path), ("target", self.target)):
            if not value.strip():
                raise ConfigurationError(f"Expected a non-empty {name}, got {value!r}; set {name}.")

    @property
    def label(self) -> str:
        """Short name for a CSV: the name of the file."""
        return self.path.rpartition("/")[2]

    def fingerprint(self) -> list[str]:
        """Return a digest of the file."""
        return [file_digest(Path(self.path))]

    def load(self, rng: np.random.Generator) -> Dataset:
        """Read the file; the generator is not used."""
        with errors_of(self.path):
            path = existing_file(self.path, tuple(_READERS))
            X, y = _READERS[path.suffix.lower()](path, self.target)
            _refuse_constant(X, y)
            return Dataset(X, y)


def read_arrays(
    path: str, axes: Mapping[str, int], optional: Mapping[str, int] | None = None
) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read named arrays of an ``.npz`` file as float64, never a pickle.

    Parameters
    ----------
    path : str
        File to read; ``~`` stands for the home directory.
    axes : mapping of str to int
        Names of the arrays and the number of axes of each.
    optional : mapping of str to int, optional
        The same for arrays that the file may lack. If it is given, arrays of any other name are
        refused instead of ignored: a misspelt one would be lost in silence.

    Raises
    ------
    DataError
        If the file cannot be used; the message is one line and starts with the path.
    """
    with errors_of(path):
        return _read_members(existing_file(path, (".npz",)), axes, optional)


@contextmanager
def errors_of(path: str) -> Iterator[None]:
    """Turn whatever reading a file raises into one line that starts with its path."""
    try:
        yield
    except DataError as error:
        raise DataError(" ".join(f"{path}: {error}".split())) from error
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path}: Expected a path that can be opened, got {error}; check the path and "
            "its permissions."
        ) from error


def existing_file(name: str, suffixes: tuple[str, ...]) -> Path:
    """Return the path of a file that is there and has one of the endings.

    Raises
    ------
    DataError
        If it is not; `errors_of` adds the path to the message.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        raise DataError("Expected a file, got a directory; name the file inside it.")
    if path.suffix.lower() not in suffixes:
        raise DataError(
            f"Expected a file ending in {' or '.join(suffixes)}, got the ending "
            f"{path.suffix!r}; convert it."
        )
    if not path.exists():
        raise DataError(
            "Expected an existing file, got a path where there is none; check the spelling, "
            f"a relative path starts at {str(Path.cwd())!r}."
        )
    return path


def _read_npz(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    members = _read_members(path, {"X": 2, target: 1}, renameable=target)
    X, y = members["X"], members[target]
    if X.shape[0] != y.shape[0]:
        raise DataError(
            f"Expected one label per sample, got {X.shape[0]} rows of X and {y.shape[0]} labels; "
            "make the lengths match."
        )
    return X, y


def _read_members(
    path: Path,
    axes: Mapping[str, int],
    optional: Mapping[str, int] | None = None,
    renameable: str = "",
) -> dict[str, Float64[np.ndarray, "..."]]:
    # NumPy leaves a file that it opened itself open when the archive is damaged.
    with path.open("rb") as stream:
        try:
            # A pickle runs code when it is read, so object arrays are refused.
            archive = np.load(stream, allow_pickle=False)
        except ARCHIVE_ERRORS as error:
            raise DataError(
                f"Expected a NumPy archive, got a file that cannot be read as one ({error}); "
                "write it again with numpy.savez."
            ) from error
        if not isinstance(archive, np.lib.npyio.NpzFile):
            wanted = ", ".join(f"{name}=..." for name in axes)
            raise DataError(
                "Expected a NumPy archive, got a single array; write it again with "
                f"numpy.savez(path, {wanted})."
            )
        for name in axes:
            if name not in archive.files:
                raise DataError(
                    f"Expected an array named {name!r}, got {_listed(archive.files)}; "
                    f"{_nearest(name, archive.files)}rename it in the file"
                    f"{' or set target.' if name == renameable else '.'}"
                )
        known = {**axes, **(optional or {})}
        other = [name for name in archive.files if name not in known]
        if other and optional is not None:
            raise DataError(
                f"Expected no arrays but {_listed(list(known))}, got {_listed(other)}; rename or "
                "remove the others."
            )
        return {n: _member(archive, n, ndim) for n, ndim in known.items() if n in archive.files}


def _member(archive: np.lib.npyio.NpzFile, name: str, ndim: int) -> Float64[np.ndarray, "..."]:
    try:
        array = archive[name]
    except ARCHIVE_ERRORS as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"Expected numbers in {name!r}, got Python objects, stored as a pickle that could "
                "run code and was not opened; save it with a numeric dtype."
            ) from error
        raise DataError(
            f"Expected a readable array {name!r}, got a damaged one ({error}); write the file "
            "again with numpy.savez."
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"Expected {name!r} to be a NumPy array, got something else stored in the zip file; "
            "write it with numpy.savez."
        )
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"Expected real numbers in {name!r}, got dtype {array.dtype}; convert it to float64."
        )
    if array.ndim != ndim:
        raise DataError(f"Expected {name!r} with {ndim} axes, got shape {array.shape}; reshape it.")
    return np.ascontiguousarray(array, dtype=np.float64)


def _read_csv(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    # pandas takes a third of a second to import, and only this reader needs it.
    import pandas as pd

    try:
        # Read as text, header included: otherwise pandas renames repeated columns, turns surplus
        # fields into row names and (before version 3) rounds the last digit.
        text = pd.read_csv(path, header=None, dtype=str)
    except pd.errors.EmptyDataError as error:
        raise DataError(
            "Expected a header line and data, got an empty file; write the data to it."
        ) from error
    except (ValueError, OSError, MemoryError) as error:
        raise DataError(
            "Expected comma-separated text in UTF-8, got a file that cannot be read as such "
            f"({error}); repair that line or save the file again."
        ) from error
    names = ["" if pd.isna(name) else str(name) for name in text.iloc[0]]
    _check_header(names, target)
    table = text.iloc[1:]
    if table.shape[0] == 0:
        raise DataError("Expected data below the header, got the header only; add rows.")
    missing = np.argwhere(table.isna().to_numpy())
    if missing.size:
        places = [f"row {row + 1} of {names[column]!r}" for row, column in missing[:_LISTED]]
        more = ", ..." if len(missing) > _LISTED else ""
        raise DataError(
            f"Expected a number in every cell, got {len(missing)} missing values: "
            f"{', '.join(places)}{more} (rows counted below the header); fill in or remove them."
        )
    values = np.empty(table.shape, dtype=np.float64)
    for column, name in enumerate(names):
        cells = table.iloc[:, column].replace({"True": "1", "False": "0"})
        values[:, column] = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
        bad = np.flatnonzero(np.isnan(values[:, column]))
        if bad.size:
            raise DataError(
                f"Expected numbers in column {name!r}, got {cells.iloc[bad[0]]!r} in row "
                f"{bad[0] + 1} below the header; encode the column as numbers or remove it."
            )
    labels = names.index(target)
    return np.delete(values, labels, axis=1), values[:, labels].copy()


def _check_header(names: Sequence[str], target: str) -> None:
    if target not in names:
        raise DataError(
            f"Expected a column named {target!r} in a comma-separated header, got "
            f"{_listed(names)}; {_nearest(target, names)}rename it in the file or set target."
        )
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise DataError(
            f"Expected different column names, got {_listed(repeated)} more than once; rename them."
        )
    if "" in names:
        raise DataError(
            f"Expected a name for every column, got none for column {names.index('') + 1}; name "
            "it, or remove it if it holds row numbers."
        )


def _refuse_constant(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> None:
    if X.size and (not X.any() or (X.shape[0] > 1 and np.array_equal(X[1:], X[:-1]))):
        raise DataError(
            "Expected samples that differ, got constant data: every row of X is the same or zero; "
            "check how the file was written."
        )
    if y.size > 1 and np.array_equal(y[1:], y[:-1]):
        raise DataError(
            f"Expected labels that differ, got the constant target {y[0]:g}; check the target."
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_LISTED])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > _LISTED else shown or "nothing"


def _nearest(name: str, found: Sequence[str]) -> str:
    by_plain_name = {other.strip().lower(): other for other in found}
    near = difflib.get_close_matches(name.lower(), by_plain_name, n=1)
    return f"did you mean {by_plain_name[near[0]]!r}? Then " if near else ""


_READERS = {".npz": _read_npz, ".csv": _read_csv}
