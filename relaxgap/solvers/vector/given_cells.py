"""Networks whose neurons stay in given cells, where a program is one over these alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.numerics.rows import unit_directions
from relaxgap.patterns.pattern_set import PatternSet

OUTSIDE = 1e-9
"""How far a unit neuron may be outside of a cell, by rounding, to be brought back into it."""
MARGIN = 1.0 + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class GivenCells:
    """Hold the cells of some patterns of one data matrix.

    Parameters
    ----------
    X : (N, d) float64
        Rows.
    patterns : PatternSet
        The cells, each with a gate inside.
    """

    X: Float64[np.ndarray, "N d"]
    patterns: PatternSet

    def within(
        self, hidden: Float64[np.ndarray, "m d"]
    ) -> tuple[Float64[np.ndarray, "m d"], Bool[np.ndarray, " m"]]:
        """Return the neurons, each moved into the closest cell, and which are in one then.

        What rounding has put outside moves towards the gate of the cell, as little as brings it in.
        """
        gates = unit_directions(self.patterns.gates)
        sides = np.where(self.patterns.patterns, 1.0, -1.0)
        lengths = np.linalg.norm(self.X, axis=1)
        units = np.where(lengths > 0.0, lengths, 1.0)
        moved, inside = unit_directions(hidden), np.ones(len(hidden), dtype=np.bool_)
        for j, u in enumerate(moved):
            slacks = sides * (self.X @ u)
            cell = int(np.argmax(np.min(slacks / units, axis=1)))
            slack = slacks[cell]
            out = slack < 0.0
            if not out.any():
                continue
            inside[j] = np.all(slack + OUTSIDE * lengths >= 0.0)
            room = sides[cell] * (self.X @ gates[cell])
            share = np.max(-slack[out] / np.maximum(room[out] - slack[out], -slack[out]))
            share = min(float(share) * MARGIN, 1.0)
            moved[j] = (1.0 - share) * u + share * gates[cell]
        return np.asarray(moved * np.linalg.norm(hidden, axis=1)[:, None]), inside
