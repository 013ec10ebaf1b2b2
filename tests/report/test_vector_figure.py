import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import beside, ticks_at
from relaxgap.drawing.style import COLOURS, figure_style, new_figure
from relaxgap.drawing.vector import (
    VectorFigure,
    logarithmic_axes,
    put_on_linear_scale,
    vector_figure,
)

CURVE = 200


def drawn() -> Figure:
    figure = new_figure(3.0)
    left, right = figure.subplots(1, 2, sharey=True)
    left.plot([1, 10, 100], [1.0, 2.0, np.nan], "o-", label="first, $n$")
    left.plot(np.linspace(1, 100, CURVE), np.linspace(1, 2, CURVE))
    left.axhline(1.5)
    left.set_xscale("log")
    right.scatter([1.02, 2.04], [1.25, 1.75], color=COLOURS[1], gid=beside(1.02))
    right.plot([1, 2], [1.5, 1.5], color=COLOURS[2], marker="s")
    ticks_at(right, [1.0, 2.0])
    right.set_xticks([1, 2], ["wine", "iris"])
    left.set(xlabel="samples $n$", ylabel="seconds")
    handles = [Line2D([], [], color=COLOURS[2]), Line2D([], [], color="black", marker="s")]
    figure.legend(handles, ["second", "squares"], loc="upper center")
    name_panels((left, right), ("one", "two"))
    annotate(figure, "A title with $n^2$ that is long enough to be broken " * 3, "A caption.")
    return figure


@pytest.fixture(scope="module")
def figure() -> VectorFigure:
    with figure_style():
        return vector_figure(drawn(), "mine")


def test_the_words_around_the_panels_are_taken_off(figure: VectorFigure) -> None:
    assert figure.title == ("A title with $n^2$ that is long enough to be broken " * 3).strip()
    assert figure.caption == "A caption."
    assert 0.0 < figure.top < figure.top + figure.height < 3.0 * 72.0


def test_it_is_the_same_each_time(figure: VectorFigure) -> None:
    with figure_style():
        again = vector_figure(drawn(), "mine")
    assert (again.inner, again.glyphs, again.panels) == (figure.inner, figure.glyphs, figure.panels)
    assert not plt.get_fignums()


def test_ids_are_its_own_and_letters_are_shared(figure: VectorFigure) -> None:
    root = ElementTree.fromstring(f"<svg>{figure.inner}</svg>")
    ids = [identity for node in root.iter() if (identity := node.get("id"))]
    assert ids
    assert len(ids) == len(set(ids))
    assert all(identity.startswith("mine-") for identity in ids)
    links = {link[1:] for node in root.iter() if (link := node.get("href"))}
    clips = set(re.findall(r"url\(#([^)]*)\)", figure.inner))
    assert links | clips <= set(ids) | set(figure.glyphs)
    assert set(figure.glyphs) <= links
    assert "style" not in {node.tag for node in root.iter()}


def test_numbers_have_no_more_digits_than_a_screen_shows(figure: VectorFigure) -> None:
    root = ElementTree.fromstring(f"<svg>{figure.inner}</svg>")
    for node in root.iter():
        for name in ("d", "x", "y"):
            decimals = re.findall(r"\.(\d+)", node.get(name, ""))
            assert all(len(each) <= 2 for each in decimals), (node.tag, node.attrib)


def test_readings_are_what_is_drawn_and_no_curve_or_reference(figure: VectorFigure) -> None:
    left = figure.panels[0]
    assert (left.title, left.x, left.y) == ("(a) one", "samples $n$", "seconds")
    ((name, readings),) = [(series.name, series.readings) for series in left.series]
    assert name == "first, $n$"
    assert [(each.x, each.y) for each in readings] == [("1", "1"), ("10", "2")]
    assert readings[0].left < readings[1].left
    assert readings[0].top > readings[1].top


def test_a_panel_is_read_with_the_words_of_its_ticks_and_of_its_row(figure: VectorFigure) -> None:
    right = figure.panels[1]
    assert right.y == "seconds"
    values = {
        series.name: [(each.x, each.y) for each in series.readings] for series in right.series
    }
    assert values["second, squares"] == [("wine", "1.5"), ("iris", "1.5")]
    assert values[""] == [("wine", "1.25"), ("iris", "1.75")]


def test_a_linear_axis_has_the_limits_of_the_logarithmic_one() -> None:
    with figure_style():
        figure = new_figure(2.0)
        left, right = figure.subplots(1, 2)
        left.plot([1, 2], [0.01, 100.0], "o")
        left.set_yscale("log")
        right.plot([1, 2], [-1.0, 1.0])
        limits = [axes.get_ylim() for axes in figure.axes]
        assert logarithmic_axes(figure) == [left]
        put_on_linear_scale(figure)
        assert [axes.get_ylim() for axes in figure.axes] == limits
        assert logarithmic_axes(figure) == []
        (panel, _) = vector_figure(figure, "linear").panels
    assert [(each.x, each.y) for each in panel.series[0].readings] == [("1", "0.01"), ("2", "100")]
