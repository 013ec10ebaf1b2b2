"""A figure as SVG inside a page: without its title and caption, small, byte-identical."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from relaxgap.drawing.headline import CAPTION, POINTS_AN_INCH, TITLE
from relaxgap.drawing.readings import Panel, panels_of

DECIMALS = 2
"""Of a point: a screen shows no more, and processors differ in less."""
DIGITS = 6
"""Of a factor, as letters have it."""
MARGIN_POINTS = 3.0
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
LENGTHS = ("d", "x", "y", "width", "height", "points")
GLYPH = re.compile(r"[\w+-]+-[0-9a-f]+")
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
LINK = "{http://www.w3.org/1999/xlink}href"
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True, eq=False)
class VectorFigure:
    """Hold a figure for a page.

    Parameters
    ----------
    title, caption : str
        The words around its panels, with formulas between dollar signs.
    width, height : float
        In points; the view box of ``inner``.
    top : float
        Where the view box begins.
    inner : str
        What an ``svg`` element holds; its ids begin with the name that was given.
    glyphs : mapping of str to str
        The letters that it uses, by their ids: the same for all figures, to be defined once a page.
    panels : tuple of Panel
        The values of its marks, for who points at them.
    """

    title: str
    caption: str
    width: float
    height: float
    top: float
    inner: str
    glyphs: Mapping[str, str]
    panels: tuple[Panel, ...]


def vector_figure(figure: Figure, name: str) -> VectorFigure:
    """Return a figure as SVG, in the style of `figure_style`.

    Parameters
    ----------
    figure : Figure
        It is not to be used after this.
    name : str
        Begins the ids of its elements.
    """
    figure.set_dpi(POINTS_AN_INCH)
    agg: Any = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    title, caption = _taken(figure, TITLE), _taken(figure, CAPTION)
    box = figure.get_tightbbox(agg.get_renderer())
    height = figure.bbox.height
    panels = panels_of(figure)
    stream = io.BytesIO()
    svg: Any = FigureCanvasSVG(figure)
    svg.print_svg(stream, metadata=NO_METADATA)
    root = ElementTree.fromstring(stream.getvalue())
    top = max(0.0, height - POINTS_AN_INCH * box.y1 - MARGIN_POINTS)
    bottom = min(height, height - POINTS_AN_INCH * box.y0 + MARGIN_POINTS)
    glyphs = _clean(root, name)
    return VectorFigure(
        title,
        caption,
        width=figure.bbox.width,
        height=bottom - top,
        top=top,
        inner="".join(_text(child) for child in root),
        glyphs=glyphs,
        panels=panels,
    )


def logarithmic_axes(figure: Figure) -> list[Axes]:
    """Return the panels of a figure whose y-axes are logarithmic."""
    return [axes for axes in figure.axes if axes.get_yscale() == "log"]


def put_on_linear_scale(figure: Figure) -> None:
    """Make the logarithmic y-axes of a figure linear, within the same limits.

    All that has a place on a logarithmic axis has one on a linear one, but not the reverse.
    """
    for axes in logarithmic_axes(figure):
        limits = axes.get_ylim()
        axes.set_yscale("linear")
        axes.set_ylim(limits)


def _taken(figure: Figure, gid: str) -> str:
    """Take words off a figure; return them without its line breaks."""
    found: list[Text] = [text for text in figure.texts if text.get_gid() == gid]
    for text in found:
        text.remove()
    return " ".join(" ".join(text.get_text().split()) for text in found)


def _clean(root: ElementTree.Element, name: str) -> dict[str, str]:
    """Rename ids, round numbers, drop what a page does not use; return the letters taken out."""
    used = {link.removeprefix("#") for node in root.iter() if (link := node.get(LINK))}
    glyphs: dict[str, str] = {}
    for parent, node in list(_pairs(root)):
        identity = node.attrib.pop("id", "")
        if node.tag == f"{SVG}style" or node.tag == f"{SVG}metadata":
            parent.remove(node)
        elif identity and parent.tag == f"{SVG}defs" and GLYPH.fullmatch(identity):
            node.set("id", identity)
            _round(node)
            glyphs[identity] = _text(node)
            parent.remove(node)
        elif identity in used or node.tag == f"{SVG}clipPath":
            node.set("id", f"{name}-{identity}")
    for node in root.iter():
        _round(node)
        link = node.attrib.pop(LINK, "")
        if link:
            inside = (
                link.startswith("#") and link[1:] not in glyphs and not GLYPH.fullmatch(link[1:])
            )
            node.set("href", f"#{name}-{link[1:]}" if inside else link)
        if clip := node.get("clip-path"):
            node.set("clip-path", clip.replace("url(#", f"url(#{name}-"))
        _lift_style(node)
    _drop_empty(root)
    return glyphs


def _pairs(node: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
    for child in list(node):
        yield node, child
        yield from _pairs(child)


def _round(node: ElementTree.Element) -> None:
    for key, value in node.attrib.items():
        if key in LENGTHS:
            short = NUMBER.sub(lambda found: _number(round(float(found[0]), DECIMALS)), value)
            node.set(key, " ".join(short.split()))
        elif key == "transform":
            node.set(key, NUMBER.sub(lambda found: f"{float(found[0]):.{DIGITS}g}", value))


def _number(value: float) -> str:
    # the sum makes a negative zero positive
    return f"{value + 0.0:g}" if abs(value) < 10_000 else str(value)


def _lift_style(node: ElementTree.Element) -> None:
    """Give a group the look that all its marks have, once."""
    styles = {child.get("style") for child in node}
    marks = node.tag == f"{SVG}g" and len(node) > 1 and not node.get("style")
    if marks and len(styles) == 1 and all(child.tag == f"{SVG}use" for child in node):
        look = styles.pop()
        if look:
            node.set("style", look)
            for child in node:
                del child.attrib["style"]


def _drop_empty(node: ElementTree.Element) -> None:
    for child in list(node):
        _drop_empty(child)
        if child.tag in (f"{SVG}defs", f"{SVG}g") and not len(child):
            node.remove(child)


def _text(node: ElementTree.Element) -> str:
    """Write an element as HTML has it: it knows the name spaces by itself."""
    for each in node.iter():
        each.tag = each.tag.removeprefix(SVG)
        each.tail = None
        each.text = each.text.strip() or None if each.text else None
    return ElementTree.tostring(node, encoding="unicode", short_empty_elements=True)
