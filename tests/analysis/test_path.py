from typing import Any

import numpy as np
import pytest

import relaxgap
from relaxgap import Dataset, RegularisationPath, Status
from relaxgap.analysis.solved_path import PathPoint


def followed(data: Dataset, **chosen: Any) -> RegularisationPath:
    return relaxgap.path(data.X, data.y, **({"points": 3} | chosen))


@pytest.mark.parametrize("program", ["relu", "gated"])
def test_every_point_has_the_bracket_that_solve_finds(data: Dataset, program: str) -> None:
    path = followed(data, program=program)
    assert [point.beta / path.beta_max for point in path.rows] == pytest.approx(
        np.geomspace(1.0, 1e-3, 3)
    )
    for point in path.rows:
        assert point.status is Status.SOLVED
        alone = relaxgap.solve(data.X, data.y, beta=point.beta, program=program)
        assert point.dual_value <= alone.primal_value * (1.0 + 1e-13)
        assert alone.dual_value <= point.primal_value * (1.0 + 1e-13)


def test_every_point_is_shown_as_it_comes(data: Dataset) -> None:
    seen: list[PathPoint] = []
    assert followed(data, on_progress=seen.append).rows == tuple(seen)
    assert len(seen) == 3


def test_an_interruption_returns_the_points_so_far(data: Dataset) -> None:
    def interrupt(point: PathPoint) -> None:
        if point.beta_fraction < 1.0:
            raise KeyboardInterrupt

    path = followed(data, on_progress=interrupt)
    assert (len(path.rows), path.n_points, path.stopped) == (2, 3, "interrupted")


def test_the_sentence_names_the_networks_and_the_widest_bracket(data: Dataset) -> None:
    assert "all two-layer ReLU networks of any width" in str(followed(data))
    sampled = followed(data, patterns=3)
    assert sampled.complete is False
    assert f"restricted to these {sampled.n_patterns} patterns" in str(sampled)


@pytest.mark.parametrize(
    ("chosen", "error", "said"),
    [
        ({"points": 1}, relaxgap.ConfigurationError, "points >= 2, got 1"),
        ({"smallest_fraction": 1.0}, relaxgap.ConfigurationError, "to below 1, got 1.0"),
        ({"program": "linear"}, relaxgap.ConfigurationError, "relu, gated, got 'linear'"),
        ({"rtol": 0.0}, relaxgap.ConfigurationError, "0 < rtol < 1, got 0"),
        ({"limit": 3}, relaxgap.EnumerationLimitError, "over the limit of 3"),
        ({"patterns": "some"}, relaxgap.ConfigurationError, "or a .npz file of gates, got 'some'"),
    ],
)
def test_a_wrong_setting_is_one_line(
    data: Dataset, chosen: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        followed(data, **chosen)
    assert said in str(caught.value)
