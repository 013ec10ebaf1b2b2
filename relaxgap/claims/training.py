"""What gradient methods end at: Lemma 1, (A2), equation (19), Theorem 3; judged by their runs."""

import numpy as np
import pandas as pd

from relaxgap.claims.claim import Claim, Kind, Outcome, Verdict

SAME = 1e-5
"""Relative difference from which two optima are told apart: the solves are to 1e-8."""
HALF = 0.5
STATIONARY = 1e-3
"""Relative Clarke residual of a point that counts as stationary; above, some still descend."""
PAPER = "Kim & Pilanci (2024)"


def check_lemma_1(summary: pd.DataFrame) -> Verdict:
    """Fit how the share of changed activations falls with the width, for each kind of data."""
    last = summary["step"] == summary.groupby(["cell", "width", "start"])["step"].transform("max")
    runs = summary[last & (summary["method"] == "gd") & (summary["protocol"] == "L")]
    plain = (runs["init_scale"] == 1.0) & (runs["step_factor"] == 1.0)
    slopes = []
    for _, rows in runs[plain].groupby("data"):
        changed = (1.0 - rows.groupby("width")["bits_kept"].median()).loc[lambda share: share > 0.0]
        if len(changed) >= 3:
            slope, _ = np.polyfit(np.log(changed.index.to_numpy(float)), np.log(changed), 1)
            slopes.append(float(slope))
    if not slopes:
        return Verdict(Outcome.NOT_RUN, len(runs), "fewer than three widths")
    detail = "changed activations against the width: slopes " + ", ".join(
        f"{slope:.2f}" for slope in slopes
    )
    falls = max(slopes) < 0.0
    return Verdict(Outcome.TREND if falls else Outcome.CONTRADICTED, len(runs), detail)


def check_assumption_a2(summary: pd.DataFrame) -> Verdict:
    """Count the runs that keep fewer than half of the neurons' patterns."""
    broken = summary[summary["neurons_kept"] < HALF]
    if broken.empty:
        return Verdict(Outcome.HOLDS, len(summary), "every run keeps half of the patterns or more")
    worst = broken.iloc[int(broken["neurons_kept"].argmin())]
    detail = (
        f"{len(broken)} of {len(summary)} runs keep fewer than half of the neurons' patterns; "
        f"{worst['data']}, n={worst['n']}, width {worst['width']}, {worst['method']}, seed "
        f"{worst['seed']} keeps {100.0 * worst['neurons_kept']:.0f}%"
    )
    return Verdict(Outcome.CONTRADICTED, len(summary), detail)


def check_equation_19(summary: pd.DataFrame) -> Verdict:
    """Compare the program over a network's own patterns, signed and with both signs."""
    signed = (summary["signed"] / summary["loss"] - 1.0).abs() <= summary["residual"]
    below = summary["both_signs"] < summary["signed_bound"] * (1.0 - SAME)
    detail = (
        f"signed: equal to the loss within the residual on {int(signed.sum())} of {len(summary)}; "
        f"with both signs strictly below on {int(below.sum())}"
    )
    if not signed.all():
        return Verdict(Outcome.CONTRADICTED, len(summary), detail)
    outcome = Outcome.CORRECTED if below.any() else Outcome.HOLDS
    return Verdict(outcome, len(summary), detail)


def check_theorem_3(summary: pd.DataFrame) -> Verdict:
    """Compare stationary losses of widths from n on with sqrt(log 2n) times the optimum."""
    wide = summary[(summary["width"] >= summary["n"]) & (summary["residual"] <= STATIONARY)]
    if wide.empty:
        return Verdict(Outcome.NOT_RUN, 0, f"no run has a residual up to {STATIONARY:g}")
    ratio = wide["loss"] / wide["optimum_bound"]
    over = ratio > np.sqrt(np.log(2.0 * wide["n"]))
    detail = (
        f"runs of width n or more with a residual up to {STATIONARY:g} end at {ratio.max():.3g} "
        f"p* at most; {int(over.sum())} above sqrt(log 2n) p*"
    )
    return Verdict(Outcome.CONTRADICTED if over.any() else Outcome.HOLDS, len(wide), detail)


CLAIMS = (
    Claim(
        "lemma_1", f"{PAPER}, Lemma 1 (Li & Liang 2018)",
        "wide networks keep most activations while they train",
        "share of changed activations = O(m^-1/2)", Kind.TREND, "relaxgap.training.preservation",
        "coupling_lemma", check_lemma_1,
        hypotheses=("no weight decay, output weights fixed",),
    ),
    Claim(
        "assumption_a2", f"{PAPER}, assumption (A2)",
        "until convergence at most half of the neurons' patterns change",
        "#{j : D_j changes} <= m / 2", Kind.SURE, "relaxgap.training.preservation",
        "assumption_a2", check_assumption_a2,
    ),
    Claim(
        "eq_19", f"{PAPER}, equation (19)",
        "a stationary network is optimal over its own patterns, each with its own sign",
        "min 1/2 |sum_j s_j D_j X w_j - y|^2 + beta sum_j |w_j|, w_j in K_j, is the loss",
        Kind.SURE, "relaxgap.networks.landscape", "subsampled_program", check_equation_19,
    ),
    Claim(
        "theorem_3", f"{PAPER}, Theorem 3",
        "a stationary point that gradient methods reach is near the optimum",
        "loss <= C sqrt(log 2n) p*", Kind.LIKELY, "relaxgap.training", "stationary_points",
        check_theorem_3, hypotheses=("(A1)", "(A2)", "the width of Theorem 1"),
    ),
)  # fmt: skip
