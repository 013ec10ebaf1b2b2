r"""Made integer data with a continuum of optimal networks, drawn for a cell.

``directions``: three rows of length 2 in one plane at 120 degrees. At the dual point
:math:`s \cdot 1` six directions have price 2 s: the three rows, each active on itself alone, and
their three opposites, each active on two. ``signs``: the unit vectors of four dimensions and the
opposites of the first ``pairs`` of them. At :math:`s \cdot 1` the price of ``u`` is at most
:math:`s |u|_1 \le 2 s |u|`, with equality at the :math:`2^{pairs}` vectors of signs that are
positive beyond the pairs. Their weights are a measure on signs whose marginals the labels give.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell

KINDS = ("none", "directions", "signs")
DIRECTIONS = ((1, 1, 1, 1), (-1, -1, -1, 1), (0, 0, 0, -2))
DIMENSION = 4


@dataclass(frozen=True, slots=True)
class MadeInstance:
    """Say which made instance replaces the data of a cell, if any.

    Parameters
    ----------
    kind : str
        ``none``, ``directions`` or ``signs``.
    pairs : int
        Of opposite rows of ``signs``, 2 to 4: one leaves a single network.
    largest : int
        Of the integers that the labels are made of.

    Raises
    ------
    ConfigurationError
        If a value is out of range.
    """

    kind: str = "none"
    pairs: int = 2
    largest: int = 6

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(
                f"Expected made.kind out of {', '.join(KINDS)}, got {self.kind!r}; choose one."
            )
        if not 2 <= self.pairs <= DIMENSION:
            raise ConfigurationError(
                f"Expected made.pairs from 2 to {DIMENSION}, got {self.pairs}; choose one of these."
            )
        if self.largest < 2:
            raise ConfigurationError(f"Expected made.largest >= 2, got {self.largest}; raise it.")

    def label_of(self, cell: Cell[Any]) -> str:
        """Return a short name of the data for a CSV."""
        if self.kind == "none":
            return cell.data.label
        return "directions" if self.kind == "directions" else f"signs, {self.pairs} pairs"

    def load(self, cell: Cell[Any]) -> Dataset:
        """Draw the instance, or load the data of the cell."""
        rng = cell.streams()[0]
        if self.kind == "none":
            return cell.data.load(rng)
        if self.kind == "directions":
            fit = rng.integers(1, self.largest + 1, size=3)
            return Dataset(np.array(DIRECTIONS, dtype=np.float64), 1.0 + fit)
        total = int(rng.integers(2, self.largest + 1))
        of_pairs = rng.integers(1, total, size=self.pairs)
        unit = np.eye(DIMENSION)
        X = np.concatenate([unit, -unit[: self.pairs]])
        alone = np.full(DIMENSION - self.pairs, total)
        return Dataset(X, 1.0 + np.concatenate([of_pairs, alone, total - of_pairs]))

    def strength(self, data: Dataset, fraction: float) -> float:
        """Return a fraction of the beta up to which the dual point is a multiple of 1.

        With 4 pairs, or with ``directions``, that is so for every fraction up to 1: the labels less
        ``s`` stay marginals. It is 2 min y, less than the critical strength.
        """
        return 2.0 * fraction * float(data.y.min())
