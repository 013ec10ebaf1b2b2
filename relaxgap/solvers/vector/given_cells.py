"""Networks whose neurons stay in given cells, where a program is one over these alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

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

    def within(self, hidden: Float64[np.ndarray, "m d"]) -> Float64[np.ndarray, "m d"] | None:
        """Return the neurons, each moved into the closest cell; None if one is in none of them.

        What rounding has put outside moves towards the gate of the cell, as little as brings it in.
        """
        gates = unit_directions(self.patterns.gates)
        moved = unit_directions(hidden)
        sides = np.where(self.patterns.patterns, 1.0, -1.0)
        for j, u in enumerate(moved):
            slacks = sides * (self.X @ u)
            lengths = np.linalg.norm(self.X, axis=1)
            cell = int(np.argmax(np.min(slacks / np.where(lengths > 0.0, lengths, 1.0), axis=1)))
            slack = slacks[cell]
            if np.all(slack >= 0.0):
                continue
            if np.min(slack + OUTSIDE * lengths) < 0.0:
                return None
            inside = sides[cell] * (self.X @ gates[cell])
            out = slack < 0.0
            share = np.max(-slack[out] / np.maximum(inside[out] - slack[out], -slack[out]))
            share = min(float(share) * MARGIN, 1.0)
            moved[j] = (1.0 - share) * u + share * gates[cell]
        return np.asarray(moved * np.linalg.norm(hidden, axis=1)[:, None])
