"""Verdicts on the gated claims, from the summaries of their experiments."""

import math
from itertools import pairwise

import pandas as pd

from relaxgap.claims.claim import Outcome, Verdict
from relaxgap.claims.verdicts import at_rate, on_all, slope
from relaxgap.experiments.random_interpolation.cell import DELTA, NEEDED
from relaxgap.theory.gated_ratio import RATIO_SCALE


def check_proposition_2(summary: pd.DataFrame) -> Verdict:
    """Judge the failure rate at Proposition 2's own number of gates."""
    rows = summary[summary["size_rule"] == NEEDED]
    failures, trials = int(rows["n_below_half"].sum()), int(rows["n_trials"].sum())
    return at_rate(failures, trials, DELTA, "lambda_min(M^) below half of lambda_min(M)")


def check_corollary_1(summary: pd.DataFrame) -> Verdict:
    """Judge how often that number of gates does not fit every label."""
    rows = summary[summary["size_rule"] == NEEDED]
    failures, trials = int(rows["n_singular"].sum()), int(rows["n_trials"].sum())
    return at_rate(failures, trials, DELTA, "gates that do not fit every label")


def check_lemma_3(summary: pd.DataFrame) -> Verdict:
    """Judge the Chernoff bound for every number of gates by the limits of the rates."""
    worst, n_trials = math.inf, int(summary["n_trials"].sum())
    for _, row in summary.iterrows():
        verdict = at_rate(
            int(row["n_below_half"]), int(row["n_trials"]), float(row["failure_bound"]), ""
        )
        if verdict.outcome is Outcome.CONTRADICTED:
            detail = f"the rate at n {row['n']}, {row['n_gates']} gates is above Chernoff"
            return Verdict(Outcome.CONTRADICTED, n_trials, detail)
        if row["n_below_half"]:
            rate = row["n_below_half"] / row["n_trials"]
            worst = min(worst, float(row["failure_bound"]) / float(rate))
    said = f"Chernoff is at least {worst:.3g} times the rate" if worst < math.inf else "no failure"
    return Verdict(Outcome.HOLDS, n_trials, said)


def check_theorem_4(summary: pd.DataFrame) -> Verdict:
    """Judge the lower bound everywhere, the upper one where there are enough gates."""
    low = on_all(summary, summary["lower"], summary["value"], "lower bound over the value")
    if low.outcome is Outcome.CONTRADICTED:
        return low
    # samples of one instance are nested: one draw, the smallest that is large enough
    enough = summary[summary["enough_gates"]].sort_values("n_gates").groupby("cell").head(1)
    broken = int((enough["value"] > enough["upper"]).sum())
    return at_rate(broken, len(enough), DELTA, f"{low.detail}; value above the upper bound")


def _invertible(summary: pd.DataFrame, column: str) -> pd.DataFrame:
    return summary[summary[column].notna()]


def check_proposition_3(summary: pd.DataFrame) -> Verdict:
    """Judge the bound of the sampled optimum."""
    rows = _invertible(summary, "prop3_bound")
    return on_all(rows, rows["sampled_bound"], rows["prop3_bound"], "p~_g over its bound")


def _above_all(summary: pd.DataFrame, column: str) -> Verdict:
    """Judge a lower bound by the optimum over all patterns, or over the sample where those fail."""
    above = summary["complete"].fillna(summary["sampled"])
    return on_all(summary, summary[column], above, "the bound over p_g")


def check_proposition_4(summary: pd.DataFrame) -> Verdict:
    """Judge the lower bound by C_y."""
    return _above_all(summary, "prop4_bound")


def check_corollary_2(summary: pd.DataFrame) -> Verdict:
    """Judge the lower bound by the largest eigenvalue; beyond its range of beta it says nothing."""
    return _above_all(summary[summary["fraction"] <= 1.0], "cor2_bound")


def _exact(summary: pd.DataFrame) -> pd.DataFrame:
    rows = summary[summary["complete"].notna()]
    return rows.assign(ratio=rows["sampled_bound"] / rows["complete"])


def check_theorem_5(summary: pd.DataFrame) -> Verdict:
    """Judge exact ratios of samples that can fit every label, with far fewer gates than assumed."""
    rows = _exact(_invertible(summary, "eq7_bound"))
    return on_all(rows, rows["ratio"], rows["theorem5_bound"], "p~_g / p_g over 2 sqrt(2 kappa)")


def check_equation_7(summary: pd.DataFrame) -> Verdict:
    """Judge exact ratios."""
    rows = _exact(_invertible(summary, "eq7_bound"))
    return on_all(rows, rows["ratio"], rows["eq7_bound"], "p~_g / p_g over (7)")


def check_corollary_3(summary: pd.DataFrame) -> Verdict:
    """Judge the same ratios by the aspect ratio alone."""
    rows = _exact(_invertible(summary, "eq7_bound"))
    bound = RATIO_SCALE.value * ((rows["n"] / rows["d"]) ** 0.5 + 1.0)
    return on_all(rows, rows["ratio"], bound, "p~_g / p_g over 4 sqrt(10) (sqrt(c) + 1)")


def check_maxcut(summary: pd.DataFrame) -> Verdict:
    """Judge every link of the chain that is known."""
    columns = ["price", "cut", "relaxation", "eigenvalue"]
    for lower, upper in pairwise(columns):
        rows = summary.dropna(subset=[lower, upper])
        verdict = on_all(rows, rows[lower], rows[upper], f"{lower} over {upper}", rtol=1e-8)
        if verdict.outcome is Outcome.CONTRADICTED:
            return verdict
    known = summary.dropna(subset=["price", "cut"])
    gain = (summary["relaxation"] / summary["eigenvalue"]).median()
    detail = f"all links on {len(known)} enumerated ones; the relaxation is {gain:.0%} of L |y|^2"
    return Verdict(Outcome.HOLDS, len(summary), detail)


def check_theorem_6(summary: pd.DataFrame) -> Verdict:
    """Judge kappa against the bound by the aspect ratio."""
    return on_all(summary, summary["kappa"], summary["kappa_bound"], "kappa over its bound")


def check_lemma_5(summary: pd.DataFrame) -> Verdict:
    """Judge M against its linear kernel, whose least eigenvalue is at least d / 4, and the rest."""
    left = 0.25 - summary["kernel_error"]
    return on_all(summary, left, summary["least"], "1/4 - |B|_2 / d over lambda_min(M) / d")


def check_lemma_6(summary: pd.DataFrame) -> Verdict:
    """Fit how the error of the linear kernel falls with d, at each aspect ratio."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    slopes = []
    for _, rows in frame.groupby("c"):
        medians = rows.groupby("d")["kernel_error"].median()
        if len(medians) > 1:
            slopes.append(slope(medians.index.tolist(), medians.tolist()))
    said = "error against d: slopes " + ", ".join(f"{value:.2f}" for value in slopes)
    falls = bool(slopes) and max(slopes) < 0.0
    return Verdict(Outcome.TREND if falls else Outcome.CONTRADICTED, len(summary), said)
