"""The rows near one gate: those that bound its cone, and projections onto the cone of some."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int
from scipy.optimize import nnls

from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares

MAX_PIVOTS, MAX_ENTERING = 10, 3


@dataclass(slots=True, eq=False)
class NearRows:
    """Hold the near rows of a gate, nearest first, and which of them are candidates."""

    rows: Int[np.ndarray, " m"]
    near: Float64[np.ndarray, "m d"]
    chosen: Int[np.ndarray, " c"]
    candidates: Float64[np.ndarray, "c d"]
    is_chosen: Bool[np.ndarray, " m"]

    @classmethod
    def of(
        cls, rows: Int[np.ndarray, " m"], near: Float64[np.ndarray, "m d"], n_chosen: int
    ) -> "NearRows":
        """Take the nearest ones for candidates."""
        places = np.arange(rows.size)
        return cls(rows, near, places[:n_chosen], near[:n_chosen], places < n_chosen)

    def choose(self, places: Int[np.ndarray, " a"]) -> None:
        """Let near rows become candidates."""
        self.chosen = np.concatenate([self.chosen, places])
        self.candidates = self.near[self.chosen]
        self.is_chosen[places] = True

    def add(self, rows: Int[np.ndarray, " a"], units: Float64[np.ndarray, "a d"]) -> None:
        """Let rows that were not near become candidates."""
        places = np.arange(self.rows.size, self.rows.size + rows.size)
        self.rows = np.concatenate([self.rows, rows])
        self.near = np.concatenate([self.near, units])
        self.is_chosen = np.concatenate([self.is_chosen, np.zeros(rows.size, dtype=np.bool_)])
        self.choose(places)


def project_onto_rows(
    rows: Float64[np.ndarray, "c d"],
    on: Int[np.ndarray, " a"],
    z: Float64[np.ndarray, " d"],
    size: float,
) -> tuple[Int[np.ndarray, " b"], Float64[np.ndarray, " b"], Float64[np.ndarray, " d"]]:
    """Project onto the cone of some rows; return the rows it is on, their multipliers, and it.

    From the rows that an earlier projection was on a few exchanges often lead to those of this
    one; else non-negative least squares begins from none.
    """
    limit, fewest = -1e-11 * size, rows.shape[0] + 1
    for _ in range(MAX_PIVOTS if on.size else 0):
        if on.size > z.size:
            break
        face = rows[on]
        try:
            values = np.linalg.solve(face @ face.T, -(face @ z))
        except np.linalg.LinAlgError:
            break
        u = z + values @ face
        slack = rows @ u
        positive, violated = values >= 0.0, np.flatnonzero(slack < limit)
        n_wrong = on.size - np.count_nonzero(positive) + violated.size
        if n_wrong == 0:
            return on, values, u
        if n_wrong >= fewest:
            break
        fewest = n_wrong
        if violated.size > MAX_ENTERING:
            violated = violated[np.argsort(slack[violated])[:MAX_ENTERING]]
        on = np.concatenate([on[positive], violated])
    if size == 0.0:
        return on[:0], np.zeros(0), z
    try:
        found = size * nnls(rows.T, z / -size, maxiter=20 * z.size)[0]
    except RuntimeError:
        found = np.zeros(rows.shape[0])
    on = np.flatnonzero(found)
    u = z + found[on] @ rows[on]
    if (rows @ u).min(initial=0.0) < limit:
        # a library's answer off the optimum, which is rare
        found = nonnegative_least_squares(rows.T, -z)
        on = np.flatnonzero(found)
        u = z + found[on] @ rows[on]
    return on, found[on], u


def worst_violated(
    slack: Float64[np.ndarray, " b"], margin: Float64[np.ndarray, " b"]
) -> Int[np.ndarray, " few"]:
    """Choose the two most violated rows, and the two that the way from the gate meets first."""
    met = margin / (margin - slack)
    return np.unique(np.concatenate([np.argsort(slack)[:2], np.argsort(met)[:2]]))
