r"""Constants of Gordon's inequality: Lemma 2's R, the sharpness for one and for all directions.

With :math:`\xi, g, g', h` independent standard normal:

- :math:`R(\rho)`, the limit of :math:`\min\{\|u\| : G u \ge |G z|\}` for a Gaussian
  :math:`\rho d \times d` matrix (Lemma 2): the root of
  :math:`\rho\, E(|\xi| + R g)_+^2 = R^2`, infinite from :math:`\rho = 2` on.
- :math:`\epsilon_0(c) = \max\{\epsilon : \exists\, a^2 + b^2 = 1,\;
  c\, E(\epsilon |\xi| - a |g| + b g')_+^2 \le b^2\}`: the sharpness of a Gaussian gate's cone in
  a *fixed* direction is at most :math:`1 + 1 / \epsilon_0(c) + o(1)`, without a logarithm.
- :math:`s_0(c) = \min_a \sqrt{a^2 + (1 - b(a))_+^2}` for
  :math:`b(a) = \min_{t \ge 0} [t a + \sqrt{c\, E(h - t |\xi|)_+^2}]`: the least
  :math:`\|A^\top \mu\| / \sqrt d` over unit :math:`\mu \ge 0` for a cone matrix :math:`A` is at
  least this, less :math:`o(1)`, so that the sharpness in *all* directions is at most
  :math:`1 + \sqrt2 (1 + \sqrt c) / s_0(c)`.

The expectations of two normals are closed forms in polar coordinates, that of three an integral
over one angle.

Checked: against quadrature of the definitions, and as trends on drawn matrices.

References
----------
Kim & Pilanci (2024), Lemmas 2 and 4 and Theorem 7; Gordon (1988). The constants for one and for
all directions are derived here.
"""

import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtri

from relaxgap.theory.bound import Constant, Origin

NO_SOLUTION_FROM = Constant(
    2.0, Origin.STATED, "Cover and Wendel: half of 2d halfspaces share a point"
)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)
ANGLES = 64
"""Angles tried before the best one is refined."""


def lifted_square(R: float) -> float:
    r"""Return :math:`E(|\xi| + R g)_+^2 = [(1 + R^2)(\pi - \arctan R) + R] / \pi`, for R >= 0."""
    return ((1.0 + R * R) * (math.pi - math.atan(R)) + R) / math.pi


def one_sided_norm(rho: float) -> float:
    r"""Return :math:`R(\rho)`, infinite for :math:`\rho \ge 2`.

    Examples
    --------
    >>> [round(one_sided_norm(rho), 3) for rho in (0.1, 0.5, 1.0, 1.5)]
    [0.33, 0.924, 1.908, 4.541]
    """
    if rho >= NO_SOLUTION_FROM.value:
        return math.inf
    highest = 1.0
    while rho * lifted_square(highest) > highest * highest:
        highest *= 2.0
    return float(brentq(lambda R: rho * lifted_square(R) - R * R, 0.0, highest, xtol=1e-13))


def pushed_square(eps: float, a: float, b: float) -> float:
    r"""Return :math:`E(\epsilon |\xi| - a |g| + b g')_+^2` for :math:`a \ge 0 < b`.

    In spherical coordinates two of three integrals are closed forms: with
    :math:`k = \epsilon \cos\theta - a \sin\theta`,

    .. math:: \frac1\pi \int_0^{\pi/2} \big(k + \sqrt{k^2 + b^2}\big)^2\, d\theta .
    """
    # the integrand turns within an angle of b where the two parts of k cancel
    middle = math.atan2(eps, a)
    ends = [0.0, max(middle - 8.0 * b, 0.0), middle, min(middle + 8.0 * b, 0.5 * math.pi)]
    value = 0.0
    for low, high in pairwise([*ends, 0.5 * math.pi]):
        angles = 0.5 * (high - low) * (NODES + 1.0) + low
        k = eps * np.cos(angles) - a * np.sin(angles)
        s = np.hypot(k, b)
        # without cancelling where k is negative
        lifted = np.where(k >= 0.0, s + k, b * b / (s + np.abs(k)))
        value += 0.5 * (high - low) * float(WEIGHTS @ lifted**2)
    return value / math.pi


def _push_at(c: float, angle: float) -> float:
    """Return the largest eps for one direction (a, b) = (cos, sin) of an angle, 0 if none."""
    a, b = math.cos(angle), math.sin(angle)

    def excess(eps: float) -> float:
        return c * pushed_square(eps, a, b) - b * b

    if excess(0.0) >= 0.0:
        return 0.0
    highest = 1.0
    while excess(highest) < 0.0:
        highest *= 2.0
    return float(brentq(excess, 0.0, highest, xtol=1e-13))


def fixed_direction_margin(c: float) -> float:
    r"""Return :math:`\epsilon_0(c)`: positive for every :math:`c`.

    Examples
    --------
    >>> [round(1.0 + 1.0 / fixed_direction_margin(c), 2) for c in (1.0, 2.0, 4.0)]
    [2.26, 3.15, 4.97]
    """
    # the best angle falls like 1 / c
    logs = np.linspace(math.log(1e-4 / (1.0 + c)), math.log(0.5 * math.pi), ANGLES)
    margins = [_push_at(c, math.exp(log)) for log in logs]
    best = int(np.argmax(margins))
    found = minimize_scalar(
        lambda log: -_push_at(c, math.exp(log)),
        bounds=(logs[max(best - 1, 0)], logs[min(best + 1, ANGLES - 1)]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return max(-float(found.fun), max(margins))


def sharpness_limit(c: float) -> float:
    r"""Return :math:`1 + 1 / \epsilon_0(c)`, for a direction independent of the data."""
    margin = fixed_direction_margin(c)
    return 1.0 + 1.0 / margin if margin > 0.0 else math.inf


def falling_square(t: float) -> float:
    r"""Return :math:`E(h - t |\xi|)_+^2 = [(1 + t^2)(\pi/2 - \arctan t) - t] / \pi`, t >= 0."""
    if t > 100.0:
        # the closed form cancels: its expansion in 1 / t
        return (2.0 / 3.0 - (2.0 / 15.0 - 2.0 / 35.0 / t**2) / t**2) / (math.pi * t)
    return ((1.0 + t * t) * (0.5 * math.pi - math.atan(t)) - t) / math.pi


def _width(a: float, c: float) -> float:
    """Return b(a), the Gaussian width of the slice of unit mu >= 0 with |xi| mu <= a sqrt(d)."""

    def width(log_t: float) -> float:
        t = math.exp(log_t)
        return t * a + math.sqrt(c * falling_square(t))

    # the best t is about c where c is large
    highest = 12.0 + math.log(1.0 + c)
    found = minimize_scalar(
        width, bounds=(-12.0, highest), method="bounded", options={"xatol": 1e-10}
    )
    return min(float(found.fun), math.sqrt(0.5 * c))


def all_directions_margin(c: float) -> float:
    r"""Return :math:`s_0(c)`: positive for every :math:`c`, because :math:`b(0) = 0`.

    Examples
    --------
    >>> [round(all_directions_margin(c), 4) for c in (1.0, 2.0, 4.0)]
    [0.4248, 0.2817, 0.1625]
    """
    # the best a falls like 1 / c
    lowest = -math.log(1.0 + c) - 6.0
    found = minimize_scalar(
        lambda log: math.hypot(math.exp(log), max(1.0 - _width(math.exp(log), c), 0.0)),
        bounds=(lowest, 0.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.fun)


def all_directions_limit(c: float) -> float:
    r"""Return :math:`1 + \sqrt2 (1 + \sqrt c) / s_0(c)`: 7.66, 13.12, 27.1 at c = 1, 2, 4."""
    return 1.0 + math.sqrt(2.0) * (1.0 + math.sqrt(c)) / all_directions_margin(c)


def _smallest_entries(c: float, rho: float) -> float:
    r"""Return the :math:`\gamma` that a share ``rho / c`` of first entries is below."""
    return float(ndtri(0.5 + 0.5 * rho / c))


def logarithm_factor(c: float, rho: float) -> float:
    r"""Return the factor :math:`\sqrt2 (1 + R(\rho)) / \gamma` of :math:`\sqrt{\log 2n}`.

    The proof of Theorem 7 with explicit constants: the :math:`\rho d` rows with the smallest first
    entries are Lemma 2's, all others have a first entry of at least :math:`\gamma`,
    :math:`P(|N| < \gamma) = \rho / c`. At :math:`c = 2` and 4 the best ``rho`` gives 6.0 and 12.9;
    below :math:`c = 2` it falls to 0, for then Lemma 2 takes all rows.
    """
    return math.sqrt(2.0) * (1.0 + one_sided_norm(rho)) / _smallest_entries(c, rho)


def theorem_7_bound(c: float, n: int) -> float:
    r"""Return :math:`\min_\rho 1 + R(\rho) + \sqrt2 (1 + R(\rho)) / \gamma \cdot \sqrt{\log 2n}`.

    For a direction independent of the data, up to terms that vanish with ``n``. The paper's
    display leaves out :math:`R(\rho)`, which the logarithm outgrows.
    """
    root = math.sqrt(math.log(2.0 * n))

    def bound(rho: float) -> float:
        return 1.0 + one_sided_norm(rho) + logarithm_factor(c, rho) * root

    highest = min(NO_SOLUTION_FROM.value, c) * (1.0 - 1e-12)
    found = minimize_scalar(
        bound, bounds=(1e-3 * highest, highest), method="bounded", options={"xatol": 1e-10}
    )
    # below c = 2 all rows may be Lemma 2's, and no logarithm is left
    return min(float(found.fun), bound(highest), 1.0 + one_sided_norm(c))
