r"""Newton's method on a point of the convex program that stays in the faces of its groups.

In coordinates of its face the stacked neurons of a group are :math:`z_g = N_g t_g`, and

.. math:: \tfrac12 \Big\|\sum_g \pm A_g N_g t_g - y\Big\|^2
          + \beta \sum_g \operatorname{pen}(N_g t_g)

is smooth and convex. What an interior-point method leaves of the last digits, a few steps of this
find.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.linalg import block_diag

from relaxgap.certificates.three_layer.groups import Group
from relaxgap.problems.three_layer import FROBENIUS, ThreeLayerProgram, costs

ON_FACE = 1e-6
"""Part of the norm of a group's neurons from which on a condition is not met with equality."""
STEPS, OUTSIDE = 6, 1e-11
RISE = 1e-10
"""Of the value, which was of a point outside of its cones by a little."""
SINGULAR = 1e-11


def polished(
    program: ThreeLayerProgram,
    groups: Sequence[Group],
    blocks: Sequence[Float64[np.ndarray, " _"]],
    most: float,
) -> list[Float64[np.ndarray, " _"]] | None:
    """Return a point of smaller slopes in the same faces, or None if there is none near.

    Parameters
    ----------
    program : ThreeLayerProgram
        Problem.
    groups : sequence of Group
        None twice.
    blocks : sequence of (D,) float64
        Stacked neurons of each, not all zero.
    most : float
        What its value may be, up to rounding.

    Notes
    -----
    Cost: a few systems of the order of all coordinates.
    """
    bases = [_face(group, z, program) for group, z in zip(groups, blocks, strict=True)]
    features = np.hstack(
        [group.output * group.A @ N for group, N in zip(groups, bases, strict=True)]
    )
    norms = _norms(program, groups, bases)
    t = np.concatenate([N.T @ z for N, z in zip(bases, blocks, strict=True)])
    best, most = None, most * (1.0 + RISE)
    for _ in range(STEPS):
        gradient, hessian = _model(program, features, norms, t)
        values, directions = np.linalg.eigh(hessian)
        some = values > SINGULAR * values[-1]
        along = directions[:, some]
        t = t - along @ ((along.T @ gradient) / values[some])
        parts = np.split(t, np.cumsum([N.shape[1] for N in bases])[:-1])
        found = [N @ part for N, part in zip(bases, parts, strict=True)]
        if not _in_cones(groups, found) or value_of(program, groups, found) > most:
            break
        best = found
    return best


def _face(
    group: Group, z: Float64[np.ndarray, " D"], program: ThreeLayerProgram
) -> Float64[np.ndarray, "D p"]:
    """Return a basis of the least face of the cone that a point is in, up to the solver's doubt."""
    room = ON_FACE * float(np.linalg.norm(z))
    met = group.C[group.C @ z <= room]
    neurons = np.linalg.norm(z.reshape(group.signs.m, -1), axis=1)
    if program.normalisation == FROBENIUS:
        gone = np.repeat(neurons <= room, z.size // group.signs.m)
        met = np.vstack([met, np.eye(z.size)[gone]])
    if not len(met):
        return np.eye(z.size)
    _, values, right = np.linalg.svd(met)
    return np.asarray(right[int(np.count_nonzero(values > ON_FACE)) :].T)


def _norms(
    program: ThreeLayerProgram,
    groups: Sequence[Group],
    bases: Sequence[Float64[np.ndarray, "_ _"]],
) -> list[tuple[float, Float64[np.ndarray, "_ _"]]]:
    """Return what each norm of the penalty costs, and what it is a norm of."""
    stacked, start, norms = block_diag(*bases), 0, []
    for group, N in zip(groups, bases, strict=True):
        parts = group.signs.m if program.normalisation == FROBENIUS else 1
        for rows in np.split(np.arange(start, start + N.shape[0]), parts):
            if np.any(stacked[rows] != 0.0):
                norms.append((program.beta / group.signs.factor, stacked[rows]))
        start += N.shape[0]
    return norms


def _model(
    program: ThreeLayerProgram,
    features: Float64[np.ndarray, "n T"],
    norms: Sequence[tuple[float, Float64[np.ndarray, "_ _"]]],
    t: Float64[np.ndarray, " T"],
) -> tuple[Float64[np.ndarray, " T"], Float64[np.ndarray, "T T"]]:
    """Return gradient and Hessian."""
    gradient = features.T @ (features @ t - program.data.y)
    hessian = features.T @ features
    for cost, rows in norms:
        part = rows @ t
        size = float(np.linalg.norm(part))
        if size > 0.0:
            slope = rows.T @ (part / size)
            gradient += cost * slope
            hessian += cost / size * (rows.T @ rows - np.outer(slope, slope))
    return gradient, hessian


def _in_cones(groups: Sequence[Group], blocks: Sequence[Float64[np.ndarray, " _"]]) -> bool:
    return all(
        bool(np.all(group.C @ z >= -OUTSIDE * np.linalg.norm(z)))
        for group, z in zip(groups, blocks, strict=True)
    )


def value_of(
    program: ThreeLayerProgram,
    groups: Sequence[Group],
    blocks: Sequence[Float64[np.ndarray, " _"]],
) -> float:
    """Return the value of a point in its cones."""
    fit, total = np.zeros(program.data.n), 0.0
    for group, z in zip(groups, blocks, strict=True):
        fit += group.output * group.A @ z
        size = costs(z.reshape(group.signs.m, -1), program.normalisation)
        total += float(size) / group.signs.factor
    rest = fit - program.data.y
    return 0.5 * float(rest @ rest) + program.beta * total
