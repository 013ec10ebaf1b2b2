"""From a folder with ``summary.csv`` to its figures and its printed table."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.style import figure_style, save
from relaxgap.errors import DataError
from relaxgap.experiments.assumption_a2 import figure as assumption_a2
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.experiments.certified_gap import figure as certified_gap
from relaxgap.experiments.coupling_lemma import figure as coupling_lemma
from relaxgap.experiments.descent_path import figure as descent_path
from relaxgap.experiments.exact_optimum import figure as exact_optimum
from relaxgap.experiments.gap_vs_log_n import figure as gap_vs_log_n
from relaxgap.experiments.gap_vs_width import figure as gap_vs_width
from relaxgap.experiments.landscape_width import figure as landscape_width
from relaxgap.experiments.pattern_preservation import figure as pattern_preservation
from relaxgap.experiments.solver_benchmark import figure as solver_benchmark
from relaxgap.experiments.solver_growth import figure as solver_growth
from relaxgap.experiments.stationary_points import figure as stationary_points
from relaxgap.experiments.subsampled_program import figure as subsampled_program
from relaxgap.experiments.training_benchmark import figure as training_benchmark
from relaxgap.numerics.writing import storage_error


class Drawing(NamedTuple):
    """Pair the figure and the table of an experiment."""

    figure: Callable[[pd.DataFrame], Figure]
    table: Callable[[pd.DataFrame], pd.DataFrame]


DRAWINGS = {
    "assumption_a2": Drawing(assumption_a2.draw, assumption_a2.table),
    "certified_gap": Drawing(certified_gap.draw, certified_gap.table),
    "coupling_lemma": Drawing(coupling_lemma.draw, coupling_lemma.table),
    "descent_path": Drawing(descent_path.draw, descent_path.table),
    "exact_optimum": Drawing(exact_optimum.draw, exact_optimum.table),
    "gap_vs_log_n": Drawing(gap_vs_log_n.draw, gap_vs_log_n.table),
    "gap_vs_width": Drawing(gap_vs_width.draw, gap_vs_width.table),
    "landscape_width": Drawing(landscape_width.draw, landscape_width.table),
    "pattern_preservation": Drawing(pattern_preservation.draw, pattern_preservation.table),
    "solver_benchmark": Drawing(solver_benchmark.draw, solver_benchmark.table),
    "solver_growth": Drawing(solver_growth.draw, solver_growth.table),
    "stationary_points": Drawing(stationary_points.draw, stationary_points.table),
    "subsampled_program": Drawing(subsampled_program.draw, subsampled_program.table),
    "training_benchmark": Drawing(training_benchmark.draw, training_benchmark.table),
}


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
        figure = DRAWINGS[name].figure(read_summary(name, folder))
        try:
            return save(figure, folder, name)
        except OSError as error:
            raise storage_error(folder / name, error) from error


def result_table(name: str, folder: Path) -> str:
    """Return the table that a run prints."""
    table = DRAWINGS[name].table(read_summary(name, folder))
    return table.to_string(float_format=lambda value: f"{value:.6g}", na_rep="")


def read_summary(name: str, folder: Path) -> pd.DataFrame:
    """Read the summary of an experiment.

    Raises
    ------
    DataError
        If it is unreadable, has other columns or no rows.
    """
    path = folder / "summary.csv"
    columns = [field.name for field in fields(EXPERIMENTS[name].record)]
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
