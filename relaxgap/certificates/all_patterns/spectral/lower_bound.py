r"""A lower bound of the optimum over networks of any width, in polynomial time.

The dual of training over *all* patterns with the squared loss maximises
:math:`y^\top \nu - \tfrac12 \|\nu\|^2` subject to
:math:`\max_{\|u\| \le 1} \pm \nu^\top (Xu)_+ \le \beta`. The spectral bound of the left side is
jointly convex in the dual point and its multipliers, so the best dual point that it proves
feasible is one convex program, of size n rather than of the number of patterns.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.spectral.best_dual import BestDualPoint
from relaxgap.certificates.all_patterns.spectral.path import solve_lifted
from relaxgap.certificates.all_patterns.spectral.price import spectral_price
from relaxgap.certificates.all_patterns.spectral.price_bound import spectral_price_bound
from relaxgap.certificates.all_patterns.spectral.rows import starting_weight
from relaxgap.certificates.all_patterns.spectral.units import SpectralUnits
from relaxgap.certificates.duality import feasible_dual
from relaxgap.certificates.prices.cones import SIGNS
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline

NEGLIGIBLE_VARIANCE = 1e-5
"""Fraction of all variance below which an axis of the neurons is left out."""
GIVEN_SHARE = 0.25
"""Fraction of the time left that the price of the given dual point may take."""


@dataclass(frozen=True, slots=True, eq=False)
class SpectralDual:
    r"""Hold a dual point feasible for every direction, its value, and the relaxation's neurons.

    Parameters
    ----------
    nu : (n,) float64
        Dual feasible over all patterns, rounding included.
    dual_value : float
        A lower bound of the optimum of networks of any width, at least 0.
    means : (2, d) float64
        Mean direction of the neurons with positive (row 0) and negative (row 1) output weight.
    covariance_roots : (2, d, k) float64
        Square roots :math:`S` of their covariances :math:`S S^\top`.
    n_iterations : int
        Newton systems solved.
    converged : bool
        Whether the relaxation was solved to its tolerance; the bound holds either way.
    """

    nu: Float64[np.ndarray, " n"]
    dual_value: float
    means: Float64[np.ndarray, "2 d"]
    covariance_roots: Float64[np.ndarray, "2 d k"]
    n_iterations: int
    converged: bool

    def sample_gates(self, n_gates: int, rng: np.random.Generator) -> Float64[np.ndarray, "g d"]:
        """Draw gates around the relaxation's neurons, the two signs in turn.

        Their patterns are far better than those of standard Gaussian gates. A larger sample starts
        with the smaller one.
        """
        noise = rng.standard_normal((n_gates, self.covariance_roots.shape[2]))
        sign = np.arange(n_gates) % 2
        gates = np.empty((n_gates, self.means.shape[1]))
        for s in range(2):
            gates[sign == s] = self.means[s] + noise[sign == s] @ self.covariance_roots[s].T
        return gates


def spectral_lower_bound(
    data: Dataset,
    beta: float,
    nu0: Float64[np.ndarray, " n"] | None = None,
    deadline: Deadline = NEVER,
    rtol: float = 1e-3,
    max_iterations: int = 60,
) -> SpectralDual:
    r"""Bound the optimum of networks of any width from below.

    Parameters
    ----------
    data : Dataset
        ``X`` (n, d) and ``y`` (n,).
    beta : float
        Regularisation strength, positive and finite.
    nu0 : (n,) float64, optional
        A dual point, such as the residual of a good network; the bound is never worse than the
        one it gives scaled by its own spectral price.
    deadline : Deadline
        When to stop; the bound of an unfinished solve is valid and weaker.
    rtol : float
        Relative gap of the relaxation at which to stop.
    max_iterations : int
        Most Newton steps.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.

    Notes
    -----
    Cost: some 20 Newton steps, each a Cholesky factorisation of size 4 n and O(n^2 d) for the
    rest; memory 16 n^2 doubles.
    """
    if not (beta > 0.0 and np.isfinite(beta)):
        raise ConfigurationError(
            f"Expected a positive, finite beta, got {beta}; the bound is one of the training "
            "problem with weight decay."
        )
    # as much as the labels themselves prove, for a unit
    best = rough = _scaled_by_prices(data, beta, data.y, 0, deadline)
    if nu0 is not None:
        given = _scaled_by_prices(data, beta, nu0, max_iterations, deadline.within(GIVEN_SHARE))
        best = max(best, given, key=lambda found: found[1])
    units = SpectralUnits.of(data, beta)
    if rough[1] == 0.0 or units is None:
        isotropic = np.stack([np.eye(data.d)] * 2)
        return SpectralDual(*best, np.zeros((2, data.d)), isotropic, 0, True)
    labels, squares = data.y[units.kept] * units.dual_unit, units.dual_unit**2
    problem = BestDualPoint(units.rows, labels / rough[1], squares / rough[1])
    start, barrier = problem.start(starting_weight(units.rows))
    solution = solve_lifted(problem, start, barrier, max_iterations, rtol, deadline)
    nu = units.dual_point(solution.point.local[:, 0], data.y)
    prices = [
        spectral_price_bound(data.X, sign * nu, units.multipliers(weights, slopes, data.n))
        for sign, (weights, slopes) in zip(
            SIGNS, problem.weights_and_slopes(solution.point), strict=True
        )
    ]
    found = feasible_dual(data.y, nu, max(prices), beta)
    neurons = [_neurons(given.matrix) for given in solution.multipliers]
    rank = max(root.shape[1] for _, root in neurons)
    roots = [np.pad(root, ((0, 0), (0, rank - root.shape[1]))) for _, root in neurons]
    return SpectralDual(
        *max(best, found, key=lambda candidate: candidate[1]),
        np.stack([units.directions(mean) for mean, _ in neurons]),
        np.stack([units.directions(root) for root in roots]),
        solution.n_iterations,
        solution.converged,
    )


def _scaled_by_prices(
    data: Dataset,
    beta: float,
    nu: Float64[np.ndarray, " n"],
    max_iterations: int,
    deadline: Deadline,
) -> tuple[Float64[np.ndarray, " n"], float]:
    prices = [
        spectral_price(data.X, sign * nu, max_iterations, deadline=deadline).price_bound
        for sign in SIGNS
    ]
    return feasible_dual(data.y, nu, max(prices), beta)


def _neurons(
    lifted: Float64[np.ndarray, "K K"],
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, "k r"]]:
    r"""Return mean and root of the covariance of the directions given a unit corner.

    The lifted matrix is :math:`\begin{pmatrix} c & -c^{1/2} m^\top \\ \cdot & m m^\top + S S^\top
    \end{pmatrix}`.
    """
    mean = -lifted[1:, 0] / np.sqrt(lifted[0, 0])
    values, vectors = np.linalg.eigh(lifted[1:, 1:] - np.multiply.outer(mean, mean))
    kept = values > NEGLIGIBLE_VARIANCE * np.trace(lifted[1:, 1:])
    return mean, vectors[:, kept] * np.sqrt(values[kept])
