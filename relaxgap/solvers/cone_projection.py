r"""Exact projection onto many pattern cones at once, warm-started from the last multipliers.

With unit rows :math:`R = (2D - I) \bar X` of a cone, :math:`\mathrm{Proj}_K(z) = z + R^\top
\lambda` for the :math:`\lambda \ge 0` of complementary slack. All blocks share the Gram matrix
:math:`\bar X \bar X^\top` up to signs. A block goes through three stages and leaves at the first
that settles it: its old multipliers already bound the norm by the level asked for; accelerated
gradient steps, one matrix product for all blocks, do; a primal-dual active set method finds the
face exactly, one small Cholesky factorisation a step.

References
----------
Kim & Park (2011), Fast nonnegative matrix factorization: an active-set-like method (block principal
pivoting with its backup rule); Beck & Teboulle (2009) for the accelerated steps.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.optimize import nnls

from relaxgap.patterns.hyperplanes import unit_rows

COLD_STEPS = 60
MOST_STEPS = 100
MOST_PIVOTS = 20
SLACK = 1e-14
RIDGE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Hold the rows on which a projection lies and the Cholesky factor of their Gram matrix."""

    rows: Int[np.ndarray, " k"]
    factor: Float64[np.ndarray, "k k"]


NO_FACE = Face(np.zeros(0, dtype=np.intp), np.zeros((0, 0)))


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """Hold the projections that are longer than a level, and which blocks they belong to."""

    index: Int[np.ndarray, " A"]
    points: Float64[np.ndarray, "A d"]
    norms: Float64[np.ndarray, " A"]
    faces: list[Face]


class ConeProjector:
    """Project onto the cones of ``B`` blocks, remembering multipliers from call to call."""

    def __init__(
        self,
        X: Float64[np.ndarray, "n d"],
        bits: Bool[np.ndarray, "B n"],
        multipliers: Float64[np.ndarray, "B k"] | None = None,
    ) -> None:
        self.kept = np.flatnonzero(np.any(X != 0.0, axis=1))
        self.rows = unit_rows(X)
        self.gram = self.rows @ self.rows.T
        self.signs = np.where(bits[:, self.kept], 1.0, -1.0)
        self.smoothness = float(np.linalg.norm(self.gram, 2)) if self.gram.size else 1.0
        self.gram_single = (self.gram / self.smoothness).astype(np.float32)
        self.multipliers = np.zeros_like(self.signs) if multipliers is None else multipliers
        self.faces: dict[int, Face] = {}

    def norm_bounds(
        self, z: Float64[np.ndarray, "b d"], index: Int[np.ndarray, " b"]
    ) -> Float64[np.ndarray, " b"]:
        """Bound the norms of projections by the blocks' multipliers, or by none if that is less."""
        moved = z + (self.signs[index] * self.multipliers[index]) @ self.rows
        norms = np.minimum(np.linalg.norm(moved, axis=1), np.linalg.norm(z, axis=1))
        return np.asarray(norms)

    def project(self, z: Float64[np.ndarray, "B d"], level: float) -> Projections:
        """Return the projections of norm above ``level``, exactly."""
        open_ = np.flatnonzero(np.linalg.norm(z, axis=1) > level)
        open_ = open_[self.norm_bounds(z[open_], open_) > level]
        cold = open_[~np.any(self.multipliers[open_] > 0.0, axis=1)]
        if cold.size:
            self.descend(z[cold], cold)
            over = self.norm_bounds(z[cold], cold) > level
            open_ = np.setdiff1d(open_, cold[~over])
        points, faces = self.pivot(z[open_], open_, level)
        norms = np.linalg.norm(points, axis=1)
        longer = np.flatnonzero(norms > level)
        return Projections(open_[longer], points[longer], norms[longer], [faces[k] for k in longer])

    def descend(
        self, z: Float64[np.ndarray, "b d"], index: Int[np.ndarray, " b"], steps: int = COLD_STEPS
    ) -> None:
        """Improve the multipliers of some blocks by accelerated projected gradient steps.

        In single precision, which halves the time: any multipliers prove a bound.
        """
        signs = self.signs[index]
        constant = (z @ self.rows.T / self.smoothness).astype(np.float32)
        now = (signs * self.multipliers[index]).astype(np.float32)
        positive = signs > 0.0
        lowest = np.where(positive, np.float32(0.0), np.float32(-np.inf))
        highest = np.where(positive, np.float32(np.inf), np.float32(0.0))
        ahead, t = now, 1.0
        for _ in range(steps):
            after = ahead @ self.gram_single
            after += constant
            np.subtract(ahead, after, out=after)
            np.clip(after, lowest, highest, out=after)
            t_after = 0.5 * (1.0 + float(np.sqrt(1.0 + 4.0 * t * t)))
            now -= after
            now *= (1.0 - t) / t_after
            now += after
            ahead, now, t = now, after, t_after
        self.multipliers[index] = signs * now

    def pivot(
        self, z: Float64[np.ndarray, "b d"], index: Int[np.ndarray, " b"], level: float
    ) -> tuple[Float64[np.ndarray, "b d"], list[Face]]:
        """Find the exact projections and faces of some blocks, and store their multipliers.

        A projection that proves to be no longer than ``level`` may be left at that.
        """
        signs, products = self.signs[index], z @ self.rows.T
        sizes = np.linalg.norm(z, axis=1)
        warm = self.multipliers[index]
        faces_on = warm > 1e-4 * warm.max(axis=1, keepdims=True, initial=0.0)
        found, points = np.zeros_like(warm), z.copy()
        faces = [self.faces.get(b, NO_FACE) for b in index.tolist()]
        fewest, tries = np.full(index.size, self.rows.shape[0] + 1), np.full(index.size, 3)
        singular, live = np.zeros(index.size, dtype=np.bool_), np.arange(index.size)
        stuck = live[:0]
        for _ in range(MOST_PIVOTS):
            if live.size == 0:
                break
            for k in live:
                rows = np.flatnonzero(faces_on[k])
                if not np.array_equal(rows, faces[k].rows):
                    faces[k] = self._factorised(rows)
                    singular[k] = rows.size > z.shape[1]
                found[k] = 0.0
                if rows.size:
                    solved = dpotrs(faces[k].factor, products[k, rows], lower=1)[0]
                    found[k, rows] = -signs[k, rows] * solved
            points[live] = z[live] + (signs[live] * found[live]) @ self.rows
            slack = signs[live] * (points[live] @ self.rows.T)
            limit = -SLACK * sizes[live, None]
            wrong = np.where(faces_on[live], found[live] < limit, slack < 10.0 * limit)
            counts = np.count_nonzero(wrong, axis=1)
            for j, k in enumerate(live):
                if counts[j] == 0:
                    continue
                if counts[j] < fewest[k]:
                    fewest[k], tries[k] = counts[j], 3
                else:
                    tries[k] -= 1
                if tries[k] < 0:
                    # the backup rule that cannot cycle: exchange only the last wrong row
                    wrong[j, : np.flatnonzero(wrong[j])[-1]] = False
                faces_on[k] ^= wrong[j]
            live = live[counts > 0]
            lost = singular[live]
            stuck = np.concatenate([stuck, live[lost]])
            live = live[~lost]
        self.multipliers[index] = np.maximum(found, 0.0)
        stuck = np.concatenate([stuck, live])
        if stuck.size:
            self._settle(z, index, stuck, level, points, faces)
        self.faces.update(zip(index.tolist(), faces, strict=True))
        return points, faces

    def _settle(
        self,
        z: Float64[np.ndarray, "b d"],
        index: Int[np.ndarray, " b"],
        stuck: Int[np.ndarray, " s"],
        level: float,
        points: Float64[np.ndarray, "b d"],
        faces: list[Face],
    ) -> None:
        """Finish blocks without a regular face, most of which project near the apex."""
        self.multipliers[index[stuck]] = 0.0
        self.descend(z[stuck], index[stuck], MOST_STEPS)
        for k in stuck.tolist():
            signs = self.signs[index[k]]
            points[k] = z[k] + (signs * self.multipliers[index[k]]) @ self.rows
            faces[k] = NO_FACE
            if np.linalg.norm(points[k]) > level:
                points[k], found, faces[k] = self._by_least_squares(z[k], signs)
                self.multipliers[index[k]] = found

    def _factorised(self, rows: Int[np.ndarray, " k"]) -> Face:
        if rows.size == 0:
            return NO_FACE
        gram = self.gram[np.ix_(rows, rows)]
        factor, failure = dpotrf(gram.T, lower=1)
        if failure:
            # dependent rows: a ridge picks one of the many multipliers of the same projection
            gram[np.diag_indices_from(gram)] += RIDGE
            factor, _ = dpotrf(gram, lower=1)
        return Face(rows, factor)

    def _by_least_squares(
        self, z: Float64[np.ndarray, " d"], signs: Float64[np.ndarray, " k"]
    ) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " k"], Face]:
        cone = signs[:, None] * self.rows
        size = float(np.linalg.norm(z))
        try:
            multipliers = size * nnls(cone.T, -z / size, maxiter=20 * signs.size)[0]
        except RuntimeError:
            multipliers = np.zeros_like(signs)
        rows = np.flatnonzero(multipliers > 0.0)
        return z + cone.T @ multipliers, multipliers, self._factorised(rows)
