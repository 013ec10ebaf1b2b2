"""What is written of stationary points, own patterns, widths and paths, from their CSV."""

import pandas as pd
import pytest

from relaxgap.drawing.run_outcomes import UNCONVERGED
from relaxgap.experiments.descent_path.figure import path_ends, with_positions
from relaxgap.experiments.stationary_points.runs import sweeps_of, with_ratios
from relaxgap.experiments.subsampled_program.figure import THRESHOLD, with_differences
from relaxgap.experiments.success_vs_width.figure import with_success
from results.prose import assert_says, percent, power, row, section, summary


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return with_ratios(summary("stationary_points"))


def test_stationary_points_table_is_that_of_gd(runs: pd.DataFrame) -> None:
    main = sweeps_of(runs).main
    gd = main[(main["method"] == "gd") & ~main["diverged"]].groupby("width")
    mean, largest = gd["ratio"].mean(), gd["ratio"].max()
    assert list(mean.index) == [4, 8, 16, 32, 64]
    digits = (2, 2, 2, 3, 3)
    assert_says(
        section("stationary_points"),
        f"{len(runs)} runs on noise labels, of which four diverged; p\\* is certified to "
        f"{power(runs['gap'].max())}",
        row("mean", *(f"{x:.{d}f}" for x, d in zip(mean, digits, strict=True))),
        row("largest", *(f"{x:.{d}f}" for x, d in zip(largest, (1, 1, 2, 2, 2), strict=True))),
    )
    assert runs["diverged"].sum() == 4
    assert (main.groupby(["method", "width"])["seed"].nunique() == 10).all()
    assert gd["neurons_kept"].max().max() < 0.5


def test_stationary_points_residuals_and_kinks_are_counted(runs: pd.DataFrame) -> None:
    main, ended = sweeps_of(runs).main, runs[~runs["diverged"]]
    residuals = main[~main["diverged"]].groupby("method")["residual"].median()
    adam = main[main["method"] == "adam"]
    assert_says(
        section("stationary_points"),
        f"ends at {power(residuals['adam'])} in the median for Adam "
        f"({(adam['residual'] <= 1e-4).sum()} of {len(adam)} runs stopped at 10⁻⁴), "
        f"{power(residuals['gd'])} for GD and {power(residuals['sgd'])} for SGD",
        f"Of all, {(ended['residual'] > UNCONVERGED).sum()} of {len(ended)} runs are above 10⁻²",
        f"None of the {len(ended)} runs ended with a concave kink",
    )
    assert ended["n_concave_kinks"].max() == 0


def test_stationary_points_structure_is_the_means(runs: pd.DataFrame) -> None:
    main, ended = sweeps_of(runs).main, runs[~runs["diverged"]]
    wide = main[(main["method"] == "gd") & (main["width"] == 64) & ~main["diverged"]]
    dead = ended[ended["dead_price"].notna() & (ended["residual"] <= UNCONVERGED)]
    near = dead["dead_price"] <= 1.0 + UNCONVERGED
    assert_says(
        section("stationary_points"),
        f"A live neuron has {ended['boundary_bits_per_neuron'].mean():.1f} zero pre-activations in "
        "the mean",
        f"shares {wide['n_cells'].mean():.1f} (pattern, sign) cells",
        f"is {power(wide['collinearity_defect'].median())} away in the median over runs",
        f"and at most {wide['collinearity_defect'].max():.3f}.",
        f"Merging and pruning leaves {wide['minimal_width'].mean():.1f} neurons",
        f"within 1% of β in {near.sum()} of the {len(dead)} runs",
        f"at most {dead['dead_price'].max():.1f} β",
        f"With the other sign it reaches {dead['dead_price_other_sign'].max():.0f} β",
    )
    assert wide["minimal_width"].max() <= 10


def test_subsampled_program_failures_are_counted_at_their_threshold() -> None:
    frame = with_differences(summary("subsampled_program"))
    single = frame.drop_duplicates("run")
    fall = frame.groupby("run")["fall"]
    failing = frame.groupby("run")["fails"]
    off = frame.assign(off=frame["signed_off"].abs()).groupby("series")["off"].median()
    assert THRESHOLD == 1e-5
    assert_says(
        section("subsampled_program"),
        f"{len(single)} networks of GD (n = 10, d = 4, m = 3 to 16), of which "
        f"{(single['status'] == 'done').sum()} stopped at the limit of "
        f"{single['n_steps'].max():,} steps and one with a residual above 10⁻²",
        f"up to {1e7 * off.min():.1f}·10⁻⁷ to {power(off.max())} in the median of each width",
        f"by more than 10⁻⁵ of the signed program's lower bound, in {failing.any().sum()} of the "
        f"{len(single)} runs, by up to {percent(frame['fall'].max())}%, and in "
        f"{(failing.any() & ~failing.all()).sum()} of them for one setting",
        f"{(fall.max() > 0.0).sum()} runs at 0, {(fall.max() > 1e-4).sum()} at 10⁻⁴",
    )
    assert single["unconverged"].sum() == 1


def test_success_vs_width_chances_are_those_of_its_runs() -> None:
    runs = with_success(summary("success_vs_width"))
    shares = runs.groupby(["width_rule", "n", "seed"])["reached"].mean()
    shares = shares.groupby(["width_rule", "n"]).mean()
    at = {
        rule: [percent(shares[rule].min(), digits), percent(shares[rule].max(), digits)]
        for rule, digits in (
            ("m_pruned", 0),
            ("2 m_pruned", 1),
            ("4 m_pruned", 1),
            ("8 m_pruned", 1),
        )
    }
    critical = runs.drop_duplicates(["n", "seed"]).groupby("n")["pruned_width"].mean()
    ended = runs["status"].value_counts()
    assert_says(
        section("success_vs_width"),
        f"{len(runs):,} runs of GD of at most {runs['n_steps'].max():,} steps, eight starts on "
        f"{runs['seed'].nunique()} instances each at n = 8 and n = 12",
        f"({critical[8]:.1f} and {critical[12]:.1f} in the mean)",
        f"{' to '.join(at['m_pruned'])}% of the runs of that width come within 1% of p\\*, "
        f"{' to '.join(at['2 m_pruned'])}% at twice it, {' to '.join(at['4 m_pruned'])}% at 4 "
        f"times and {' to '.join(at['8 m_pruned'])}% at 8 times",
        f"**{ended['done']:,} of the runs stopped at the step limit**, {ended['stationary']} at a "
        f"residual of 10⁻⁴, and {ended['diverged']} diverged",
    )


def test_descent_path_ends_are_the_medians_of_its_paths() -> None:
    points = with_positions(summary("descent_path"))
    paths = path_ends(points)
    medians = paths.groupby("origin")[["start", "end"]].median()
    counts = paths.groupby("origin").size()
    initial, trained = medians.loc["initial"], medians.loc["trained"]
    assert paths["increase"].max() < 0.0
    assert_says(
        section("descent_path"),
        f"from {paths['neurons_start'].max()} neurons to at most {paths['neurons_end'].max()} here",
        f"On {len(paths)} paths, {counts['initial']} from initial and {counts['trained']} from "
        f"trained networks, the loss fell at each of {paths['steps'].sum():,} steps, the least by "
        f"{power(-paths['increase'].max())} of its start",
        f"at {initial['end']:.1f} p\\* in the median from initial networks (from "
        f"{initial['start']:.1f}) and at {trained['end']:.2f} p\\* from trained ones (from "
        f"{trained['start']:.2f})",
    )
