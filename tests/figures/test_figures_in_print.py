"""Every figure as it is printed from the committed results: width, letters, and words in place."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from relaxgap.drawing.stored import read_summary, statistics_of
from relaxgap.drawing.style import PAGE_INCHES, SMALLEST_POINTS, figure_style
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import figures_of
from relaxgap.runner.summary import summary_columns

RESULTS = Path(__file__).resolve().parents[2] / "results"
LARGEST_BYTES = 1_000_000
TOUCH_PIXELS = 2.0


def words_of(figure: Figure, renderer: Any) -> dict[Text, Bbox]:
    """Return every text that is drawn, with its place in pixels."""
    hidden = {
        text
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for text in axis.findobj(Text)
    }
    shown = [text for text in figure.findobj(Text) if text not in hidden]
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # only ticks within the limits are drawn
            ticks = axis._update_ticks() if axis.get_visible() else []  # type: ignore[attr-defined]
            shown += [axis.label, *(tick.label1 for tick in ticks)]
    shown = [text for text in shown if text.get_visible() and text.get_text().strip()]
    return {text: text.get_window_extent(renderer) for text in shown}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_figure_obeys_the_rules_of_print(name: str, tmp_path: Path) -> None:
    for table in (RESULTS / name).glob("*.csv"):
        shutil.copy(table, tmp_path)
    summary = read_summary(tmp_path, summary_columns(EXPERIMENTS[name]))
    compute = getattr(EXPERIMENTS[name].figure, "statistics", None)
    statistics = statistics_of(tmp_path, summary, compute) if compute else summary.iloc[:0]
    for file, draw in figures_of(name).items():
        with figure_style():
            figure = draw(summary, statistics)
            # as it is saved: fewer pixels round the letters up
            figure.set_dpi(rcParams["savefig.dpi"])
            canvas: Any = FigureCanvasAgg(figure)
            figure.draw_without_rendering()
            words = words_of(figure, canvas.get_renderer())
        assert figure.get_figwidth() == PAGE_INCHES
        assert_words_are_in_place(figure, words, file)
        if len(figure.axes) > 1:
            letters = [axes.get_title("left")[:3] for axes in figure.axes]
            assert letters == [f"({letter})" for letter in "abcdefghi"[: len(letters)]]


def assert_words_are_in_place(figure: Figure, words: dict[Text, Bbox], file: str) -> None:
    for text, box in words.items():
        assert text.get_fontsize() >= SMALLEST_POINTS, (file, text.get_text())
        inside = box.x0 >= 0.0 and box.y0 >= 0.0
        inside &= box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
        assert inside, (file, text.get_text(), box)
    for (one, at), (other, place) in itertools.combinations(words.items(), 2):
        common = Bbox.intersection(at, place)
        apart = common is None or min(common.width, common.height) <= TOUCH_PIXELS
        assert apart, (file, one.get_text(), other.get_text())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_committed_figures_are_those_of_the_drawer_and_small(name: str) -> None:
    committed = {
        path.name: path for kind in ("png", "pdf") for path in (RESULTS / name).glob(f"*.{kind}")
    }
    assert set(committed) == {
        f"{file}.{kind}" for file in figures_of(name) for kind in ("png", "pdf")
    }
    assert all(path.stat().st_size < LARGEST_BYTES for path in committed.values())
