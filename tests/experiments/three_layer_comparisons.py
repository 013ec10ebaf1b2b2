"""How the experiments on three layers are compared with their references: brackets overlap."""

from itertools import pairwise

import numpy as np
import pandas as pd
from theory_comparisons import assert_close, assert_overlap, assert_same_rows

from relaxgap.experiments.three_layer_gap.figure import ORDER
from relaxgap.experiments.three_layer_tables.figure import OURS


def compare_restarts(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "m", "normalisation", "width"))
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    # where a run ends depends on rounding, how good the best of many is hardly
    assert_close(fresh, reference, ("best",), 0.2)
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-8).all()
        assert (frame["best"] >= frame["dual_value"]).all()
        assert (frame["convex_width"] <= frame["n"] + 1).all()


def compare_gap(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "labels", "m", "beta_fraction"))
    for name in ORDER:
        assert_overlap(fresh, reference, f"{name}_value", f"{name}_bound")
    for frame in (fresh, reference):
        assert_ordered(frame)
        assert (frame["relative_gap"] <= 1e-8).all()


def assert_ordered(frame: pd.DataFrame) -> None:
    """Assert that no optimum is proven above the next, the two-layer one the last."""
    for lower, upper in pairwise(ORDER):
        assert (frame[f"{lower}_bound"] <= frame[f"{upper}_value"]).all()


def compare_growth(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "m", "normalisation"))
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-6).all()
        assert (frame["width"] <= frame["n"] + 1).all()


def compare_benchmark(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "m", "normalisation", "n_groups", "rtol", "status")
    assert_same_rows(fresh, reference, keys)
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= frame["rtol"]).all()
        assert (frame["seconds"] <= frame["slowest"]).all()


def compare_selection(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "relevant", "m", "normalisation", "n_groups")
    assert_same_rows(fresh, reference, keys)
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    # optima need not be unique, and small weights are as accurate as the root of the gap
    assert_close(fresh, reference, ("relevant_share",), 1e-2)
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-7).all()
        assert (frame["n_used"] <= frame["n"] + 1).all()


def compare_tables(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "method", "strength"))
    ours = [frame[frame["method"].isin(OURS)] for frame in (fresh, reference)]
    assert_overlap(ours[0], ours[1], "primal_value", "dual_value")
    np.testing.assert_allclose(*(rows["test_error"] for rows in ours), atol=0.03)
    for rows in ours:
        assert (rows["relative_gap"] <= 1e-4).all()


THREE_LAYER_COMPARISONS = {
    "three_layer_tables": compare_tables,
    "feature_selection": compare_selection,
    "three_layer_restarts": compare_restarts,
    "three_layer_gap": compare_gap,
    "three_layer_growth": compare_growth,
    "three_layer_benchmark": compare_benchmark,
}
