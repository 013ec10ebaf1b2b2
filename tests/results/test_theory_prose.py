"""What is written of the theory, recomputed from the committed CSV."""

import numpy as np
import pandas as pd
import pytest

from relaxgap.data import labels
from relaxgap.data.gaussian import GaussianData
from relaxgap.drawing.ratios import over_optimum
from relaxgap.experiments.certified_gap.ratios import over_bracket, with_brackets
from relaxgap.experiments.cone_sharpness.figure import by_cell
from relaxgap.experiments.gap_chain.growth import growth_of
from relaxgap.experiments.gap_chain.links import MAIN, varied, with_links
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.growth_table import StoredGrowth
from relaxgap.experiments.worst_labels.figure import by_instance, exact_to, root
from results.prose import assert_says, listed, power, row, section, statistics, summary

NAME = "The theory, claim by claim"


@pytest.fixture(scope="module")
def links() -> pd.DataFrame:
    return with_links(summary("gap_chain"))


def test_the_link_with_the_logarithm_is_the_medians_of_its_rows(links: pd.DataFrame) -> None:
    sizes = sorted(varied(links)["n"].unique())
    medians = links.groupby([*MAIN, "n"])["split"].median().unstack()
    rows = {
        "noise, n = d": ("noise", 1.0, "0.1", "8 log n"),
        "noise, n = 2d": ("noise", 2.0, "0.1", "8 log n"),
        "noise, n = 4d": ("noise", 4.0, "0.1", "8 log n"),
        "signs, n = 2d": ("signs", 2.0, "0.1", "8 log n"),
        "linear, n = 2d": ("linear", 2.0, "0.1", "8 log n"),
        "planted, n = 2d": ("planted", 2.0, "0.1", "8 log n"),
        "noise, n = 2d, β = 0.01 β_max": ("noise", 2.0, "0.01", "8 log n"),
        "noise, n = 2d, β = 0.5 β_max": ("noise", 2.0, "0.5", "8 log n"),
        "noise, n = 2d, gates of Theorem 1": ("noise", 2.0, "0.1", "theorem_1"),
    }
    written = [
        row(
            name, *("–" if np.isnan(value) else f"{value:.2f}" for value in medians.loc[key, sizes])
        )
        for name, key in rows.items()
    ]
    assert_says(section(NAME), row("n", *sizes), *written)
    seeds = links.groupby(["size_rule", *MAIN, "n"])["seed"].nunique()
    small, large = (
        seeds[seeds.index.get_level_values("n") <= 200],
        seeds.drop(seeds.index[seeds.index.get_level_values("n") <= 200]),
    )
    assert set(small["8 log n"]) == {10}
    assert set(large["8 log n"]) == {5}
    assert set(small["theorem_1"]) == {5}
    assert set(large["theorem_1"]) == {3}
    for upper, lower in (("relu", "relu_bound"), ("gated", "gated_bound")):
        assert (links[upper] <= links[lower] * (1.0 + 1.001e-4)).all()


def test_the_gates_of_theorem_1_are_counted(links: pd.DataFrame) -> None:
    asked = links[(links["size_rule"] == "theorem_1") & (links["labels"] == "noise")]
    gates = asked.groupby("n")["n_gates"].first()
    distinct = asked[asked["n"] == 10]["n_patterns"].median()
    assert (asked.loc[asked["n"] == 320, "n_patterns"] == gates[320]).all()
    medians = asked.groupby("n")["split"].median()
    level = medians.loc[80:]
    assert medians.loc[:80].is_monotonic_decreasing
    assert level.max() - level.min() < 0.04
    assert_says(
        section(NAME),
        f"{gates[10]:,} at n = 10 (of which {distinct:.0f} differ) to {gates[320]:,} at n = 320 "
        "(all differ). With so many the link falls from n = 10 to 80 and stays within 0.04 from "
        "there to 320",
    )


def test_with_the_gates_of_theorem_1_the_relaxation_is_nearer_to_the_optimum(
    links: pd.DataFrame,
) -> None:
    brackets = with_brackets(summary("certified_gap"))
    instance = ["n", "d", "seed", "beta"]
    best = brackets[brackets["method"] == "global"][[*instance, "best_known", "bound"]]
    planted = links[(links["labels"] == "planted") & (links["n"].isin([20, 200]))]
    # the same instances to the last bit of beta
    found = planted[planted["size_rule"] == "theorem_1"].merge(best, on=instance)
    assert found.groupby("n").size().tolist() == [5, 5]
    ends = found.assign(
        low=found["relu"] / found["best_known"], high=found["relu"] / found["bound"]
    )
    medians = ends.groupby("n")[["low", "high"]].median()
    few = over_bracket(summary("certified_gap"))
    few = few[(few["size_rule"] == "8 log n") & (few["aspect"] == 2.0)]
    before = few[few["method"] == "relaxation"].groupby("n")["best network"].median()
    assert_says(
        section(NAME),
        f"{medians['low'][20]:.3f} times the best network at n = 20 and {medians['low'][200]:.2f} "
        f"at n = 200 ({medians['high'][200]:.2f} over the lower bound), where 8 log n gates give "
        f"{before[20]:.2f} and {before[200]:.2f}",
    )


def test_the_ratios_at_other_strengths_are_those_of_the_rows() -> None:
    enumerated = over_optimum(summary("gap_vs_log_n"))
    certified = over_bracket(summary("certified_gap"), every_strength=True)
    certified = certified[certified["aspect"] == 2.0].assign(ratio=certified["lower bound"])
    at = {16: enumerated, 40: certified}
    found = {
        n: rows[(rows["n"] == n) & (rows["size_rule"] == "8 log n")].groupby("beta_fraction")[
            "ratio"
        ]
        for n, rows in at.items()
    }
    assert found[16].size().tolist() == [20, 20, 20]
    counts = found[40].size()
    medians = {n: [f"{value:.2f}" for value in rows.median()] for n, rows in found.items()}
    brackets = with_brackets(summary("certified_gap"), every_strength=True)
    ends = brackets[(brackets["method"] == "global") & (brackets["beta_fraction"] != 0.1)]
    assert (ends["status"] == "solved").all()
    width = float((ends["best_known"] / ends["bound"]).max()) - 1.0
    assert_says(
        section(NAME),
        f"{', '.join(medians[16][:2])} and {medians[16][2]} at n = 16",
        f"{', '.join(medians[40][:2])} and {medians[40][2]} at n = 40 "
        f"({counts[0.01]}, {counts[0.1]} and {counts[0.5]} instances;",
        f"these brackets are at most {power(width)} wide",
    )


def test_planted_labels_are_of_two_kinds(
    links: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[np.ndarray] = []
    draw = labels._random_signs

    def remembered(size: int, rng: np.random.Generator) -> np.ndarray:
        drawn.append(draw(size, rng))
        return drawn[-1]

    monkeypatch.setattr(labels, "_random_signs", remembered)
    planted = links[(links["labels"] == "planted") & (links["size_rule"] == "8 log n")]
    kinds = []
    for n, seed in zip(planted["n"], planted["seed"], strict=True):
        Cell(GaussianData(n=n, aspect_ratio=2.0, labels="planted"), None, seed).load_data()
        kinds.append(abs(int(drawn[-1].sum())))
    even = np.array(kinds) == 1
    for n in (40, 80, 160, 320, 640):
        here = planted["n"].to_numpy() == n
        assert planted["split"][here & even].min() > planted["split"][here & ~even].max()
    last = planted["n"].to_numpy() == 640
    high, low = planted["split"][last & even], planted["split"][last & ~even]
    assert_says(
        section(NAME),
        f"where the teacher's five neurons are three of one sign and two of the other it is "
        f"{high.min():.2f} to {high.max():.2f} at n = 640 ({len(high)} instances), where four or "
        f"five agree {low.min():.2f} to {low.max():.2f} ({len(low)})",
    )


def test_what_the_fits_say_of_that_link_is_in_the_statistics() -> None:
    stored = statistics("gap_chain")

    def growth(kind: str, c: float, first: int) -> StoredGrowth:
        found = growth_of(stored, f"gaussian, {kind} labels", c, first)
        assert found is not None
        return found

    def weights(first: int) -> list[str]:
        series = [("noise", 1.0), ("noise", 2.0), ("noise", 4.0), ("planted", 2.0)]
        return [f"{growth(*one, first).fits.bounded_weight:.2f}" for one in series]

    noise = [growth("noise", c, 20) for c in (1.0, 2.0, 4.0)]
    assert max(one.fits.fit(Growth.CONSTANT).weight for one in noise) < 0.001
    best = [one.fits.best_with(limit=True) for one in noise]
    ends = [" to ".join(f"{end:.2f}" for end in fit.intercept_interval) for fit in best]
    limits = [f"{fit.intercept:.2f} ({end})" for fit, end in zip(best, ends, strict=True)]
    assert_says(
        section(NAME),
        f"{listed(weights(10)[:3])} for noise at n = d, 2d and 4d and {weights(10)[3]} for planted",
        f"from n = 20 on {listed(weights(20))}",
        f"limits at {listed(limits).replace('(', '(95%: ', 1)}",
        f"five seeds at n = {listed([f'{one.deciding_n:,}' for one in noise])} would tell",
    )


def test_the_sharpness_of_cones_is_that_of_the_rows() -> None:
    cells = by_cell(summary("cone_sharpness"))
    medians = cells[cells["c"] == 2.0].groupby(["direction", "n"])["sharpness"].median()
    first, last = cells["n"].min(), cells["n"].max()
    known = cells[cells["direction"] == "worst"]["all_directions"].dropna()
    assert_says(
        section(NAME),
        f"sharpness {medians['random', first]:.2f} at n = {first} and "
        f"{medians['random', last]:.2f} at {last} in a random direction",
        f"block in use {medians['used', first]:.2f} and {medians['used', last]:.2f}",
        f"worst direction found {medians['worst', first]:.2f} and {medians['worst', last]:.2f}",
        f"{len(known)} cones where it was computed it is between {known.min():.1f} and "
        f"{known.max():.1f}",
    )


def test_the_worst_labels_are_those_of_the_rows() -> None:
    frame = by_instance(summary("worst_labels"))
    main = frame[frame["beta_fraction"] == 0.1].groupby("n")
    assert set(main["seed"].nunique().loc[:14]) == {10}
    assert set(main["seed"].nunique().loc[20:]) == {3}
    medians = main[["ratio_at_start_bound", "ratio_bound"]].median()
    worst = frame.iloc[int(frame["ratio_bound"].argmax())]
    over = int((frame["ratio_bound"] > root(frame["n"])).sum())
    exact = exact_to(frame)
    beyond = frame[frame["n"] > exact]
    width = float((beyond["ratio"] / beyond["ratio_bound"] - 1.0).max())
    priced = frame.loc[frame["n"] <= exact, "certificate"]
    assert set(priced) == {"enumeration"}
    others = frame[frame["n"] == 14].groupby("beta_fraction")["ratio_bound"].median()
    assert_says(
        section(NAME),
        row("n", *medians.index),
        row("labels of the data", *(f"{v:.2f}" for v in medians["ratio_at_start_bound"])),
        row("worst labels found", *(f"{v:.2f}" for v in medians["ratio_bound"])),
        f"Over all strengths the largest is {worst['ratio_bound']:.2f} (n = {worst['n']}), and "
        f"{over} of {len(frame)} instances are surely above",
        f"coincide to 10⁻⁴ up to n = {exact}, where every pattern is priced, and are at most "
        f"{100.0 * width:.1f}% apart at 40 and 60",
        f"{others[0.01]:.2f} and {others[0.5]:.2f} at 0.01 and 0.5 β_max",
    )
    assert set(beyond["n"]) == {40, 60}
