r"""Duality certificates: true bounds computed from (program, point), whoever made the point.

For any point :math:`\nu_0 = -\nabla \ell(\text{fit})`, scaled by :math:`s \le \beta / \mu` with
:math:`\mu` an upper bound of every dual constraint at :math:`\nu_0`, is dual feasible, so
:math:`-\ell^*(-s \nu_0)` bounds the optimum from below. For the squared loss :math:`\nu_0` is the
residual and :math:`s = \min(\beta / \mu, y^\top \nu_0 / \|\nu_0\|^2)`. A bound on the rounding is
subtracted.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.certificates.prices.pricing import block_prices, prices_by_multipliers
from relaxgap.certificates.prices.row_multipliers import RowMultipliers
from relaxgap.numerics.rounding import EPS
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.program import Program

MAX_VIOLATION = 1e-12


class Ends:
    """Say how wide a bracket is, of whatever point and dual point."""

    __slots__ = ()
    primal_value: float
    dual_value: float

    @property
    def relative_gap(self) -> float:
        """Width of the bracket over its upper end; 0 for an objective of zero."""
        gap = max(self.primal_value - self.dual_value, 0.0)
        return gap / self.primal_value if self.primal_value > 0.0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DualCertificate:
    """Hold a feasible dual point and the bracket it proves.

    Parameters
    ----------
    nu : (n,) float64
        Dual feasible by construction, rounding included.
    primal_value : float
        Objective of a point in its cones plus its rounding: an upper bound of the optimum.
    dual_value : float
        A lower bound of the optimum, at least 0.
    """

    nu: Float64[np.ndarray, " n"]
    primal_value: float
    dual_value: float

    @property
    def duality_gap(self) -> float:
        """Proven distance to the optimum, in units of the objective."""
        return max(self.primal_value - self.dual_value, 0.0)

    @property
    def relative_gap(self) -> float:
        """Duality gap over the primal value; 0 for a zero objective."""
        return self.duality_gap / self.primal_value if self.primal_value > 0.0 else 0.0


def feasible_dual(
    y: Float64[np.ndarray, " n"],
    nu0: Float64[np.ndarray, " n"],
    largest_price: float,
    beta: float,
    loss: Loss = SQUARED,
) -> tuple[Float64[np.ndarray, " n"], float]:
    """Scale ``nu0`` into the dual feasible set and return it with its safe dual value.

    Parameters
    ----------
    y : (n,) float64
        Labels.
    nu0 : (n,) float64
        Any finite vector.
    largest_price : float
        An upper bound of every dual constraint at ``nu0``.
    beta : float
        Regularisation strength.
    loss : Loss
        Its conjugate is the dual objective.

    Returns
    -------
    nu : (n,) float64
        Feasible; zero if no multiple of ``nu0`` is better or ``largest_price`` is not finite.
    dual_value : float
        A lower bound of the optimum after subtracting the rounding of its own evaluation.
    """
    if not np.isfinite(largest_price):
        # a price that overflowed bounds nothing, and NaN would pass every comparison below
        return np.zeros_like(y), 0.0
    limit = beta / largest_price if largest_price > 0.0 else np.inf
    scale, _ = loss.best_scale(nu0, y, limit)
    if scale == 0.0:
        return np.zeros_like(y), 0.0
    nu = scale * (1.0 - 8.0 * EPS) * nu0
    value, rounding = loss.dual_value(nu, y), loss.dual_rounding(nu, y)
    return (nu, value - rounding) if value > rounding else (np.zeros_like(y), 0.0)


def certify(
    program: Program,
    point: Blocks,
    candidate: Float64[np.ndarray, " n"] | None = None,
    multipliers: Float64[np.ndarray, "S P k"] | RowMultipliers | None = None,
) -> DualCertificate:
    r"""Bound the optimum from both sides with the residual of ``point``.

    Parameters
    ----------
    program : Program
        Program with ``beta > 0``.
    point : Blocks
        A point in its cones (see `Program.into_cones`); it need not be optimal.
    candidate : (n,) float64, optional
        Another dual point to scale, in any units and of any quality: the better bound is kept.
        A solver's own multiplier serves where the residual of a near-interpolating point has
        cancelled.
    multipliers : (S, P, k) float64 or RowMultipliers, optional
        Cone multipliers of the candidate (`bound_by_multipliers`). They make its price two matrix
        products, and the residual is then not priced at all.

    Returns
    -------
    DualCertificate
        Both values are true bounds of *this* program's optimum; over sampled patterns the lower
        bound does not bound the network's optimum.

    Raises
    ------
    ValueError
        If the point holds a non-finite entry (the solver diverged), has a block that the program
        does not allow, or leaves its cones.

    Notes
    -----
    Cost: one fit and one pricing of all patterns for each dual point.

    References
    ----------
    Kim & Pilanci (2024), Section 3.3 (scaled dual point).
    """
    fit, y = program.fit(point), program.data.y
    if not np.isfinite(program.loss.value(fit, y) + program.beta * point.total_norm):
        raise ValueError(
            "Expected a finite point, got NaN or infinity in a block; the solver diverged."
        )
    if program.n_forbidden(point) > 0:
        raise ValueError(
            "Expected zero in every block that the program does not allow, got a nonzero one; set "
            "them to zero with program.into_cones first."
        )
    violation = program.max_cone_violation(point)
    if violation > MAX_VIOLATION:
        raise ValueError(
            f"Expected a point in its cones, got a relative violation of {violation:.1e}; "
            "project it with program.into_cones first."
        )
    usable = candidate is not None and bool(np.all(np.isfinite(candidate)))
    if candidate is not None and usable:
        candidate = program.loss.into_domain(candidate, y)
    if candidate is not None and usable and multipliers is not None:
        prices = prices_by_multipliers(program, candidate, multipliers)
        nu, dual_value = _bound_at(program, candidate, prices)
    else:
        nu, dual_value = _bound_from(program, program.loss.dual_point(fit, y))
        if candidate is not None and usable:
            other, other_value = _bound_from(program, candidate)
            if other_value > dual_value:
                nu, dual_value = other, other_value
    primal_value = _value_at(program, point, fit, violation)
    return DualCertificate(nu, primal_value, min(dual_value, primal_value))


def attained_value(program: Program, point: Blocks) -> float:
    """Return the objective of a point in its cones, rounding included, as `certify` does."""
    return _value_at(program, point, program.fit(point), program.max_cone_violation(point))


def _value_at(
    program: Program, point: Blocks, fit: Float64[np.ndarray, " n"], violation: float
) -> float:
    loss, y = program.loss, program.data.y
    value = loss.value(fit, y) + program.beta * point.total_norm
    return value + loss.value_error(fit, y, _fit_error(program, point, violation))


def _fit_error(program: Program, point: Blocks, violation: float) -> float:
    """Bound how far the fit is from that of a point in its cones, in exact arithmetic."""
    n_terms = program.data.d + point.active_blocks + 8
    relative = 4.0 * EPS * n_terms + violation
    return relative * float(np.linalg.norm(program.data.X)) * point.total_norm


def _bound_from(
    program: Program, nu0: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], float]:
    return _bound_at(program, nu0, block_prices(program, nu0, program.beta))


def _bound_at(
    program: Program, nu0: Float64[np.ndarray, " n"], prices: BlockPrices
) -> tuple[Float64[np.ndarray, " n"], float]:
    return feasible_dual(program.data.y, nu0, prices.largest, program.beta, program.loss)
