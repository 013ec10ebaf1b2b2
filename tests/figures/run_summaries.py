"""Tiny summaries written by hand, and what a drawer makes of them."""

import io
from collections.abc import Sequence
from types import ModuleType

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.style import figure_style

RUN = {
    "data": "gaussian, noise labels",
    "n": 10,
    "d": 5,
    "seed": 0,
    "beta": 0.1,
    "beta_fraction": None,
    "method": "gd",
    "width": 8,
    "init_scale": 1.0,
    "step_factor": 1.0,
    "learning_rate": 0.5,
    "start": 0,
    "status": "stationary",
    "n_steps": 100,
    "loss": 2.0,
    "optimum": 2.0,
    "optimum_bound": 2.0,
}


def as_read(rows: Sequence[dict[str, object]] | pd.DataFrame) -> pd.DataFrame:
    """Return rows as they come out of a CSV."""
    text = pd.DataFrame(rows).to_csv(index=False)
    return pd.read_csv(io.StringIO(text))


def statistics_of(drawer: ModuleType, summary: pd.DataFrame) -> pd.DataFrame:
    compute = getattr(drawer, "statistics", None)
    return pd.DataFrame() if compute is None else compute(summary)


def drawn(
    drawer: ModuleType,
    summary: pd.DataFrame,
    part: str = "",
    statistics: pd.DataFrame | None = None,
) -> Figure:
    """Draw one figure; statistics that are at hand are not computed again."""
    known = statistics_of(drawer, summary) if statistics is None else statistics
    with figure_style():
        return drawer.FIGURES[part](summary, known)  # type: ignore[no-any-return]


def tabled(
    drawer: ModuleType, summary: pd.DataFrame, statistics: pd.DataFrame | None = None
) -> pd.DataFrame:
    known = statistics_of(drawer, summary) if statistics is None else statistics
    return drawer.table(summary, known)  # type: ignore[no-any-return]


def rendered(figure: Figure) -> Figure:
    """Lay a figure out, which is where an axis without a finite value would fail."""
    with figure_style():
        figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> str:
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    # a caption is broken into lines wherever it is too wide
    return "\n".join(" ".join(artist.get_text().split()) for artist in artists)  # type: ignore[attr-defined]
