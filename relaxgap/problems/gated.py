"""The gated ReLU program: a group lasso without cones."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.checks import check_program
from relaxgap.problems.fit_map import fit


@dataclass(frozen=True, slots=True, eq=False)
class GatedBlocks:
    """Hold the point of a gated program: one free block ``w[i]`` a pattern."""

    w: Float64[np.ndarray, "P d"]

    @property
    def active_blocks(self) -> int:
        """Number of nonzero blocks."""
        return int(np.count_nonzero(np.any(self.w != 0.0, axis=1)))


@dataclass(frozen=True, slots=True, eq=False)
class GatedReLUProgram:
    r"""State the gated ReLU program, the relaxation of `ConvexReLUProgram` without its cones.

    .. math:: \min_{w_i} \tfrac12 \|\sum_i D_i X w_i - y\|^2 + \beta \sum_i \|w_i\|

    Parameters
    ----------
    data : Dataset
        ``X`` (n, d) and ``y`` (n,).
    patterns : PatternSet
        Patterns of the same ``n`` samples.
    beta : float
        Regularisation strength, positive and finite.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite, or the patterns belong to other data.

    References
    ----------
    Kim & Pilanci (2024), Eq. (5); Mishkin, Sahiner & Pilanci (2022).
    """

    data: Dataset
    patterns: PatternSet
    beta: float

    def __post_init__(self) -> None:
        check_program(self.data, self.patterns, self.beta)

    def zero(self) -> GatedBlocks:
        """Return the point of zero blocks."""
        return GatedBlocks(np.zeros((self.patterns.n_patterns, self.data.d)))

    def fit(self, point: GatedBlocks) -> Float64[np.ndarray, " n"]:
        r"""Return the predictions :math:`\sum_i D_i X w_i`."""
        return fit(self.data.X, self.patterns, point.w)

    def value(self, point: GatedBlocks) -> float:
        """Return the objective, an upper bound of the optimum at every point."""
        residual = self.data.y - self.fit(point)
        norms = float(np.linalg.norm(point.w, axis=1).sum())
        return 0.5 * float(residual @ residual) + self.beta * norms

    def max_cone_violation(self, point: GatedBlocks) -> float:
        """Return 0: a gated program has no cones."""
        return 0.0
