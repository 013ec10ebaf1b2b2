"""What is said of real tables is what their rows say."""

import pandas as pd

from relaxgap.experiments.real_tables.figure import LABELS, OURS, best_methods, medians
from results.prose import assert_says, section, summary

NAMES = {"relu": "ReLU", "gated": "gated", "perceptron": "perceptron"} | {
    "boosting": "trees",
    "linear": "linear",
}


def errors_table(rows: pd.DataFrame) -> str:
    """Return the table of median test errors as it stands in the text."""
    lines = ["| table | training rows | " + " | ".join(NAMES.values()) + " |"]
    lines.append("|---" * (len(NAMES) + 2) + "|")
    for (data, n), errors in medians(rows).iterrows():
        best = errors.min()
        cells = [f"**{e:.3f}**" if e == best else f"{e:.3f}" for e in errors]
        lines.append(f"| {data.replace('_', ' ')} | {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def seconds_sentence(rows: pd.DataFrame) -> str:
    """Return how long the largest table takes every method."""
    largest = rows[rows["n"] == rows["n"].max()].groupby("method")["seconds"].median()
    said = [f"{NAMES[name]} {largest[name]:.2g}" for name in LABELS]
    return f"seconds at {rows['n'].max():,} rows: {', '.join(said)}"


def counts_sentence(rows: pd.DataFrame) -> str:
    """Return on how many tables which methods have the least median error."""
    best = best_methods(rows)
    ours = int(best[list(OURS)].any(axis=1).sum())
    return (
        f"one of the two convex programs has the least median error on {ours} of {len(best)} "
        f"tables, boosted trees on {int(best['boosting'].sum())}, the perceptron on "
        f"{int(best['perceptron'].sum())} and the linear model on {int(best['linear'].sum())}"
    )


def ratio_sentence(rows: pd.DataFrame) -> str:
    """Return how near their optima the networks are proven."""
    ratios = rows.dropna(subset="certified_ratio")
    both = ratios.pivot_table(
        index=["data", "n", "seed"], columns="method", values="certified_ratio"
    )
    both = both.dropna()
    nearer = int((both["relu"] < both["perceptron"]).sum())
    return (
        f"On {nearer} of the {len(both)} splits where both are certified the network of the ReLU "
        "program is proven nearer to the optimum of its problem than the perceptron to that of its "
        f"own: {both['relu'].median():.2g} times the lower bound in the median, against "
        f"{both['perceptron'].median():.2g}"
    )


def gaps_sentence(rows: pd.DataFrame) -> str:
    """Return how closely all programs were solved."""
    solved = rows["relative_gap"].dropna()
    assert solved.max() <= 1e-3
    return f"All {len(solved)} fits of a program end with a largest gap of at most 1e-3"


def digits_sentence(rows: pd.DataFrame) -> str:
    """Return how long the ten networks of digits take."""
    seconds = rows[rows["data"] == "digits"].groupby("method")["seconds"].median()
    said = [f"{NAMES[name]} {seconds[name]:.3g}" for name in LABELS]
    return f"in the median {', '.join(said)}"


def strengths_at_one(rows: pd.DataFrame) -> set[str]:
    """Return which networks of linnerud have the largest strength, in the median."""
    some = rows[rows["data"] == "linnerud"].groupby("method")["beta_fraction"].median()
    return set(some[some == 1.0].index)


def test_the_section_on_real_tables_says_what_its_rows_say() -> None:
    text, rows = section("real_tables"), summary("real_tables")
    assert strengths_at_one(rows) == {"relu", "gated", "perceptron"}
    said_of = (counts_sentence, seconds_sentence, ratio_sentence, gaps_sentence, digits_sentence)
    for said in said_of:
        assert_says(text, said(rows))
    for line in errors_table(rows).splitlines():
        assert_says(text, line)
