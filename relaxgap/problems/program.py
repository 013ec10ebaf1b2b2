"""A convex program made of parts: data, patterns, a family of blocks, and a loss."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.data.classes import refuse_other_labels
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.families import ConeBlocks, Family, FreeBlocks
from relaxgap.problems.fit_map import fit
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    r"""State a convex program over activation patterns.

    .. math:: \min_{w_{s,i} \in K_{s,i}} \ell\Big(\sum_{s,i} s D_i X w_{s,i}\Big)
              + \beta \sum_{s,i} \|w_{s,i}\|

    With the blocks in the cones of their patterns (`relu_program`) and over all patterns its value
    is the global optimum :math:`p^*` of two-layer ReLU training; over sampled ones it is the
    Gaussian relaxation :math:`\tilde p^* \ge p^*`. Without cones (`gated_program`) it is the gated
    ReLU program, a group lasso.

    Parameters
    ----------
    data : Dataset
        ``X`` (n, d) and ``y`` (n,).
    patterns : PatternSet
        Patterns of the same ``n`` samples.
    beta : float
        Regularisation strength, positive and finite.
    family : Family
        Signs, cones and forbidden blocks.
    loss : Loss
        Of the fit.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite, or the patterns have other numbers of samples or
        features than the data. Whether they are patterns of these data is not looked at.
    DataError
        If the loss is one of two classes and a label is not -1 or +1.

    References
    ----------
    Pilanci & Ergen (2020), arXiv 2002.10553; Mishkin, Sahiner & Pilanci (2022); Kim & Pilanci
    (2024), Eqs. (2), (3) and (5).
    """

    data: Dataset
    patterns: PatternSet
    beta: float
    family: Family
    loss: Loss = SQUARED

    def __post_init__(self) -> None:
        if not (self.beta > 0.0 and math.isfinite(self.beta)):
            raise ConfigurationError(
                f"Expected a positive, finite beta, got {self.beta}; weight decay is what makes "
                "the program's optimum unique in value."
            )
        got = self.patterns.n, self.patterns.gates.shape[1]
        if got != (self.data.n, self.data.d):
            raise ConfigurationError(
                f"Expected patterns of {self.data.n} samples and gates of dimension "
                f"{self.data.d}, got {got[0]} and {got[1]}; make the patterns from this data."
            )
        self.family.check(self.patterns)
        if self.loss.of_classes:
            refuse_other_labels(self.loss.name, self.data.y)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape ``(S, P, d)`` of a point."""
        return len(self.family.signs), self.patterns.n_patterns, self.data.d

    def zero(self) -> Blocks:
        """Return the point of zero blocks, feasible in every program."""
        return Blocks(np.zeros(self.shape))

    def fit(self, point: Blocks) -> Float64[np.ndarray, " n"]:
        r"""Return the predictions :math:`\sum_{s,i} s D_i X w_{s,i}`."""
        first, *others = point.w
        combined = first
        for sign, w in zip(self.family.signs[1:], others, strict=True):
            combined = combined + sign * w
        return fit(self.data.X, self.patterns, combined)

    def dual_point(self, point: Blocks) -> Float64[np.ndarray, " n"]:
        r"""Return :math:`-\nabla \ell` at the fit of a point."""
        return np.asarray(self.loss.dual_point(self.fit(point), self.data.y))

    def value(self, point: Blocks) -> float:
        """Return the objective; it bounds the optimum from above if the point is in its cones."""
        return self.loss.value(self.fit(point), self.data.y) + self.beta * point.total_norm

    def forbidden(self) -> Bool[np.ndarray, "S P"]:
        """Mark the blocks whose cone is {0}."""
        return self.family.forbidden(self.patterns.n_patterns)

    def n_forbidden(self, point: Blocks) -> int:
        """Count the nonzero blocks that are forbidden."""
        return int(np.count_nonzero(self.forbidden() & np.any(point.w != 0.0, axis=2)))

    def without_forbidden(self, point: Blocks) -> Blocks:
        """Return the point with the forbidden blocks set to zero."""
        forbidden = self.forbidden()
        if not forbidden.any():
            return point
        return Blocks(np.where(forbidden[:, :, None], 0.0, point.w))

    def max_cone_violation(self, point: Blocks) -> float:
        """Return how far the point is outside of its cones (`Family.violation`); 0 inside."""
        return self.family.violation(self.data.X, self.patterns, point.w)

    def into_cones(self, point: Blocks, drop: float = 1e-9) -> Blocks:
        """Return a feasible point near any finite one: forbidden blocks become zero.

        With cones, blocks of at most a fraction ``drop`` of the largest become zero too.
        """
        return Blocks(self.family.project(self.data.X, self.patterns, point.w, drop))

    def over(self, rows: Int[np.ndarray, " k"]) -> "Program":
        """Return the program over some of its patterns, with what is allowed there."""
        return replace(self, patterns=self.patterns.subset(rows), family=self.family.over(rows))

    def placed(self, point: Blocks, rows: Int[np.ndarray, " k"]) -> Blocks:
        """Place the blocks of a point of ``over(rows)`` among zeros for all other patterns."""
        w = np.zeros(self.shape)
        w[:, rows] = point.w
        return Blocks(w)


def relu_program(
    data: Dataset,
    patterns: PatternSet,
    beta: float,
    allowed: Bool[np.ndarray, "2 P"] | None = None,
    loss: Loss = SQUARED,
) -> Program:
    """State two-layer ReLU training over patterns, with cones.

    With one allowed sign for each pattern it is Kim & Pilanci (2024), Eq. (19).
    """
    return Program(data, patterns, beta, ConeBlocks(allowed), loss)


def gated_program(
    data: Dataset, patterns: PatternSet, beta: float, loss: Loss = SQUARED
) -> Program:
    """State the gated ReLU program, the relaxation of `relu_program` without its cones."""
    return Program(data, patterns, beta, FreeBlocks(), loss)


@runtime_checkable
class ProgramMaker(Protocol):
    """State a program of one family."""

    def __call__(
        self, data: Dataset, patterns: PatternSet, beta: float, *, loss: Loss = SQUARED
    ) -> Program:
        """Return the program of these parts."""
        ...


PROGRAMS: Mapping[str, ProgramMaker] = {
    ConeBlocks.name: relu_program,
    FreeBlocks.name: gated_program,
}
"""Every program by the name of its family."""
