r"""How near a dual point is to the optimal one: a network and the strong concavity of the dual.

For a loss whose curvature is at most :math:`\kappa` the dual is :math:`1/\kappa`-strongly concave,
so that for every feasible :math:`\nu` and every network

.. math:: \|\nu - \nu^*\|^2 \le 2 \kappa \Big( \ell(q) + \ell^*(-\nu) + \nu^\top q
          + \beta \sum_j \|w_j\| |\alpha_j| - \nu^\top q \Big),

``q`` the network's fit: the duality gap as a sum of two numbers that are not negative, neither of
which cancels against the loss. An output bias ``b`` of cost :math:`\tfrac\rho2 b^2` makes ``q`` in
the loss an output :math:`q + b` and adds :math:`(\rho b - 1^\top \nu)^2 / (2 \rho)`, nothing if it
is free. For the squared loss the first is :math:`\tfrac12 \|y - q - \nu\|^2` and
:math:`\kappa = 1`; for the logistic one :math:`\kappa = 1/4`, and the divergence of the shares
:math:`p` of :math:`\nu` from those of ``q`` is at most :math:`\sum_i (p_i - \pi_i)^2 / (\pi_i
(1 - \pi_i))`.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS, LongPoint
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import LOGISTIC, SQUARED, Loss

CURVATURE = {SQUARED.name: 1.0, LOGISTIC.name: 0.25}
"""Largest second derivative of the losses with one optimal fit."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownOptimum:
    r"""Hold what is proven of the one optimal dual point, fit and total weight.

    Parameters
    ----------
    nu : (n,) float64
        Near the optimal dual point.
    errors : (n,) float64
        Most that each entry is off; none by more than ``radius``.
    radius : float
        Euclidean distance of ``nu`` to the optimal dual point, at most.
    fit : (n,) float64
        Near the optimal fit of the neurons; beside a free constant near the centred one.
    fit_radius : float
        Its distance, at most.
    constant, constant_error : float
        Near what is added to this fit, and the distance to that: the constant, or, beside a free
        one, the mean of the optimal output.
    total_low, total_high : float
        :math:`\sum_k c_k`, the same for all optimal networks, lies between them.
    """

    nu: Float64[np.ndarray, " n"]
    errors: Float64[np.ndarray, " n"]
    radius: float
    fit: Float64[np.ndarray, " n"]
    fit_radius: float
    constant: float
    constant_error: float
    total_low: float
    total_high: float


def refuse_several_fits(loss: Loss) -> None:
    """Refuse a loss whose optimal networks need not have one fit.

    Raises
    ------
    ConfigurationError
        If it is neither the squared nor the logistic one.
    """
    if loss.name not in CURVATURE:
        raise ConfigurationError(
            f"Expected a loss with one optimal fit, {' or '.join(CURVATURE)}, got {loss.name}, "
            "whose optimal networks may have many and make no polytope; choose one of these."
        )


def known_optimum(
    problem: Problem,
    point: LongPoint,
    largest_price: float | np.longdouble,
    nearby: float = 0.0,
) -> KnownOptimum:
    """Bound the distance of a dual point to the optimal one.

    Parameters
    ----------
    problem : Problem
        Whose optimum is meant.
    point : LongPoint
        Any network, the nearer to optimal the better, and any dual point; of the logistic loss with
        shares between 0 and 1.
    largest_price : float
        At least every price at the dual point, over all cells.
    nearby : float
        Distance of the dual point to the one that is meant, whose prices are bounded instead. What
        makes its entries add up to zero for a free constant comes to it.
    """
    data, beta, loss = problem.data, problem.beta, problem.loss
    refuse_several_fits(loss)
    scale = min(LONG(1.0), LONG(beta) / LONG(largest_price)) if largest_price > 0.0 else LONG(1.0)
    scale *= 1.0 - 4.0 * LONG_EPS
    nu = np.asarray(point.nu.astype(np.float64))
    tail = float(np.linalg.norm((point.nu - nu).astype(np.float64))) * (1.0 + 1e-9)
    feasible = scale * point.nu.astype(LONG)
    fit, size, total, rounding = _evaluated(point, data.X)
    # a product of n terms, in any order, is off by n unit roundoffs of theirs
    doubt = 0.5 * LONG_EPS * (len(nu) + 8) * (1.0 + 1e-9)
    slack = float(np.maximum(0.0, LONG(beta) * total - feasible @ fit))
    entries = problem.off_balance(point.nu)
    at_entries = nearby + entries
    nearby += float(np.linalg.norm(entries)) * (1.0 + 1e-12)
    slack += nearby * float(np.sqrt(fit @ fit)) * (1.0 + 1e-9)
    slack += (beta * float(total) + float(np.abs(feasible) @ size)) * (rounding + doubt)
    slack += _of_constant(problem, feasible, point.constant, nearby)
    output = fit + point.constant
    size = size + float(abs(point.constant))
    if loss.name == SQUARED.name:
        off = data.y.astype(LONG) - output - feasible
        distance = float(np.sqrt(off @ off)) + nearby
        distance += rounding * float(np.sqrt(size @ size)) + doubt * float(
            np.linalg.norm(np.abs(data.y) + np.abs(nu))
        )
        gap = 0.5 * distance**2 + slack
    else:
        fit_rounding = rounding * float(size.max(initial=0.0))
        gap = _divergence(feasible, output, data.y, fit_rounding, at_entries) + slack
    curvature = CURVATURE[loss.name]
    # what is no number bounds nothing
    gap = np.inf if np.isnan(gap) or np.isnan(float(largest_price)) else gap
    radius = float(np.sqrt(2.0 * curvature * gap)) * (1.0 + 1e-12)
    radius += float((1.0 - scale) * LONG(np.linalg.norm(nu))) * (1.0 + 1e-12) + nearby + tail
    errors = np.full(len(nu), radius)
    if loss.name == LOGISTIC.name and np.isfinite(gap):
        shares = np.asarray((data.y * feasible).astype(np.float64))
        moved = (float(1.0 - scale) + LONG_EPS) * np.abs(nu) + np.abs(
            (point.nu - nu).astype(np.float64)
        )
        moved = moved * (1.0 + 1e-9) + at_entries
        errors = np.fmin(errors, _share_errors(shares, gap) + moved)
    return of_dual_point(problem, nu, errors, radius)


def _of_constant(problem: Problem, nu: np.ndarray, constant: np.longdouble, nearby: float) -> float:
    """Bound what a constant that is not that of the dual point adds to the gap."""
    if problem.penalty == 0.0:
        return 0.0
    off = float(abs(problem.slope_in_constant(nu, constant)))
    sizes = float(np.abs(nu).sum()) + problem.penalty * float(abs(constant))
    off += LONG_EPS * (len(nu) + 8) * sizes + nearby * float(np.sqrt(len(nu)))
    return off**2 / (2.0 * problem.penalty) * (1.0 + 1e-12)


def of_dual_point(
    problem: Problem,
    nu: Float64[np.ndarray, " n"],
    errors: Float64[np.ndarray, " n"],
    radius: float,
) -> KnownOptimum:
    """Return what a dual point and its errors say of the fit and the total weight."""
    data, beta, loss = problem.data, problem.beta, problem.loss
    if loss.name == SQUARED.name:
        output = data.y - nu
        fit_errors = errors + EPS * np.abs(output)
    else:
        shares = data.y * nu
        # of the smaller share of the two classes, which has no rounding of its own
        side = np.where(shares <= 0.5, 1.0, -1.0)
        smaller = np.minimum(shares, 1.0 - shares)
        low = smaller * (1.0 - 4.0 * EPS) - errors * (1.0 + 4.0 * EPS)
        high = (smaller + errors) * (1.0 + 4.0 * EPS)
        inside = (low > TINY) & (high < 1.0)
        logits, most, least = (_logit(np.where(inside, x, 0.5)) for x in (smaller, low, high))
        output = data.y * side * logits
        ends = np.maximum(most - logits, logits - least) * (1.0 + 1e-12)
        ends += 64.0 * EPS * (1.0 + np.abs(most) + np.abs(least))
        fit_errors = np.where(inside, ends, np.inf)
    fit_radius = float(np.linalg.norm(fit_errors)) * (1.0 + 1e-12)
    if loss.name == SQUARED.name:
        fit_radius = min(fit_radius, radius + EPS * float(np.linalg.norm(output)))
    fit, fit_radius, constant, constant_error = _without_constant(
        problem, nu, output, radius, fit_radius
    )
    # at the optimum beta times the total weight is the product of both
    product = float(nu @ fit)
    off = radius * float(np.linalg.norm(fit)) + fit_radius * float(np.linalg.norm(nu))
    off += radius * fit_radius + 4.0 * EPS * len(nu) * float(np.abs(nu) @ np.abs(fit))
    if not np.isfinite(off):
        # also of an infinite radius times nothing: the product of the exact ones can be anything
        return KnownOptimum(
            nu, errors, radius, fit, fit_radius, constant, constant_error, 0.0, np.inf
        )
    low = max(0.0, (product - off) / beta * (1.0 - 4.0 * EPS))
    high = max(0.0, (product + off) / beta * (1.0 + 4.0 * EPS))
    return KnownOptimum(nu, errors, radius, fit, fit_radius, constant, constant_error, low, high)


def _without_constant(
    problem: Problem,
    nu: Float64[np.ndarray, " n"],
    output: Float64[np.ndarray, " n"],
    radius: float,
    output_radius: float,
) -> tuple[Float64[np.ndarray, " n"], float, float, float]:
    """Return the fit of the neurons and the constant, each with its distance to the optimal one."""
    root = math.sqrt(len(nu))
    match problem.output:
        case Bias.NONE:
            return output, output_radius, 0.0, 0.0
        case Bias.PENALISED:
            constant = math.fsum(nu) / problem.penalty
            error = (root * radius / problem.penalty + EPS * abs(constant)) * (1.0 + 1e-12)
        case Bias.FREE:
            constant = math.fsum(output) / len(output)
            error = (output_radius / root + 2.0 * EPS * abs(constant)) * (1.0 + 1e-12)
    fit = output - constant
    rounding = EPS * (float(np.linalg.norm(fit)) + 2.0 * root * abs(constant))
    # the centred fit is no farther from the optimal one than the output is
    moved = root * error if problem.output is Bias.PENALISED else 0.0
    return fit, (output_radius + moved + rounding) * (1.0 + 1e-12), constant, error


def _evaluated(
    point: LongPoint, X: Float64[np.ndarray, "n d"]
) -> tuple[np.ndarray, np.ndarray, np.longdouble, float]:
    """Return fit, the sizes it is summed of, the total weight, and the relative rounding."""
    blocks = point.blocks.astype(LONG)
    pre = np.maximum(X.astype(LONG) @ blocks.T, 0.0)
    size = (np.abs(X).astype(LONG) @ np.abs(blocks).T).sum(axis=1)
    total = LONG(np.sum(np.sqrt(np.sum(blocks**2, axis=1))))
    rounding = 0.5 * LONG_EPS * (X.shape[1] + len(blocks) + 8) * (1.0 + 1e-9)
    return pre @ point.signs, np.asarray(size.astype(np.float64)), total, rounding


def _divergence(
    nu: np.ndarray,
    fit: np.ndarray,
    y: Float64[np.ndarray, " n"],
    fit_rounding: float,
    nearby: Float64[np.ndarray, " n"],
) -> float:
    r"""Bound the sum of the binary divergences of the shares of ``nu`` from those of a fit.

    The logarithms of a share :math:`\pi` of the fit and of :math:`1 - \pi` move by no more than
    the fit does, so that its rounding is one relative to both, however small they are; and
    :math:`1 - p` has no rounding for a share ``p`` above one half.
    """
    shares = y * nu
    inside = np.all(shares >= nearby) and np.all(1.0 - shares >= nearby)
    if not (inside and fit_rounding <= 1e-3):
        return np.inf
    with np.errstate(over="ignore"):
        right, wrong = (1.0 / (1.0 + np.exp(side * y * fit)) for side in (-1.0, 1.0))
    if min(right.min(), wrong.min()) < np.finfo(LONG).tiny / LONG_EPS:
        return np.inf
    of_fit = np.where(shares > 0.5, right, wrong)
    off = np.abs(np.where(shares > 0.5, 1.0 - shares, shares) - of_fit)
    off += of_fit * (2.0 * fit_rounding + 16.0 * LONG_EPS) + nearby
    bounded = off / (right * wrong) * off
    return float(bounded.sum()) * (1.0 + 8.0 * fit_rounding) * (1.0 + 1e-9)


def _share_errors(shares: Float64[np.ndarray, " n"], gap: float) -> Float64[np.ndarray, " n"]:
    r"""Bound the distance of each share to the optimal one, which is less near 0 and 1.

    Their divergence :math:`(p - p^*)^2 / (2 \xi (1 - \xi))`, with :math:`\xi` between them, is at
    most the gap.
    """
    nearest = np.clip(np.minimum(shares, 1.0 - shares), 0.0, 1.0)
    errors = (gap + np.sqrt(gap**2 + 2.0 * gap * nearest)) * (1.0 + 1e-9) + EPS * nearest
    return np.asarray(errors)


def _logit(shares: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return the fit, times its label, of a share: the probability of the wrong class."""
    return np.asarray(np.log((1.0 - shares) / shares))
