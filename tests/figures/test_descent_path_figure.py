import numpy as np
import pytest
from run_summaries import RUN, as_read, drawn, rendered, tabled, texts

from relaxgap.experiments.descent_path import figure as descent_path
from relaxgap.experiments.descent_path.figure import path_ends, with_positions

PIECES = (
    (0, "rescale", 0.0, 4.0, 4),
    (0, "rescale", 1.0, 3.0, 4),
    (1, "merge", 0.5, 2.75, 4),
    (1, "merge", 1.0, 2.5, 3),
    (2, "merge", 1.0, 2.25, 2),
    (3, "prune", 1.0, 2.0, 1),
)


def path(
    pieces: tuple[tuple[int, str, float, float, int], ...] = PIECES, **changes: object
) -> list[dict[str, object]]:
    return [
        RUN
        | {"origin": "initial", "fit_change": 1e-15}
        | {"piece": piece, "kind": kind, "t": t, "loss": loss, "n_neurons": neurons}
        | changes
        for piece, kind, t, loss, neurons in pieces
    ]


def test_each_kind_of_piece_takes_a_unit_of_the_axis() -> None:
    points = with_positions(as_read(path()))
    assert points["position"].tolist() == [0.0, 1.0, 1.25, 1.5, 2.0, 3.0]
    assert points["relative_loss"].tolist() == [1.0, 0.75, 0.6875, 0.625, 0.5625, 0.5]


def test_the_largest_increase_is_within_one_path() -> None:
    # the second path begins above the end of the first, which is no increase
    rows = path() + path(seed=1, origin="trained")
    ends = path_ends(with_positions(as_read(rows)))
    assert ends["increase"].tolist() == [-0.0625, -0.0625]
    assert ends["fall"].tolist() == [0.5, 0.5]
    rising = (*PIECES[:-1], (3, "prune", 1.0, 2.65, 1))
    frame = as_read(path() + path(rising, seed=1))
    assert tabled(descent_path, frame)["increase"].tolist() == pytest.approx([0.1])
    written = texts(drawn(descent_path, frame))
    assert "10 steps: of its start the loss rises by $10^{-1}$ at the worst" in written
    assert "The loss rises somewhere on the way to a minimal" in written


def test_the_median_stays_level_where_a_path_has_no_piece() -> None:
    figure = drawn(descent_path, as_read(path(PIECES[2:])))
    (median,) = [line for line in figure.axes[0].lines if line.get_label() == "median, $n=10$"]
    heights = dict(zip(*map(np.ravel, median.get_data()), strict=True))
    assert heights[0.0] == heights[1.0] == 1.0
    assert heights[3.0] == pytest.approx(2.0 / 2.75)


@pytest.mark.parametrize("origins", [("initial",), ("trained",), ("initial", "trained")])
def test_there_is_a_column_for_each_origin(origins: tuple[str, ...]) -> None:
    rows = [row for origin in origins for row in path(origin=origin)]
    figure = rendered(drawn(descent_path, as_read(rows)))
    assert len(figure.axes) == 2 * len(origins)
    assert "The loss does not rise on the way to a minimal, not an optimal, network: 1 $p^*$" in (
        texts(figure)
    )
    assert ("diverged" in texts(figure)) is ("trained" in origins)


def test_paths_of_several_methods_are_told_apart() -> None:
    frame = as_read(path() + path(method="mine"))
    assert [series for series, _ in tabled(descent_path, frame).index] == [
        "n=10, GD",
        "n=10, mine",
    ]
    drawn(descent_path, frame)
