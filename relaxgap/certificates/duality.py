r"""Duality certificates: true bounds computed from (program, point), whoever made the point.

For any point the residual :math:`\nu_0 = y - \text{fit}`, scaled by :math:`s = \min(\beta / \mu,
y^\top \nu_0 / \|\nu_0\|^2)` with :math:`\mu` an upper bound of every dual constraint at
:math:`\nu_0`, is dual feasible, so :math:`y^\top \nu - \tfrac12 \|\nu\|^2` bounds the optimum
from below. A bound on the rounding is subtracted.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.prices.blocks import block_prices, prices_by_multipliers
from relaxgap.problems.gated import GatedBlocks, GatedReLUProgram
from relaxgap.problems.relu import ConvexReLUProgram, SplitBlocks

LARGEST_VIOLATION = 1e-12
EPS = float(np.finfo(np.float64).eps)


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

    Returns
    -------
    nu : (n,) float64
        Feasible; zero if ``nu0`` does not correlate with ``y`` or ``largest_price`` is not finite.
    dual_value : float
        A lower bound of the optimum after subtracting the rounding of its own evaluation.
    """
    square, product = float(nu0 @ nu0), float(y @ nu0)
    if square == 0.0 or product <= 0.0 or not np.isfinite(largest_price):
        # a price that overflowed bounds nothing, and NaN would pass every comparison below
        return np.zeros_like(y), 0.0
    scale = product / square
    if largest_price > 0.0:
        scale = min(scale, beta / largest_price)
    nu = scale * (1.0 - 8.0 * EPS) * nu0
    value = float(y @ nu) - 0.5 * float(nu @ nu)
    rounding = 2.0 * EPS * (y.size + 4) * float(np.abs(y) @ np.abs(nu) + nu @ nu)
    return (nu, value - rounding) if value > rounding else (np.zeros_like(y), 0.0)


def certify(
    program: ConvexReLUProgram | GatedReLUProgram,
    point: SplitBlocks | GatedBlocks,
    candidate: Float64[np.ndarray, " n"] | None = None,
    multipliers: Float64[np.ndarray, "2 P k"] | None = None,
) -> DualCertificate:
    r"""Bound the optimum from both sides with the residual of ``point``.

    Parameters
    ----------
    program : ConvexReLUProgram or GatedReLUProgram
        Program with ``beta > 0``.
    point : SplitBlocks or GatedBlocks
        A point in its cones (see `into_cones`); it need not be optimal.
    candidate : (n,) float64, optional
        Another dual point to scale, in any units and of any quality: the better bound is kept.
        A solver's own multiplier serves where the residual of a near-interpolating point has
        cancelled.
    multipliers : (2, P, k) float64, optional
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
    primal_value = program.value(point)  # type: ignore[arg-type]
    if not np.isfinite(primal_value):
        raise ValueError(
            "Expected a finite point, got NaN or infinity in a block; the solver diverged."
        )
    if isinstance(program, ConvexReLUProgram) and program.n_forbidden(point) > 0:  # type: ignore[arg-type]
        raise ValueError(
            "Expected zero in every block that the program does not allow, got a nonzero one; set "
            "them to zero with into_cones first."
        )
    violation = program.max_cone_violation(point)  # type: ignore[arg-type]
    if violation > LARGEST_VIOLATION:
        raise ValueError(
            f"Expected a point in its cones, got a relative violation of {violation:.1e}; "
            "project it with into_cones first."
        )
    residual = program.data.y - program.fit(point)  # type: ignore[arg-type]
    usable = candidate is not None and bool(np.all(np.isfinite(candidate)))
    if usable and multipliers is not None and isinstance(program, ConvexReLUProgram):
        prices = prices_by_multipliers(program, candidate, multipliers)  # type: ignore[arg-type]
        nu, dual_value = feasible_dual(program.data.y, candidate, prices.largest, program.beta)  # type: ignore[arg-type]
    else:
        nu, dual_value = _bound_from(program, residual)
        if usable:
            other, other_value = _bound_from(program, candidate)  # type: ignore[arg-type]
            if other_value > dual_value:
                nu, dual_value = other, other_value
    primal_value += _evaluation_error(program, point, residual, violation)
    return DualCertificate(nu, primal_value, min(dual_value, primal_value))


def _evaluation_error(
    program: ConvexReLUProgram | GatedReLUProgram,
    point: SplitBlocks | GatedBlocks,
    residual: Float64[np.ndarray, " n"],
    violation: float,
) -> float:
    """Bound what rounding in the fit and points beyond their cones hide from the objective."""
    blocks = (point.w,) if isinstance(point, GatedBlocks) else (point.u, point.v)
    weight = sum(float(np.linalg.norm(w, axis=1).sum()) for w in blocks)
    n_terms = program.data.d + point.active_blocks + 8
    error = (4.0 * EPS * n_terms + violation) * float(np.linalg.norm(program.data.X)) * weight
    return float(np.linalg.norm(residual)) * error + 0.5 * error**2


def _bound_from(
    program: ConvexReLUProgram | GatedReLUProgram, nu0: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], float]:
    prices = block_prices(program, nu0, program.beta)
    return feasible_dual(program.data.y, nu0, prices.largest, program.beta)
