from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from relaxgap.drawing.regularisation_path import PANELS, draw, draw_path
from relaxgap.errors import StorageError


@pytest.fixture(scope="module")
def path() -> pd.DataFrame:
    fractions = np.geomspace(1.0, 1e-3, 4)
    return pd.DataFrame(
        {
            "beta": 8.0 * fractions,
            "beta_fraction": fractions,
            "loss": [20.0, 2.0, 0.1, 0.004],
            "penalty": [0.0, 3.0, 5.0, 6.5],
            "active_blocks": [0, 2, 5, 4],
            "relative_gap": [1e-14, 6.6e-7, 2e-8, 3e-8],
        }
    )


@pytest.fixture(scope="module")
def figure(path: pd.DataFrame) -> Figure:
    return draw(path)


def test_three_panels_share_an_axis_with_the_largest_beta_on_the_left(
    path: pd.DataFrame, figure: Figure
) -> None:
    panels = figure.axes
    assert len(panels) == len(PANELS) == 3
    for axes, column in zip(panels, PANELS, strict=True):
        (line,) = axes.lines
        np.testing.assert_array_equal(line.get_xdata(), path["beta_fraction"])
        np.testing.assert_array_equal(line.get_ydata(), path[column])
        assert axes.get_xscale() == "log"
        left, right = axes.get_xlim()
        assert left > 1.0 > 1e-3 > right
    assert panels[0].get_yscale() == "log"


def test_the_caption_says_how_well_the_points_are_certified(figure: Figure) -> None:
    _, text = (" ".join(text.get_text().split()) for text in figure.texts)
    assert "4 points" in text
    assert r"\beta_{\max} = 8$" in text
    assert "largest certified relative gap 6.6e-07" in text


def test_a_path_that_ended_after_its_first_point_is_drawn(path: pd.DataFrame) -> None:
    figure = draw(path.iloc[:1])
    figure.draw_without_rendering()
    assert len(figure.axes) == 3


def test_a_figure_that_cannot_be_written_is_an_error_of_storage(
    path: pd.DataFrame, tmp_path: Path
) -> None:
    path.to_csv(tmp_path / "path.csv", index=False)
    (tmp_path / "path.png").mkdir()
    with pytest.raises(StorageError, match="Expected to write"):
        draw_path(tmp_path)


def test_held_out_rows_have_a_panel_with_the_best_beta_marked(path: pd.DataFrame) -> None:
    figure = draw(path.assign(test_error=[3.0, 1.0, 0.5, 0.7]))
    curve, best = figure.axes[-1].lines
    np.testing.assert_array_equal(curve.get_ydata(), [3.0, 1.0, 0.5, 0.7])
    assert best.get_xdata()[0] == path["beta_fraction"].iloc[2]
    text = " ".join(figure.texts[1].get_text().split())
    assert r"least error on test rows, 0.5 at 0.01 $\beta_{\max}$" in text
