import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import pytest
from composed import compose_plain

from relaxgap.runner import forecast
from relaxgap.runner.forecast import forecasts, longest_first
from relaxgap.runner.grid import GridPoint, grid_points
from relaxgap.runner.schema import plain


@pytest.fixture
def points() -> list[GridPoint]:
    """Return the cells of four sizes, two seeds each."""
    config = compose_plain(["~grid.strength"])
    config["grid"] = {"data.n": [4, 8, 16, 64], "seed": [0, 1]}
    return grid_points(config)


def cubic(points: Sequence[GridPoint]) -> list[dict[str, Any]]:
    """Return finished cells whose seconds grow with the cube of n, and their memory with n."""
    return [
        {
            "cell": plain(point.cell),
            "wall_seconds": 1e-3 * point.cell.data.n**3,
            "peak_bytes": 1e6 * point.cell.data.n,
        }
        for point in points
    ]


def test_the_growth_of_finished_cells_is_continued(points: list[GridPoint]) -> None:
    known = forecasts(points, cubic(points[:6]))
    largest = known.of[points[-1].key]
    assert largest.seconds is not None
    assert largest.peak_bytes is not None
    # a power is off by its shrinkage alone
    assert largest.seconds == pytest.approx(1e-3 * 64**3, rel=0.05)
    assert largest.peak_bytes == pytest.approx(64e6, rel=0.05)
    assert known.n_cells == 6
    assert 1.0 <= known.typical_factor < 1.05


def test_cells_are_started_longest_first_and_in_grid_order_where_nothing_is_known(
    points: list[GridPoint],
) -> None:
    assert longest_first(points, forecasts(points, [])) == points
    ordered = longest_first(points, forecasts(points, cubic(points[:4])))
    assert [(point.cell.data.n, point.cell.seed) for point in ordered] == [
        (n, seed) for n in (64, 16, 8, 4) for seed in (0, 1)
    ]


def test_a_word_has_a_factor_of_its_own(points: list[GridPoint]) -> None:
    finished = cubic(points)
    for cell in finished[1::2]:
        cell["cell"] = {**cell["cell"], "data": {**cell["cell"]["data"], "labels": "signs"}}
        cell["wall_seconds"] *= 100.0
    known = forecasts(points, finished)
    seconds = known.of[points[0].key].seconds
    assert seconds == pytest.approx(1e-3 * 4**3, rel=0.1)


def test_cells_of_before_memory_was_measured_predict_seconds_alone(points: list[GridPoint]) -> None:
    finished = cubic(points[:2])
    for cell in finished:
        del cell["peak_bytes"]
    known = forecasts(points, finished)
    assert known.of[points[0].key].peak_bytes is None
    assert known.of[points[0].key].seconds is not None


def steps_of(n_lists: int) -> int:
    """Count the steps of the interpreter in forecasts of as many cells, each with its own list."""
    specs = [{"widths": [1 + k, 2 * k + 1], "method": f"m{k}"} for k in range(n_lists)]
    finished = [{"cell": spec, "wall_seconds": 1.0 + k} for k, spec in enumerate(specs)]
    n_steps = 0

    def count(frame: FrameType, event: str, argument: object) -> object:
        nonlocal n_steps
        if frame.f_code.co_filename != forecast.__file__:
            return None
        frame.f_trace_opcodes = True
        n_steps += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        features = forecast._features(specs)
        forecast._predicted(specs, finished, "wall_seconds")
    finally:
        sys.settrace(before)
    assert features.shape[1] <= 1 + 2 * forecast.MAX_WORDS
    return n_steps


def test_the_work_grows_with_the_cells_and_not_with_their_square() -> None:
    few, many = steps_of(100), steps_of(300)
    assert 0 < many <= 3 * few


def test_the_growth_with_the_numbers_of_a_list_is_continued() -> None:
    specs = [{"widths": [k, k]} for k in range(1, 60)]
    finished = [{"cell": spec, "wall_seconds": float(k)} for k, spec in enumerate(specs[:50], 1)]
    seconds, _ = forecast._predicted(specs, finished, "wall_seconds")
    assert seconds[-1] == pytest.approx(59.0, rel=0.1)
