"""What is written of the theory, recomputed from the committed CSV."""

from relaxgap.experiments.cone_sharpness.figure import by_cell
from relaxgap.experiments.gap_chain.links import with_links
from results.prose import assert_says, row, section, summary

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
    rows = summary("worst_labels")
    worst = rows.iloc[int(rows["ratio_bound"].argmax())]
    assert_says(section(NAME), f"p̃\\*/p\\* = {worst['ratio_bound']:.2f} (n = {worst['n']}")
