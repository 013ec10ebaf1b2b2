import pandas as pd
import pytest
from run_summaries import as_read, drawn, rendered, tabled, texts

from relaxgap.experiments.gap_chain import figure as gap_chain
from relaxgap.experiments.gap_chain.links import growth, varied, with_links


def row(
    n: int,
    split: float,
    labels: str = "noise",
    beta_fraction: float | None = 0.1,
    size_rule: str = "8 log n",
    c: int = 2,
) -> dict[str, object]:
    """Return a row of which all that is not named is of no account."""
    return {
        "data": f"gaussian, {labels} labels", "n": n, "d": n // c, "seed": 0, "beta": 1.0,
        "n_gates": 4000 if size_rule == "theorem_1" else 20, "n_patterns": 20,
        "prop3_bound": 1.5, "prop4_bound": 0.5, "cor2_bound": 0.2, "eq7_bound": 4.0, "kappa": 30.0,
        "beta_fraction": beta_fraction, "size_rule": size_rule, "relu": split, "relu_bound": split,
        "gated": 1.0, "gated_bound": 1.0, "n_blocks": 5, "block_sharpness": 3.0, "price_bound": 9.0,
    }  # fmt: skip


ROWS = [
    row(8, 1.0),
    row(32, 1.5),
    row(8, 1.25, labels="planted"),
    row(32, 2.0, labels="planted"),
    row(8, 1.75, beta_fraction=0.01),
    row(32, 1.75, beta_fraction=0.01),
    row(32, 1.25, c=4),
    row(8, 2.0, size_rule="theorem_1"),
    row(32, 1.0, size_rule="theorem_1"),
    row(8, 1.5, labels="planted", size_rule="theorem_1"),
]


def test_a_panel_varies_one_thing() -> None:
    frame = with_links(as_read(ROWS))
    assert varied(frame)["split"].tolist() == [1.0, 1.5]
    assert sorted(varied(frame, "labels")["labels"].unique()) == ["noise", "planted"]
    assert varied(frame, "strength")["strength"].tolist() == ["0.1", "0.1", "0.01", "0.01"]
    assert set(varied(frame, "c")["c"]) == {2.0, 4.0}
    assert len(varied(frame, "size_rule")) == 4


def test_the_growth_of_a_series_is_from_its_least_size_to_its_largest() -> None:
    changes = growth(with_links(as_read(ROWS)))
    # what has one size alone does not grow
    assert changes.tolist() == pytest.approx([1.0, 1.5, 0.5, 1.6])


def test_the_figure_says_what_its_rows_say() -> None:
    frame = as_read(ROWS)
    figure = drawn(gap_chain, frame)
    written = texts(figure)
    for words in (
        "at most 2.00 in 10 relaxations",
        "a factor of 0.50 to 1.60",
        "Noise labels",
        "4,000 to 4,000 gates",
        "planted, gates of Theorem 1",
    ):
        assert words in written
    named = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
    assert named[0][:2] == ["noise", "planted"]
    assert named[1][:2] == ["$n = 2d$", "$n = 4d$"]
    links = texts(drawn(gap_chain, frame, "links"))
    assert "3.00 ($" in links
    assert "2.00 (gates of Theorem 1)" in links
    assert len(tabled(gap_chain, frame)) == len(ROWS)


def test_one_instance_at_an_absolute_strength_is_drawn() -> None:
    frame = as_read([row(8, 1.0, labels="signs", beta_fraction=None, size_rule="n")])
    assert "Signs labels" in texts(drawn(gap_chain, frame))
    assert "Signs labels" in texts(rendered(drawn(gap_chain, frame, "links")))
    assert isinstance(tabled(gap_chain, frame), pd.DataFrame)
