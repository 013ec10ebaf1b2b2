"""What is written of the experiments whose optimum is enumerated, recomputed from their CSV."""

import pandas as pd

from relaxgap.drawing.ratios import over_optimum
from relaxgap.drawing.strengths import of_main_strength
from results.prose import assert_says, listed, percent, power, row, section, significant, summary

WITHIN = 1.01


def test_gap_vs_log_n_is_the_medians_and_the_shares_of_its_runs() -> None:
    text = section("gap_vs_log_n")
    ratios = of_main_strength(over_optimum(summary("gap_vs_log_n")))
    sizes = sorted(ratios["n"].unique())
    seeds, starts = ratios["seed"].nunique(), ratios["start"].nunique()
    assert_says(
        text,
        f"n = 2d from {sizes[0]} to {sizes[-1]}, {seeds} instances each, p\\* by enumeration, "
        f"{starts} starts of each method",
        row("median over p\\* at n", *sizes),
    )
    for rule in ("2 log n", "8 log n", "n"):
        relaxed = ratios[(ratios["method"] == "relaxation") & (ratios["size_rule"] == rule)]
        medians = relaxed.groupby("n")["ratio"].median()
        assert_says(text, row(f"relaxation, P̃ = {rule}", *(f"{x:.3f}" for x in medians)))

    def span(method: str, rule: str) -> str:
        runs = ratios[(ratios["method"] == method) & (ratios["size_rule"] == rule)]
        near = (runs["ratio"] <= WITHIN).groupby(runs["n"]).mean()
        low, high = percent(near.min()), percent(near.max())
        return "all" if low == high == "100" else f"{low} to {high}%"

    assert_says(
        text,
        f"Within 1% of p\\* end, over these sizes, {span('sgd', 'n')} of the runs of SGD at width "
        f"n and {span('sgd', '4 n')} at width 4n; of Adam {span('adam', 'n')} and "
        f"{span('adam', '4 n')}",
    )


def test_gap_vs_width_is_the_medians_over_its_instances() -> None:
    text, rows = section("gap_vs_width"), summary("gap_vs_width")
    ratios = over_optimum(rows)
    first = rows[rows["method"] == "exact"].iloc[0]
    assert_says(
        text,
        f"Three instances (n = {first['n']}, d = {first['d']}, {first['n_patterns']:,.0f} patterns "
        f"each), each with {ratios['seed'].nunique()} seeds of gates and starts",
    )
    assert rows[["n", "d", "beta"]].drop_duplicates().shape[0] == 3
    relaxed = ratios[ratios["method"] == "relaxation"].groupby("n_gates")["ratio"].median()
    trained = (
        ratios[ratios["method"] != "relaxation"].groupby(["method", "width"])["ratio"].median()
    )
    assert list(relaxed.index) == [2, 4, 8, 16, 32, 64, 128, 256]
    digits = (2, 2, 2, 2, 2, 2, 3, 4)
    sgd, adam = trained["sgd"].loc[:32], trained["adam"]
    assert_says(
        text,
        f"{listed([f'{x:.{d}f}' for x, d in zip(relaxed, digits, strict=True)])} times p\\*",
        "SGD of width 4, 8, 16 and 32 at "
        f"{listed([f'{x:.{d}f}' for x, d in zip(sgd, (3, 3, 4, 4), strict=True)])}; Adam at "
        f"{adam[4]:.3f} and {adam[8]:.6f} at 4 and 8 neurons, and within 10⁻⁷ of p\\* from 16 on",
    )
    assert adam.loc[16:].max() <= 1.0 + 1e-7


def test_exact_optimum_is_the_medians_by_size() -> None:
    text, rows = section("exact_optimum"), summary("exact_optimum")
    assert (rows["n_patterns"] == rows["cover_count"]).all()
    assert rows["seed"].nunique() == 3
    medians = rows.groupby(["n", "d"]).median(numeric_only=True)
    for n, d in ((14, 7), (16, 8), (18, 9), (20, 10), (1000, 3)):
        found = medians.loc[(n, d)]
        megabytes = significant(found["enumeration_megabytes"], 3 if n >= 20 else 2)
        megabytes = significant(found["enumeration_megabytes"], 1) if n == 14 else megabytes
        assert_says(
            text,
            row(
                f"{n}, {d}",
                f"{found['n_patterns']:,.0f}",
                took(found["enumeration_seconds"], 1 if n <= 16 else 2),
                f"{megabytes} MB",
                took(found["solve_seconds"], 2),
            ),
        )
    solved = rows["relative_gap"].dropna()
    assert solved.max() <= 1e-6, power(solved.max())


def took(seconds: float, digits: int) -> str:
    return "not run" if pd.isna(seconds) else f"{significant(seconds, digits)} s"
