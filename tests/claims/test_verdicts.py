"""Claims judged by the committed results, and the controls that must make a check fail."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relaxgap.claims import gated_checks, relaxation, sharpness_checks, training
from relaxgap.claims.claim import Evaluation, Outcome
from relaxgap.claims.drawn import judged_on_drawn
from relaxgap.claims.judging import EXPECTED_TO_FAIL, claims_table, judged
from relaxgap.claims.registry import CLAIMS
from relaxgap.claims.verdicts import at_rate, on_all
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.theory import gated_ratio, gordon
from relaxgap.theory.instance import Instance

RESULTS = Path(__file__).resolve().parents[2] / "results"
REFERENCES = Path(__file__).resolve().parents[1] / "references"
BEGIN, END = "<!-- claims: made by relaxgap verify -->\n", "<!-- end of claims -->\n"


def summary_of(experiment: str) -> pd.DataFrame:
    return pd.read_csv(RESULTS / experiment / "summary.csv")


def test_every_claim_is_named_once_and_judged_by_an_experiment_that_there_is() -> None:
    assert all(name == claim.name for name, claim in CLAIMS.items())
    assert {claim.experiment for claim in CLAIMS.values()} <= {"", *EXPERIMENTS}
    assert all(bool(claim.experiment) == (claim.check is not None) for claim in CLAIMS.values())
    assert all(claim.check or claim.evaluate for claim in CLAIMS.values())


@pytest.mark.slow
def test_the_committed_results_break_no_claim_and_the_table_is_theirs() -> None:
    rows = [judged(claim, "default", RESULTS) for claim in CLAIMS.values()]
    assert [row.claim for row in rows if row.is_broken or row.outcome == Outcome.NOT_RUN] == []
    text = (RESULTS / "README.md").read_text(encoding="utf-8")
    assert text.replace(END, BEGIN).split(BEGIN)[1] == claims_table(rows)
    stored = pd.read_csv(RESULTS / "claims.csv", keep_default_na=False)
    assert stored["detail"].tolist() == [row.detail for row in rows]


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.check])
def test_no_claim_is_broken_at_the_scale_of_the_gate(name: str) -> None:
    claim = CLAIMS[name]
    assert claim.check is not None
    verdict = claim.check(pd.read_csv(REFERENCES / f"{claim.experiment}.csv"))
    broken = verdict.outcome is Outcome.CONTRADICTED
    assert broken == (name in EXPECTED_TO_FAIL), verdict.detail


def test_what_is_assumed_and_what_holds_only_as_corrected_are_said_to_be() -> None:
    outcomes = {
        name: judged(CLAIMS[name], "default", RESULTS).outcome
        for name in ("assumption_a2", "eq_19")
    }
    assert outcomes == {"assumption_a2": Outcome.CONTRADICTED, "eq_19": Outcome.CORRECTED}


def test_a_claim_without_an_experiment_is_judged_on_drawn_instances() -> None:
    found = judged(CLAIMS["prop_1"], "default", RESULTS)
    assert (found.outcome, found.tested_by, found.n_instances) == (Outcome.HOLDS, "", 108)


def test_drawn_instances_show_a_false_claim_with_its_instance() -> None:
    def too_small(given: Instance) -> Evaluation:
        return Evaluation(given.largest, 0.5 * given.largest if given.data.n > 4 else math.inf)

    found = judged_on_drawn(replace(CLAIMS["prop_1"], evaluate=too_small))
    assert found.outcome is Outcome.CONTRADICTED
    assert "at n 8, d 8, beta 0.1" in found.detail


def test_a_surrogate_that_is_lower_at_other_lengths_is_contradicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = gated_ratio.surrogate_value

    def tilted(residual: np.ndarray, lengths: np.ndarray, scales: np.ndarray, beta: float) -> float:
        # the same where scales are lengths
        return right(residual, lengths, scales, beta) - beta * float((scales - lengths).sum())

    monkeypatch.setattr(gated_ratio, "surrogate_value", tilted)
    assert judged_on_drawn(CLAIMS["eq_6"]).outcome is Outcome.CONTRADICTED


def test_weyls_inequality_without_the_norm_of_the_rest_is_contradicted() -> None:
    summary = summary_of("kernel_spectrum")
    assert gated_checks.check_lemma_5(summary).outcome is Outcome.HOLDS
    summary["kernel_error"] *= 0.1
    assert gated_checks.check_lemma_5(summary).outcome is Outcome.CONTRADICTED


def test_a_tenth_of_the_root_of_kappa_is_contradicted() -> None:
    summary = summary_of("gated_ratio")
    assert gated_checks.check_theorem_5(summary).outcome is Outcome.HOLDS
    summary["theorem5_bound"] /= 10.0
    assert gated_checks.check_theorem_5(summary).outcome is Outcome.CONTRADICTED


def test_equation_19_with_both_signs_is_contradicted() -> None:
    summary = summary_of("subsampled_program")
    both = summary.assign(signed=summary["both_signs"], signed_bound=summary["both_signs_bound"])
    assert training.check_equation_19(both).outcome is Outcome.CONTRADICTED


def test_a_constant_that_a_simulation_gave_is_contradicted() -> None:
    summary = summary_of("gaussian_lemma")
    assert sharpness_checks.check_lemma_2(summary).outcome is Outcome.TREND
    summary.loc[summary["rho"] == 1.5, "limit"] = 4.58
    assert sharpness_checks.check_lemma_2(summary).outcome is Outcome.CONTRADICTED


def test_a_margin_without_its_square_root_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = summary_of("cone_sharpness")
    assert sharpness_checks.check_all_directions(summary).outcome is Outcome.HOLDS
    monkeypatch.setattr(gordon.math, "sqrt", lambda value: value)
    assert sharpness_checks.check_all_directions(summary).outcome is Outcome.CONTRADICTED


def test_theorem_4_without_its_repeats_is_contradicted() -> None:
    summary = summary_of("ridge_relaxation")
    assert gated_checks.check_theorem_4(summary).outcome in (Outcome.HOLDS, Outcome.RATE)
    # of a million gates on the smallest instances 2,000 patterns are left, whose optimum stays up
    small = summary["n"] == summary["n"].min()
    most = small & (summary["n_gates"] == summary["n_gates"].max())
    summary.loc[most, "value"] *= summary["n_gates"] / 2_000
    summary.loc[most, ["lower", "upper"]] *= summary["n_gates"].max() / 1_000_000
    summary.loc[small, "enough_gates"] = most
    assert gated_checks.check_theorem_4(summary).outcome is Outcome.CONTRADICTED


def test_a_relaxation_far_above_every_bound_contradicts_both_forms_of_theorem_1() -> None:
    summary = summary_of("certified_gap")
    relaxed = summary["method"] == "relaxation"
    summary.loc[relaxed, ["primal_value", "dual_value"]] *= 1e4
    assert relaxation.check_theorem_1(summary).outcome is Outcome.CONTRADICTED
    assert relaxation.check_theorem_1_without_log(summary).outcome is Outcome.CONTRADICTED


def test_one_row_above_its_bound_is_named() -> None:
    frame = pd.DataFrame({"n": [4, 5], "seed": [0, 7], "left": [1.0, 3.0], "right": [2.0, 2.0]})
    verdict = on_all(frame, frame["left"], frame["right"], "left over right")
    assert verdict.outcome is Outcome.CONTRADICTED
    assert verdict.detail == "left over right: 1 of 2 above, 1.5 of it at n 5, seed 7"


@pytest.mark.parametrize(
    ("failures", "trials", "outcome"),
    [
        (0, 300, Outcome.HOLDS),
        (1, 300, Outcome.RATE),
        (40, 300, Outcome.RATE),
        (60, 300, Outcome.CONTRADICTED),
    ],
)
def test_one_failure_is_no_contradiction_but_a_rate_surely_above_delta_is(
    failures: int, trials: int, outcome: Outcome
) -> None:
    assert at_rate(failures, trials, 0.1, "said").outcome is outcome


def test_a_side_that_is_no_number_holds_nothing() -> None:
    frame = pd.DataFrame({"n": [4, 5]})
    verdict = on_all(frame, pd.Series([1.0, np.nan]), pd.Series([2.0, 2.0]), "left over right")
    assert verdict.outcome is Outcome.CONTRADICTED
