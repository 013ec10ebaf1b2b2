"""Verdicts on the claims about cones, from the summaries of their experiments."""

import math

import numpy as np
import pandas as pd
from scipy.stats import norm

from relaxgap.claims.claim import Outcome, Verdict
from relaxgap.claims.verdicts import LARGE, at_rate, on_all
from relaxgap.theory.gordon import all_directions_margin, theorem_7_bound

DELTA = 0.1
NEAR, FAR, DEFECT = 0.1, 0.25, 1e-6
"""Relative distances: of a width below its limit, of medians from theirs, of an equation."""


def check_proposition_5(summary: pd.DataFrame) -> Verdict:
    """Judge both links: the gated optimum below the relaxation, and that below C times it."""
    below = on_all(summary, summary["gated_bound"], summary["relu"], "p~_g over p~*")
    if below.outcome is Outcome.CONTRADICTED:
        return below
    right = summary["block_sharpness"] * summary["gated"]
    return on_all(summary, summary["relu_bound"], right, "p~* over C p~_g")


def check_corollary_7(summary: pd.DataFrame) -> Verdict:
    """Judge the same link by the bound with the logarithm."""
    bound = _theorem_7(summary)
    broken = int((summary["relu_bound"] / summary["gated"] > bound).sum())
    worst = float((summary["relu"] / summary["gated_bound"]).max())
    said = f"p~* / p~_g, {worst:.2f} at most, above the bound"
    return at_rate(broken, len(summary), DELTA, said)


def check_proposition_6(summary: pd.DataFrame) -> Verdict:
    """Judge the best bound of every random direction."""
    rows = summary[summary["prop6_bound"].notna()]
    return on_all(rows, rows["sharpness_bound"], rows["prop6_bound"], "C(K, z) over 1 + 1/eps")


def check_theorem_7(summary: pd.DataFrame) -> Verdict:
    """Judge random directions by the bound with the logarithm."""
    rows = summary[summary["direction"] == "random"]
    broken = int((rows["sharpness_bound"] > _theorem_7(rows)).sum())
    return at_rate(broken, len(rows), DELTA, "C(K, z) of a random direction above the bound")


def check_all_directions(summary: pd.DataFrame) -> Verdict:
    """Judge the worst directions found by the sure bound, and the cones' widths by their limit."""
    rows = summary[summary["all_directions"].notna()]
    sure = on_all(rows, rows["sharpness_bound"], rows["all_directions"], "worst C(K, z) found")
    if sure.outcome is Outcome.CONTRADICTED:
        return sure
    last = rows[rows["n"] == rows["n"].max()]
    for (n, d), part in last.groupby(["n", "d"]):
        width = float(part["width"].median()) / math.sqrt(d)
        if width < (1.0 - NEAR) * all_directions_margin(n / d):
            detail = f"s / sqrt d is {width:.3g} at n {n}, d {d}, below its limit s_0"
            return Verdict(Outcome.CONTRADICTED, len(rows), detail)
    return sure


def check_lemma_2(summary: pd.DataFrame) -> Verdict:
    """Judge the limit by its definition, and the medians of the largest dimension by the limit."""
    rows = summary[(summary["d"] == summary["d"].max()) & np.isfinite(summary["least_norm"])]
    medians = rows.groupby("rho")[["least_norm", "limit"]].median()
    for rho, limit in medians["limit"].items():
        defect = abs(float(rho) * _lifted_square(float(limit)) / float(limit) ** 2 - 1.0)
        if defect > DEFECT:
            detail = f"R({rho:g}) = {limit:.4g} misses its equation by {defect:.1e}"
            return Verdict(Outcome.CONTRADICTED, len(summary), detail)
    if summary["d"].max() < LARGE:
        detail = f"d = {summary['d'].max()} is too small to be near the limit"
        return Verdict(Outcome.NOT_RUN, len(summary), detail)
    off = float((medians["least_norm"] / medians["limit"] - 1.0).abs().max())
    said = f"at d = {summary['d'].max()} medians are within {off:.0%} of R(rho)"
    return Verdict(Outcome.TREND if off < FAR else Outcome.CONTRADICTED, len(summary), said)


def _lifted_square(R: float) -> float:
    """Return the mean of ``(|xi| + R g)_+^2`` by quadrature, not by the closed form."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    sizes = 5.0 * (nodes + 1.0)
    z = sizes / R
    inner = (sizes**2 + R**2) * norm.cdf(z) + sizes * R * norm.pdf(z)
    return float(10.0 * weights @ (norm.pdf(sizes) * inner))


def check_lemma_4(summary: pd.DataFrame) -> Verdict:
    """Judge Gordon's bound of the mean of the least singular value."""
    means = summary.groupby(["d", "rho"])[["least_singular_value", "gordon"]].mean()
    counts = summary.groupby(["d", "rho"])["least_singular_value"].agg(["std", "count"])
    error = 3.0 * counts["std"].fillna(np.inf) / np.sqrt(counts["count"])
    broken = means["least_singular_value"] + error < means["gordon"]
    said = f"mean least singular value below the bound at {int(broken.sum())} of {len(means)} sizes"
    outcome = Outcome.CONTRADICTED if broken.any() else Outcome.HOLDS
    return Verdict(outcome, len(summary), said)


def _theorem_7(frame: pd.DataFrame) -> pd.Series:
    """Return Theorem 7's bound at the size and aspect ratio of every row."""
    sizes = frame[["n", "d"]].drop_duplicates()
    bounds = {
        (n, d): theorem_7_bound(n / d, int(n)) for n, d in sizes.itertuples(index=False, name=None)
    }
    found = [bounds[(n, d)] for n, d in zip(frame["n"], frame["d"], strict=True)]
    return pd.Series(found, index=frame.index)
