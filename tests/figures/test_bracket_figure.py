import numpy as np
import pandas as pd
import pytest

from relaxgap.drawing.bracket import bracket_svg, draw


@pytest.fixture
def history() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "seconds": [0.0, 0.1, 2.0],
            "lower_bound": [0.0, 3.0, 4.0],
            "upper_bound": [10.0, 6.0, 4.1],
        }
    )


def test_both_bounds_are_steps_that_hold_until_the_next_one(history: pd.DataFrame) -> None:
    (axes,) = draw(history, 5.0).axes
    upper, lower, network = axes.lines
    for line, column in ((upper, "upper_bound"), (lower, "lower_bound")):
        np.testing.assert_array_equal(line.get_ydata(), history[column])
        assert line.get_drawstyle() == "steps-post"
    assert set(network.get_ydata()) == {5.0}
    assert axes.get_yscale() == "linear"


def test_a_loss_far_above_its_bound_gets_a_logarithmic_axis(history: pd.DataFrame) -> None:
    assert draw(history, 50.0).axes[0].get_yscale() == "log"


def test_a_diverged_network_does_not_flatten_the_bracket(history: pd.DataFrame) -> None:
    figure = draw(history, 1e300)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.get_ylim()[1] < 100.0
    assert "this network: 1e+300, far above" in axes.get_legend_handles_labels()[1]


@pytest.mark.parametrize("network_value", [4.0, 5.0, 1e9])
@pytest.mark.parametrize("row", [0, -1])
def test_a_single_bracket_is_drawn(history: pd.DataFrame, row: int, network_value: float) -> None:
    draw(history.iloc[[row]], network_value).draw_without_rendering()


def test_a_bracket_of_zero_is_drawn(history: pd.DataFrame) -> None:
    zero = history.assign(lower_bound=0.0, upper_bound=0.0)
    draw(zero, 1.0).draw_without_rendering()


def test_the_element_loads_nothing_and_is_identical_when_drawn_again(history: pd.DataFrame) -> None:
    element = bracket_svg(history, 5.0)
    assert element.startswith("<svg")
    assert element.rstrip().endswith("</svg>")
    assert "http" not in element
    assert bracket_svg(history, 5.0) == element
