"""How the experiments of the theory are compared with their references.

Closed forms agree to rounding; certified brackets overlap; counts of draws are the same draws.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

KEYS = ("data", "n", "d", "seed")


def assert_same_rows(fresh: pd.DataFrame, reference: pd.DataFrame, keys: Sequence[str]) -> None:
    assert list(fresh.columns) == list(reference.columns)
    pd.testing.assert_frame_equal(fresh[list(keys)], reference[list(keys)])


def assert_close(
    fresh: pd.DataFrame, reference: pd.DataFrame, columns: Sequence[str], rtol: float
) -> None:
    for name in columns:
        np.testing.assert_allclose(
            fresh[name].to_numpy(float), reference[name].to_numpy(float), rtol=rtol, err_msg=name
        )


def assert_overlap(fresh: pd.DataFrame, reference: pd.DataFrame, name: str, bound: str) -> None:
    for one, other in ((fresh, reference), (reference, fresh)):
        known = one[bound].notna()
        assert (one.loc[known, bound] <= other.loc[known, name] * (1.0 + 1e-9)).all()


def compare_kappa(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, KEYS)
    numbers = ("lambda_max", "lambda_min", "kappa", "kappa_limit", "kappa_bound")
    assert_close(fresh, reference, numbers, 1e-7)


def compare_kernel(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, KEYS)
    assert_close(fresh, reference, ("least", "least_linear", "kernel_error"), 1e-7)


def compare_ridge(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, (*KEYS, "n_gates", "enough_gates"))
    assert_close(fresh, reference, ("value", "lower", "upper", "limit"), 1e-7)


def compare_gaussian_lemma(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, KEYS)
    assert_close(fresh, reference, ("limit", "least_singular_value", "gordon"), 1e-7)
    assert_overlap(fresh, reference, "least_norm", "least_norm_bound")


def compare_interpolation(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, (*KEYS, "size_rule", "n_gates", "n_trials", "n_necessary"))
    # a matrix may be singular up to rounding alone
    for name in ("n_singular", "n_below_half", "first_invertible"):
        assert ((fresh[name] - reference[name]).abs() <= 1).all()
    assert_close(fresh, reference, ("kappa", "failure_bound"), 1e-6)


def compare_cuts(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, KEYS)
    assert_close(fresh, reference, ("price", "cut", "eigenvalue"), 1e-7)
    assert_close(fresh, reference, ("relaxation",), 3e-3)


def compare_gated(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, (*KEYS, "fraction", "n_gates", "n_patterns"))
    assert_overlap(fresh, reference, "sampled", "sampled_bound")
    assert_overlap(fresh, reference, "complete", "complete_bound")
    bounds = ("prop3_bound", "prop4_bound", "cor2_bound", "eq7_bound", "theorem5_bound")
    assert_close(fresh, reference, bounds, 1e-6)


def compare_chain(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, (*KEYS, "size_rule", "n_gates", "n_patterns"))
    assert_overlap(fresh, reference, "relu", "relu_bound")
    assert_overlap(fresh, reference, "gated", "gated_bound")
    assert_close(fresh, reference, ("prop3_bound", "cor2_bound", "kappa"), 1e-6)
    assert_close(fresh, reference, ("prop4_bound", "eq7_bound"), 3e-3)


def compare_cones(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert list(fresh.columns) == list(reference.columns)
    # which blocks are used is a matter of the accuracy of a solution
    parts = [frame[frame["direction"] != "used"].reset_index() for frame in (fresh, reference)]
    assert_same_rows(*parts, (*KEYS, "direction", "cone"))
    drawn = [part[part["direction"] == "random"] for part in parts]
    assert_overlap(*drawn, "sharpness", "sharpness_bound")
    worst = [part[part["direction"] == "worst"] for part in parts]
    assert_close(*worst, ("all_directions",), 0.01)
    medians = [
        frame.groupby(["n", "direction"])["sharpness"].median() for frame in (fresh, reference)
    ]
    pd.testing.assert_series_equal(*medians, rtol=0.1)


def compare_labels(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, (*KEYS, "beta_fraction", "start", "n_gates", "n_patterns"))
    assert_overlap(fresh, reference, "ratio_at_start", "ratio_at_start_bound")
    for when in ("", "_at_start"):
        assert (fresh[f"status{when}"] == "solved").all()
        assert (fresh[f"ratio{when}_bound"] <= fresh[f"ratio{when}"]).all()
    assert (fresh["ratio"] >= fresh["ratio_at_start_bound"]).all()
    # steps that two machines take alike
    assert_close(fresh, reference, ("ratio",), 0.05)


THEORY_COMPARISONS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], None]] = {
    "gap_chain": compare_chain,
    "cone_sharpness": compare_cones,
    "worst_labels": compare_labels,
    "gaussian_lemma": compare_gaussian_lemma,
    "gated_ratio": compare_gated,
    "maxcut_bound": compare_cuts,
    "kappa_scale": compare_kappa,
    "kernel_spectrum": compare_kernel,
    "random_interpolation": compare_interpolation,
    "ridge_relaxation": compare_ridge,
}
