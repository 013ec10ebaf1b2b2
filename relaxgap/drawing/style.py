"""One look for every figure: colour-blind safe, distinct markers, byte-identical files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from relaxgap.numerics.writing import write_bytes

# Okabe & Ito (2008), colour-blind safe
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
CAPTION_INCHES = 0.32
SETTINGS: Any = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "font.size": 9.5,
    "axes.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "svg.hashsalt": "relaxgap",
    "pdf.fonttype": 42,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the project's settings on a backend that needs no screen."""
    with mpl.rc_context(SETTINGS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) that leaves room for a caption."""
    room = CAPTION_INCHES / height
    return Figure(
        figsize=(width, height), layout=ConstrainedLayoutEngine(rect=(0.0, room, 1.0, 1.0 - room))
    )


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write PNG and PDF, byte-identical from the same figure.

    Each canvas draws once, and lays the panels out while it does. ``Figure.savefig`` draws every
    figure a second time beforehand, for the same bytes.
    """
    paths = [folder / f"{name}.png", folder / f"{name}.pdf"]
    figure.set_dpi(mpl.rcParams["savefig.dpi"])
    png: Any = FigureCanvasAgg(figure)
    pdf: Any = FigureCanvasPdf(figure)
    streams = io.BytesIO(), io.BytesIO()
    png.print_png(streams[0], metadata={"Software": None})
    pdf.print_pdf(streams[1], metadata={"CreationDate": None, "Producer": None, "Creator": None})
    for path, stream in zip(paths, streams, strict=True):
        write_bytes(path, stream.getvalue())
    return paths


def caption(figure: Figure, *lines: str) -> None:
    """Print under a figure what the reader needs to judge it."""
    figure.text(0.5, 0.008, "\n".join(lines), ha="center", va="bottom", fontsize=8, color="#444444")
