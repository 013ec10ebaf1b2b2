import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from relaxgap.drawing.marks import (
    colour_of,
    draw_band,
    draw_medians,
    marker_of,
    quartiles,
    ticks_at,
)
from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.style import COLOURS, MARKERS

FRAME = pd.DataFrame({"n": [1, 1, 1, 2, 2, 2], "y": [1.0, 2.0, 5.0, 4.0, 4.0, 4.0]})


def test_a_band_is_the_median_and_the_quartiles_of_each_place() -> None:
    band = quartiles(FRAME, "n", "y")
    assert band.places.tolist() == [1.0, 2.0]
    assert (band.low[0], band.middle[0], band.high[0]) == (1.5, 2.0, 3.5)
    assert band.low[1] == band.middle[1] == band.high[1] == 4.0


@pytest.mark.parametrize(("count", "dots"), [(4, 8), (5, 0)])
def test_fewer_than_five_values_are_dots_and_have_no_quartiles(count: int, dots: int) -> None:
    frame = pd.DataFrame({"n": [1] * count + [2] * count, "y": range(2 * count)})
    axes = Figure().add_subplot()
    draw_medians(axes, frame, "n", "y", 0, "mine")
    assert len(axes.collections) == (0 if dots else 1)
    drawn = [line for line in axes.lines if line.get_linestyle() == "-" and line.get_alpha()]
    assert [len(np.asarray(line.get_xdata())) for line in drawn] == ([dots] if dots else [])
    assert [text for text in axes.get_legend_handles_labels()[1]] == ["mine"]
    (medians,) = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == 2]
    assert list(medians.get_ydata()) == [(count - 1) / 2, count + (count - 1) / 2]


def test_line_and_area_of_a_band_share_their_colour_which_can_be_given() -> None:
    axes = Figure().add_subplot()
    draw_band(axes, quartiles(FRAME, "n", "y"), 1, label="mine")
    draw_band(axes, quartiles(FRAME, "n", "y"), 1, color="#123456")
    colours = [to_hex(line.get_color()) for line in axes.lines]
    assert colours == [COLOURS[1].lower(), "#123456"]
    assert [to_hex(area.get_facecolor()[0]) for area in axes.collections] == colours
    assert axes.lines[0].get_marker() == MARKERS[1]


def test_the_cycles_start_again_at_their_end() -> None:
    assert colour_of(len(COLOURS) + 2) == COLOURS[2]
    assert marker_of(len(MARKERS) + 2) == MARKERS[2]


def test_ticks_are_at_the_values_and_nowhere_else() -> None:
    axes = Figure().add_subplot()
    axes.set_xscale("log")
    ticks_at(axes, [0.5, 1.0, 30.0])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.5", "1", "30"]
    assert len(axes.get_xticks(minor=True)) == 0


@pytest.mark.parametrize(("method", "name"), [("gd", "GD"), ("mine", "mine")])
def test_a_label_of_the_users_own_is_its_name_and_comes_last(method: str, name: str) -> None:
    assert method_name(method) == name
    assert method_order("adam") < method_order("mine")
