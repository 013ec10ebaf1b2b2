"""How the experiments on sets of optimal networks are compared with their references."""

import numpy as np
import pandas as pd
from theory_comparisons import assert_same_rows

from relaxgap.experiments.staircase.figure import steps_of


def compare_critical_width(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "unique", "proven_by", "dimension", "smallest", "largest")
    assert_same_rows(fresh, reference, (*keys, "smallest_low", "largest_high", "n_vertices"))
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-10).all()
        assert (frame["smallest_low"] <= frame["smallest"]).all()
        assert (frame["smallest"] <= frame["largest"]).all()
        assert (frame["largest"] <= frame["rank"]).all()
        assert (frame["rank"] <= frame["n"]).all()


def compare_staircase(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    # integers, by fractions
    pd.testing.assert_frame_equal(fresh, reference)
    for count, single in (("n_components", "n_single"), ("n_labelled", "n_labelled_single")):
        assert all(steps.all_hold for steps in steps_of(fresh, count, single))


def compare_disagreement(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "unique", "dimension"))
    np.testing.assert_allclose(fresh["beta_fraction"], reference["beta_fraction"], rtol=1e-9)
    for name in ("median", "largest"):
        for one, other in ((fresh, reference), (reference, fresh)):
            # what one run found is within what the other proves
            assert (one[f"{name}_found"] <= other[f"{name}_proven"]).all()


def compare_cells_in_training(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "smallest", "method", "width", "start", "step")
    assert_same_rows(fresh, reference, keys)
    for frame in (fresh, reference):
        assert (frame["n_cells"] <= frame["n_live"]).all()
        assert (frame["n_live"] <= frame["width"]).all()
        assert (frame["loss"] >= frame["optimum_bound"]).all()
        assert (frame.loc[frame["step"] == 0, "n_live"] == frame["width"][frame["step"] == 0]).all()
    groups = ["method", "width", "step"]
    medians = [frame.groupby(groups)["loss"].median() for frame in (fresh, reference)]
    pd.testing.assert_series_equal(*medians, rtol=0.02, atol=0.0)


def compare_narrow_optimum(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "smallest_low", "smallest", "width", "method", "n_starts")
    assert_same_rows(fresh, reference, keys)
    for one, other in ((fresh, reference), (reference, fresh)):
        assert (one["narrow_bound"] <= other["narrow"]).all()
        assert (one["optimum_bound"] <= other["optimum"]).all()
        assert (one["optimum_bound"] <= one["narrow"]).all()
        assert (one["best_loss"] >= one["narrow_bound"]).all()
        assert (one["best_loss"] <= one["median_loss"]).all()
        assert (one["median_loss"] <= one["worst_loss"]).all()
        assert (one["narrow"] <= one["zero_loss"] * (1.0 + 1e-12)).all()
        assert (1.0 - one["narrow_bound"] / one["narrow"] <= 1e-6).all()


OPTIMAL_SET_COMPARISONS = {
    "critical_width": compare_critical_width,
    "staircase": compare_staircase,
    "disagreement": compare_disagreement,
    "cells_in_training": compare_cells_in_training,
    "narrow_optimum": compare_narrow_optimum,
}
