r"""When the optimal dual point is orthogonal to the data, generic data have many optimal networks.

With :math:`(Xu)_+ = \tfrac12 |Xu| + \tfrac12 Xu` every network is a sum of absolute values and a
linear function, so that the optimum with a *free* linear part,

.. math:: p_E = \min_{C \ge 0, t} \ell\Big(\sum_k s_k C_k \tfrac12 |X u_k| + X t\Big)
          + \beta \sum_k C_k \le p^*,

is a lower bound; its dual is that of the networks with :math:`X^\top \nu = 0` beside. If
:math:`t = \tfrac12 \sum_k s_k \delta_k u_k` for some :math:`|\delta_k| \le C_k`, the network with
weights :math:`(C_k \pm \delta_k) / 2` of :math:`\pm u_k` attains it. Then :math:`p^* = p_E`,
:math:`X^\top \nu^* = 0`, each tight direction is tight with its opposite, and where no
:math:`|\delta_k| = C_k` the optimal networks are a zonotope's fibre: with ``p`` pairs in ``d``
dimensions a set of dimension :math:`p - d`, all of whose networks are *one function*. That is no
accident of symmetric data: like a zero coefficient of a lasso it holds on an open set of data.

An output bias changes little where rows have a column of ones. One that costs something is zero,
for :math:`X^\top \nu^* = 0` says that :math:`1^\top \nu^* = 0`. A free one takes the place of that
column's part of ``t``: of the conditions on :math:`\delta` those across the ones are left, and the
dimension is :math:`p - d + 1`.

The proof here leaves room for the errors: of the dual point of :math:`p_E`, its directions, and
with them of ``C`` and ``t``, of which a :math:`\delta` well inside is then near an exact one.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int
from scipy.optimize import linprog

from relaxgap.networks.optimal_set.description import Description
from relaxgap.networks.optimal_set.known_optimum import KnownOptimum
from relaxgap.networks.optimal_set.located import locate
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.optimal_set.tight_neurons import TightNeurons, tight_neurons
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import spectral_norm
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.biases import Bias


def dimension_by_linear_part(problem: Problem, patterns: PatternSet, described: Description) -> int:
    """Return a proven lower end of the dimension of the optimal set; 0 where this proves none."""
    data = problem.data
    X, nu = data.X, described.point.nu.astype(LONG)
    if data.n < data.d or described.neurons.n_neurons < 2:
        return 0
    if problem.output is not Bias.NONE and not np.all(X[:, -1] == 1.0):
        return 0
    Q, R = np.linalg.qr(X)
    smallest = float(np.linalg.svd(R, compute_uv=False)[-1])
    if smallest <= 1e-6 * spectral_norm(X):
        return 0
    for _ in range(3):
        nu = nu - Q @ (Q.T @ nu)
    slope = X.T.astype(LONG) @ nu
    magnitude = float(np.linalg.norm((np.abs(X.T) @ np.abs(nu)).astype(np.float64)))
    off = float(np.sqrt(slope @ slope)) + 4.0 * LONG_EPS * (data.n + data.d) * magnitude
    # the exact projection is this far away
    off /= smallest * (1.0 - 1e-6)
    moved = np.linalg.norm((nu - described.point.nu).astype(np.float64))
    if moved > 1e-3 * np.linalg.norm(described.nu):
        return 0
    # a network is a point of the program with a free linear part too, which its gap is one of
    point = replace(described.point, nu=nu)
    located = locate(problem, patterns, point, off)
    known = located.known
    neurons = tight_neurons(problem, patterns, located.cells, known)
    pairs = opposite_pairs(neurons)
    if pairs is None or not np.isfinite(known.fit_radius):
        return 0
    across = Q
    if problem.is_free:
        # the span of all columns across that of ones
        across = np.linalg.qr(X[:, :-1] - X[:, :-1].mean(axis=0))[0]
    return _proven(neurons.over(pairs), known, X, Q, across)


def opposite_pairs(neurons: TightNeurons) -> Int[np.ndarray, " p"] | None:
    """Return one of each pair of opposite neurons; None where one may be several."""
    if np.any(neurons.n_groups > 1):
        return None
    chosen: list[int] = []
    taken = np.zeros(neurons.n_neurons, dtype=np.bool_)
    for k in range(neurons.n_neurons):
        if taken[k]:
            continue
        apart = np.linalg.norm(neurons.directions + neurons.directions[k], axis=1)
        near = apart <= neurons.errors + neurons.errors[k]
        near &= neurons.signs == neurons.signs[k]
        if np.count_nonzero(near) > 1 or np.any(near & taken) or near[k]:
            return None
        taken[near] = True
        if near.any():
            # a neuron without an opposite is tight in no optimum of this program
            chosen.append(k)
    return np.array(chosen, dtype=np.intp)


def _proven(
    neurons: TightNeurons,
    known: KnownOptimum,
    X: Float64[np.ndarray, "n d"],
    Q: Float64[np.ndarray, "n d"],
    across: Float64[np.ndarray, "n e"],
) -> int:
    """Return the number of pairs with room on both sides less that of columns, if it is proven."""
    p, d = neurons.n_neurons, X.shape[1]
    linear = (X @ neurons.directions.T) * neurons.signs
    A = np.column_stack([0.5 * np.abs(linear) * neurons.signs, Q])
    errors = neurons.column_errors
    values = np.linalg.svd(A, compute_uv=False)
    smallest = float(values[-1]) * (1.0 - 1e-6) if p + d <= len(X) else 0.0
    if smallest <= 1e-9 * float(values[0]):
        return 0
    solved = np.linalg.lstsq(A, known.fit, rcond=None)[0]
    residual = float(np.linalg.norm(A @ solved - known.fit))
    # the exact weights solve A z = fit* - (A* - A) z; the span of Q is that of X up to rounding
    # times the condition of X, at most 1e6
    doubt = known.fit_radius + residual
    doubt += 1e8 * EPS * len(X) * float(np.linalg.norm(known.fit) + np.linalg.norm(solved))
    crude = (doubt + known.total_high * float(errors.max(initial=0.0))) / smallest
    doubt = (doubt + float((np.abs(solved[:p]) + crude) @ errors)) / smallest
    C, target = solved[:p], Q @ solved[p:]
    used = np.flatnonzero(C - doubt > 0.0)
    conditions = across.shape[1]
    if used.size <= conditions:
        return 0
    M = 0.5 * linear[:, used]
    delta, margin = _well_inside(across.T @ M, across.T @ target, C[used])
    spread = np.linalg.svd(across.T @ M, compute_uv=False)[-1] - 1e-7 * float(np.linalg.norm(M))
    spread -= 0.5 * float(np.linalg.norm(errors))
    if spread <= 0.0:
        return 0
    missed = M @ delta - target
    # a free constant takes what is missed along the ones
    left = float(np.linalg.norm(missed if conditions == d else missed - missed.mean())) + doubt
    left += 0.5 * float(np.abs(delta) @ errors[used]) + 64.0 * EPS * float(np.linalg.norm(target))
    proven = left / float(spread) * (1.0 + 1e-6) < margin - doubt
    return int(used.size - conditions) if proven else 0


def _well_inside(
    M: Float64[np.ndarray, "e p"], target: Float64[np.ndarray, " e"], C: Float64[np.ndarray, " p"]
) -> tuple[Float64[np.ndarray, " p"], float]:
    """Return the solution of ``M delta = target`` farthest inside of the box, and how far."""
    p = len(C)
    rows = np.block([[np.eye(p), np.ones((p, 1))], [-np.eye(p), np.ones((p, 1))]])
    found = linprog(
        np.append(np.zeros(p), -1.0),
        A_ub=rows,
        b_ub=np.concatenate([C, C]),
        A_eq=np.column_stack([M, np.zeros(len(M))]),
        b_eq=target,
        bounds=[(None, None)] * p + [(0.0, None)],
        method="highs",
    )
    if found.x is None:
        return np.zeros(p), -1.0
    delta = np.asarray(found.x[:p])
    return delta, float(np.min(C - np.abs(delta)))
