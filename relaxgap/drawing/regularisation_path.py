"""Loss, penalty and active blocks along the regularisation path."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.style import COLOURS, MARKERS, figure_style, new_figure, save

CSV_NAME = "path.csv"
PANELS = {
    "loss": r"loss  $\|\hat y - y\|^2 / 2$",
    "penalty": r"penalty  $\sum_i \|w_i\|$",
    "active_blocks": r"active blocks  $|\{i : w_i \neq 0\}|$",
}


def draw_path(folder: Path) -> list[Path]:
    """Draw ``folder/path.csv`` beside it and return the paths of the figures.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    with figure_style():
        return save(draw(pd.read_csv(folder / CSV_NAME)), folder, "path")


def draw(path: pd.DataFrame) -> Figure:
    """Draw one panel above the other; the path runs from left to right, largest beta first."""
    figure = new_figure(6.2)
    panels = figure.subplots(len(PANELS), 1, sharex=True)
    for index, (axes, (column, label)) in enumerate(zip(panels, PANELS.items(), strict=True)):
        axes.plot(path["beta_fraction"], path[column], color=COLOURS[index], marker=MARKERS[index])
        axes.set_ylabel(label)
    panels[0].set_yscale("log")
    panels[-1].yaxis.get_major_locator().set_params(integer=True)
    panels[-1].set_xscale("log")
    panels[-1].invert_xaxis()
    panels[-1].set_xlabel(r"regularisation $\beta / \beta_{\max}$ (largest left)")
    figure.align_ylabels()
    largest = (path["beta"] / path["beta_fraction"]).iloc[0]
    name_panels(panels, [column.replace("_", " ") for column in PANELS])
    annotate(
        figure,
        "What the fit costs along the path: loss, penalty and active blocks",
        rf"{len(path)} points from $\beta_{{\max}} = {largest:.4g}$ down; largest certified "
        f"relative gap {path['relative_gap'].max():.1e};",
        r"$\hat y$: fit of the point found; $w_i$: its blocks, $u_i$ and $v_i$ of the "
        "cone-constrained program",
    )
    return figure
