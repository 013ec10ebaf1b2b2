"""From a folder with ``summary.csv`` to its statistics, its figures and its printed table.

What draws is imported when something is drawn, so that nothing else waits for pandas and
matplotlib.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.summary import summary_columns


def draw_summary(name: str, folder: Path) -> list[Path]:
    """Draw the figures of ``folder/summary.csv``; return the paths of what is beside it then.

    These are PNG and PDF of every figure and, of an experiment with fits or resamples, the
    ``statistics.csv`` that drawing reads: computed first unless it is of this summary.

    Raises
    ------
    DataError
        If the summary is not one of this experiment.
    StorageError
        If the disk is full or the folder cannot be written.
    """
    from relaxgap.drawing.stored import STATISTICS
    from relaxgap.drawing.style import figure_style, save

    summary, statistics = stored(name, folder)
    paths = [folder / STATISTICS] if len(statistics.columns) else []
    with figure_style():
        for file, draw in figures_of(name).items():
            paths += save(draw(summary, statistics), folder, file)
    return paths


def figures_of(name: str) -> dict[str, Callable[..., Any]]:
    """Return what draws each figure of an experiment, by the name of its files without suffix.

    The drawer's ``FIGURES`` name the parts: ``""`` is ``NAME.png``, ``"growth"`` is
    ``NAME_growth.png``.
    """
    figures: dict[str, Callable[..., Any]] = EXPERIMENTS[name].figure.FIGURES
    return {f"{name}_{part}" if part else name: draw for part, draw in figures.items()}


def result_table(name: str, folder: Path) -> str:
    """Return the table that a run prints."""
    table = EXPERIMENTS[name].figure.table(*stored(name, folder))
    text: str = table.to_string(float_format=lambda value: f"{value:.6g}", na_rep="")
    return text


def stored(name: str, folder: Path) -> tuple[Any, Any]:
    """Return the summary and its statistics: without a column if the experiment has none.

    Raises
    ------
    DataError
        If the summary is not one of this experiment.
    StorageError
        If statistics are to be written, and the disk is full or the folder cannot be written.
    """
    import pandas as pd

    from relaxgap.drawing.stored import read_summary, statistics_of

    summary = read_summary(folder, summary_columns(EXPERIMENTS[name]))
    compute = getattr(EXPERIMENTS[name].figure, "statistics", None)
    return summary, pd.DataFrame() if compute is None else statistics_of(folder, summary, compute)
