"""Ratios over the certified optimum, derived from the absolute values of a summary."""

from collections.abc import Iterator

import pandas as pd

from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.numbers import scientific
from relaxgap.errors import DataError


def over_optimum(summary: pd.DataFrame) -> pd.DataFrame:
    """Return every row but the exact ones with ``ratio`` = value over the optimum's value.

    Raises
    ------
    DataError
        If there is no such row.
    """
    summary = summary.assign(size_rule=summary["size_rule"].astype(object).fillna("").astype(str))
    # a cell starts with its exact row: no set of columns tells instances apart on every grid
    summary["cell"] = (summary["method"] == "exact").cumsum()
    exact = summary[summary["method"] == "exact"][["cell", "primal_value", "dual_value"]]
    others = summary[summary["method"] != "exact"].drop(columns="dual_value")
    exact = exact.rename(columns={"primal_value": "optimum", "dual_value": "optimum_bound"})
    merged = others.merge(exact, on="cell", validate="many_to_one")
    if merged.empty:
        raise DataError(
            "Expected relaxations or trained networks to compare with the optimum, got neither; "
            "set patterns.n_gates or training."
        )
    return merged.assign(ratio=merged["primal_value"] / merged["optimum"])


def series_of(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of each curve with its label, relaxations first."""
    for method in sorted(frame["method"].unique(), key=method_order):
        rows = frame[frame["method"] == method]
        for rule in rows["size_rule"].drop_duplicates():
            size = gates_of(rule) if method == "relaxation" else f"$m={_math(rule)}$"
            yield f"{method_name(method)}, {size}", rows[rows["size_rule"] == rule]


def gates_of(rule: str) -> str:
    """Write a number of gates by its size rule, such as ``8 log n`` or ``theorem_1``."""
    factor = rule.removesuffix("theorem_1")
    if factor != rule:
        times = f"{factor.strip(' *')} times the " if factor.strip() else ""
        return f"{times}gates of Theorem 1"
    return rf"$\tilde P={_math(rule)}$"


def instance_caption(frame: pd.DataFrame) -> tuple[str, str]:
    """Say what the instances are, and what the bands mean."""
    ratios = (frame["n"] / frame["d"]).round(2).unique()
    aspect = f", $n/d={ratios[0]:g}$" if len(ratios) == 1 else ""
    fractions = frame["beta_fraction"].dropna().unique()
    beta = rf", $\beta={fractions[0]:g}\,\beta_{{\max}}$" if len(fractions) == 1 else ""
    gap = float((1.0 - frame["optimum_bound"] / frame["optimum"]).max())
    instances = f"{frame['data'].iloc[0]}{aspect}{beta}; $p^*$ certified to {scientific(gap)}"
    seeds = frame["seed"].nunique()
    starts = frame["start"].nunique()
    bands = f"medians over {seeds} seeds, with quartiles from five values on"
    return instances, f"{bands}, training from {starts} starts each" if starts else bands


def _math(rule: str) -> str:
    return rule.replace(" ", "").replace("logn", r"\,\log n")
