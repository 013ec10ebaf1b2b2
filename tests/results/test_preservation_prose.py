"""What is written of coupling_lemma, pattern_preservation and assumption_a2, from their CSV."""

import pandas as pd
import pytest

from relaxgap.drawing.preserved_runs import (
    DIVERGED,
    RUN,
    matched_ends,
    relative_losses,
    with_changes,
)
from relaxgap.experiments.coupling_lemma.slopes import MATCHED
from results.prose import assert_says, listed, percent, section, statistics, summary

NOISE, PLANTED = "gaussian, noise labels", "gaussian, planted labels"
UNCONVERGED = 1e-2


@pytest.fixture(scope="module")
def lemma() -> pd.DataFrame:
    """Return the ends of all runs of the coupling lemma."""
    return matched_ends(relative_losses(with_changes(summary("coupling_lemma"))), MATCHED)


def plain(ends: pd.DataFrame) -> pd.DataFrame:
    return ends[(ends["init_scale"] == 1.0) & (ends["step_factor"] == 1.0)]


def test_coupling_lemma_changes_are_the_medians_at_the_matched_loss(lemma: pd.DataFrame) -> None:
    noise = plain(lemma[lemma["data"] == NOISE])
    gd = (
        noise[noise["method"] == "gd"]
        .groupby("width")[["bits_changed", "neurons_changed"]]
        .median()
    )
    gd = 100.0 * gd.loc[[250, 1000, 4000, 16000]]
    bits = [f"{x:.2g}" for x in gd["bits_changed"]]
    assert_says(
        section("coupling_lemma"),
        f"Protocol L, {len(lemma)} runs over {lemma['seed'].nunique()} seeds",
        f"changed {listed(bits)}% of the activations at m = 250, 1000, 4000 and 16000",
        f"{', '.join(f'{x:.0f}' for x in gd['neurons_changed'][:3])} and "
        f"{gd['neurons_changed'].iloc[3]:.0f}%",
    )
    assert lemma["matched"].all()


def test_coupling_lemma_slopes_are_those_of_the_statistics() -> None:
    fits = statistics("coupling_lemma")
    fits = fits[(fits["method"] == "gd") & (fits["init_scale"] == 1.0)].dropna(subset=["slope"])
    found = fits.set_index(["data", "measure"])

    def slope(data: str, measure: str = "bits_changed") -> str:
        fit = found.loc[(data, measure)]
        return f"−{-fit['slope']:.3f} ± {fit['standard_error']:.3f}"

    assert_says(
        section("coupling_lemma"),
        f"slope {slope(NOISE)} against the lemma's −1/2 (planted labels {slope(PLANTED)}, digits "
        f"{slope('digits 0 against 1')})",
        f"with slope {slope(NOISE, 'neurons_changed')}",
    )


def test_coupling_lemma_methods_steps_and_scales_are_as_written(lemma: pd.DataFrame) -> None:
    text = section("coupling_lemma")
    noise = lemma[lemma["data"] == NOISE]
    changed = plain(noise).groupby(["method", "width"])["bits_changed"].median()
    sgd, adam = (
        changed[name] / changed["gd"].reindex(changed[name].index) for name in ("sgd", "adam")
    )
    assert (sgd - 1.0).abs().max() <= 0.05
    steps = noise[
        (noise["width"] == 1000) & (noise["method"] == "gd") & (noise["init_scale"] == 1.0)
    ]
    steps = 100.0 * steps.groupby("learning_rate")["bits_changed"].median()
    scales = noise[(noise["width"] == 1000) & (noise["method"] == "gd")]
    scales = scales[scales["step_factor"] == 1.0]
    scales = 100.0 * scales.groupby("init_scale")["bits_changed"].median()
    assert_says(
        text,
        "SGD changes as many activations as GD to within 5%",
        f"Adam {adam.min():.1f} to {adam.max():.1f} times as many",
        f"step sizes from 1/{1 / steps.index[0]:.0f} to {steps.index[-1]:.0f} change "
        f"{steps.min():.1f} to {steps.max():.1f}%",
        f"initial scales from 1/{1 / scales.index[0]:.0f} to {scales.index[-1]:.0f} change "
        f"{scales.iloc[0]:.1f} down to {scales.iloc[-1]:.1f}%",
        f"(e n τ/σ ≥ {lemma['li_liang_bound'].min():.0f})",
    )
    rows = summary("coupling_lemma")
    assert_says(text, f"the sure inclusion behind it holds in all {len(rows):,} rows")
    for measure in ("bits_kept", "neurons_kept"):
        assert (rows[f"certified_{measure}"] <= rows[measure]).all()


def test_pattern_preservation_is_the_medians_at_the_end() -> None:
    rows = summary("pattern_preservation")
    ends = rows[rows["step"] == rows.groupby(RUN)["step"].transform("max")]
    noise = ends[ends["data"] == NOISE]
    kept = 100.0 * noise.groupby(["protocol", "width"])[["bits_kept", "neurons_kept"]].median()
    bits, neurons = ([f"{x:.0f}" for x in kept.loc["L", name]] for name in kept)
    stops = ends[ends["protocol"] == "L"].groupby("data")["n_steps"].median()
    assert_says(
        section("pattern_preservation"),
        f"at m = 100, 400 and 1600, {listed(bits)}% of the activations and {listed(neurons)}% of "
        "the whole patterns (noise labels)",
        f"after a median of {stops[PLANTED]:.0f} (planted labels), "
        f"{stops['digits 0 against 1']:.0f} (digits) and {stops[NOISE]:.0f} (noise labels) of at "
        f"most {rows.loc[rows['protocol'] == 'L', 'step'].max():,} steps",
        f"protocol P, after {rows.loc[rows['protocol'] == 'P', 'step'].max():,} steps, "
        f"{kept.loc['P', 'bits_kept'].min():.0f} to {kept.loc['P', 'bits_kept'].max():.0f}% and, "
        "in the median, none",
    )
    assert (kept.loc["P", "neurons_kept"] == 0.0).all()


SETTING = ["data", "n", "beta", "method", "learning_rate", "init_scale", "width"]


def spans(kept: pd.DataFrame) -> tuple[str, str]:
    """Return the ranges of the medians of activations and of whole patterns over settings."""
    medians = kept.groupby(SETTING)[["bits_kept", "neurons_kept"]].median()
    return tuple(  # type: ignore[return-value]
        f"{percent(medians[name].min())} to {percent(medians[name].max())}%" for name in medians
    )


def test_assumption_a2_is_the_medians_and_the_counts_of_its_runs() -> None:
    rows = summary("assumption_a2")
    kept = rows[rows["status"] != DIVERGED]
    far = kept[kept["residual"] > UNCONVERGED]
    near = kept[kept["residual"] <= UNCONVERGED]
    gaussian, digits = kept[kept["data"] == NOISE], kept[kept["data"] != NOISE]
    most = digits.groupby(SETTING)["neurons_kept"].median()
    bits, _ = spans(kept)
    _, whole = spans(gaussian)

    def of(count: pd.DataFrame, **where: object) -> tuple[int, int]:
        one, other = count, kept
        for column, value in where.items():
            one, other = one[one[column] == value], other[other[column] == value]
        return len(one), len(other)

    large, sgd, adam = of(far, n=40, data=NOISE), of(far, method="sgd"), of(far, method="adam")
    gd = of(far, method="gd", n=10)
    assert_says(
        section("assumption_a2"),
        f"{rows['seed'].nunique()} seeds for each of {rows.groupby(SETTING).ngroups} settings: "
        f"{len(rows)} runs, of which one diverged",
        f"Networks keep {bits} of the activations in the median",
        f"but {whole} of the whole patterns of Gaussian data and {percent(most.min())} to "
        f"{percent(most.max())}% of the digits'",
        f"{len(far)} of the {len(kept)} runs stopped with a Clarke residual above 10⁻²",
        f"({large[0]} of {large[1]} on n = 40 Gaussian data, {sgd[0]} of {sgd[1]} by SGD, {gd[0]} "
        f"of {gd[1]} by GD on n = 10, none of {len(digits)} on digits, none of {adam[1]} by Adam)",
        f"Over the {len(near)} others the ranges are {spans(near)[0]} of the activations and "
        f"{spans(near)[1]} of the whole patterns, and no run keeps half either",
    )
    assert len(rows) - len(kept) == 1
    assert (adam[0], len(far[far["data"] != NOISE])) == (0, 0)
    assert kept["neurons_kept"].max() < 0.5
