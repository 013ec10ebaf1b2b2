"""Tiny summaries of training runs, written by hand."""

from pathlib import Path

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


def as_read(rows: list[dict[str, object]], folder: Path) -> pd.DataFrame:
    path = folder / "summary.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return pd.read_csv(path)


def rendered(figure: Figure) -> Figure:
    with figure_style():
        figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> str:
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " ".join(artist.get_text() for artist in artists)  # type: ignore[attr-defined]
