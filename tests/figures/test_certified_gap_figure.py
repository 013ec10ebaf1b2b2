from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from run_summaries import as_read, drawn, rendered, tabled, texts

from relaxgap.errors import DataError
from relaxgap.experiments.certified_gap import figure as certified_gap
from relaxgap.experiments.certified_gap.growth import statistics
from relaxgap.experiments.certified_gap.ratios import (
    aspect_of,
    over_bracket,
    seeds_caption,
    with_brackets,
)
from relaxgap.experiments.parts.growth_laws import Growth

COLUMNS = ["data", "n", "d", "seed", "beta", "beta_fraction", "method", "size_rule"]
COLUMNS += ["n_gates", "n_patterns", "width", "start", "status", "primal_value", "dual_value"]
COLUMNS += ["certificate", "n_iterations", "solve_seconds"]
SIZES = (4, 12, 24, 60, 400)


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what intervals the fits have from fewer seeds than what is stored: ten times as fast."""
    monkeypatch.setattr("relaxgap.experiments.parts.growth_table.N_RESAMPLES", 50)


def rows_of_cell(
    n: int,
    c: float,
    seed: int,
    *methods: tuple[str, str, float],
    optimum: float = 10.0,
    bracket: float = 1.0,
) -> list[dict[str, object]]:
    """Return a global row and one row for each (method, rule, ratio); twice for training."""
    shared: dict[str, object] = dict.fromkeys(COLUMNS)
    shared |= {
        "data": "gaussian, planted labels",
        "n": n,
        "d": max(1, round(n / c)),
        "seed": seed,
        "beta": 0.5,
        "beta_fraction": 0.1,
        "status": "solved",
        "n_iterations": 3,
        "solve_seconds": 0.1,
    }
    certificate = "enumeration" if n < 20 else "spectral"
    bound = {"dual_value": optimum / bracket, "certificate": certificate}
    rows = [shared | bound | {"method": "global", "primal_value": optimum}]
    for method, rule, ratio in methods:
        reached = {"method": method, "size_rule": rule, "primal_value": ratio * optimum}
        if method == "relaxation":
            rows.append(shared | reached | {"dual_value": ratio * optimum})
        else:
            rows += [shared | reached | {"start": start} for start in (0, 1)]
    return rows


def summary(
    sizes: Sequence[int] = SIZES,
    aspects: Sequence[float] = (1.0, 2.0, 4.0),
    methods: Sequence[str] = ("relaxation", "sgd"),
    widest: float = 1.02,
) -> pd.DataFrame:
    """Return ratios 0.7 + 0.4 sqrt(log n) of the relaxation 8 log n, and brackets that widen."""
    rng = np.random.default_rng(0)
    rows = []
    for c in aspects:
        for n in sizes:
            for seed in range(5 if n < 50 else 3):
                noise = np.exp(0.01 * rng.standard_normal(3))
                made = [
                    ("relaxation", "8 log n", (0.7 + 0.4 * np.sqrt(np.log(n))) * noise[0]),
                    ("relaxation", "n", 1.2 * noise[1]),
                    ("sgd", "n", 1.001),
                    ("adam", "4 n", 1.0),
                ]
                kept = [
                    (method, rule, max(1.0, x)) for method, rule, x in made if method in methods
                ]
                bracket = 1.0 if n < 50 else widest
                optimum = float(np.exp(rng.standard_normal()))
                rows += rows_of_cell(n, c, seed, *kept, optimum=optimum, bracket=bracket)
    return pd.DataFrame(rows, columns=COLUMNS)


def test_a_full_summary_is_drawn_with_its_ratios_weights_and_certificates() -> None:
    frame = as_read(summary())
    known = statistics(frame)
    written = texts(drawn(certified_gap, frame, statistics=known))
    assert "$n/d=2$" in written
    assert "5 ($n$ = 4 to 24), 3 ($n$ = 60 to 400)" in written
    assert "median of 2 starts" in written
    growth = drawn(certified_gap, frame, "growth", known)
    assert "would be told apart at" in texts(growth)
    ratios, weights = growth.axes
    assert [text.get_text() for text in ratios.get_legend().get_texts()] == [
        r"relaxation, $\tilde P=8\,\log n$",
        r"SGD, $m=n$",
        *(f"$n/d={c}$, 3 to 5 seeds" for c in (1, 2, 4)),
    ]
    assert "those with a limit weigh" in texts(growth)
    # intervals and two ends of P = 8 log n at three aspect ratios and of P = n at one, four parts
    assert len(weights.patches) == 3 * 4 * 4
    widths = [patch.get_width() for patch in weights.patches]  # type: ignore[attr-defined]
    assert sum(widths) == pytest.approx(12.0)
    figure = drawn(certified_gap, frame, "bracket", known)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["enumeration", "spectral"]


def test_the_title_says_both_ends_of_the_ratio_at_the_largest_size() -> None:
    rows = [
        row
        for n, ratio in ((4, 3.0), (8, 1.5))
        for row in rows_of_cell(n, 2.0, 0, ("relaxation", "8 log n", ratio), bracket=1.2)
    ]
    figure = drawn(certified_gap, as_read(pd.DataFrame(rows, columns=COLUMNS)))
    assert "At $n=8$, times $p^*$: 1.50 to 1.80 (relaxation" in texts(figure)


def test_the_line_is_over_the_best_network_and_the_area_reaches_the_bound() -> None:
    rows = [
        row
        for n in (4, 8)
        for row in rows_of_cell(n, 2.0, 0, ("relaxation", "8 log n", 1.5), bracket=1.2)
    ]
    figure = drawn(certified_gap, as_read(pd.DataFrame(rows, columns=COLUMNS)))
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(orig=False), 1.5)
    (area,) = axes.collections
    heights = area.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(1.5)
    assert heights.max() == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("sizes", "aspects", "methods"),
    [
        ((12,), (2.0,), ("relaxation", "sgd")),
        ((4, 6, 8), (2.0,), ("relaxation",)),
        ((12, 24, 40, 60), (1.0, 4.0), ("sgd",)),
    ],
    ids=["one size", "too small to fit", "training only, no c = 2"],
)
def test_what_is_missing_is_left_out(
    sizes: tuple[int, ...], aspects: tuple[float, ...], methods: tuple[str, ...]
) -> None:
    frame = as_read(summary(sizes, aspects, methods))
    known = statistics(frame)
    for part in certified_gap.FIGURES:
        figure = rendered(drawn(certified_gap, frame, part, known))
        assert ("growth is fitted to four sizes or more" in texts(figure)) is (part == "growth")
    result = tabled(certified_gap, frame, known)
    assert [column for column in result if isinstance(column, int)] == list(sizes)
    fitted = methods == ("sgd",)
    assert ("trend" in result) is fitted
    assert "nan" not in result.to_string(na_rep="").lower()


def test_a_bound_that_proves_nothing_leaves_the_interval_open() -> None:
    frame = summary((12, 24, 40, 60), (2.0,), ("relaxation",))
    frame.loc[(frame["method"] == "global") & (frame["n"] == 60), "dual_value"] = 0.0
    frame = as_read(frame)
    ratios = over_bracket(frame)
    assert np.isinf(ratios.loc[ratios["n"] == 60, "lower bound"]).all()
    assert set(statistics(frame)["optimum"]) == {"best network"}
    figure = rendered(drawn(certified_gap, frame))
    assert "nothing is proven" in texts(figure)
    assert figure.axes[0].get_ylim()[1] < 5.0
    none = frame.assign(dual_value=frame["dual_value"].where(frame["method"] != "global", 0.0))
    for part in certified_gap.FIGURES:
        rendered(drawn(certified_gap, none, part))


def test_the_table_gives_both_ends_and_says_where_they_disagree() -> None:
    result = tabled(certified_gap, as_read(summary(widest=1.3)))
    low = result.loc[(2.0, "relaxation (8 log n)", "best network")]
    high = result.loc[(2.0, "relaxation (8 log n)", "lower bound")]
    assert low[400] == pytest.approx(0.7 + 0.4 * np.sqrt(np.log(400)), rel=0.02)
    assert high[400] == pytest.approx(1.3 * low[400])
    assert high[12] == low[12]
    assert low["b low"] <= 0.4 <= low["b high"]
    assert low["trend"] == high["trend"] == "rises"
    assert str(Growth.SQRT_LOG) in low["allowed"]
    between = result.loc[(2.0, "relaxation (8 log n)", "interval")]
    assert low["b sqrt"] < between["b sqrt"] < high["b sqrt"]
    assert between["limit low"] <= between["limit"] <= between["limit high"]
    flat = result.loc[(2.0, "relaxation (n)", "best network")]
    assert flat["trend"] == "ends disagree: level, rises"
    assert str(Growth.CONSTANT) in flat["allowed"]
    assert result.loc[(2.0, "seeds", ""), 400] == 3


def test_the_best_network_counts_whoever_found_it() -> None:
    rows = rows_of_cell(8, 2.0, 0, ("relaxation", "n", 1.2), ("sgd", "n", 0.96), bracket=1.25)
    ratios = over_bracket(pd.DataFrame(rows, columns=COLUMNS)).set_index("method")
    assert ratios.loc["sgd", "best network"] == pytest.approx(1.0)
    assert ratios.loc["relaxation", "best network"] == pytest.approx(1.25)
    assert ratios.loc["relaxation", "lower bound"] == pytest.approx(1.5)


def test_training_is_the_median_over_its_starts_within_a_seed() -> None:
    rows = rows_of_cell(8, 2.0, 0, ("sgd", "n", 1.0))
    values = iter((10.0, 30.0))
    for row in rows[1:]:
        row["primal_value"] = next(values)
    ratios = over_bracket(pd.DataFrame(rows, columns=COLUMNS))
    assert ratios["best network"].tolist() == [2.0]
    assert ratios["starts"].tolist() == [2]


def test_a_network_below_the_certified_bound_is_an_error() -> None:
    rows = rows_of_cell(8, 2.0, 3, ("sgd", "n", 0.7), bracket=1.25)
    with pytest.raises(DataError, match=r"no network below the certified bound.*n=8, seed 3"):
        over_bracket(pd.DataFrame(rows, columns=COLUMNS))


def test_a_bracket_without_a_method_and_a_method_without_a_bracket_are_refused() -> None:
    rows = rows_of_cell(8, 2.0, 0, ("sgd", "n", 1.1))
    with pytest.raises(DataError, match="got neither"):
        over_bracket(pd.DataFrame(rows[:1], columns=COLUMNS))
    with pytest.raises(DataError, match="start with a row of method global, got sgd"):
        with_brackets(pd.DataFrame(rows[1:], columns=COLUMNS))


@pytest.mark.parametrize("c", [1.0, 2.0, 4.0])
def test_an_aspect_ratio_is_known_in_spite_of_rounding(c: float) -> None:
    assert {aspect_of(n, max(1, round(n / c))) for n in range(4, 1001)} == {c}


def test_another_aspect_ratio_is_its_own() -> None:
    assert aspect_of(80, 10) == 8.0
    assert aspect_of(100, 30) == 3.33


def test_sizes_with_as_many_seeds_are_named_together() -> None:
    frame = pd.DataFrame(
        [(n, seed) for n, count in ((4, 2), (8, 2), (12, 1), (16, 2)) for seed in range(count)],
        columns=["n", "seed"],
    )
    assert seeds_caption(frame) == "2 ($n$ = 4 to 8), 1 ($n$ = 12), 2 ($n$ = 16)"
