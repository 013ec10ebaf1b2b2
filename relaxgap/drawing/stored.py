"""What is stored of an experiment: its summary, and the statistics of that summary."""

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from relaxgap.errors import DataError
from relaxgap.numerics.writing import write_text
from relaxgap.version import __version__

SUMMARY = "summary.csv"
STATISTICS = "statistics.csv"
HASH = "summary_sha256"
"""Column that says of which summary a row of the statistics is, and by which version of relaxgap:
the first 16 digits of a hash of both."""


def read_summary(folder: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the summary of an experiment.

    Raises
    ------
    DataError
        If it is unreadable, has other columns or no rows.
    """
    path = folder / SUMMARY
    try:
        summary = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: Expected a summary, got a file that cannot be read ({error}); "
            "run its experiment again."
        ) from error
    if list(summary.columns) != list(columns) or summary.empty:
        raise DataError(
            f"{path}: Expected rows of the columns {', '.join(columns)}, got {len(summary)} rows "
            f"of {', '.join(map(str, summary.columns))}; run its experiment again."
        )
    return summary


def statistics_of(
    folder: Path, summary: pd.DataFrame, compute: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Return the stored statistics of the summary; compute and store them unless they are its own.

    Parameters
    ----------
    folder : Path
        Where ``summary.csv`` is and ``statistics.csv`` is or will be.
    summary : DataFrame
        What was read of it.
    compute : callable
        What makes the statistics of a summary.

    Returns
    -------
    DataFrame
        As read from the file also when they were just computed, so that a figure is the same
        either way.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    digest = hashlib.sha256((folder / SUMMARY).read_bytes())
    digest.update(__version__.encode())
    own = digest.hexdigest()[:16]
    try:
        stored = _read(io.StringIO((folder / STATISTICS).read_text(encoding="utf-8")), summary)
    except (OSError, ValueError):
        stored = None
    if stored is not None and HASH in stored and set(stored[HASH]) == {own}:
        return stored
    text = compute(summary).assign(**{HASH: own}).to_csv(index=False)
    write_text(folder / STATISTICS, text)
    return _read(io.StringIO(text), summary)


def _read(text: io.StringIO, summary: pd.DataFrame) -> pd.DataFrame:
    # a name of digits, or one missing in these rows only, is of the same kind as in the summary
    kinds: Any = {HASH: str} | {str(column): summary[column].dtype for column in summary}
    return pd.read_csv(text, dtype=kinds, keep_default_na=False, na_values=[""])
