r"""The convex program over a few groups, by an interior-point method.

.. math:: \min \tfrac12 \Big\|\sum_g \pm A_g z_g - y\Big\|^2 + \beta \sum_g \operatorname{pen}(z_g)
          \quad\text{with}\quad C_g z_g \ge 0
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy import sparse

from relaxgap.certificates.three_layer.groups import Group
from relaxgap.numerics.clock import remaining_seconds
from relaxgap.problems.three_layer import FROBENIUS, ThreeLayerProgram

TOLERANCE = 1e-13
"""Of the solver, which stops where rounding ends its progress; what it finds is judged apart."""
MOST_STEPS = 100


def solve_restricted(
    program: ThreeLayerProgram, groups: Sequence[Group]
) -> list[Float64[np.ndarray, " _"]]:
    """Return the stacked neurons of every group, inside of its cone up to rounding.

    Not finite where the solver fails; far from the best where the deadline ends it.

    Notes
    -----
    Cost: one sparse factorisation a step, of order n and all neurons together.
    """
    import clarabel

    n, widths = program.data.n, [group.A.shape[1] for group in groups]
    total = sum(widths)
    lengths = [_lengths(program, group) for group in groups]
    n_lengths = sum(len(some) for some in lengths)
    size = total + n_lengths + n
    costs = [
        np.full(len(some), program.beta / group.signs.factor)
        for some, group in zip(lengths, groups, strict=True)
    ]
    linear = np.concatenate([np.zeros(total), *costs, np.zeros(n)])
    curvature = sparse.diags(np.concatenate([np.zeros(total + n_lengths), np.ones(n)]))
    features = sparse.csr_matrix(np.hstack([group.output * group.A for group in groups]))
    none = sparse.csr_matrix((n, n_lengths))
    fit = sparse.hstack([features, none, -sparse.identity(n)])
    conditions = sparse.block_diag([sparse.csc_matrix(-group.C) for group in groups])
    beside = sparse.csr_matrix((conditions.shape[0], size - total))
    cones = [clarabel.ZeroConeT(n), clarabel.NonnegativeConeT(conditions.shape[0])]
    norms, some_cones = _norms([width for some in lengths for width in some], total, size)
    parts, cones = [fit, sparse.hstack([conditions, beside]), norms], cones + some_cones
    A = sparse.csc_matrix(sparse.vstack(parts))
    b = np.concatenate([program.data.y, np.zeros(A.shape[0] - n)])
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_iter = False, MOST_STEPS
    settings.time_limit = remaining_seconds()
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    solver = clarabel.DefaultSolver(sparse.csc_matrix(curvature), linear, A, b, cones, settings)
    found = np.array(solver.solve().x)
    return np.split(found[:total], np.cumsum(widths)[:-1])


def _norms(widths: list[int], total: int, size: int) -> tuple[Any, list[Any]]:
    """Return rows and cones that make the variables after ``total`` the norms of those before."""
    import clarabel

    starts = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(int)
    columns = [
        np.concatenate([[total + k], start + np.arange(width)])
        for k, (start, width) in enumerate(zip(starts, widths, strict=True))
    ]
    at = np.concatenate(columns)
    rows = sparse.csr_matrix((-np.ones(at.size), (np.arange(at.size), at)), (at.size, size))
    return rows, [clarabel.SecondOrderConeT(width + 1) for width in widths]


def _lengths(program: ThreeLayerProgram, group: Group) -> list[int]:
    """Return how many entries each norm in the penalty of a group is over."""
    m, total = group.signs.m, group.A.shape[1]
    return [total // m] * m if program.normalisation == FROBENIUS else [total]
