r"""A proven price over all neurons, from whatever multipliers a solver left.

For any slopes :math:`e`, a sum of ReLUs is below :math:`e^\top X u + \sum_i \kappa_i |x_i^\top u|`
with :math:`\kappa_i = \max(e_i, \nu_i - e_i)`. A negative :math:`\kappa_i` is of use because
:math:`|x_i^\top u| \ge x_i^\top u \, u^\top w` on the unit ball for every unit vector, a positive
one may be moved to other rows by combinations,
:math:`|x_i^\top u| \le \sum_j |c_j| |x_j^\top u| + |z^\top u|`, and is
then below a parabola, :math:`m |t| \le \lambda t^2 + m^2 / 4 \lambda`. What is left is the largest
value of a quadratic on the ball: if

.. math:: \begin{pmatrix} \tau & -\tfrac12 q^\top \\ \cdot & \mu I - Q \end{pmatrix} \succeq 0,
          \qquad q = X^\top e,

it is at most :math:`\tau + \mu`, which one Cholesky factorisation proves.

References
----------
Rump (2006), Verification of positive definiteness.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.certificates.all_patterns.pair.intervals import Intervals
from relaxgap.certificates.all_patterns.spectral.rows import binary_rows
from relaxgap.numerics.rounding import EPS, TINY, rounding_bound
from relaxgap.numerics.rows import row_lengths

MARGINS = 1.0, 1e2, 1e4, 1e6
BISECTIONS = 60


@dataclass(frozen=True, slots=True, eq=False)
class PairMultipliers:
    r"""Hold what proves a bound; any values do.

    They are those of unit rows and of a dual point whose largest :math:`|\nu_i| \|x_i\|` is 1.

    Parameters
    ----------
    slopes, weights : (n,) float64
        :math:`e_i` and :math:`\lambda_i`.
    intervals : Intervals
        Vectors beside rows, of any lengths.
    lowered : (m,) float64
        How much of each is used.
    combinations : Combinations
        Of the unit rows.
    moved, moved_weights : (c,) float64
        How much each combination moves, and its own :math:`\lambda`.
    """

    slopes: Float64[np.ndarray, " n"]
    weights: Float64[np.ndarray, " n"]
    intervals: Intervals
    lowered: Float64[np.ndarray, " m"]
    combinations: Combinations
    moved: Float64[np.ndarray, " c"]
    moved_weights: Float64[np.ndarray, " c"]


def pair_price_bound(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    multipliers: PairMultipliers,
) -> float:
    r"""Bound :math:`\max_{\|u\| \le 1} \nu^\top (Xu)_+` by given multipliers, good or bad.

    Notes
    -----
    Cost: products of O(n d^2 + c d^2 + c n d), an eigendecomposition and a Cholesky factorisation
    of size d. All rounding is bounded.
    """
    if not (np.all(np.isfinite(X)) and np.all(np.isfinite(nu))):
        return inf
    kept, rows, powers = binary_rows(X)
    fractions, exponents = np.frexp(nu[kept])
    used = fractions != 0.0
    if not np.any(fractions > 0.0):
        return 0.0
    exponent = int((exponents + powers)[used].max())
    with np.errstate(all="ignore"):
        # exact, but for what is negligible beside the largest
        held = np.ldexp(fractions, np.where(used, exponents + powers - exponent, 0))
        lengths = np.linalg.norm(rows, axis=1)
        unit = float((np.abs(held) * lengths).max())
        bound = _bound_in_units(rows, held, lengths, _restricted(multipliers, kept), unit)
        trivial = float(np.maximum(held, 0.0) @ lengths)
        if not bound < trivial:
            bound = trivial
        size = float(np.abs(held) @ lengths)
        # the last term also covers entries that underflowed when they were scaled
        bound += float(rounding_bound(nu.size + 8, X.shape[1], size))
        return float(np.nextafter(np.ldexp(bound, exponent), inf))


def _restricted(given: PairMultipliers, kept: Int[np.ndarray, " m"]) -> PairMultipliers:
    """Return usable multipliers of some rows."""
    combinations, whole = given.combinations.of_rows(kept)

    def usable(values: Float64[np.ndarray, " c"]) -> Float64[np.ndarray, " c"]:
        return np.where(np.isfinite(values) & (values > 0.0), values, 0.0)

    inside = np.zeros(given.slopes.size, dtype=bool)
    inside[kept] = True
    intervals, used = given.intervals.of_kept(inside)
    slopes = given.slopes[kept]
    return PairMultipliers(
        np.where(np.isfinite(slopes), slopes, 0.0),
        usable(given.weights[kept]),
        intervals,
        usable(given.lowered[used]),
        combinations,
        usable(given.moved[whole]),
        usable(given.moved_weights[whole]),
    )


def _bound_in_units(
    rows: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    lengths: Float64[np.ndarray, " n"],
    given: PairMultipliers,
    unit: float,
) -> float:
    """Return the bound for rows of moderate length, with the rounding of its own evaluation."""
    n, d = rows.shape
    combined = given.combinations
    n_terms = n + combined.count + given.intervals.count + d + 16
    relative = 4.0 * EPS * n_terms
    # multipliers of the rows as they are; whatever they are, they prove something
    slopes, beside = unit * given.slopes / lengths, given.intervals
    lowered = unit * given.lowered / lengths[beside.row]
    norms = row_lengths(beside.directions) * (1.0 + relative)
    lowered = np.where((norms > TINY) & np.isfinite(norms), lowered, 0.0)
    intervals = np.bincount(beside.row, lowered, n)
    weights = unit * given.weights / lengths**2
    scales = lengths[combined.row]
    coefficients = combined.coefficients * scales[:, None] / lengths
    coefficients[np.arange(combined.count), combined.row] = 0.0
    own = Combinations(combined.row, coefficients)
    moved, moved_weights = unit * given.moved / scales, unit * given.moved_weights / scales**2
    longer = lengths * (1.0 + relative)
    differences, vectors = own.differences(), own.vectors(rows)
    sizes = np.linalg.norm(vectors, axis=1)
    unknown = relative * (np.abs(differences) @ longer)
    moduli = np.maximum(slopes, nu - slopes) + intervals - moved @ differences
    magnitude = np.abs(nu) + 2.0 * np.abs(slopes) + intervals + moved @ np.abs(differences)
    falling, rising = np.maximum(-moduli, 0.0), np.maximum(moduli, 0.0)
    bound = relative * float(magnitude @ longer) + float(moved @ unknown)
    weights, separate = _parabolas(rising, weights, longer)
    moved_weights, others = _parabolas(moved, moved_weights, sizes * (1.0 + relative))
    bound += separate + others
    # the rest is a quadratic on the ball
    curved = weights - falling / longer
    quadratic = (rows.T * curved) @ rows + (vectors.T * moved_weights) @ vectors
    shares = np.divide(lowered, norms, out=np.zeros_like(lowered), where=lowered > 0.0)
    quadratic -= beside.matrix(rows, shares)
    linear = slopes @ rows
    size = float(
        (weights * longer + falling + intervals) @ longer + moved_weights @ (sizes + unknown) ** 2
    )
    size += float(np.abs(slopes) @ longer)
    largest = _largest_on_the_ball(quadratic, linear, size, n_terms)
    return float((bound + largest) * (1.0 + relative))


def _parabolas(
    moduli: Float64[np.ndarray, " n"],
    weights: Float64[np.ndarray, " n"],
    lengths: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " n"], float]:
    r"""Return the weights to use, and what the parabolas add; none where a length bounds better."""
    steep = 4.0 * weights * lengths >= moduli
    used = steep & (moduli > 0.0) & (weights > 0.0)
    squares = float((moduli[used] * (moduli[used] / (4.0 * weights[used]))).sum())
    return np.where(used, weights, 0.0), squares + float(moduli[~used] @ lengths[~used])


def _largest_on_the_ball(
    quadratic: Float64[np.ndarray, "d d"],
    linear: Float64[np.ndarray, " d"],
    size: float,
    n_terms: int,
) -> float:
    r"""Bound :math:`q^\top u + u^\top Q u` on the unit ball.

    ``size`` bounds the magnitudes that entered both, whose rounding counts.
    """
    if not (np.isfinite(size) and np.all(np.isfinite(quadratic)) and np.all(np.isfinite(linear))):
        return inf
    d = linear.size
    values, vectors = np.linalg.eigh(quadratic)
    squares = 0.25 * (linear @ vectors) ** 2
    floor = max(float(values[-1]), 0.0)
    low, high = floor, floor + float(np.sqrt(squares.sum()))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        gaps = middle - values
        if np.all(gaps > 0.0) and float((squares / gaps**2).sum()) <= 1.0:
            high = middle
        else:
            low = middle
    gaps = high - values
    terms = np.divide(squares, gaps, out=np.zeros_like(squares), where=squares > 0.0)
    corner = float(terms.sum())
    if not (np.isfinite(corner) and np.isfinite(high)):
        return inf
    lifted = np.empty((d + 1, d + 1))
    for factor in MARGINS:
        total = size + corner + (d + 1.0) * high
        margin = factor * float(rounding_bound(n_terms, d + 1, total))
        first, others = corner + 2.0 * margin, high + 2.0 * margin
        lifted[0, 0] = first - margin
        lifted[0, 1:] = lifted[1:, 0] = -0.5 * linear
        lifted[1:, 1:] = (others - margin) * np.eye(d) - quadratic
        try:
            np.linalg.cholesky(lifted)
        except np.linalg.LinAlgError:
            continue
        return first + others
    return inf
