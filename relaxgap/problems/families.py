r"""What the blocks of a program are: how many signs, in which cones, and which are forbidden.

Block :math:`(s, i)` adds :math:`s D_i X w_{s,i}` to the fit and lies in the closed cone
:math:`K_{s,i}`. A forbidden block has the cone {0}.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.errors import ConfigurationError
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.feasibility import least_slacks, project_blocks


@runtime_checkable
class Family(Protocol):
    """The blocks of a program; prices and what solvers know of it are looked up by its name."""

    @property
    def name(self) -> str:
        """What configs and the command line call it."""
        ...

    @property
    def signs(self) -> tuple[float, ...]:
        """The sign of each row of the sign axis."""
        ...

    def check(self, patterns: PatternSet) -> None:
        """Raise `ConfigurationError` unless the family fits these patterns."""
        ...

    def forbidden(self, n_patterns: int) -> Bool[np.ndarray, "S P"]:
        """Mark the blocks whose cone is {0}."""
        ...

    def over(self, rows: Int[np.ndarray, " k"]) -> "Family":
        """Return the family over some of the patterns."""
        ...

    def violation(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
    ) -> float:
        """Return how far the blocks are outside of their cones, relative to their norms."""
        ...

    def project(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
        drop: float,
    ) -> Float64[np.ndarray, "S P d"]:
        """Return blocks in their cones, near these; at most a fraction ``drop`` is negligible."""
        ...


@dataclass(frozen=True, slots=True)
class FreeBlocks:
    """One block a pattern, free: the gated program."""

    name = "gated"
    signs = (1.0,)

    def check(self, patterns: PatternSet) -> None:
        """Free blocks fit any patterns."""

    def forbidden(self, n_patterns: int) -> Bool[np.ndarray, "S P"]:
        """Forbid nothing."""
        return np.zeros((1, n_patterns), dtype=np.bool_)

    def over(self, rows: Int[np.ndarray, " k"]) -> "FreeBlocks":
        """See `Family`."""
        return self

    def violation(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
    ) -> float:
        """Return 0: there are no cones."""
        return 0.0

    def project(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
        drop: float,
    ) -> Float64[np.ndarray, "S P d"]:
        """Return the blocks: they have no cones to leave."""
        return w


@dataclass(frozen=True, slots=True, eq=False)
class ConeBlocks:
    r"""A block of each sign for every pattern, in its cone :math:`\{u : (2D_i - I) X u \ge 0\}`.

    Parameters
    ----------
    allowed : (2, P) bool, optional
        Which blocks may be nonzero: row 0 for positive, row 1 for negative output weights. None
        allows all of them.
    """

    allowed: Bool[np.ndarray, "2 P"] | None = None

    name = "relu"
    signs = (1.0, -1.0)

    def check(self, patterns: PatternSet) -> None:
        """Raise `ConfigurationError` unless ``allowed`` says yes or no for every block."""
        allowed = self.allowed
        if allowed is None:
            return
        if allowed.dtype != np.bool_ or allowed.shape != (2, patterns.n_patterns):
            raise ConfigurationError(
                f"Expected booleans of shape (2, {patterns.n_patterns}) for what is allowed, got "
                f"{allowed.dtype} of shape {allowed.shape}; give one for each sign and pattern."
            )

    def forbidden(self, n_patterns: int) -> Bool[np.ndarray, "S P"]:
        """See `Family`."""
        if self.allowed is None:
            return np.zeros((2, n_patterns), dtype=np.bool_)
        return ~self.allowed

    def over(self, rows: Int[np.ndarray, " k"]) -> "ConeBlocks":
        """See `Family`."""
        return self if self.allowed is None else ConeBlocks(self.allowed[:, rows])

    def violation(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
    ) -> float:
        r"""Return the largest :math:`-(2D_i-I)_j x_j^\top w_{s,i} / (\|x_j\| \|w_{s,i}\|)`, or 0.

        A nonzero block that is forbidden is off its cone {0} by its whole length: it counts as 1.
        """
        off = self.forbidden(patterns.n_patterns) & np.any(w != 0.0, axis=2)
        worst = 1.0 if np.any(off) else 0.0
        for blocks in w:
            active = np.flatnonzero(np.any(blocks != 0.0, axis=1))
            least = least_slacks(X, patterns, active, blocks[active])
            worst = max(worst, -float(least.min(initial=0.0)))
        return worst

    def project(
        self,
        X: Float64[np.ndarray, "n d"],
        patterns: PatternSet,
        w: Float64[np.ndarray, "S P d"],
        drop: float,
    ) -> Float64[np.ndarray, "S P d"]:
        """See `Family` and `project_blocks`; forbidden blocks become zero."""
        w = np.where(self.forbidden(patterns.n_patterns)[:, :, None], 0.0, w)
        largest = max(float(np.linalg.norm(blocks, axis=1).max(initial=0.0)) for blocks in w)
        return np.stack([project_blocks(X, patterns, blocks, drop * largest) for blocks in w])
