"""The cone-constrained group lasso: two-layer ReLU training over a set of patterns."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.data.dataset import Dataset
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.checks import check_allowed, check_program
from relaxgap.problems.fit_map import fit


@dataclass(frozen=True, slots=True, eq=False)
class SplitBlocks:
    """Hold the point of a cone-constrained program: ``u[i]`` and ``v[i]`` in the cone of pattern i.

    ``u`` carries the neurons with positive, ``v`` those with negative output weight.
    """

    u: Float64[np.ndarray, "P d"]
    v: Float64[np.ndarray, "P d"]

    @property
    def active_blocks(self) -> int:
        """Number of nonzero blocks, which is the width of the mapped network."""
        return sum(int(np.count_nonzero(np.any(w != 0.0, axis=1))) for w in (self.u, self.v))


@dataclass(frozen=True, slots=True, eq=False)
class ConvexReLUProgram:
    r"""State the convex form of two-layer ReLU training.

    .. math:: \min_{u_i, v_i \in K_i} \tfrac12 \|\sum_i D_i X (u_i - v_i) - y\|^2
              + \beta \sum_i (\|u_i\| + \|v_i\|)

    Over all patterns its value is the global optimum :math:`p^*` of the network; over sampled
    ones it is the Gaussian relaxation :math:`\tilde p^* \ge p^*`.

    Parameters
    ----------
    data : Dataset
        ``X`` (n, d) and ``y`` (n,).
    patterns : PatternSet
        Patterns of the same ``n`` samples.
    beta : float
        Regularisation strength, positive and finite.
    allowed : (2, P) bool, optional
        Which blocks may be nonzero: row 0 speaks of ``u``, row 1 of ``v``. The cone of a block that
        is not allowed is {0}. None allows all of them.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite, the patterns belong to other data, or ``allowed``
        has another shape.

    References
    ----------
    Pilanci & Ergen (2020), arXiv 2002.10553; Kim & Pilanci (2024), Eqs. (2) and (3), and with one
    sign a pattern Eq. (19).
    """

    data: Dataset
    patterns: PatternSet
    beta: float
    allowed: Bool[np.ndarray, "2 P"] | None = None

    def __post_init__(self) -> None:
        check_program(self.data, self.patterns, self.beta)
        if self.allowed is not None:
            check_allowed(self.patterns, self.allowed)

    def zero(self) -> SplitBlocks:
        """Return the point of zero blocks, feasible in every program."""
        shape = (self.patterns.n_patterns, self.data.d)
        return SplitBlocks(np.zeros(shape), np.zeros(shape))

    def fit(self, point: SplitBlocks) -> Float64[np.ndarray, " n"]:
        r"""Return the predictions :math:`\sum_i D_i X (u_i - v_i)`."""
        return fit(self.data.X, self.patterns, point.u - point.v)

    def value(self, point: SplitBlocks) -> float:
        """Return the objective; it bounds the optimum from above if the point is in its cones."""
        residual = self.data.y - self.fit(point)
        norms = sum(float(np.linalg.norm(w, axis=1).sum()) for w in (point.u, point.v))
        return 0.5 * float(residual @ residual) + self.beta * norms

    def without_forbidden(self, point: SplitBlocks) -> SplitBlocks:
        """Return the point with the blocks that are not allowed set to zero."""
        if self.allowed is None:
            return point
        u, v = (
            np.where(row[:, None], w, 0.0)
            for row, w in zip(self.allowed, (point.u, point.v), strict=True)
        )
        return SplitBlocks(u, v)

    def n_forbidden(self, point: SplitBlocks) -> int:
        """Count the nonzero blocks that are not allowed."""
        if self.allowed is None:
            return 0
        return point.active_blocks - self.without_forbidden(point).active_blocks

    def max_cone_violation(self, point: SplitBlocks) -> float:
        r"""Return the largest :math:`-(2D_i-I)_j x_j^\top u_i / (\|x_j\| \|u_i\|)`, or 0.

        A nonzero block that is not allowed is off its cone {0} by its whole length: it counts as 1.
        """
        row_norms = np.linalg.norm(self.data.X, axis=1)
        rows = self.data.X[row_norms > 0] / row_norms[row_norms > 0, None]
        worst = 1.0 if self.n_forbidden(point) else 0.0
        for w in (point.u, point.v):
            norms = np.linalg.norm(w, axis=1)
            active = np.flatnonzero(norms)
            if active.size == 0 or rows.shape[0] == 0:
                continue
            signs = np.where(self.patterns.unpack(active), 1.0, -1.0)[:, row_norms > 0]
            slack = signs * ((w[active] / norms[active, None]) @ rows.T)
            worst = max(worst, -float(slack.min()))
        return worst
