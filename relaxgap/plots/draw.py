"""From a folder with ``summary.csv`` to its figures and its printed table."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.plots import exact_optimum, gap_vs_log_n, gap_vs_width, pattern_preservation
from relaxgap.plots.style import figure_style, save


class Drawing(NamedTuple):
    """Pair the figure and the table of an experiment."""

    figure: Callable[[pd.DataFrame], Figure]
    table: Callable[[pd.DataFrame], pd.DataFrame]


DRAWINGS = {
    "exact_optimum": Drawing(exact_optimum.draw, exact_optimum.table),
    "gap_vs_log_n": Drawing(gap_vs_log_n.draw, gap_vs_log_n.table),
    "gap_vs_width": Drawing(gap_vs_width.draw, gap_vs_width.table),
    "pattern_preservation": Drawing(pattern_preservation.draw, pattern_preservation.table),
}


def draw_summary(name: str, folder: Path) -> list[Path]:
    """Draw the figures of ``folder/summary.csv`` beside it and return their paths."""
    with figure_style():
        return save(DRAWINGS[name].figure(read_summary(folder)), folder, name)


def result_table(name: str, folder: Path) -> str:
    """Return the table that a run prints."""
    table = DRAWINGS[name].table(read_summary(folder))
    return table.to_string(float_format=lambda value: f"{value:.6g}", na_rep="")


def read_summary(folder: Path) -> pd.DataFrame:
    """Read a summary with floats exactly as written."""
    return pd.read_csv(folder / "summary.csv", float_precision="round_trip")
