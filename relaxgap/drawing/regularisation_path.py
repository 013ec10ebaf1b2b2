"""Loss, penalty and active blocks along the regularisation path."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.style import COLOURS, GREY, MARKERS, figure_style, new_figure, save

CSV_NAME = "path.csv"
PANELS = {
    "loss": r"loss  $\ell(\hat y)$",
    "penalty": r"penalty  $\sum_i \|w_i\|$",
    "active_blocks": r"active blocks  $|\{i : w_i \neq 0\}|$",
}


TEST_COLUMN, TEST_LABEL = "test_error", "error on test rows"
"""A panel more where rows were held out."""


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
    shown = PANELS | ({TEST_COLUMN: TEST_LABEL} if TEST_COLUMN in path else {})
    figure = new_figure(6.2 if len(shown) == len(PANELS) else 7.6)
    panels = figure.subplots(len(shown), 1, sharex=True)
    for index, (axes, (column, label)) in enumerate(zip(panels, shown.items(), strict=True)):
        axes.plot(path["beta_fraction"], path[column], color=COLOURS[index], marker=MARKERS[index])
        axes.set_ylabel(label)
    panels[0].set_yscale("log")
    panels[len(PANELS) - 1].yaxis.get_major_locator().set_params(integer=True)
    tested = ""
    if TEST_COLUMN in path:
        best = path.iloc[int(path[TEST_COLUMN].argmin())]
        panels[-1].axvline(best["beta_fraction"], color=GREY, linestyle="--")
        tested = (
            rf"; dashed: least error on test rows, {best[TEST_COLUMN]:.4g} at "
            rf"{best['beta_fraction']:.3g} $\beta_{{\max}}$"
        )
    panels[-1].set_xscale("log")
    panels[-1].invert_xaxis()
    panels[-1].set_xlabel(r"regularisation $\beta / \beta_{\max}$ (largest left)")
    figure.align_ylabels()
    largest = (path["beta"] / path["beta_fraction"]).iloc[0]
    name_panels(panels, [column.replace("_", " ") for column in shown])
    annotate(
        figure,
        "What the fit costs along the path: loss, penalty and active blocks",
        rf"{len(path)} points from $\beta_{{\max}} = {largest:.4g}$ down; largest certified "
        f"relative gap {path['relative_gap'].max():.1e}{tested};",
        r"$\hat y$: fit of the point found; $w_i$: its blocks, $u_i$ and $v_i$ of the "
        "cone-constrained program",
    )
    return figure
