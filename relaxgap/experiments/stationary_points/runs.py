"""Ratios of stationary points over the certified optimum, and the sweeps that a summary holds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relaxgap.drawing.methods import method_order
from relaxgap.drawing.run_outcomes import UNCONVERGED, diverged, strengths

KINK_MARGIN = 2.0
"""A concave kink counts if the loss falls from it at this multiple of the Clarke residual."""

FIXED = ["data", "n", "d", "strength", "init_scale", "step_factor"]


@dataclass(frozen=True, slots=True, eq=False)
class Sweeps:
    """Hold the runs of each panel; a sweep without a second value is empty.

    Parameters
    ----------
    main : DataFrame
        All methods on one kind of instance, from one initial scale.
    method : str
        The method of the other sweeps.
    sizes, strengths, scales : DataFrame
        Runs that differ from the main ones in ``n``, in ``beta``, in the initial scale only; the
        scales at the step size that most of them share.
    """

    main: pd.DataFrame
    method: str
    sizes: pd.DataFrame
    strengths: pd.DataFrame
    scales: pd.DataFrame

    @property
    def n_runs(self) -> int:
        """Number of runs in any of them."""
        parts = (self.main, self.sizes, self.strengths, self.scales)
        return int(np.unique(np.concatenate([part.index for part in parts])).size)


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with ``ratio`` and ``excess`` over the optimum and how the run ended.

    An excess below the proven gap of its optimum is not known better than that, and is the gap.
    """
    optimum = summary["optimum"]
    gap = (optimum / summary["optimum_bound"] - 1.0).clip(lower=np.finfo(np.float64).eps)
    ratio = summary["loss"] / optimum
    has_diverged = diverged(summary)
    return summary.assign(
        strength=strengths(summary),
        ratio=ratio,
        gap=gap,
        excess=np.maximum(ratio - 1.0, gap),
        relaxation_ratio=summary["relaxation"] / optimum,
        boundary_bits_per_neuron=summary["n_boundary_bits"] / summary["n_live"].clip(lower=1),
        diverged=has_diverged,
        unconverged=~has_diverged & ~(summary["residual"] <= UNCONVERGED),
        on_kink=~has_diverged
        & (summary["n_concave_kinks"] > 0)
        & (-summary["slope"] > KINK_MARGIN * summary["residual"]),
    )


def sweeps_of(runs: pd.DataFrame) -> Sweeps:
    """Find the instances that most methods and most runs share, and the sweeps around them."""
    groups = runs.groupby(FIXED, sort=False, dropna=False)["method"].agg(["nunique", "size"])
    key = groups.sort_values(["nunique", "size"], ascending=False, kind="stable").index[0]
    at = dict(zip(FIXED, key, strict=True))
    main = _main_rates(_matching(runs, at))
    method = min(main["method"].unique(), key=lambda name: (method_order(name), name))
    rate = main.loc[main["method"] == method, "learning_rate"].iloc[0]
    of_method = runs[runs["method"] == method]
    of_rate = of_method[of_method["learning_rate"] == rate]
    return Sweeps(
        main,
        method,
        _varied(_matching(of_rate, at, "n", "d"), "n"),
        _varied(_matching(of_rate, at, "strength"), "strength"),
        _varied(_scales(_matching(of_method, at, "init_scale", "step_factor")), "init_scale"),
    )


def _matching(runs: pd.DataFrame, at: dict[str, object], *free: str) -> pd.DataFrame:
    fixed = [name for name in FIXED if name not in free]
    return runs[np.logical_and.reduce([runs[name] == at[name] for name in fixed])]


def _main_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep the step size of each method that most of its runs have."""
    most = runs.groupby("method")["learning_rate"].agg(lambda rates: rates.value_counts().index[0])
    return runs[runs["learning_rate"] == runs["method"].map(most)]


def _scales(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep the step size that was tried with the most initial scales."""
    tried = runs.groupby("learning_rate")["init_scale"].nunique()
    return runs[runs["learning_rate"] == tried.idxmax()]


def _varied(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    return runs if runs[name].nunique() > 1 else runs.iloc[:0]
