"""One look for every figure: the width of a page, colour-blind safe, byte-identical files."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from fontTools import subset  # comes with matplotlib
from matplotlib.backends import backend_pdf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from relaxgap.numerics.writing import write_bytes

# Okabe & Ito (2008), colour-blind safe
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"
"""What is no data: references, bounds and fits, so that none has the colour of a series."""
PAGE_INCHES = 6.75
"""Text width of two columns: a figure is printed as it is drawn, and so are its letters."""
SMALLEST_POINTS = 6.5
PDF_DECIMALS = 6
"""Of a point, a 72nd of an inch: words are at 64ths of it, which these hold."""
SETTINGS: Any = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.4,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
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


def new_figure(height: float) -> Figure:
    """Return an empty figure as wide as the page and so many inches high."""
    return Figure(figsize=(PAGE_INCHES, height), layout=ConstrainedLayoutEngine())


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write PNG and PDF, byte-identical from the same figure.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    paths = [folder / f"{name}.png", folder / f"{name}.pdf"]
    for path, content in zip(paths, rendered(figure), strict=True):
        write_bytes(path, content)
    return paths


def rendered(figure: Figure) -> tuple[bytes, bytes]:
    """Return the figure as PNG and as PDF.

    Each canvas draws once, and the first lays the panels out for both. ``Figure.savefig`` draws
    every figure a second time beforehand, for the same bytes.
    """
    figure.set_dpi(mpl.rcParams["savefig.dpi"])
    streams = io.BytesIO(), io.BytesIO()
    png: Any = FigureCanvasAgg(figure)
    png.print_png(streams[0], metadata={"Software": None})
    figure.set_layout_engine("none")
    # not before: a figure draws itself for the canvas that it was given last
    pdf: Any = FigureCanvasPdf(figure)
    with _rounded_pdf(), _fonts_of_shapes():
        pdf.print_pdf(
            streams[1], metadata={"CreationDate": None, "Producer": None, "Creator": None}
        )
    return streams[0].getvalue(), streams[1].getvalue()


@contextmanager
def _instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let an attribute of a library have another value meanwhile."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _fonts_of_shapes() -> AbstractContextManager[None]:
    """Embed fonts without their tables of kerning and ligatures.

    A PDF places every glyph itself. Cutting these tables down takes a quarter of a figure's time.
    """
    options: Any = subset.Options
    dropped = [*options._drop_tables_default, "GSUB", "GPOS", "GDEF", "kern"]
    return _instead(options, "_drop_tables_default", dropped)


def _rounded_pdf() -> AbstractContextManager[None]:
    """Write numbers of a PDF with `PDF_DECIMALS` instead of ten.

    Logarithms differ in their last bit between processors, and places of markers with them: of
    ten decimals, one number in a thousand shows it.
    """
    represent: Any = backend_pdf.pdfRepr

    def rounded(value: Any) -> bytes:
        # the sum makes a negative zero positive
        number = round(value, PDF_DECIMALS) + 0.0 if isinstance(value, float) else value
        written: bytes = represent(number)
        return written

    return _instead(backend_pdf, "pdfRepr", rounded)
