import numpy as np
import pytest
from run_summaries import RUN, as_read, drawn, rendered, tabled, texts

from relaxgap.experiments.success_vs_width import figure as success_vs_width
from relaxgap.experiments.success_vs_width.figure import chances_of, with_success


def runs(
    losses: dict[int, list[float]], rule: str = "2 m_pruned", width: int = 6, **changes: object
) -> list[dict[str, object]]:
    """Return a run for each loss of each seed; the optimum is 2 and m_pruned is 3."""
    return [
        RUN
        | {"width_rule": rule, "width": width, "pruned_width": 3, "seed": seed, "start": start}
        | {"loss": loss, "best_loss": loss}
        | changes
        for seed, of_seed in losses.items()
        for start, loss in enumerate(of_seed)
    ]


def test_the_chance_is_the_mean_over_instances_with_its_interval() -> None:
    rows = runs({0: [2.0, 2.019], 1: [2.0, 2.03], 2: [3.0, 3.0], 3: [2.0, 2.0]})
    (row,) = chances_of(with_success(as_read(rows)))
    assert row.chance == pytest.approx((1.0 + 0.5 + 0.0 + 1.0) / 4.0)
    assert 0.0 < row.chance_low < row.chance < row.chance_high <= 1.0
    assert (row.instances, row.runs) == (4, 8)
    assert row.relative_width == 2.0


def test_one_instance_has_no_interval() -> None:
    frame = as_read(runs({0: [2.0, 3.0]}))
    (row,) = chances_of(with_success(frame))
    assert row.chance == 0.5
    assert np.isnan(row.chance_low)
    rendered(drawn(success_vs_width, frame))
    assert tabled(success_vs_width, frame)["runs"].tolist() == [2]


def test_a_run_that_the_bracket_leaves_undecided_is_a_miss_and_counted() -> None:
    rows = runs({0: [2.01, 2.0], 1: [2.0, 1.99]}, optimum_bound=1.975)
    frame = as_read(rows)
    assert with_success(frame)["reached"].tolist() == [False, False, False, True]
    written = texts(drawn(success_vs_width, frame))
    assert "3 runs that the bracket leaves undecided count as misses" in written


def test_widths_are_over_the_pruned_width_and_a_diverged_run_counts() -> None:
    rows = runs({0: [2.0], 1: [2.0]}) + runs({0: [2.5], 1: [5.0]}, "0.5 m_pruned", 2)
    rows += runs({0: [9.0]}, "m_pruned", 3, status="diverged", loss=np.inf)
    frame = as_read(rows)
    result = tabled(success_vs_width, frame)
    assert result["width/m_pruned"].tolist() == pytest.approx([2.0 / 3.0, 1.0, 2.0])
    assert result["diverged"].tolist() == [0, 1, 0]
    assert result["mean ratio"].tolist() == pytest.approx([1.875, 4.5, 1.0])
    figure = rendered(drawn(success_vs_width, frame))
    written = texts(figure)
    assert "1 of 5 runs diverged" in written
    assert r"mean $m_{\mathrm{pruned}}=3$, 2 instances" in written
    assert "1 to 1" not in written
    assert [text.get_text() for text in figure.axes[0].texts] == [r"$m_{\mathrm{pruned}}$"]


def test_every_n_is_a_curve_whatever_the_width_rules() -> None:
    rows = runs({0: [2.0]}, "16", 16) + runs({0: [2.0]}, "32", 32, n=12, d=6)
    figure = drawn(success_vs_width, as_read(rows))
    assert {"$n=10$", "$n=12$"} <= {str(line.get_label()) for line in figure.axes[0].lines}
