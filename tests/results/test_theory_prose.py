"""What is written of the theory, recomputed from the committed CSV."""

from relaxgap.experiments.cone_sharpness.figure import by_cell
from relaxgap.experiments.gap_chain.growth import growth_of
from relaxgap.experiments.gap_chain.links import with_links
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.growth_table import StoredGrowth
from relaxgap.experiments.worst_labels.figure import by_instance, exact_to, root
from results.prose import assert_says, listed, row, section, statistics, summary

NAME = "The theory, claim by claim"


def test_the_link_with_the_logarithm_is_the_medians_of_its_rows() -> None:
    links = with_links(summary("gap_chain"))
    assert links["seed"].nunique() == 10
    medians = links.groupby(["data", "c", "n"])["split"].median().unstack()
    rows = {
        f"{kind}, n = {name}": medians.loc[(f"gaussian, {kind} labels", c)]
        for kind, name, c in (
            ("noise", "d", 1.0),
            ("noise", "2d", 2.0),
            ("noise", "4d", 4.0),
            ("planted", "2d", 2.0),
        )
    }
    assert_says(
        section(NAME),
        row("n", *medians.columns),
        *(row(name, *(f"{value:.2f}" for value in values)) for name, values in rows.items()),
    )
    assert (links["relu"] <= links["relu_bound"] * (1.0 + 1.001e-4)).all()


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
        f"ten seeds at n = {listed([f'{one.deciding_n:,}' for one in noise])} would tell",
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
