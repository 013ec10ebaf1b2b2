r"""The interior point method that Theorem 2 counts: a dense Newton system of all blocks at once.

With :math:`F = [\dots, s D_i X, \dots]` the program is handed to Clarabel as

.. math:: \min_{w, t}\ \tfrac12 w^\top F^\top F w - y^\top F w + \beta \sum_j t_j
   \quad\text{with}\quad \|w_j\| \le t_j,\ (2 D_i - I) X w_j \ge 0,

so that a step factors a dense matrix of order d m for m blocks of size d: O(d^3 m^3) operations.
The conic references hand over the same program with the residual as a variable, whose systems are
sparse.

References
----------
Kim & Pilanci (2024), Theorem 2.
"""

import time
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.experiments.timing.task import Answer
from relaxgap.problems import ConeBlocks, Program, Units

PACKAGE = "clarabel"


def solve(program: Program, tolerance: float) -> Answer:
    """Solve from scratch to the solver's own tolerance, in units of the data and the labels.

    Forming the matrices is set-up, as the compilation of the references is.
    """
    import clarabel

    began = time.perf_counter()
    units = Units.of(program)
    if units is None:
        return Answer(None, 0)
    quadratic, linear, rows, cones = _conic_form(units.scaled(program))
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.max_threads = 1
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = tolerance
    zero = np.zeros(rows.shape[0])
    setup_seconds = time.perf_counter() - began
    found = clarabel.DefaultSolver(quadratic, linear, rows, zero, cones, options).solve()
    point = np.asarray(found.x[: program.zero().w.size], dtype=np.float64).reshape(program.shape)
    return Answer(units.back(point), int(found.iterations), setup_seconds)


def fit_matrix(program: Program) -> Float64[np.ndarray, "n k"]:
    """Return the matrix that maps all blocks, in the order of a point, to the fit."""
    active = program.patterns.patterns.astype(np.float64)
    signs = np.asarray(program.family.signs)
    blocks = np.einsum("s,pn,nd->nspd", signs, active, program.data.X)
    return np.asarray(blocks.reshape(program.data.n, -1))


def _conic_form(program: Program) -> tuple[Any, Float64[np.ndarray, " v"], Any, list[Any]]:
    """Return quadratic and linear costs of (w, t), and rows whose negatives lie in cones."""
    import clarabel
    from scipy import sparse

    n_signs, n_patterns, d = program.shape
    n_blocks, F = n_signs * n_patterns, fit_matrix(program)
    gram = sparse.csc_array(np.triu(F.T @ F))
    quadratic = sparse.block_diag([gram, sparse.csc_array((n_blocks, n_blocks))])
    linear = np.concatenate([-F.T @ program.data.y, np.full(n_blocks, program.beta)])
    # each second-order cone takes (t_j, w_j)
    first = np.arange(n_blocks) * (d + 1)
    inside = (first[:, None] + np.arange(1, d + 1)).ravel()
    places = np.concatenate([inside, first])
    lengths = sparse.csc_array(
        (np.full(places.size, -1.0), (places, np.arange(places.size))),
        shape=(places.size, places.size),
    )
    rows, cones = lengths, [clarabel.SecondOrderConeT(d + 1)] * n_blocks
    if program.family.name == ConeBlocks.name:
        sides = 1.0 - 2.0 * program.patterns.patterns
        sided = [sparse.csc_array(side[:, None] * program.data.X) for side in sides]
        outside = sparse.csc_array(sparse.block_diag(sided * n_signs))
        room = sparse.csc_array((outside.shape[0], n_blocks))
        rows = sparse.vstack([sparse.hstack([outside, room]), lengths])
        cones = [clarabel.NonnegativeConeT(outside.shape[0]), *cones]
    return sparse.csc_matrix(quadratic), linear, sparse.csc_matrix(rows), cones
