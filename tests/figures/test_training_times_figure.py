import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from run_summaries import drawn, tabled, texts

from relaxgap.experiments.training_benchmark import figure as training_benchmark
from relaxgap.experiments.training_benchmark.figure import time_ratios


def summary(*rows: tuple[object, ...]) -> pd.DataFrame:
    columns = ["method", "n", "library", "n_runs", "seconds", "final_loss"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(d=5, width=16, seed=0, n_steps=100, n_repeats=3, threads=1)


TIMES = summary(
    ("gd", 10, "relaxgap", 1, 0.5, 1.0),
    ("gd", 10, "pytorch", 1, 2.0, 1.0),
    ("gd", 10, "relaxgap", 16, 3.0, 1.0),
    ("gd", 20, "relaxgap", 1, 1.0, 1.0),
    ("gd", 20, "pytorch", 1, 0.5, 1.1),
    ("gd", 20, "relaxgap", 16, 20.0, 1.0),
)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return drawn(training_benchmark, TIMES)


def test_ratios_are_of_one_run_over_pytorch_and_of_the_batch_over_one_run() -> None:
    ratios = time_ratios(TIMES)
    assert ratios["over_pytorch"].tolist() == [0.25, 2.0]
    assert ratios["over_single"].tolist() == [6.0, 20.0]
    assert ratios["milliseconds_a_step"].tolist() == [5.0, 10.0]
    assert ratios["size"].tolist() == [800, 1600]
    np.testing.assert_allclose(ratios["losses_apart"], [0.0, 0.1])


def test_without_pytorch_its_panel_says_so_and_the_other_is_drawn(figure: Figure) -> None:
    alone = TIMES[TIMES["library"] == "relaxgap"]
    assert time_ratios(alone)["over_pytorch"].isna().all()
    assert time_ratios(alone)["over_single"].tolist() == [6.0, 20.0]
    assert "without PyTorch" in texts(drawn(training_benchmark, alone))
    assert "without PyTorch" not in texts(figure)
    assert not tabled(training_benchmark, alone).empty


def test_what_gains_nothing_is_named_and_inside_the_axes(figure: Figure) -> None:
    levels = {axes.texts[0].get_text(): axes for axes in figure.axes}
    assert list(levels) == ["as long as PyTorch", "16 runs one by one"]
    for axes, highest in zip(figure.axes, (2.0, 20.0), strict=True):
        low, high = axes.get_ylim()
        assert low == 0.0
        assert high > highest
    assert "Training takes 0.25 to 2 of PyTorch's time and 6 to 20 times one run" in texts(figure)


def test_a_batch_of_one_run_has_no_ratio() -> None:
    ratios = time_ratios(TIMES[TIMES["n_runs"] == 1])
    assert ratios["over_single"].isna().all()
    assert ratios["over_pytorch"].tolist() == pytest.approx([0.25, 2.0])
