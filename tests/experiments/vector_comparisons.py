"""How the experiments on several outputs are compared with their references: brackets overlap."""

import numpy as np
import pandas as pd
from theory_comparisons import assert_close, assert_overlap, assert_same_rows


def compare_vector_relaxation(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "q", "seed", "n_patterns", "n_faces"))
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    assert_close(fresh, reference, ("cell_bound", "lifted_bound"), 1e-4)
    assert_close(fresh, reference, ("gated_value", "published_value"), 1e-3)
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-8).all()
        for bound in ("cell_bound", "lifted_bound", "gated_value"):
            assert (frame[bound] <= frame["primal_value"]).all()
        # the same relaxation in another form, solved less accurately
        np.testing.assert_allclose(frame["published_value"], frame["lifted_bound"], rtol=2e-3)
        for trained in ("adam_best", "sgd_best"):
            assert (frame[trained] >= frame["dual_value"]).all()


def compare_svd_noise(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "q", "seed", "noise"))
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    assert_close(fresh, reference, ("linear_value",), 1e-9)
    for frame in (fresh, reference):
        assert (frame["ratio"] >= 1.0 - 1e-9).all()


def compare_frank_wolfe(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ["data", "n", "d", "q", "seed", "step"]
    plain = [frame[frame["method"] == "plain"] for frame in (fresh, reference)]
    pd.testing.assert_frame_equal(*(rows[keys].reset_index(drop=True) for rows in plain))
    np.testing.assert_allclose(*(rows["error"] for rows in plain), rtol=1e-3)
    for frame in (fresh, reference):
        assert frame[frame["method"] == "corrective"].groupby("cell")["error"].last().max() <= 1e-8


def compare_cnn_growth(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "patch", "q", "n_patches", "seed", "n_patterns", "n_faces")
    assert_same_rows(fresh, reference, keys)
    assert_close(fresh, reference, ("primal_value",), 1e-5)
    assert (fresh["relative_gap"] <= 1e-6).all()


def compare_semi_nmf(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "q", "seed", "beta_fraction", "rank"))
    # optima need not be unique: their number of neurons may differ
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-8).all()
        assert (frame["n_cells_of_one"] <= frame["n_cells"]).all()
        assert (frame["n_cells"] <= frame["width"]).all()


def compare_vector_classes(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "n_classes", "seed", "method"))
    np.testing.assert_allclose(fresh["test_error"], reference["test_error"], atol=0.06)
    for frame in (fresh, reference):
        assert (frame["relative_gap"] <= 1e-3).all()


def compare_timings(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ["method", "n", "d", "q", "n_patterns", "beta_fraction", "rtol", "seed", "solved"]
    pd.testing.assert_frame_equal(fresh[keys], reference[keys])
    assert (fresh["relative_gap"] <= fresh["rtol"]).all()
    # upper ends of programs solved to their accuracies
    apart = (fresh["primal_value"] / reference["primal_value"] - 1.0).abs()
    assert (apart <= 2.0 * fresh["rtol"]).all()
    assert (fresh["seconds"] <= fresh["slowest"]).all()


VECTOR_COMPARISONS = {
    "vector_classes": compare_vector_classes,
    "semi_nmf": compare_semi_nmf,
    "vector_relaxation": compare_vector_relaxation,
    "svd_noise": compare_svd_noise,
    "frank_wolfe": compare_frank_wolfe,
    "cnn_growth": compare_cnn_growth,
    "vector_benchmark": compare_timings,
}
