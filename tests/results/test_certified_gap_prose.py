"""What is written of certified_gap, recomputed from its committed CSV."""

import numpy as np
import pandas as pd
import pytest

from relaxgap.experiments.certified_gap.growth import OPTIMA
from relaxgap.experiments.certified_gap.ratios import ENDS, over_bracket, with_brackets
from relaxgap.experiments.parts.growth_laws import GROWTHS
from results.prose import (
    assert_says,
    percent,
    power,
    readme,
    row,
    section,
    significant,
    statistics,
    summary,
)

NAME = "certified_gap"
SIZES = [10, 20, 40, 60, 100, 200, 500, 1000]


@pytest.fixture(scope="module")
def text() -> str:
    return section(NAME)


@pytest.fixture(scope="module")
def ratios() -> pd.DataFrame:
    return over_bracket(summary(NAME))


@pytest.fixture(scope="module")
def brackets() -> pd.DataFrame:
    frame = with_brackets(summary(NAME))
    found = frame[frame["method"] == "global"]
    return found.assign(width=found["best_known"] / found["bound"] - 1.0)


def medians(ratios: pd.DataFrame, method: str, rule: str) -> pd.DataFrame:
    """Return the median ratio at both ends by size, at n = 2d."""
    chosen = ratios[(ratios["aspect"] == 2.0) & (ratios["method"] == method)]
    return chosen[chosen["size_rule"] == rule].groupby("n")[list(ENDS)].median()


def test_the_table_is_that_of_the_medians(
    text: str, ratios: pd.DataFrame, brackets: pd.DataFrame
) -> None:
    low, high = ENDS
    relaxed, trained = medians(ratios, "relaxation", "8 log n"), medians(ratios, "sgd", "n")
    assert_says(
        text,
        row("n", *SIZES),
        row("p̃\\* with P̃ = 8 log n over the best network", *three(relaxed[low])),
        row("the same over the lower bound", *three(relaxed[high])),
        row("SGD of width n over the best network", *three(trained[low])),
        row("the same over the lower bound", *three(trained[high])),
    )
    widths = brackets[brackets["aspect"] == 2.0].groupby("n")["width"].median()
    written = [power(widths[n]) for n in SIZES[:4]]
    written += [f"{widths[n]:.3f}" for n in (100, 200, 500)] + [f"{widths[1000]:.2f}"]
    assert_says(text, row("best network over lower bound, less 1", *written))
    at_two = brackets[brackets["aspect"] == 2.0].groupby("n")
    seconds, limited = at_two["solve_seconds"].median(), at_two["status"].agg("last")
    assert_says(text, row("seconds of the bracket", *(took(seconds[n], limited[n]) for n in SIZES)))


def three(values: pd.Series) -> list[str]:
    return [f"{values[n]:.3f}" for n in SIZES]


def took(seconds: float, status: str) -> str:
    written = significant(seconds, 2) if seconds < 100.0 else f"{seconds:.0f}"
    return f"{written} (limit)" if status == "time_limit" else written


def test_the_instances_are_counted(text: str, brackets: pd.DataFrame) -> None:
    counts = brackets.groupby("aspect").size()
    assert_says(
        text,
        f"{len(brackets)} Gaussian instances with planted labels",
        f"{counts[2.0]} at n = 2d, {counts[1.0]} each at n = d and n = 4d",
    )
    assert counts[1.0] == counts[4.0]
    seeds = brackets[brackets["aspect"] == 2.0].groupby("n")["seed"].nunique()
    assert set(seeds.drop([60, 500, 1000])) == {5}
    assert (seeds[60], seeds[500], seeds[1000]) == (3, 3, 2)
    others = brackets[brackets["aspect"] != 2.0].groupby(["aspect", "n"])["seed"].nunique()
    for (_, n), count in others.items():
        assert count == (5 if n <= 20 else 3)


def test_what_the_fits_say_is_in_the_statistics(text: str) -> None:
    rows = statistics(NAME)
    rows = rows[rows["size_rule"] == "8 log n"].set_index(["aspect", "optimum", "growth"])
    fits, root, free = rows["weight"], "sqrt(log n)", "-1/n^g"
    limits = [str(growth) for growth in GROWTHS if growth.is_bounded]
    assert fits.xs("constant", level="growth").max() < 0.001
    limited = {
        key: sum(fits[(*key, growth)] for growth in limits) for key in rows.index.droplevel(2)
    }
    between, low, high = ((2.0, optimum) for optimum in OPTIMA)
    assert fits[(*between, free)] > 0.95 * limited[between]
    limit = rows.loc[(*between, free)]
    assert_says(
        text,
        "below 0.001 for P̃ = 8 log n",
        f"At n = 2d log n has weight {fits[(*between, 'log n')]:.2f}, its root "
        f"{fits[(*between, root)]:.2f}, and the laws with a limit {limited[between]:.2f}",
        f"a limit anywhere from {limit['intercept_low']:.1f} to {limit['intercept_high']:.1f} fits",
        f"they would have {limited[low]:.2f} and the root {fits[(*low, root)]:.2f}; were it the "
        f"lower bound, {limited[high]:.2f} and {fits[(*high, root)]:.2f}",
        f"At n = d a limit has {limited[1.0, 'interval']:.2f}; at n = 4d a power of n has "
        f"{fits[4.0, 'interval', 'n^g']:.2f}",
    )
    decided = rows["deciding_n"].xs("interval", level="optimum").groupby("aspect").first()
    assert_says(text, f"at {decided[4.0]:,.0f} for n = 4d and {decided[1.0]:,.0f} for n = d")
    assert np.isnan(decided[2.0])


def test_the_gates_and_the_fall_at_the_end_are_those_of_the_rows(
    text: str, ratios: pd.DataFrame
) -> None:
    rows = summary(NAME)
    gates = rows[rows["size_rule"] == "8 log n"].groupby("n")["n_gates"].first()
    assert_says(
        text,
        f"fall from {gates[10] / 10:.1f} at n = 10 to {gates[1000] / 1000:.2f} at n = 1000",
        "the median *falls* from n = 500 (three seeds) to 1000 (two)",
    )
    low = medians(ratios, "relaxation", "8 log n")["best network"]
    assert low[1000] < low[500]


def test_relaxations_above_the_root_are_counted(text: str) -> None:
    frame = with_brackets(summary(NAME))
    relaxed = frame[frame["method"] == "relaxation"]
    for known in ("best_known", "bound"):
        root = np.sqrt(np.log(2.0 * relaxed["n"]))
        above = relaxed[relaxed["primal_value"] / relaxed[known] > root]
        assert_says(
            text,
            f"{len(above)} of the {len(relaxed)} sampled relaxations are above √log 2n, all at n ≤ "
            f"{above['n'].max()} and none with P̃ = 8 log n",
        )
        assert "8 log n" not in set(above["size_rule"])


def test_the_distances_of_training_are_those_of_the_ratios(text: str, ratios: pd.DataFrame) -> None:
    trained = ratios[(ratios["aspect"] == 2.0) & (ratios["method"] == "sgd")]
    middle = trained[trained["n"].between(10, 60)]
    of_size = medians(ratios, "sgd", "n") - 1.0
    low, high = ENDS
    assert_says(
        text,
        f"within {percent(middle.groupby('n')[high].median().max() - 1.0, 1)}% of p\\* in the "
        f"median at each size from 10 to 60, at {percent(of_size.loc[8, high], 1)}% at n = 8, "
        f"and between {percent(of_size.loc[1000, low], 1)}% and "
        f"{percent(of_size.loc[1000, high])}% above p\\* "
        "at n = 1000",
        f"The worst instance from 10 to 60 is at {percent(middle[high].max() - 1.0, 1)}%; below 10 "
        f"one is at {trained.loc[trained['n'] < 10, high].max():.1f} times p\\*",
    )
    starts = trained.groupby("n")["starts"].unique()
    assert all(set(counts) == ({1} if n >= 500 else {2}) for n, counts in starts.items())


def test_the_brackets_are_as_wide_as_written(text: str, brackets: pd.DataFrame) -> None:
    small, middle = brackets[brackets["n"] <= 20], brackets[brackets["n"].between(30, 60)]
    large = brackets[brackets["n"] >= 100]
    late = middle[middle["status"] != "solved"]
    (width,), (n,) = late["width"], late["n"]
    assert_says(
        text,
        f"solved to {power(small['width'].max())} on all {len(small)} instances up to n = 20 and "
        f"to 10⁻³ on {len(middle) - 1} of the {len(middle)} from 30 to 60; one (n = {n}) ended at "
        f"its time limit with {1e3 * width:.2f}·10⁻³, as did all {len(large)} from n = 100 on",
    )
    assert middle.loc[middle["status"] == "solved", "width"].max() <= 1e-3
    assert (large["status"] == "time_limit").all()
    spectral = large[large["certificate"] == "spectral"]
    assert set(large.loc[large["n"] >= 500, "certificate"]) == {"spectral"}
    of_others = spectral[spectral["n"] < 500]
    assert set(of_others["n"]) == {300}
    assert_says(text, f"on {len(of_others)} of the {(large['n'] == 300).sum()} instances of 300")


def test_the_strength_is_that_of_the_enumerated_instances(text: str) -> None:
    instance = ["n", "d", "seed", "beta_fraction"]
    ours, exact = (
        summary(name).drop_duplicates(instance).set_index(instance)["beta"]
        for name in (NAME, "gap_vs_log_n")
    )
    apart = (1.0 - ours / exact).dropna()
    largest = apart.index.get_level_values("n").max()
    assert_says(text, f"Up to n = {largest} at n = 2d, β is that of `gap_vs_log_n`")
    assert apart.abs().max() < 1e-9


def test_the_findings_of_the_readme_are_the_same_numbers(
    ratios: pd.DataFrame, brackets: pd.DataFrame
) -> None:
    low, high = ENDS
    relaxed, trained = medians(ratios, "relaxation", "8 log n"), medians(ratios, "sgd", "n")
    widths = brackets[brackets["aspect"] == 2.0].groupby("n")["width"].median()
    small = brackets.loc[brackets["n"] <= 20, "width"].max()

    def both(n: int) -> str:
        return f"{relaxed.loc[n, low]:.2f} to {relaxed.loc[n, high]:.2f}"

    middle = ratios[(ratios["aspect"] == 2.0) & (ratios["method"] == "sgd")]
    middle = middle[middle["n"].between(10, 60)].groupby("n")[high].median()
    assert_says(
        readme(),
        f"On {len(brackets)} Gaussian instances with planted labels p* is bracketed to "
        f"{power(small)} up to n = 20, to about 10⁻³ up to 60, and in the median to "
        f"{percent(widths[100], 1)}% at 100 and {percent(widths[1000])}% at 1000",
        f"rises from {relaxed.loc[10, low]:.2f} at n = 10 to {relaxed.loc[40, high]:.2f} at 40 and "
        f"{both(100)} at 100, and is {both(500)} at 500 (three instances) and {both(1000)} at 1000 "
        "(two)",
        f"SGD of width n ends in the median within {percent(middle.max() - 1.0, 1)}% of p* at each "
        f"n from 10 to 60, and between {percent(trained.loc[1000, low] - 1.0, 1)} and "
        f"{percent(trained.loc[1000, high] - 1.0)}% above it at 1000",
    )
    assert power(brackets.loc[brackets["n"].between(30, 60), "width"].max()) == "10⁻³"
