r"""Prices of given groups: the dual constraint of a program over a list of them.

The price of a group with features :math:`\pm A z` on :math:`\{C z \ge 0\}` is

.. math:: \max_{z \in K, \operatorname{pen}(z) \le 1} \pm \nu^\top A z
          = \min_{\lambda \ge 0} \|\pm A^\top \nu + C^\top \lambda\|_*,

the norm of a projection for unit columns, and for a unit Frobenius norm the largest norm of one
neuron's part, which no projection gives. Any :math:`\lambda \ge 0` bound it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.three_layer.groups import Group, group_around
from relaxgap.certificates.three_layer.pieces import SignClass
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import OutOfTimeError, checkpoint
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.problems.three_layer import FROBENIUS, ThreeLayerProgram, dual_norms

MOST_ENTRIES = 200_000_000
AT_ONCE = 16
REWEIGHTINGS = 12
"""Of the neurons' parts, on the way to the smallest of their largest norms."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupList:
    """Hold groups of one width, each with both signs of the output.

    Parameters
    ----------
    inner : (G, m) float64
        Second-layer signs.
    A : (G, n, D) float64
        Features of the stacked neurons, D = m d, at positive output.
    C : (G, k, D) float64
        Rows of norm one that are not negative in the groups; rows of zeros fill up.
    inside : (G, D) float64
        A point inside of every cone.
    """

    inner: Float64[np.ndarray, "G m"]
    A: Float64[np.ndarray, "G n D"]
    C: Float64[np.ndarray, "G k D"]
    inside: Float64[np.ndarray, "G D"]

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.A.shape[0])

    @property
    def is_row(self) -> Bool[np.ndarray, "G k"]:
        """Which rows of the cones are none that fill up."""
        return np.asarray(np.any(self.C != 0.0, axis=2))


def sampled_groups(program: ThreeLayerProgram, count: int, rng: np.random.Generator) -> GroupList:
    """Return the distinct groups around sub-networks of Gaussian weights.

    Second-layer signs are drawn alike, but not all negative. A larger sample starts with the
    smaller one.

    Raises
    ------
    ConfigurationError
        If they would not fit into memory, or have no interior.
    """
    m, d, n = program.width, program.data.d, program.data.n
    if count * n * (m + 2) * m * d > MOST_ENTRIES:
        raise ConfigurationError(
            f"Expected groups of at most {MOST_ENTRIES:,} numbers in all, got {count} groups of "
            f"{n} samples, {d} columns and {m} neurons; sample fewer."
        )
    found: dict[tuple[float, bytes, bytes], tuple[Group, Float64[np.ndarray, " D"]]] = {}
    for _ in range(count):
        checkpoint()
        z = rng.standard_normal((m, d))
        signs = np.zeros(m)
        while not np.any(signs > 0.0):
            signs = rng.choice([-1.0, 1.0], size=m)
        n_plus = int(np.count_nonzero(signs > 0.0))
        group = group_around(program.data.X, SignClass.of(n_plus, m - n_plus), 1.0, z)
        if np.all(group.C @ z.ravel() > 0.0):
            found.setdefault(group.key, (group, z.ravel() / np.linalg.norm(z)))
    if not found:
        raise ConfigurationError(
            f"Expected groups with an interior, got none out of {count}; sample more, or rows that "
            "are no multiples of each other."
        )
    return _listed([group for group, _ in found.values()], [z for _, z in found.values()])


def _listed(groups: Sequence[Group], inside: Sequence[Float64[np.ndarray, " D"]]) -> GroupList:
    most = max(len(group.C) for group in groups)
    filled = [np.pad(group.C, ((0, most - len(group.C)), (0, 0))) for group in groups]
    return GroupList(
        np.array([group.signs.signs for group in groups]),
        np.array([group.A for group in groups]),
        np.array(filled),
        np.array(inside),
    )


def price_bounds(
    program: ThreeLayerProgram,
    groups: GroupList,
    nu: Float64[np.ndarray, " n"],
    multipliers: Float64[np.ndarray, "S G k"],
) -> Float64[np.ndarray, "S G"]:
    """Return upper bounds of all prices at both signs of the output, rounding included.

    Parameters
    ----------
    program, groups
        Problem.
    nu : (n,) float64
        Dual point.
    multipliers : (2, G, k) float64
        Of the cones; those that are negative or not finite count as zero.
    """
    given = np.where(np.isfinite(multipliers), np.maximum(multipliers, 0.0), 0.0)
    moments = np.einsum("gnd,n->gd", groups.A, nu)
    signed = np.stack([moments, -moments]) + (given[..., None, :] @ groups.C)[..., 0, :]
    (n, D), n_rows = groups.A.shape[1:], groups.C.shape[1]
    scale = np.sqrt(program.width) * magnitude(program.data.X, nu) + given.sum(axis=2)
    room = rounding_bound(2 * (n + n_rows) + 16, D, scale.ravel()).reshape(scale.shape)
    return np.asarray(_norms(program, signed) * (1.0 + 1e-14) + room)


def _norms(
    program: ThreeLayerProgram, vectors: Float64[np.ndarray, "... D"]
) -> Float64[np.ndarray, "..."]:
    """Return the dual norms of stacked neurons."""
    parts = vectors.reshape(*vectors.shape[:-1], program.width, -1)
    return dual_norms(parts, program.normalisation)


def largest_price(
    program: ThreeLayerProgram, groups: GroupList, nu: Float64[np.ndarray, " n"]
) -> float:
    """Return an upper bound of the largest price, as close as multipliers make it in time.

    Groups are taken by their bounds without any, until these are no larger.
    """
    multipliers = np.zeros((2, groups.count, groups.C.shape[1]))
    bounds = price_bounds(program, groups, nu, multipliers)
    best = 0.0
    order = np.argsort(-bounds, axis=None)
    for start in range(0, order.size, AT_ONCE):
        which = np.argwhere(np.ones_like(bounds))[order[start : start + AT_ONCE]]
        largest = float(bounds[which[:, 0], which[:, 1]].max())
        if largest <= best:
            break
        try:
            multipliers[which[:, 0], which[:, 1]] = best_multipliers(program, groups, nu, which)
        except OutOfTimeError:
            return largest
        found = price_bounds(program, groups, nu, multipliers)
        best = max(best, float(found[which[:, 0], which[:, 1]].max()))
    return best


def best_multipliers(
    program: ThreeLayerProgram,
    groups: GroupList,
    nu: Float64[np.ndarray, " n"],
    which: Int[np.ndarray, "c 2"],
) -> Float64[np.ndarray, "c k"]:
    """Return multipliers of the least bounds of some prices, by output sign (0 or 1) and group.

    Notes
    -----
    Cost: a non-negative least squares problem for each; a dozen for a Frobenius norm.
    """
    found = np.zeros((len(which), groups.C.shape[1]))
    for k, (sign, group) in enumerate(which):
        checkpoint()
        moment = (1.0 - 2.0 * sign) * (groups.A[group].T @ nu)
        found[k] = _best(program, groups.C[group], moment)
    return found


def _best(
    program: ThreeLayerProgram,
    C: Float64[np.ndarray, "k D"],
    moment: Float64[np.ndarray, " D"],
) -> Float64[np.ndarray, " k"]:
    best = nonnegative_least_squares(C.T, -moment)
    if program.normalisation != FROBENIUS or program.width == 1:
        return best
    m = program.width
    share, least = np.full(m, 1.0 / m), float(_norms(program, moment + C.T @ best))
    found = best
    for _ in range(REWEIGHTINGS):
        parts = np.linalg.norm((moment + C.T @ found).reshape(m, -1), axis=1)
        share = np.maximum(share * parts / max(float(parts.max()), 1e-300), 1e-8)
        share /= share.sum()
        weights = np.repeat(np.sqrt(share), moment.size // m)
        found = nonnegative_least_squares(C.T * weights[:, None], -moment * weights)
        size = float(_norms(program, moment + C.T @ found))
        if size < least:
            best, least = found, size
    return best
