import numpy as np
import pandas as pd
import pytest
from run_summaries import RUN, as_read, drawn, rendered, tabled, texts

from relaxgap.errors import DataError
from relaxgap.experiments.stationary_points import figure as stationary_points
from relaxgap.experiments.stationary_points.runs import sweeps_of, with_ratios

POINT = {
    **RUN,
    "relaxation": 3.0,
    "relaxation_bound": 3.0,
    "residual": 1e-4,
    "slope": 0.0,
    "n_boundary_bits": 6,
    "n_concave_kinks": 0,
    "n_live": 4,
    "n_cells": 3,
    "n_dead": 0,
    "dead_price": None,
    "dead_price_other_sign": None,
    "scale_imbalance": 0.0,
    "collinearity_defect": 0.0,
    "minimal_width": 3,
    "minimal_loss": 2.0,
    "bits_kept": 0.7,
    "interior_bits_kept": 0.7,
    "neurons_kept": 0.1,
    "patterns_kept": 0.1,
}


def points(*changes: dict[str, object]) -> list[dict[str, object]]:
    return [POINT | change for change in changes]


def titles(rows: list[dict[str, object]], part: str) -> list[str]:
    figure = drawn(stationary_points, as_read(rows), part)
    return [axes.get_title("left").partition(") ")[2] for axes in figure.axes]


def test_mean_and_largest_ratio_are_over_runs_that_did_not_diverge() -> None:
    rows = points(
        {"loss": 2.0},
        {"loss": 4.0, "seed": 1},
        {"loss": np.inf, "seed": 2, "status": "diverged"},
    )
    frame = as_read(rows)
    (row,) = tabled(stationary_points, frame).itertuples()
    assert (row.mean, row.max) == (1.5, 2.0)
    assert (row.runs, row.diverged, row.unconverged) == (3, 1, 0)
    assert row.bits_at_0 == 1.5
    figure = drawn(stationary_points, frame)
    assert "1 of 3 runs diverged" in texts(figure)
    assert "ends at most 100.0% above $p^*$" in texts(figure)


def test_an_excess_below_the_proven_gap_is_drawn_at_the_gap() -> None:
    rows = points({"optimum_bound": 2.0 / 1.001}, {"loss": 3.0, "width": 16})
    frame = with_ratios(as_read(rows))
    assert frame["excess"].tolist() == pytest.approx([1e-3, 0.5])


def test_the_half_of_a2_is_drawn_over_whole_patterns_and_nowhere_else() -> None:
    losses, kept = drawn(stationary_points, as_read(points({}, {"width": 16}))).axes
    halves = [[set(line.get_ydata()) == {0.5} for line in axes.lines] for axes in (losses, kept)]
    assert [any(found) for found in halves] == [False, True]
    assert "half, as Theorem 3 uses (A2)" in [text.get_text() for text in kept.texts]


def test_a_run_far_from_stationary_is_hollow_and_counted() -> None:
    frame = as_read(points({}, {"seed": 1, "residual": 0.02}))
    figure = drawn(stationary_points, frame)
    faces = [len(dots.get_facecolor()) for dots in figure.axes[0].collections]
    assert sorted(faces) == [0, 1]
    assert "1 of 2 runs stopped with a residual above 0.01" in texts(figure)
    assert tabled(stationary_points, frame)["unconverged"].tolist() == [1]


def test_only_sweeps_that_are_there_get_a_panel() -> None:
    least = points({})
    assert titles(least, "settings") == [""]
    assert titles(least, "structure") == ["stationarity", "structure, GD"]
    swept = points(
        {},
        {"width": 16},
        {"n": 8, "d": 4},
        {"beta": 1.0},
        {"init_scale": 3.0},
        {"dead_price": 0.5, "dead_price_other_sign": 3.0, "seed": 1},
    )
    names = ["by sample size", "by regularisation", "by initial scale"]
    assert titles(swept, "settings") == names
    assert titles(swept, "structure")[2:] == ["dead neurons, GD"]


def test_scales_are_compared_at_one_step_size() -> None:
    rows = points(
        *({"width": width} for width in (4, 8, 16)),
        *({"init_scale": scale, "learning_rate": 0.05} for scale in (0.3, 1.0, 3.0)),
    )
    sweeps = sweeps_of(with_ratios(as_read(rows)))
    assert set(sweeps.main["learning_rate"]) == {0.5}
    assert sweeps.scales["init_scale"].tolist() == [0.3, 1.0, 3.0]
    assert sweeps.n_runs == 6


def test_methods_and_grids_of_the_user_are_drawn_and_nothing_is_dropped() -> None:
    rows = points(
        {"method": "mine"},
        {"method": "mine", "beta_fraction": 0.1, "beta": 0.3},
        {"method": "mine", "n": 8, "d": 4, "init_scale": 2.0},
    )
    frame = as_read(rows)
    figure = rendered(drawn(stationary_points, frame))
    assert "1 runs of other settings are in the table only" in texts(figure)
    result = tabled(stationary_points, frame)
    assert result["runs"].sum() == 3
    assert {"0.1", r"0.1\,\beta_{\max}"} == set(result.index.get_level_values("beta"))


def test_a_summary_of_diverged_runs_only_is_refused() -> None:
    rows = points({"loss": np.inf, "status": "diverged"})
    with pytest.raises(DataError, match="did not diverge"):
        drawn(stationary_points, as_read(rows))
    assert pd.isna(tabled(stationary_points, as_read(rows))["mean"]).all()


def test_a_kink_counts_only_where_the_loss_falls_faster_than_the_residual() -> None:
    rows = points(
        {"slope": -0.2, "n_concave_kinks": 1},
        {"slope": -1e-4, "n_concave_kinks": 2, "seed": 1},
        {
            "slope": -0.9,
            "n_concave_kinks": 1,
            "status": "diverged",
            "loss": float("inf"),
            "seed": 2,
        },
    )
    assert tabled(stationary_points, as_read(rows))["kinks"].tolist() == [1]
    figure = drawn(stationary_points, as_read(rows), "structure")
    assert "1 of 3 runs ended on a concave kink" in texts(figure)
