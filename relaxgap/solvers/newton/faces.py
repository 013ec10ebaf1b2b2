"""The faces of pattern cones on which projections lie: small linear systems, one for each."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float, Int

from relaxgap.numerics.backend import Array, Arrays

RIDGE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Hold the rows on which a projection lies and the Cholesky factor of their Gram matrix.

    Where the rows are dependent, the factor is that of the matrix with a ridge, and ``singular``
    the matrix without it, to correct by.
    """

    rows: Int[np.ndarray, " k"]
    factor: Float[Array, "k k"]
    singular: Float[Array, "k k"] | None = None


NO_FACE = Face(np.zeros(0, dtype=np.intp), np.zeros((0, 0)))


def factorised(
    arrays: Arrays, gram: Float[Array, "k k"], faces: list[Int[np.ndarray, " _"]]
) -> list[Face]:
    """Return the faces on these rows, out of all rows whose Gram matrix is given."""
    regular = [rows for rows in faces if rows.size]
    factors = iter(arrays.cholesky([_gram_of(arrays, gram, rows) for rows in regular]))
    return [_face(arrays, gram, rows, next(factors)) if rows.size else NO_FACE for rows in faces]


def multipliers_on(
    arrays: Arrays, faces: list[Face], products: Float[Array, "b k"], signs: Float[Array, "b k"]
) -> Float[Array, "b k"]:
    """Return the multipliers that put every block on its face; they are zero off it."""
    found = arrays.xp.zeros_like(products)
    sizes = [face.rows.size for face in faces]
    if not any(sizes):
        return found
    block = arrays.asarray(np.repeat(np.arange(len(faces)), sizes))
    row = arrays.asarray(np.concatenate([face.rows for face in faces]))
    given, solved, start = products[block, row], [], 0
    for face, size in zip(faces, sizes, strict=True):
        if size:
            target = given[start : start + size]
            found_here = arrays.cholesky_solve(face.factor, target)
            if face.singular is not None:
                # without it the ridge would hide a fall of the dual function from a line search
                left = target - face.singular @ found_here
                found_here = found_here + arrays.cholesky_solve(face.factor, left)
            solved.append(found_here)
        start += size
    found[block, row] = -signs[block, row] * arrays.xp.concat(solved)
    return found


def _face(
    arrays: Arrays,
    gram: Float[Array, "k k"],
    rows: Int[np.ndarray, " r"],
    factor: Float[Array, "r r"] | None,
) -> Face:
    ridge = max(RIDGE, 2e-14 * arrays.roundoff_ratio)
    if factor is not None and float(arrays.xp.min(arrays.xp.linalg.diagonal(factor))) < sqrt(ridge):
        # dependent rows whose rounding passed for a pivot
        factor = None
    singular = None if factor is not None else _gram_of(arrays, gram, rows)
    while factor is None:
        # dependent rows: a ridge picks one of the many multipliers of the same projection
        ridged, diagonal = _gram_of(arrays, gram, rows), arrays.asarray(np.arange(rows.size))
        ridged[diagonal, diagonal] += ridge
        (factor,) = arrays.cholesky([ridged])
        ridge *= 10.0
    return Face(rows, factor, singular)


def _gram_of(
    arrays: Arrays, gram: Float[Array, "k k"], rows: Int[np.ndarray, " r"]
) -> Float[Array, "r r"]:
    at = arrays.asarray(rows)
    return arrays.xp.take(arrays.xp.take(gram, at, axis=0), at, axis=1)
