"""From a folder with ``summary.csv`` to its figures and its printed table."""

from pathlib import Path

import pandas as pd

from relaxgap.drawing.style import figure_style, save
from relaxgap.errors import DataError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.numerics.writing import storage_error
from relaxgap.runner.summary import summary_columns


def draw_summary(name: str, folder: Path) -> list[Path]:
    """Draw the figures of ``folder/summary.csv`` beside it and return their paths.

    Raises
    ------
    DataError
        If the summary is not one of this experiment.
    StorageError
        If the disk is full or the folder cannot be written.
    """
    with figure_style():
        figure = EXPERIMENTS[name].figure.draw(read_summary(name, folder))
        try:
            return save(figure, folder, name)
        except OSError as error:
            raise storage_error(folder / name, error) from error


def result_table(name: str, folder: Path) -> str:
    """Return the table that a run prints."""
    table: pd.DataFrame = EXPERIMENTS[name].figure.table(read_summary(name, folder))
    return table.to_string(float_format=lambda value: f"{value:.6g}", na_rep="")


def read_summary(name: str, folder: Path) -> pd.DataFrame:
    """Read the summary of an experiment.

    Raises
    ------
    DataError
        If it is unreadable, has other columns or no rows.
    """
    path = folder / "summary.csv"
    columns = summary_columns(EXPERIMENTS[name])
    try:
        summary = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: Expected a summary, got a file that cannot be read ({error}); "
            "run its experiment again."
        ) from error
    if list(summary.columns) != columns or summary.empty:
        raise DataError(
            f"{path}: Expected rows of the columns {', '.join(columns)}, got {len(summary)} rows "
            f"of {', '.join(map(str, summary.columns))}; run its experiment again."
        )
    return summary
