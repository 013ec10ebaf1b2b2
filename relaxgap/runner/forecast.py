"""Seconds and memory of cells to come, from the growth of those that finished.

Both are taken for products of powers of the numbers in a cell's spec, with a factor for each of
its words: least squares on logarithms, shrunk a little, since few cells are many unknowns. A
forecast orders work and warns; no number of a result depends on it.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.runner.compose import flat
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.schema import plain

SHRINKAGE = 1e-3
"""Per unknown, in squared logarithms."""
SEEDS = ("seed", "data_seed")
LARGEST_LOGARITHM = 50.0
MAX_WORDS = 20
"""Of one setting; a grid may have as many as it has cells, and each is a column of all cells."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Predict what one cell takes; None where no earlier cell says anything."""

    seconds: float | None = None
    peak_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Hold the forecasts of a grid, and what they are made from.

    Parameters
    ----------
    of : mapping
        By the key of the cell.
    n_cells : int
        Finished cells they are made from.
    typical_factor : float
        By which the seconds of those cells are off, as a geometric mean.
    """

    of: Mapping[str, Forecast]
    n_cells: int
    typical_factor: float


def forecasts(points: Sequence[GridPoint], finished: Sequence[Mapping[str, Any]]) -> Forecasts:
    """Predict cells from stored ones of the same experiment, of any grid."""
    specs = [plain(point.cell) for point in points]
    seconds, factor = _predicted(specs, finished, "wall_seconds")
    memory, _ = _predicted(specs, finished, "peak_bytes")
    of = {point.key: Forecast(*both) for point, *both in zip(points, seconds, memory, strict=True)}
    return Forecasts(of, len(finished), factor)


def longest_first(points: Sequence[GridPoint], known: Forecasts) -> list[GridPoint]:
    """Return cells in the order to start them in: as the grid has them where nothing is known."""

    def order(point: GridPoint) -> float:
        seconds = known.of[point.key].seconds
        # what differs by rounding alone stays in grid order
        return 0.0 if seconds is None else -round(math.log(seconds), 2)

    return sorted(points, key=order)


def _predicted(
    specs: Sequence[Mapping[str, Any]], finished: Sequence[Mapping[str, Any]], measure: str
) -> tuple[list[float | None], float]:
    """Return a prediction a spec, and the typical factor of error on the finished cells."""
    known = [cell for cell in finished if (cell.get(measure) or 0) > 0]
    if not known:
        return [None] * len(specs), 1.0
    both = _features([*(cell["cell"] for cell in known), *specs])
    rows, ahead = both[: len(known)], both[len(known) :]
    values = np.log([float(cell[measure]) for cell in known])
    centre, level = rows.mean(axis=0), values.mean()
    A = rows - centre
    gram = A.T @ A + SHRINKAGE * len(known) * np.eye(A.shape[1])
    slopes = np.linalg.solve(gram, A.T @ (values - level))
    errors = values - level - A @ slopes
    logarithms = np.clip((ahead - centre) @ slopes + level, -LARGEST_LOGARITHM, LARGEST_LOGARITHM)
    factor = math.exp(float(np.sqrt(np.mean(errors**2))))
    return [float(value) for value in np.exp(logarithms)], factor


def _features(specs: Sequence[Mapping[str, Any]]) -> Float64[np.ndarray, "cells features"]:
    """Return a column for each number that varies, its logarithm, and for frequent words.

    A list of numbers is their sum, and a word.
    """
    leaves = [flat(dict(spec)) for spec in specs]
    columns: list[list[float]] = []
    for name in sorted({name for each in leaves for name in each} - set(SEEDS)):
        values: list[Any] = [each.get(name) for each in leaves]
        sizes = [_size(value) for value in values]
        if all(sizes):
            columns.append([math.log(size) for size in sizes])
        if not all(_is_size(value) for value in values):
            words = [json.dumps(value, sort_keys=True) for value in values]
            # sorted, so that of two as frequent ones the same is taken in every grid
            frequent = Counter(sorted(words)).most_common(MAX_WORDS)
            columns += [[float(word == other) for word in words] for other, _ in frequent]
    varying = [column for column in columns if len({*column}) > 1]
    return np.array(varying, dtype=np.float64).reshape(len(varying), len(specs)).T


def _size(value: Any) -> float:
    """Return a number, or the sum of a list of some; 0 where there is none."""
    if isinstance(value, list) and value and all(_is_size(part) for part in value):
        return float(sum(value))
    return float(value) if _is_size(value) else 0.0


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
