"""What is said of three layers is what their rows say."""

from itertools import pairwise

import pandas as pd

from relaxgap.drawing.numbers import span
from relaxgap.experiments.feature_selection.figure import with_kind
from relaxgap.experiments.three_layer_gap.figure import ORDER, SERIES, gains, with_ratios
from relaxgap.experiments.three_layer_growth.figure import slopes
from relaxgap.experiments.three_layer_restarts.figure import reached, with_excess
from relaxgap.experiments.three_layer_tables.figure import OURS, best_errors
from results.prose import assert_says, listed, power, row, section, significant, summary

CLOSE = 1e-8
"""Relative gap that was asked for where optima are compared."""


def restart_sentences(rows: pd.DataFrame) -> list[str]:
    """Return how often training reaches the optimum, and how far it stays away."""
    frame = with_excess(rows)
    said = []
    for m, part in frame.groupby("m"):
        counts = {width: reached(part, width) for width in ("one", "enough", "most")}
        most = part[part["width"] == part.groupby("n")["width"].transform("max")]
        alike = ", where both normalisations are one problem" if m == 1 else ""
        said.append(
            f"m₁ = {m}{alike}: with one sub-network on {counts['one'][0]} of "
            f"{counts['one'][1]} problems, "
            f"with n + 1 on {counts['enough'][0]}, with 3(n + 1) on {counts['most'][0]}, where the "
            f"median run is {_excess(most['middle'].median())} above the optimum and the worst "
            f"best of 50 {_excess(most['excess'].max())}"
        )
    single = rows.groupby("cell")["convex_width"].first()
    below = int((rows["best"] < rows["dual_value"]).sum())
    return [
        *said,
        f"{below} of {len(rows)} end below the lower end of the bracket",
        f"the optima use {span(single)} sub-networks",
        f"proven to {power(rows['relative_gap'].max())} or closer",
    ]


def _excess(value: float) -> str:
    """Write a part of the optimum in percent, or as a power of ten where that is next to none."""
    return f"{100.0 * value:.2g}%" if value >= 1e-4 else power(value)


def gap_sentences(rows: pd.DataFrame) -> list[str]:
    """Return that the order holds, and where depth alone gains."""
    ordered = all(
        (rows[f"{lower}_bound"] <= rows[f"{upper}_value"]).all() for lower, upper in pairwise(ORDER)
    )
    close = int((rows["relative_gap"] <= CLOSE).sum())
    names = {
        "noise": "noise",
        "xor": "sign(x₁x₂)",
        "kinks": "|x₁| − |x₂|",
        "planted": "a three-layer teacher's",
    }
    frame = rows.assign(gained=gains(rows, "scaled_columns"))
    found = [
        f"{int(part['gained'].sum())} of {len(part)} with {names[str(kind)]}"
        for kind, part in frame.groupby("labels", sort=False)
    ]
    always = int(gains(rows, "columns").sum())
    return [
        f"{'holds' if ordered else 'fails'} to the certified gaps on all {len(rows)}",
        f"all four optima are proven to {power(CLOSE)} on {close} of them, and to "
        f"{power(rows['relative_gap'].max())} on all",
        f"by 0.1% or more on {listed(found)} labels",
        f"unit columns at β itself are below it by as much on {always} of {len(rows)}",
    ]


def gap_table(rows: pd.DataFrame) -> list[str]:
    """Return medians over the two-layer optimum, by labels and strength."""
    columns = [f"{name}_ratio" for name in SERIES]
    medians = with_ratios(rows).groupby(["labels", "beta_fraction"], sort=False)[columns].median()
    names = {"noise": "noise", "xor": "sign(x₁x₂)", "kinks": "abs(x₁) − abs(x₂)"}
    return [
        row(names.get(labels, "teacher"), f"{fraction:g}", *(f"{value:.3f}" for value in some))
        for (labels, fraction), some in zip(medians.index, medians.to_numpy(), strict=True)
    ]


def growth_sentences(rows: pd.DataFrame) -> list[str]:
    """Return slopes over the smaller and the larger sizes."""
    said = []
    for found in slopes(rows).itertuples():
        name = (
            ""
            if found.m == 1
            else {"columns": ", unit columns", "frobenius": ", Frobenius"}[str(found.normalisation)]
        )
        said.append(
            f"m₁ = {found.m}{name}: as n to the {found.early:.1f} and then to the "
            f"{found.late:.1f}, {significant(found.last, 2)} s at n = {found.n}"
        )
    solved = int((rows["status"] == "solved").sum())
    return [
        "; ".join(said),
        f"{solved} of {len(rows)} brackets reach 10⁻⁶, the others{_missed(rows)}",
        f"the optima use {span(rows['width'])} sub-networks",
    ]


def _missed(rows: pd.DataFrame) -> str:
    """Say at which sizes brackets fall short, and by how much."""
    short = rows[rows["status"] != "solved"]
    sizes = short.groupby(["m", "normalisation", "n"]).size()
    said = [
        f" {count} with m₁ = {m}, {normalisation}, at n = {n}"
        for (m, normalisation, n), count in sizes.items()
    ]
    low, high = short["relative_gap"].min(), short["relative_gap"].max()
    return f"{','.join(said)}, end at gaps of {low:.2g} to {high:.2g}"


def selection_sentences(rows: pd.DataFrame) -> list[str]:
    """Return how many groups are in use, and where the weight is."""
    frame = with_kind(rows)
    exact, sampled = frame[frame["n_groups"] == 0], frame[frame["n_groups"] > 0]
    names = {"two": "two layers", "columns": "unit columns", "frobenius": "Frobenius norm"}
    ends = [exact["beta_fraction"].max(), exact["beta_fraction"].min()]
    used = [
        f"{name} {' to '.join(_median(exact, kind, end, 'n_used') for end in ends)}"
        for kind, name in names.items()
    ]
    shares = [
        f"{name} {100.0 * sampled[sampled['kind'] == kind]['relevant_share'].median():.0f}%"
        for kind, name in names.items()
    ]
    every = (sampled["n_relevant_first"] == sampled["relevant"]).sum()
    return [
        f"{len(exact)} exact optima use {span(exact['n_used'])} groups",
        f"from {ends[0]:g} to {ends[1]:g} β_max the medians are {', '.join(used)}",
        f"the relevant columns hold in the median {', '.join(shares)} of the weight",
        f"they are the three heaviest in {every} of {len(sampled)}",
    ]


def _median(frame: pd.DataFrame, kind: str, fraction: float, column: str) -> str:
    some = frame[(frame["kind"] == kind) & (frame["beta_fraction"] == fraction)]
    return f"{some[column].median():g}"


def tables_sentences(rows: pd.DataFrame) -> list[str]:
    """Return the least median errors, and how closely the programs are solved."""
    names = {
        "two": "two layers",
        "columns": "unit columns",
        "frobenius": "Frobenius norm",
        "regressor": "MLPRegressor",
        "classifier": "MLPClassifier",
    }
    said = []
    for name, errors in best_errors(rows).iterrows():
        found = ", ".join(f"{word} {100.0 * errors[kind]:.1f}%" for kind, word in names.items())
        said.append(f"{name}: {found}")
    ours = rows[rows["method"].isin(OURS)]
    close = int((ours["relative_gap"] <= 1e-4).sum())
    longest = ours.groupby("method")["seconds"].median().max()
    return [
        *said,
        f"{close} of {len(ours)} programs reach 10⁻⁴, the widest bracket is "
        f"{power(ours['relative_gap'].max())}",
        f"up to {significant(longest, 2)} s in the median",
    ]


def test_the_section_on_restarts_says_what_its_rows_say() -> None:
    assert_says(
        section("three_layer_restarts"), *restart_sentences(summary("three_layer_restarts"))
    )


def test_the_section_on_depth_says_what_its_rows_say() -> None:
    rows = summary("three_layer_gap")
    assert_says(section("three_layer_gap"), *gap_sentences(rows), *gap_table(rows))


def test_the_section_on_growth_says_what_its_rows_say() -> None:
    assert_says(section("three_layer_growth"), *growth_sentences(summary("three_layer_growth")))


def test_the_section_on_selection_says_what_its_rows_say() -> None:
    assert_says(section("feature_selection"), *selection_sentences(summary("feature_selection")))


def test_the_section_on_three_layer_tables_says_what_its_rows_say() -> None:
    assert_says(section("three_layer_tables"), *tables_sentences(summary("three_layer_tables")))


def benchmark_sentences(rows: pd.DataFrame) -> list[str]:
    """Return the rows of the table, and how many reach the gap asked for."""
    said = []
    for (n_groups, n, d, rtol), part in rows.groupby(["n_groups", "n", "d", "rtol"]):
        slowest = part.groupby("normalisation")["seconds"].max()
        times = [significant(slowest[name], 2) for name in ("columns", "frobenius")]
        said.append(row(n_groups or "all", f"{n}, {d}", power(float(rtol)), *times))
    reached = int((rows["relative_gap"] <= rows["rtol"]).sum())
    assert reached == len(rows)
    return [*said, f"All {reached} reach the gap asked for"]


def test_the_section_on_three_layer_benchmark_says_what_its_rows_say() -> None:
    assert_says(
        section("three_layer_benchmark"), *benchmark_sentences(summary("three_layer_benchmark"))
    )
