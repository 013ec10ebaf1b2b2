import numpy as np
import pandas as pd
import pytest
from run_summaries import as_read, drawn, rendered, tabled, texts

from relaxgap.drawing.preserved_runs import (
    matched_ends,
    relative_losses,
    slope_in_width,
    widest_sweep,
    with_changes,
)
from relaxgap.experiments.assumption_a2 import figure as assumption_a2
from relaxgap.experiments.coupling_lemma import figure as coupling_lemma
from relaxgap.experiments.pattern_preservation import figure as pattern_preservation

ROW = {
    "data": "gaussian, noise labels",
    "n": 40,
    "d": 20,
    "protocol": "L",
    "method": "gd",
    "width": 250,
    "seed": 0,
    "init_scale": 1.0,
    "step_factor": 1.0,
    "learning_rate": 1.0,
    "start": 0,
    "beta": 0.0,
    "status": "done",
    "n_steps": 10,
    "step": 0,
    "loss": 20.0,
    "bits_kept": 1.0,
    "interior_bits_kept": 1.0,
    "neurons_kept": 1.0,
    "patterns_kept": 1.0,
    "live_neurons": 1.0,
    "certified_bits_kept": 1.0,
    "certified_neurons_kept": 1.0,
    "max_movement": 0.0,
    "mean_movement": 0.0,
}


def run(bits_changed: float = 0.02, loss: float = 0.1, **other: object) -> list[dict[str, object]]:
    """Return the rows of the start, the first step and the end of a run, long after it stopped."""
    end = {
        "step": 2000,
        "loss": loss,
        "bits_kept": 1.0 - bits_changed,
        "interior_bits_kept": 1.0 - bits_changed,
        "neurons_kept": max(0.0, 1.0 - 20.0 * bits_changed),
        "certified_bits_kept": max(0.0, 1.0 - 5.0 * bits_changed),
        "certified_neurons_kept": 0.0,
        "max_movement": 40.0 * bits_changed,
        "mean_movement": 10.0 * bits_changed,
    }
    return [ROW | other, ROW | {**end, "step": 1, "loss": 5.0} | other, ROW | end | other]


def at_the_end(**other: object) -> dict[str, object]:
    return run(0.3)[-1] | {"protocol": "P", "beta": 0.1, "n_steps": 2000, "residual": 1e-4} | other


def widths() -> list[dict[str, object]]:
    return [
        row
        for seed in (0, 1)
        for width in (250, 1000, 4000)
        for row in run((1.0 + 0.1 * seed) * 0.04 * (250 / width) ** 0.5, width=width, seed=seed)
    ]


def ends_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    return matched_ends(relative_losses(with_changes(as_read(rows))), 0.01)


def test_changes_and_bounds_are_those_of_the_kept_fractions_and_of_the_movement() -> None:
    (row,) = with_changes(pd.DataFrame(run(0.01)[-1:])).to_dict("records")
    assert row["bits_changed"] == pytest.approx(0.01)
    assert row["sure_bits"] == pytest.approx(0.05)
    assert row["sure_neurons"] == 1.0
    assert row["bits_bound"] == pytest.approx(0.4 * np.sqrt(2.0 / np.pi))
    assert row["neurons_bound"] == pytest.approx(40.0 * row["bits_bound"])
    assert row["li_liang_bound"] == pytest.approx(np.e * 40.0 * 0.4)


def test_only_runs_that_stopped_at_the_loss_are_at_the_matched_loss() -> None:
    rows = [
        *run(seed=0),
        *run(seed=1, n_steps=2000, loss=0.2),
        *run(seed=2, n_steps=2000, loss=0.5),
        *run(seed=3, n_steps=7, loss=np.inf, status="diverged"),
    ]
    ends = ends_of(rows)
    assert ends["seed"].tolist() == [0, 1, 2, 3]
    assert ends["matched"].tolist() == [True, True, False, False]
    assert ends["loss_ratio"].iloc[0] == pytest.approx(0.005)
    summary = as_read(rows)
    result = tabled(coupling_lemma, summary)
    assert result[["runs", "reached", "diverged"]].iloc[0].tolist() == [4, 2, 1]
    written = texts(drawn(coupling_lemma, summary))
    assert "2 of 4 runs reached" in written
    assert "1 others, 1 diverged" in written


def test_a_run_that_two_parts_of_a_grid_share_counts_once() -> None:
    ends = ends_of([*run(), *run(), *run(seed=1)])
    assert ends["seed"].tolist() == [0, 1]


def test_rows_after_the_end_and_runs_logged_on_the_way_are_no_ends() -> None:
    way = [
        ROW | {"learning_rate": 0.1, "n_steps": 100, "step": step} for step in (0, 1, 10, 100, 400)
    ]
    rows = relative_losses(with_changes(as_read([*way, *run()])))
    assert rows.loc[rows["on_the_way"], "step"].tolist() == [0, 1, 10, 100]
    assert matched_ends(rows, 0.01)["learning_rate"].tolist() == [1.0]


def test_the_slope_is_the_mean_over_seeds_with_its_standard_error() -> None:
    frame = pd.DataFrame(
        [(seed, m, m**power) for seed, power in ((0, -0.4), (1, -0.6)) for m in (10.0, 20.0, 80.0)],
        columns=["seed", "width", "changed"],
    )
    assert slope_in_width(frame, "changed") == pytest.approx((-0.5, 0.1))
    slope, error = slope_in_width(frame[frame["seed"] == 0], "changed")
    assert slope == pytest.approx(-0.4)
    assert np.isnan(error)
    assert np.isnan(slope_in_width(frame.assign(changed=0.0), "changed")).all()
    table = tabled(coupling_lemma, as_read(widths()))
    assert table.loc[(ROW["data"], "GD", 1.0, 1.0, "slope"), "bits_changed"] == pytest.approx(-0.5)


def test_the_widest_sweep_is_that_of_the_most_values() -> None:
    frame = pd.DataFrame({"width": [1, 2, 2, 3], "rate": [1.0, 1.0, 0.5, 0.5], "m": [1, 1, 1, 1]})
    assert widest_sweep(frame, "width", ["m"], least=4) is None
    sweep = widest_sweep(frame, "width", ["rate"])
    assert sweep is not None
    assert sweep["rate"].nunique() == 1
    assert sweep["width"].tolist() in ([1, 2], [2, 3])


def test_the_title_of_the_lemma_is_the_power_of_the_data() -> None:
    written = texts(drawn(coupling_lemma, as_read(widths())))
    assert "fall with the width to the power \N{MINUS SIGN}0.50; the lemma" in written
    assert "slope $-1/2$" in written
    assert "the power" not in texts(drawn(coupling_lemma, as_read(run())))


@pytest.mark.parametrize("method", ["gd", "mine"])
def test_every_sweep_of_the_lemma_that_is_there_gets_a_panel(method: str) -> None:
    rows = widths()
    rows += [row for rate in (0.1, 0.2) for row in run(learning_rate=rate, step_factor=rate)]
    rows += [row for scale in (0.5, 2.0) for row in run(init_scale=scale)]
    rows = [row | {"method": method} for row in rows]
    steps = (0, 1, 10, 100, 400)
    way = {"n_steps": 400, "learning_rate": 0.05}
    adam = [row | {"method": "adam", "learning_rate": 0.3} for row in run(0.05)]
    adam += [
        ROW | way | {"method": "adam", "step": step, "loss": 20.0 / (1 + step), "bits_kept": 0.9}
        for step in steps
    ]
    for part, panels in (("", 1), ("factors", 2)):
        assert len(rendered(drawn(coupling_lemma, as_read(rows), part)).axes) == panels
    assert not drawn(coupling_lemma, as_read(run()), "factors").axes
    # of two methods that are not GD, it is the one in use elsewhere that has the sweeps
    both = 2 if method == "gd" else 1
    everything = as_read([*rows, *adam])
    assert len(rendered(drawn(coupling_lemma, everything, "methods")).axes) == 2
    assert len(drawn(coupling_lemma, everything, "factors").axes) == (2 if both == 2 else 0)


def test_a_summary_in_which_no_run_reached_the_loss_is_drawn() -> None:
    summary = as_read(run(loss=10.0, n_steps=2000))
    assert "no run reached 1% of its initial loss" in texts(drawn(coupling_lemma, summary))
    assert not tabled(coupling_lemma, summary).empty


def test_the_half_of_a2_is_drawn_over_whole_patterns_and_nowhere_else() -> None:
    rows = [at_the_end(width=m, method=name) for m in (4, 16) for name in ("gd", "sgd", "mine")]
    rows += [at_the_end(width=16, beta=1.0)]
    rows += [at_the_end(width=16, learning_rate=0.05, init_scale=s) for s in (0.3, 3.0)]
    whole, activations = drawn(assumption_a2, as_read(rows)).axes
    settings = drawn(assumption_a2, as_read(rows), "settings").axes
    assert len(settings) == 3
    for axes, is_there in ((whole, True), (activations, False), *((one, True) for one in settings)):
        assert any(set(line.get_ydata()) == {0.5} for line in axes.lines) is is_there
        assert (assumption_a2.REFERENCE in [text.get_text() for text in axes.texts]) is is_there


@pytest.mark.parametrize(
    ("kept", "title"),
    [(0.2, "No run keeps half of the whole patterns"), (0.6, "1 of 2 runs keep half of the whole")],
)
def test_the_title_counts_the_runs_that_keep_half(kept: float, title: str) -> None:
    rows = [at_the_end(neurons_kept=kept), at_the_end(seed=1, neurons_kept=0.1)]
    written = texts(drawn(assumption_a2, as_read(rows)))
    assert title in written
    assert f"the most kept is {100 * kept:.0f}%" in written


def test_runs_that_diverged_or_are_not_stationary_are_counted() -> None:
    rows = [at_the_end(seed=seed, width=m) for seed in (0, 1) for m in (4, 16)]
    rows += [at_the_end(seed=2, width=4, status="diverged", loss=np.inf, residual=np.inf)]
    rows += [at_the_end(seed=2, width=16, residual=0.5)]
    summary = as_read(rows)
    written = texts(drawn(assumption_a2, summary))
    assert "1 of 6 runs diverged" in written
    assert "above 0.01: 1 of 5 runs" in written
    counts = tabled(assumption_a2, summary)[["runs", "diverged", "unconverged"]]
    assert counts.to_numpy().tolist() == [[3, 1, 0], [3, 0, 1]]


@pytest.mark.parametrize("status", ["done", "diverged"])
def test_one_run_of_a_method_unknown_is_drawn(status: str) -> None:
    rows = [at_the_end(method="mine", init_scale=3.0, status=status)]
    summary = as_read(rows)
    for part in assumption_a2.FIGURES:
        rendered(drawn(assumption_a2, summary, part))
    assert len(tabled(assumption_a2, summary)) == 1
    final = as_read([{k: v for k, v in rows[0].items() if k != "residual"}])
    rendered(drawn(pattern_preservation, final))
    assert len(tabled(pattern_preservation, final)) == 1


def test_a_diverged_run_is_in_no_line_of_the_trajectories_and_in_the_caption() -> None:
    rows = [*run(seed=0), *run(seed=1, status="diverged", loss=np.inf, bits_kept=0.0)]
    figure = drawn(pattern_preservation, as_read(rows))
    assert "1 of 2 runs diverged" in texts(figure)
    assert min(figure.axes[0].lines[0].get_ydata()) == pytest.approx(0.98)


def test_a_line_ends_where_its_runs_stopped_in_the_median() -> None:
    # logged steps 0, 1 and 2000, the last one carried from where a run stopped
    rows = [row for seed, n in ((0, 10), (1, 30), (2, 50)) for row in run(seed=seed, n_steps=n)]
    lines = drawn(pattern_preservation, as_read(rows)).axes[0].lines
    assert max(float(np.max(line.get_xdata())) for line in lines if len(line.get_xdata())) == 30.0


def test_a_combination_of_data_and_protocol_without_runs_leaves_no_empty_panel() -> None:
    rows = [*run(), *run(data="mine.npz"), *run(protocol="P", beta=0.1)]
    for part in pattern_preservation.FIGURES:
        figure = drawn(pattern_preservation, as_read(rows), part)
        assert len(figure.axes) == 3
        assert all(axes.lines for axes in figure.axes)
        titles = [axes.get_title("left") for axes in figure.axes]
        assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)"]
