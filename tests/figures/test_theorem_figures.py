"""What the figures of Theorem 1's labels and of Theorem 2's cost say of tables written by hand."""

import numpy as np
import pandas as pd
import pytest
from run_summaries import as_read, drawn, rendered, tabled, texts

from relaxgap.claims.claim import Outcome
from relaxgap.claims.relaxation import check_theorem_2
from relaxgap.experiments.complexity import figure as complexity
from relaxgap.experiments.worst_labels import figure as worst_labels


def labels(n: int, seed: int, *ratios: float, **changes: object) -> list[dict[str, object]]:
    """Return a start for each ratio, of which both ends at its last labels are given or equal."""
    return [
        {
            "data": "gaussian, noise labels",
            "n": n,
            "seed": seed,
            "start": start,
            "beta_fraction": 0.1,
            "ratio_at_start_bound": 1.1,
            "ratio_at_start": 1.1,
            "ratio_bound": ratio,
            "ratio": ratio,
            "certificate": "enumeration",
            "status": "solved",
        }
        | changes
        for start, ratio in enumerate(ratios)
    ]


LABELS = as_read(
    [
        *labels(6, 0, 1.2, 2.5),
        *labels(6, 1, 1.3, 1.4),
        *labels(6, 0, 1.9, beta_fraction=0.5),
        *labels(60, 0, 2.0, ratio=2.1, certificate="branch_and_bound", status="time_limit"),
    ]
)


def test_the_worst_labels_are_those_whose_ratio_is_proven() -> None:
    figure = rendered(drawn(worst_labels, LABELS))
    written = texts(figure)
    assert "at least 2.50 (n = 6); 2 of 4 instances are proven above" in written
    assert "up to $n = 6$, and are up to 5.0% apart beyond" in written
    assert tabled(worst_labels, LABELS)["ratio_bound", "max"].tolist() == [2.5, 2.0, 1.9]


def test_a_sweep_at_one_strength_of_its_own_is_drawn() -> None:
    alone = LABELS[LABELS["n"] == 60].assign(beta_fraction=np.nan)
    written = texts(rendered(drawn(worst_labels, alone)))
    assert r"one $\beta$" in written
    assert "do not coincide" in written


def timed(power: float, *sizes: int, solver: str = "dense_interior_point") -> pd.DataFrame:
    """Return a run of each size whose seconds are a power of the unknowns, at 1.2 to 1.5 p*."""
    frame = pd.DataFrame({"n": sizes, "solver": solver})
    frame["d"], frame["n_patterns"], frame["n_gates"] = frame["n"] // 2, 5, 5
    frame["seconds"] = (2.0 * frame["d"] * frame["n_patterns"]) ** power
    fixed = {"data": "gaussian", "seed": 0, "beta_fraction": 0.1, "threads": 1, "tolerance": 1e-4}
    losses = {"relative_error": 1e-5, "primal_value": 3.0, "optimum": 2.5, "optimum_bound": 2.0}
    return frame.assign(**fixed, **losses)


def test_the_cost_is_a_slope_with_its_interval_and_the_loss_has_both_ends() -> None:
    both = pd.concat([timed(2.9, 20, 40, 80, 160), timed(1.2, 20, 40, 80, 160, solver="clarabel")])
    written = texts(rendered(drawn(complexity, both)))
    assert "$(dm)^{2.9}$ for the method of Theorem 2, $(dm)^{1.2}$ for Clarabel" in written
    assert "for a loss of 1.20 to 1.50 $p^*$" in written
    assert "interior point, dense (Theorem 2), slope 2.90 (2.90 to 2.90)" in written
    assert tabled(complexity, both).loc["clarabel", "slope"] == pytest.approx(1.2)


def test_a_run_that_missed_its_accuracy_costs_nothing_and_buys_nothing() -> None:
    frame = timed(2.9, 20, 40, 80, 160)
    missed = frame.assign(relative_error=1.0, seconds=1e-9, primal_value=9.0)
    pd.testing.assert_frame_equal(
        complexity.statistics(pd.concat([frame, missed])), complexity.statistics(frame)
    )
    pd.testing.assert_frame_equal(
        complexity.loss_ratios(pd.concat([frame, missed])), complexity.loss_ratios(frame)
    )


def test_one_size_is_drawn_without_a_slope() -> None:
    written = texts(rendered(drawn(complexity, timed(2.9, 20))))
    assert "Seconds of training by convex programs, for a loss" in written
    assert "slope" not in written.partition("Slopes")[0]


def test_time_that_grows_faster_than_theorem_2_contradicts_it() -> None:
    verdict = check_theorem_2(timed(2.9, 20, 40, 80, 160))
    assert verdict.outcome is Outcome.TREND
    assert verdict.detail.startswith("seconds against d m: slope 2.90 (2.90 to 2.90)")
    assert "at most 1.50 p*, 0 above sqrt(log 2n) p*" in verdict.detail
    assert check_theorem_2(timed(3.1, 20, 40, 80, 160)).outcome is Outcome.CONTRADICTED
    assert check_theorem_2(timed(2.9, 20, 40)).outcome is Outcome.NOT_RUN
    other = timed(3.1, 20, 40, 80, 160, solver="clarabel")
    assert check_theorem_2(other).outcome is Outcome.NOT_RUN
