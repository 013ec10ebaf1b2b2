r"""The shortest slope of a selection where sweeps come to it slowly, by an interior-point method.

.. math:: \min_{t, w} t \quad\text{with}\quad \|g_j(w)\| \le t \text{ for every neuron } j,

w the weights of the vertices of every row, or the norm of all neurons together. Nothing that it
returns is believed: weights are made to be some, and what they prove is computed from them.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from scipy import sparse

from relaxgap.certificates.three_layer.selections import Selections
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.three_layer import FROBENIUS, of_cost_one

TOLERANCE, MOST_STEPS = 1e-14, 60


def shortened(some: Selections) -> tuple[Selections, Float64[np.ndarray, "N m d"]]:
    """Return selections at their shortest slopes, and the sub-networks that prove how short.

    Notes
    -----
    Cost: one conic program of k v variables for each.
    """
    m, d = some.rows.signs.m, some.rows.X.shape[1]
    vertices, z = some.vertices.copy(), np.zeros((some.count, m, d))
    for number in range(some.count):
        checkpoint()
        weights, z[number] = _shortest(some, number)
        sums = weights.sum(axis=1)
        # others would not be weights, and prove nothing
        if np.all(np.isfinite(sums)) and np.all(np.abs(sums - 1.0) < 0.5):
            vertices[number] = weights / sums[:, None]
    z = of_cost_one(np.where(np.isfinite(z), z, 0.0), some.rows.normalisation)
    return replace(some, vertices=vertices), z


def _shortest(
    some: Selections, number: int
) -> tuple[Float64[np.ndarray, "k v"], Float64[np.ndarray, "m d"]]:
    """Return weights of vertices, and the dual point that is a sub-network."""
    import clarabel

    rows = some.rows
    (n_rows, n_vertices), (m, d) = some.vertices.shape[1:], (rows.signs.m, rows.X.shape[1])
    ends = np.zeros((n_rows, n_vertices, m))
    real = np.zeros((n_rows, n_vertices), dtype=np.bool_)
    for row in range(n_rows):
        of_row = rows.pieces(row)[some.chosen[number, row]]
        ends[row, : len(of_row)], real[row, : len(of_row)] = of_row, True
    slopes = np.einsum("k,kvm,kd->mdkv", np.abs(rows.c), ends, rows.X)[:, :, real]
    unit = float(np.linalg.norm(slopes)) or 1.0
    blocks = list(slopes / unit)
    if rows.normalisation != FROBENIUS:
        blocks = [np.concatenate(blocks)]
    count = int(real.sum())
    of_row, parts = np.repeat(np.arange(n_rows), real.sum(axis=1)), []
    sums = np.zeros((n_rows, count + 1))
    sums[of_row, np.arange(count)] = 1.0
    parts = [sums, np.hstack([-np.eye(count), np.zeros((count, 1))])]
    cones = [clarabel.ZeroConeT(n_rows), clarabel.NonnegativeConeT(count)]
    last = np.zeros((1, count + 1))
    last[0, -1] = -1.0
    for block in blocks:
        parts += [last, np.hstack([-block, np.zeros((len(block), 1))])]
        cones.append(clarabel.SecondOrderConeT(len(block) + 1))
    A = sparse.csc_matrix(np.vstack(parts))
    b = np.concatenate([np.ones(n_rows), np.zeros(A.shape[0] - n_rows)])
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_iter = False, MOST_STEPS
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    nothing = sparse.csc_matrix((count + 1, count + 1))
    found = clarabel.DefaultSolver(nothing, -last[0], A, b, cones, settings).solve()
    weights = np.zeros((n_rows, n_vertices))
    weights[real] = np.maximum(np.array(found.x)[:count], 0.0)
    duals = np.split(np.array(found.z)[n_rows + count :], len(blocks))
    return weights, -np.concatenate([dual[1:] for dual in duals]).reshape(m, d)
