"""Leading directions that rounding does not single out, and whether their span meets a cone.

Of equal singular values no direction is singled out, and all of their span are leading ones.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float64
from scipy.optimize import linprog

from relaxgap.numerics.rounding import EPS

INSIDE = 1e-12
"""How far outside a unit direction may be that is offered as one of its cone."""
CLEAR, LP_ROOM = 1e-6, 1e-6
"""Largest doubt of a direction that singles it out, and room for a linear program's tolerance."""


@dataclass(frozen=True, slots=True, eq=False)
class UnclearFace:
    """Hold a face whose leading direction rounding does not single out.

    Parameters
    ----------
    place, cell : int
        Of its cell, among those looked at and among all.
    bound : float
        Of its prices.
    moment : (d, q) float64
        What the face sees of the moment of its cell.
    left, sizes : (d, k) and (k,) float64
        Left singular vectors and values of it.
    doubt : float
        How far the values may be off.
    """

    place: int
    cell: int
    bound: float
    moment: Float64[np.ndarray, "d q"]
    left: Float64[np.ndarray, "d k"]
    sizes: Float64[np.ndarray, " k"]
    doubt: float


def meets(
    face: UnclearFace, rows: Float64[np.ndarray, "b d"]
) -> tuple[bool, Float64[np.ndarray, " d"] | None]:
    """Say whether the space of nearly equal leading directions may meet a cone, and where it does.

    Of equal singular values no direction is singled out: all of their span are leading ones.
    """
    for k in range(2, face.sizes.size + 1):
        error = float(span_error(face.sizes[None], np.array([face.doubt]), k)[0])
        if error <= CLEAR:
            break
    else:
        return True, None
    span = face.left[:, :k]
    along = rows @ span
    quick = _within_rows(along)
    if quick is not None:
        return True, span @ quick
    best, found = -np.inf, np.zeros(k)
    for i in range(k):
        for side in (1.0, -1.0):
            # the largest t with A c >= t, c in a face of the unit box
            bounds: list[tuple[float | None, float]] = [*[(-1.0, 1.0)] * k, (None, 1.0)]
            bounds[i] = (side, side)
            constraint = np.hstack([-along, np.ones((len(along), 1))])
            solved = linprog(
                np.append(np.zeros(k), -1.0), constraint, np.zeros(len(along)), bounds=bounds
            )
            if solved.x is None or not solved.success:
                # nothing is known then: the face counts
                return True, None
            if solved.x[k] > best:
                best, found = float(solved.x[k]), np.asarray(solved.x[:k])
    if best < -(error * np.sqrt(k) + LP_ROOM):
        return False, None
    u = span @ (found / np.linalg.norm(found))
    inside = bool(np.all(rows @ u >= -INSIDE))
    return True, u if inside else None


def _within_rows(along: Float64[np.ndarray, "b k"]) -> Float64[np.ndarray, " k"] | None:
    """Return a unit vector on which no row is negative, if one meets as many rows as it can."""
    k = along.shape[1]
    for met in combinations(range(len(along)), k - 1):
        c = np.linalg.svd(along[list(met)])[2][-1]
        for side in (1.0, -1.0):
            if np.all(along @ (side * c) >= -0.5 * INSIDE):
                return np.asarray(side * c)
    return None


def size_doubt(
    shape: tuple[int, ...], sizes: Float64[np.ndarray, " f"]
) -> Float64[np.ndarray, " f"]:
    """Return how far singular values may be off by rounding."""
    return np.asarray(64.0 * EPS * sum(shape) * sizes)


def span_error(
    sizes: Float64[np.ndarray, "f k"], doubt: Float64[np.ndarray, " f"], count: int
) -> Float64[np.ndarray, " f"]:
    """Return how far the span of the leading singular vectors may be off.

    By Wedin a perturbation of a few units of rounding moves it by its ratio to the distance of
    their values from the next.
    """
    following = sizes[:, count] if count < sizes.shape[1] else np.zeros(len(sizes))
    distance = sizes[:, count - 1] - following
    error = np.divide(doubt, distance, out=np.full_like(doubt, np.inf), where=distance > 0.0)
    return np.asarray(error + INSIDE)
