r"""The sharpness of many pattern cones, each in a direction of its own, between certified ends.

Definition 1: for a convex cone K and a unit vector z,

.. math:: C(K, z) = \min \{\|u\| + \|v\| : u - v = z,\; u, v \in K\} \ge 1 .

With :math:`v = u - z` and the cone matrix :math:`A = (2D - I) X` it is
:math:`\min \|u\| + \|u - z\|` over :math:`A u \ge b = (A z)_+`, and its solution is

.. math:: u = \mathrm{Proj}_{A u \ge b}(\alpha z), \qquad
          \alpha = \|u\| / (\|u\| + \|u - z\|) .

The multipliers :math:`\lambda` of that projection, :math:`u = \alpha z + A^\top \lambda`, are found
by accelerated gradient steps for all cones at once: two matrix products a step, since all cones
share the rows of X up to signs. Any feasible point bounds :math:`C` from above. Any
:math:`l \ge 0` and :math:`\|p\| \le 1` bound it from below: with :math:`q = A^\top l - p`,

.. math:: C(K, z) \ge (b^\top l - q^\top z) / \max(1, \|q\|) .

References
----------
Kim & Pilanci (2024), Definition 1 and Propositions 5 and 6.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.theory.sharpness.face import project, settle

CHUNK = 64
"""Cones stepped together: their multipliers stay in the cache."""
STEPS = 100
"""Steps after which most faces are known but for a few rows."""
MAX_ROUNDS = 5
"""Rounds of steps before the cones that are left are projected onto one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Sharpness:
    """Hold certified ends of the sharpness of ``B`` cones, and what proves them.

    Parameters
    ----------
    lower, upper : (B,) float64
        ``1 <= lower <= C(K, z) <= upper``, rounding included; ``upper`` is infinite where no
        point inside the cone was found.
    points : (B, d) float64
        Each ``u``: it and ``u - z`` are in the cone, up to rounding.
    normals : (B, d) float64
        The dual direction: ``C(K, q / |q|) >= |q|`` up to the gap, for *this* direction too.
    """

    lower: Float64[np.ndarray, " B"]
    upper: Float64[np.ndarray, " B"]
    points: Float64[np.ndarray, "B d"]
    normals: Float64[np.ndarray, "B d"]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Hold what all cones share: unit rows, their products, and the largest eigenvalue."""

    rows: Float64[np.ndarray, "k d"]
    gram: Float64[np.ndarray, "k k"]
    smoothness: float

    @classmethod
    def of(cls, X: Float64[np.ndarray, "n d"]) -> "_Rows":
        rows = unit_rows(X)
        return cls(rows, rows @ rows.T, max(float(np.linalg.norm(rows, 2)) ** 2, EPS))


class _Cones:
    """Hold some cones, their directions, and the multipliers found so far."""

    def __init__(
        self,
        shared: _Rows,
        gates: Float64[np.ndarray, "b d"],
        z: Float64[np.ndarray, "b d"],
    ) -> None:
        rows = shared.rows
        self.rows, self.gram, self.smoothness, self.z = rows, shared.gram, shared.smoothness, z
        at_gates = gates @ rows.T
        self.signs = np.where(at_gates >= 0.0, 1.0, -1.0)
        lengths = np.maximum(np.linalg.norm(gates, axis=1, keepdims=True), np.finfo(float).tiny)
        self.inside, self.margins = gates / lengths, np.abs(at_gates) / lengths
        self.at_z = self.signs * (z @ rows.T)
        self.floor = np.maximum(self.at_z, 0.0)
        self.multipliers = np.zeros_like(self.signs)
        self.alpha = np.full(z.shape[0], 0.5)

    def step(self, index: Int[np.ndarray, " m"], n_steps: int) -> None:
        """Take accelerated projected gradient steps for some cones, alpha following the point."""
        z, floor, signs = self.z[index], self.floor[index], self.signs[index]
        now, alpha = self.multipliers[index], self.alpha[index]
        pull = (signs * now) @ self.rows
        ahead, pull_ahead, t = now, pull, np.ones(index.size)
        for _ in range(n_steps):
            checkpoint()
            slack = (alpha[:, None] * z + pull_ahead) @ self.rows.T
            slack *= signs
            slack -= floor
            slack /= -self.smoothness
            slack += ahead
            after = np.maximum(slack, 0.0, out=slack)
            pull_after = (signs * after) @ self.rows
            moved = after - now
            # momentum that points uphill is dropped
            uphill = np.einsum("bk,bk->b", ahead - after, moved) > 0.0
            t[uphill] = 1.0
            t_after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
            weight = ((t - 1.0) / t_after)[:, None]
            ahead, pull_ahead = after + weight * moved, pull_after + weight * (pull_after - pull)
            now, pull, t = after, pull_after, t_after
            u = alpha[:, None] * z + pull
            near, far = np.linalg.norm(u, axis=1), np.linalg.norm(u - z, axis=1)
            alpha = np.divide(near, near + far, out=alpha, where=near + far > 0.0)
        self.multipliers[index], self.alpha[index] = now, alpha

    def settle(self, index: Int[np.ndarray, " m"]) -> None:
        """Replace the multipliers of some cones by those of their face, where it is found."""
        for k in index.tolist():
            checkpoint()
            found = self._on_face(k)
            if found is not None:
                self.multipliers[k], self.alpha[k] = found

    def project(self, index: Int[np.ndarray, " m"]) -> None:
        """Find the multipliers of some cones by exact projections, then their face."""
        for k in index.tolist():
            checkpoint()
            cone = self.signs[k][:, None] * self.rows
            self.multipliers[k], self.alpha[k] = project(
                cone, self.at_z[k], self.z[k], float(self.alpha[k])
            )
        self.settle(index)

    def _on_face(self, k: int) -> tuple[Float64[np.ndarray, " k"], float] | None:
        signs = self.signs[k]
        return settle(
            signs[:, None] * self.rows,
            signs[:, None] * self.gram * signs,
            self.at_z[k],
            self.z[k],
            self.multipliers[k],
        )

    def bracket(self) -> Sharpness:
        """Return what the multipliers prove, rounding included."""
        n, d = self.rows.shape
        pull = (self.signs * self.multipliers) @ self.rows
        u = self.alpha[:, None] * self.z + pull
        upper, points = self._inside(u)
        # a direction in the cone, or one whose opposite is, needs one part alone
        for point in (np.zeros_like(self.z), self.z):
            ends, repaired = self._inside(point)
            better = ends < upper
            upper[better], points[better] = ends[better], repaired[better]
        near, far = np.linalg.norm(u, axis=1), np.linalg.norm(u - self.z, axis=1)
        stretch = np.divide(1.0, near, out=np.zeros_like(near), where=near > 0.0)
        p = u * stretch[:, None]
        stretch += np.divide(1.0, far, out=np.zeros_like(far), where=far > 0.0)
        l_sums = stretch * self.multipliers.sum(axis=1)
        q = stretch[:, None] * pull - p
        value = stretch * np.einsum("bk,bk->b", self.floor, self.multipliers)
        value -= np.einsum("bk,bk->b", q, self.z)
        # unit rows, so that the sum of the multipliers bounds what is added up in p and q
        doubt = 8.0 * EPS * (n + d) * (2.0 + l_sums)
        length = np.maximum(np.maximum(np.linalg.norm(p, axis=1), np.linalg.norm(q, axis=1)), 1.0)
        lower = np.maximum((value - doubt) / (length + doubt), 1.0)
        on_first = stretch[:, None] * np.where(self.at_z > 0.0, 0.0, self.multipliers)
        normals = p - (self.signs * on_first) @ self.rows
        normals = np.where((lower > 1.0)[:, None], normals, self.z)
        return Sharpness(lower, np.maximum(upper, lower), points, normals)

    def _inside(
        self, u: Float64[np.ndarray, "b d"]
    ) -> tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, "b d"]]:
        """Move points towards the gates until they are feasible; round their lengths up."""
        doubt = 8.0 * EPS * (self.rows.shape[1] + 2) * (1.0 + np.linalg.norm(u, axis=1))
        missing = self.floor - self.signs * (u @ self.rows.T) + doubt[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            need = np.where(missing > 0.0, missing / self.margins, 0.0)
        # a little more, for the rounding of the margins themselves
        amount = need.max(axis=1, initial=0.0) * (1.0 + 1e-6)
        reachable = np.isfinite(amount)
        moved = u + np.where(reachable, amount, 0.0)[:, None] * self.inside
        ends = np.linalg.norm(moved, axis=1) + np.linalg.norm(moved - self.z, axis=1)
        return np.where(reachable, ends * (1.0 + 4.0 * doubt), np.inf), moved


def _solve(cones: _Cones, rtol: float) -> Sharpness:
    """Step and settle until every bracket is narrow enough, or no more steps are left."""
    everyone = np.arange(cones.z.shape[0])
    found, open_ = cones.bracket(), everyone
    for _ in range(MAX_ROUNDS):
        cones.step(open_, STEPS)
        cones.settle(open_)
        found = cones.bracket()
        open_ = np.flatnonzero(found.upper > (1.0 + rtol) * found.lower)
        if open_.size == 0:
            return found
    cones.project(open_)
    return cones.bracket()


def cone_sharpness(
    X: Float64[np.ndarray, "n d"],
    gates: Float64[np.ndarray, "B d"],
    directions: Float64[np.ndarray, "B d"],
    rtol: float = 1e-4,
) -> Sharpness:
    r"""Bracket :math:`C(K_i, z_i)` for the cones of the patterns of some gates.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix; a row of zeros constrains nothing.
    gates : (B, d) float64
        A gate inside each cone: :math:`K_i = \{u : (2 D_i - I) X u \ge 0\}`.
    directions : (B, d) float64
        A nonzero direction for each cone, of any length: its unit vector is :math:`z_i`.
    rtol : float
        Relative width of the brackets to reach; some are exact to rounding.

    Returns
    -------
    Sharpness
        Valid also where the width was not reached.

    Examples
    --------
    A cone of opening angle :math:`\theta` in the plane, across: :math:`1 / \sin(\theta / 2)`.

    >>> import numpy as np
    >>> X = np.array([[1.0, 1.0], [1.0, -1.0]])
    >>> found = cone_sharpness(X, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    >>> round(float(found.lower[0]), 4), round(float(found.upper[0]), 4)
    (1.4142, 1.4142)

    Notes
    -----
    Cost: some hundred products of (64, n) and (n, d) matrices for 64 cones, then a few
    factorisations of at most d rows for each.
    """
    shared, parts = _Rows.of(X), []
    for start in range(0, gates.shape[0], CHUNK):
        some = slice(start, start + CHUNK)
        problem = _Cones(shared, gates[some], unit_rows(directions[some]))
        parts.append(_solve(problem, rtol))
    if not parts:
        nothing = np.zeros((0, X.shape[1]))
        return Sharpness(np.zeros(0), np.zeros(0), nothing, nothing)
    columns = ("lower", "upper", "points", "normals")
    return Sharpness(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
