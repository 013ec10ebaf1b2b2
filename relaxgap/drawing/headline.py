"""The words around the panels: a title that says what is seen, letters, and a caption."""

import re
from collections.abc import Sequence
from functools import cache
from string import ascii_lowercase
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from relaxgap.drawing.style import GREY, PAGE_INCHES, SMALLEST_POINTS

TITLE, CAPTION = "title", "caption"
"""By which a page finds the words that it says itself."""
TITLE_POINTS = 9.5
LINE_HEIGHT = 1.32
POINTS_AN_INCH = 72.0
MARGIN_INCHES = 0.06
UNSURE = 0.05
"""Part of a line by which the sum of the widths of its words may miss its own."""
# a formula is one word, whatever the spaces in it
WORD = re.compile(r"(?:[^\s$]|\$[^$]*\$)+")


def annotate(figure: Figure, title: str, *caption: str) -> None:
    """Put a title above and a caption below everything else, broken into lines that fit.

    To be called last: what is between them, legends of the figure included, gets the room left.
    """
    height = figure.get_figheight()
    above, top = broken(title, FontProperties(size=TITLE_POINTS))
    below, bottom = broken(" ".join(caption), FontProperties(size=SMALLEST_POINTS))
    left = MARGIN_INCHES / PAGE_INCHES
    edge = MARGIN_INCHES / height
    look: Any = {"fontsize": TITLE_POINTS, "linespacing": 1.2, "gid": TITLE}
    figure.text(left, 1.0 - edge, above, va="top", **look)
    look = {"fontsize": SMALLEST_POINTS, "linespacing": 1.2, "gid": CAPTION, "color": GREY}
    figure.text(left, edge, below, va="bottom", **look)
    ceiling = 1.0 - (top + 2 * MARGIN_INCHES) / height
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    for legend in figure.legends:
        legend.set_loc("upper center")
        legend.set_bbox_to_anchor((0.0, 0.0, 1.0, ceiling))
        ceiling -= legend.get_window_extent(renderer).height / figure.bbox.height
    floor = (bottom + 2 * MARGIN_INCHES) / height
    engine: Any = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.0, floor, 1.0, ceiling - floor))


def broken(text: str, font: FontProperties) -> tuple[str, float]:
    """Break a text into lines as wide as the page; return it with its height in inches."""
    most = (PAGE_INCHES - 2.0 * MARGIN_INCHES) * POINTS_AN_INCH
    lines: list[str] = []
    # the words of a line side by side: a formula takes long to measure, and lines are many
    sum_of_words, space = 0.0, _width("n n", font) - _width("nn", font)
    for word in WORD.findall(text):
        sum_of_words += space + _width(word, font)
        longer = f"{lines[-1]} {word}" if lines else word
        close = abs(sum_of_words - most) < UNSURE * most
        if lines and (_width(longer, font) if close else sum_of_words) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
            sum_of_words = _width(word, font)
    size = font.get_size_in_points()
    return "\n".join(lines), len(lines) * LINE_HEIGHT * size / POINTS_AN_INCH


@cache
def _width(text: str, font: FontProperties) -> float:
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath="$" in text)
    return float(width)


def name_panels(panels: Sequence[Axes], titles: Sequence[str], pad: float | None = None) -> None:
    """Put a title so many points above each panel, behind a letter if there is more than one."""
    for letter, axes, title in zip(ascii_lowercase, panels, titles, strict=False):
        lettered = f"({letter}) {title}" if len(panels) > 1 else title
        axes.set_title(lettered, loc="left", pad=pad)
