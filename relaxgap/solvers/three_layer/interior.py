r"""The program over a list of groups, by an interior-point method of their structure.

.. math:: \min \tfrac12 \Big\|\sum_g A_g (z_g^+ - z_g^-) - y\Big\|^2
          + \sum_g \varphi_\mu(z_g^\pm) - \mu \sum \log(C_g z_g^\pm),

where :math:`\varphi_\mu(r) = \sqrt{\mu^2 + \beta^2 r^2} - \mu \log(\mu + \sqrt{\cdot})` is the
penalty :math:`\beta r` with the barrier of its cone. A step needs one small system for each block
and one of the order of the samples; the multipliers of the cones bound the prices.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.three_layer.duality import ThreeLayerBracket
from relaxgap.certificates.three_layer.group_prices import (
    GroupList,
    best_multipliers,
    price_bounds,
)
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.three_layer import FROBENIUS, ThreeLayerProgram

PROVEN_BY = "chosen_groups"
STEPS, START, FIRST_BARRIER = 150, 0.3, 1e-2
FASTEST, SLOWEST, TO_BOUNDARY = 0.1, 0.8, 0.99
CENTRED = 0.1
"""Part of the gap that barriers together are of at least."""
NEGLIGIBLE = 1e-6
"""Part of the largest block up to which a block is tried without."""
REFINED = 100
"""Prices bounded anew, of those that are above what they should be."""
FAR = 1.2
"""How far above what it should be a price is bounded anew at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Hold all blocks: both output signs of every group."""

    z: Float64[np.ndarray, "S G D"]
    multipliers: Float64[np.ndarray, "S G k"]


def interior_rounds(
    program: ThreeLayerProgram, groups: GroupList, rtol: float
) -> Iterator[ThreeLayerBracket]:
    """Yield brackets of the optimum over these groups, each inside the one before.

    Parameters
    ----------
    program : ThreeLayerProgram
        In units where rows and labels are about 1.
    groups : GroupList
        At least one.
    rtol : float
        Relative gap at which to end.

    Notes
    -----
    Cost: O(G (k D^2 + n D^2 + n^2 D) + n^3) a step.
    """
    real = groups.is_row
    filler = np.where(real, 0.0, 1.0)
    z = START * np.stack([groups.inside] * 2)
    barrier = FIRST_BARRIER * program.beta * START
    slack = _slack(groups, z) + filler
    point = _Blocks(z, np.where(real, barrier / slack, 0.0))
    bracket = ThreeLayerBracket.unsolved(program)
    n_norms = groups.count * (program.width if program.normalisation == FROBENIUS else 1)
    n_barriers = 2 * (int(np.count_nonzero(real)) + n_norms)
    for _ in range(STEPS):
        checkpoint()
        point, length = _step(program, groups, point, barrier, filler)
        bracket = _bracket(program, groups, point, bracket)
        yield bracket
        if bracket.relative_gap <= rtol:
            return
        barrier *= FASTEST if length > 0.8 else SLOWEST if length > 0.2 else 1.0
        # far from the optimum a smaller one lets points run into the boundary, where steps end
        gap = bracket.primal_value - bracket.dual_value
        barrier = max(barrier, CENTRED * gap / n_barriers, 1e-17)


def _slack(groups: GroupList, z: Float64[np.ndarray, "S G D"]) -> Float64[np.ndarray, "S G k"]:
    return np.asarray((groups.C @ z[..., None])[..., 0])


def _fit(groups: GroupList, z: Float64[np.ndarray, "S G D"]) -> Float64[np.ndarray, " n"]:
    return np.asarray(np.einsum("gnd,gd->n", groups.A, z[0] - z[1], optimize=True))


def _penalty(
    program: ThreeLayerProgram, z: Float64[np.ndarray, "S G D"], barrier: float
) -> tuple[float, Float64[np.ndarray, "S G D"], Float64[np.ndarray, "S G D D"]]:
    r"""Return :math:`\varphi_\mu` of all blocks, its gradient and Hessian.

    With :math:`w = \sqrt{\mu^2 + \beta^2 r^2}` the gradient is :math:`\beta^2 z / (\mu + w)`.
    """
    D, beta = z.shape[2], program.beta
    parts = program.width if program.normalisation == FROBENIUS else 1
    split = z.reshape(*z.shape[:2], parts, D // parts)
    square = np.sum(split**2, axis=3)
    w = np.sqrt(barrier**2 + beta**2 * square)
    value = float(np.sum(w - barrier * np.log(barrier + w)))
    factor = beta**2 / (barrier + w)
    gradient = (factor[..., None] * split).reshape(z.shape)
    change = -(beta**4) / ((barrier + w) ** 2 * w)
    hessian = np.zeros((*z.shape, D))
    for part in range(parts):
        at = np.arange(part * (D // parts), (part + 1) * (D // parts))
        outer = split[:, :, part, :, None] * split[:, :, part, None, :]
        hessian[:, :, at[:, None], at] = change[:, :, part, None, None] * outer
        hessian[:, :, at, at] += factor[:, :, part, None]
    return value, gradient, hessian


def _merit(
    program: ThreeLayerProgram,
    groups: GroupList,
    z: Float64[np.ndarray, "S G D"],
    barrier: float,
    filler: Float64[np.ndarray, "G k"],
) -> float:
    slack = _slack(groups, z) + filler
    if not np.all(slack > 0.0):
        return np.inf
    rest = _fit(groups, z) - program.data.y
    parts = program.width if program.normalisation == FROBENIUS else 1
    square = np.sum(z.reshape(*z.shape[:2], parts, -1) ** 2, axis=3)
    w = np.sqrt(barrier**2 + program.beta**2 * square)
    penalty = float(np.sum(w - barrier * np.log(barrier + w)))
    return 0.5 * float(rest @ rest) + penalty - barrier * float(np.sum(np.log(slack)))


def _step(
    program: ThreeLayerProgram,
    groups: GroupList,
    point: _Blocks,
    barrier: float,
    filler: Float64[np.ndarray, "G k"],
) -> tuple[_Blocks, float]:
    """Take one primal-dual step; return the point and how long the step was."""
    z, multipliers = point.z, point.multipliers
    slack = _slack(groups, z) + filler
    _, gradient, hessian = _penalty(program, z, barrier)
    rest = _fit(groups, z) - program.data.y
    along = np.einsum("gnd,n->gd", groups.A, rest)
    central = np.where(filler == 0.0, barrier / slack, 0.0)
    pull = (central[..., None, :] @ groups.C)[..., 0, :]
    slope = gradient + np.stack([along, -along]) - pull
    weights = multipliers / slack
    for sign in range(2):
        checkpoint()
        hessian[sign] += np.swapaxes(groups.C * weights[sign][..., None], 1, 2) @ groups.C
    dz = _direction(groups, hessian, slope)
    towards = _slack(groups, dz)
    length = min(1.0, TO_BOUNDARY * _reach(slack, towards))
    before = _merit(program, groups, z, barrier, filler)
    descent = float(np.sum(slope * dz))
    for _ in range(30):
        if _merit(program, groups, z + length * dz, barrier, filler) <= (
            before + 1e-4 * length * descent + 1e-13 * abs(before)
        ):
            break
        length *= 0.5
    change = central - multipliers - weights * towards
    far = min(1.0, TO_BOUNDARY * _reach(multipliers + filler, change))
    return _Blocks(z + length * dz, multipliers + far * change), length


def _reach(at: Float64[np.ndarray, "S G k"], towards: Float64[np.ndarray, "S G k"]) -> float:
    closing = towards < 0.0
    return float(np.min(np.where(closing, at, np.inf) / np.where(closing, -towards, 1.0)))


def _direction(
    groups: GroupList,
    hessian: Float64[np.ndarray, "S G D D"],
    slope: Float64[np.ndarray, "S G D"],
) -> Float64[np.ndarray, "S G D"]:
    r"""Solve :math:`(H + F^\top F) d = -s` for the blocks H and the features F of all of them.

    With :math:`E = H^{-1}`: :math:`d = -E s + E F^\top (I + F E F^\top)^{-1} F E s`.
    """
    D, n = groups.A.shape[2], groups.A.shape[1]
    scale = np.sqrt(np.einsum("sgdd->sgd", hessian))
    scaled = hessian / (scale[..., None] * scale[..., None, :])
    scaled[..., np.arange(D), np.arange(D)] += 1e-13
    root = np.linalg.cholesky(scaled)
    signs = np.array([1.0, -1.0])[:, None, None, None]
    half = np.linalg.solve(root, np.swapaxes(signs * groups.A / scale[..., None, :], 2, 3))
    half_slope = np.linalg.solve(root, (slope / scale)[..., None])[..., 0]
    flat = half.transpose(0, 1, 2, 3).reshape(-1, n)
    system = np.eye(n) + flat.T @ flat
    inner = np.linalg.solve(system, flat.T @ half_slope.ravel())
    back = (flat @ inner).reshape(half_slope.shape) - half_slope
    turned = np.linalg.solve(np.swapaxes(root, 2, 3), back[..., None])[..., 0]
    return np.asarray(turned / scale)


def _bracket(
    program: ThreeLayerProgram,
    groups: GroupList,
    point: _Blocks,
    bracket: ThreeLayerBracket,
) -> ThreeLayerBracket:
    """Return the bracket with what a point and its multipliers prove."""
    m, d = program.width, program.data.d
    blocks = np.concatenate([point.z[0], point.z[1]])
    hidden = blocks.reshape(-1, m, d)
    inner = np.concatenate([groups.inner, groups.inner])
    output = np.repeat([1.0, -1.0], groups.count)
    sizes = program.sizes(hidden, inner, output)
    for kept in (sizes > NEGLIGIBLE * sizes.max(), sizes > 0.0):
        bracket = bracket.with_network(program, hidden[kept], inner[kept], output[kept])
    nu = program.data.y - _fit(groups, point.z)
    multipliers = point.multipliers
    bounds = price_bounds(program, groups, nu, multipliers)
    above = np.argwhere((bounds > program.beta) & (bounds.max() <= FAR * program.beta))
    if 0 < len(above) <= REFINED:
        multipliers = multipliers.copy()
        multipliers[above[:, 0], above[:, 1]] = best_multipliers(program, groups, nu, above)
        bounds = np.minimum(bounds, price_bounds(program, groups, nu, multipliers))
    return bracket.with_dual_point(program, nu, float(bounds.max()), PROVEN_BY)
