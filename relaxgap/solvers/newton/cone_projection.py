r"""Exact projection onto many pattern cones at once, warm-started from the last multipliers.

With unit rows :math:`R = (2D - I) \bar X` of a cone, :math:`\mathrm{Proj}_K(z) = z + R^\top
\lambda` for the :math:`\lambda \ge 0` of complementary slack. All blocks share the Gram matrix
:math:`\bar X \bar X^\top` up to signs. A block goes through three stages and leaves at the first
that settles it: its old multipliers already bound the norm by the threshold asked for; accelerated
gradient steps, one matrix product for all blocks, do; a primal-dual active set method finds the
face exactly, one small Cholesky factorisation a step. Which blocks and rows are meant is decided
in NumPy; the products are the backend's.

References
----------
Kim & Park (2011), Fast nonnegative matrix factorization: an active-set-like method (block principal
pivoting with its backup rule); Beck & Teboulle (2009) for the accelerated steps.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from relaxgap.numerics.backend import Array
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.solvers.newton.cone_rows import ConeRows
from relaxgap.solvers.newton.faces import NO_FACE, Face, factorised, multipliers_on

COLD_STEPS = 60
MAX_STEPS = 100
MAX_PIVOTS = 20
SLACK = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """Hold the projections that are longer than a threshold, and which blocks they belong to."""

    index: Int[np.ndarray, " A"]
    points: Float[Array, "A d"]
    norms: Float[Array, " A"]
    faces: list[Face]


class ConeProjector:
    """Project onto the cones of ``B`` blocks, remembering multipliers from call to call."""

    def __init__(
        self,
        rows: ConeRows,
        bits: Bool[np.ndarray, "B n"],
        multipliers: Float[Array, "B k"] | None = None,
    ) -> None:
        self.rows, self.arrays, xp = rows, rows.arrays, rows.arrays.xp
        self.signs = 2.0 * xp.astype(self.arrays.asarray(bits[:, rows.kept]), self.arrays.dtype)
        self.signs -= 1.0
        self.multipliers = xp.zeros_like(self.signs) if multipliers is None else multipliers
        self.faces: dict[int, Face] = {}

    def norm_bounds(
        self, z: Float[Array, "b d"], index: Int[np.ndarray, " b"]
    ) -> Float64[np.ndarray, " b"]:
        """Bound the norms of projections by the blocks' multipliers, or by none if that is less."""
        at = self.arrays.asarray(index)
        moved = z + (self.signs[at] * self.multipliers[at]) @ self.rows.rows
        norms = self.arrays.xp.minimum(self.arrays.norms(moved), self.arrays.norms(z))
        return self.arrays.to_numpy(norms)

    def rescale(self, z: Float[Array, "B d"]) -> Float64[np.ndarray, " B"]:
        r"""Stretch the multipliers of every block to where they bound best; return these bounds.

        Multipliers found for a point that was a thousand times as long are worse than none. Along
        their ray the best are :math:`t \lambda` for :math:`t = (-\langle z, R^\top \lambda\rangle /
        \|R^\top \lambda\|^2)_+`.
        """
        xp = self.arrays.xp
        added = (self.signs * self.multipliers) @ self.rows.rows
        squares = xp.sum(added * added, axis=1)
        nonzero = squares > 0.0
        ratio = -xp.sum(z * added, axis=1) / xp.where(nonzero, squares, xp.ones_like(squares))
        # where the squares underflow nothing is known of the ray
        stretch = xp.where(nonzero & (ratio > 0.0), ratio, xp.zeros_like(ratio))
        self.multipliers *= stretch[:, None]
        return self.arrays.to_numpy(self.arrays.norms(z + stretch[:, None] * added))

    def project(self, z: Float[Array, "B d"], threshold: float) -> Projections:
        """Return the projections of norm above the threshold, exactly."""
        arrays = self.arrays
        open_ = np.flatnonzero(arrays.to_numpy(arrays.norms(z)) > threshold)
        open_ = open_[self.norm_bounds(z[arrays.asarray(open_)], open_) > threshold]
        known = arrays.xp.any(self.multipliers[arrays.asarray(open_)] > 0.0, axis=1)
        cold = open_[~arrays.to_numpy(known)]
        if cold.size:
            far = z[arrays.asarray(cold)]
            self.descend(far, cold)
            over = self.norm_bounds(far, cold) > threshold
            open_ = np.setdiff1d(open_, cold[~over])
        points, faces = self.pivot(z[arrays.asarray(open_)], open_, threshold)
        norms = arrays.norms(points)
        longer = np.flatnonzero(arrays.to_numpy(norms) > threshold)
        at = arrays.asarray(longer)
        return Projections(open_[longer], points[at], norms[at], [faces[k] for k in longer])

    def descend(
        self, z: Float[Array, "b d"], index: Int[np.ndarray, " b"], steps: int = COLD_STEPS
    ) -> None:
        """Improve the multipliers of some blocks by accelerated projected gradient steps.

        In single precision, which halves the time: any multipliers prove a bound.
        """
        arrays, xp, rows = self.arrays, self.arrays.xp, self.rows
        at = arrays.asarray(index)
        signs = self.signs[at]
        constant = xp.astype(z @ rows.rows.T / rows.smoothness, xp.float32)
        now = xp.astype(signs * self.multipliers[at], xp.float32)
        zero, positive = xp.zeros_like(now), signs > 0.0
        lowest, highest = xp.where(positive, zero, -np.inf), xp.where(positive, np.inf, zero)
        ahead, t = now, 1.0
        for _ in range(steps):
            checkpoint()
            after = ahead @ rows.step
            after -= constant
            arrays.clip(after, lowest, highest, out=after)
            t_after = 0.5 * (1.0 + float(np.sqrt(1.0 + 4.0 * t * t)))
            now -= after
            now *= (1.0 - t) / t_after
            now += after
            ahead, now, t = now, after, t_after
        self.multipliers[at] = signs * now

    def pivot(
        self, z: Float[Array, "b d"], index: Int[np.ndarray, " b"], threshold: float
    ) -> tuple[Float[Array, "b d"], list[Face]]:
        r"""Find the exact projections and faces of some blocks, and store their multipliers.

        For unit rows :math:`R` of a cone and a guess :math:`F` of its face, the rows on which the
        projection is zero,

        .. math:: \lambda_F = -(R_F R_F^\top)^{-1} R_F z, \qquad p = z + R_F^\top \lambda_F, \qquad
                  F \leftarrow F \mathbin{\triangle} \{j \in F : \lambda_j < 0\}
                  \mathbin{\triangle} \{j \notin F : R_j p < 0\}

        until no row is wrong: then :math:`\lambda \ge 0`, :math:`R p \ge 0` and
        :math:`\lambda^\top R p = 0`, so that :math:`p` is the projection. All wrong rows change
        sides at once as long as their number falls now and then; otherwise only the last of them,
        which cannot cycle.

        A projection that proves to be no longer than the threshold may be left at that.
        """
        arrays, xp = self.arrays, self.arrays.xp
        at = arrays.asarray(index)
        signs, products = self.signs[at], z @ self.rows.rows.T
        limits = -SLACK * arrays.roundoff_ratio * arrays.norms(z)[:, None]
        warm = self.multipliers[at]
        on = arrays.to_numpy(warm > 1e-4 * xp.max(warm, axis=1, keepdims=True))
        found, points = xp.zeros_like(warm), xp.zeros_like(z)
        faces = [self.faces.get(b, NO_FACE) for b in index.tolist()]
        fewest, tries = np.full(index.size, on.shape[1] + 1), np.full(index.size, 3)
        singular, live = np.zeros(index.size, dtype=np.bool_), np.arange(index.size)
        stuck = live[:0]
        for _ in range(MAX_PIVOTS):
            checkpoint()
            if live.size == 0:
                break
            self._update(faces, on, live, singular)
            here = arrays.asarray(live)
            signs_here, limit = signs[here], limits[here]
            alive = [faces[k] for k in live]
            solved = multipliers_on(arrays, alive, products[here], signs_here)
            moved = z[here] + (signs_here * solved) @ self.rows.rows
            slack = signs_here * (moved @ self.rows.rows.T)
            found[here], points[here] = solved, moved
            on_here = arrays.asarray(on[live])
            wrong = arrays.to_numpy(xp.where(on_here, solved < limit, slack < 10.0 * limit))
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
                on[k] ^= wrong[j]
            live = live[counts > 0]
            # more rows than features have no regular face
            lost = singular[live]
            stuck = np.concatenate([stuck, live[lost]])
            live = live[~lost]
        self.multipliers[at] = xp.where(found > 0.0, found, xp.zeros_like(found))
        stuck = np.concatenate([stuck, live])
        if stuck.size:
            self._settle(z, index, stuck, threshold, points, faces)
        self.faces.update(zip(index.tolist(), faces, strict=True))
        return points, faces

    def _update(
        self,
        faces: list[Face],
        on: Bool[np.ndarray, "b k"],
        live: Int[np.ndarray, " l"],
        singular: Bool[np.ndarray, " b"],
    ) -> None:
        """Factorise the faces that changed, and mark those of more rows than features."""
        rows = {k: np.flatnonzero(on[k]) for k in live.tolist()}
        changed = [k for k in rows if not np.array_equal(rows[k], faces[k].rows)]
        found = factorised(self.arrays, self.rows.gram, [rows[k] for k in changed])
        for k, face in zip(changed, found, strict=True):
            faces[k], singular[k] = face, face.rows.size > self.rows.rows.shape[1]

    def _settle(
        self,
        z: Float[Array, "b d"],
        index: Int[np.ndarray, " b"],
        stuck: Int[np.ndarray, " s"],
        threshold: float,
        points: Float[Array, "b d"],
        faces: list[Face],
    ) -> None:
        """Finish blocks without a regular face, most of which project near the apex."""
        arrays = self.arrays
        at, here = arrays.asarray(index[stuck]), arrays.asarray(stuck)
        self.multipliers[at] = arrays.xp.zeros_like(self.multipliers[at])
        self.descend(z[here], index[stuck], MAX_STEPS)
        moved = z[here] + (self.signs[at] * self.multipliers[at]) @ self.rows.rows
        points[here] = moved
        long = arrays.to_numpy(arrays.norms(moved)) > threshold
        for k, far in zip(stuck.tolist(), long.tolist(), strict=True):
            checkpoint()
            faces[k] = NO_FACE
            if far:
                signs = self.signs[int(index[k])]
                points[k], self.multipliers[int(index[k])], faces[k] = self._by_least_squares(
                    z[k], signs
                )

    def _by_least_squares(
        self, z: Float[Array, " d"], signs: Float[Array, " k"]
    ) -> tuple[Float[Array, " d"], Float[Array, " k"], Face]:
        """Solve one block in NumPy and float64, whatever the backend."""
        arrays = self.arrays
        cone = arrays.to_numpy(signs[:, None] * self.rows.rows)
        target = arrays.to_numpy(z)
        found = nonnegative_least_squares(cone.T, -target)
        on_face = np.flatnonzero(found > 0.0)
        (face,) = factorised(arrays, self.rows.gram, [on_face])
        return arrays.asarray(target + cone.T @ found), arrays.asarray(found), face
