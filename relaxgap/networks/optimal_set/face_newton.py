r"""Newton's method on the faces of an optimal network, in the longest numbers of the machine.

Where neurons and faces are known the objective is smooth in :math:`w_k \in \{w : x_j^\top w = 0`
for the rows j of its face :math:`\}`, with gradient and Hessian

.. math:: \beta \hat w_k - s_k X^\top D_k \nu, \qquad
          F^\top \operatorname{diag}(\ell'') F
          + \beta \operatorname{blkdiag}\big((I - \hat w_k \hat w_k^\top) / \|w_k\|\big),

and for an output bias one entry more, so that a few steps with residuals in more digits leave as
many digits as these have. Nothing is believed of it: its point is priced like any other.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.networks.optimal_set.long_numbers import LONG, LongPoint, dual_point
from relaxgap.networks.optimal_set.polishing import Polished
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.clock import checkpoint
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED

MAX_STEPS = 12
SAME = 1e-4
"""Distance of directions of one sign that are taken for one neuron."""
ON_FACE = 1e-7
"""Multiplier, relative to the gradient, of a row of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Hold what is fixed of one neuron: its cell, sign and face."""

    bits: Bool[np.ndarray, " n"]
    sign: float
    rows: Float64[np.ndarray, "f d"]
    basis: Float64[np.ndarray, "d r"]


def on_faces(problem: Problem, bits: Bool[np.ndarray, "k n"], found: Polished) -> LongPoint | None:
    """Refine a network; None where its neurons leave their faces or vanish.

    Parameters
    ----------
    problem : Problem
        What is solved.
    bits : (k, n) bool
        The cell of each neuron.
    found : Polished
        The network, near an optimal one.
    """
    data, beta, loss = problem.data, problem.beta, problem.loss
    blocks, signs, nu = found.blocks, found.signs, found.nu
    merged = _merged(blocks, signs)
    if not merged:
        return None
    heads = [int(rows[np.argmax(np.linalg.norm(blocks[rows], axis=1))]) for rows in merged]
    faces = [_face(data.X, bits[k], float(signs[k]), nu) for k in heads]
    w = [blocks[rows].sum(axis=0).astype(LONG) for rows in merged]
    w = [_onto(face, one) for face, one in zip(faces, w, strict=True)]
    X, constant = data.X.astype(LONG), LONG(found.constant)
    for _ in range(MAX_STEPS):
        checkpoint()
        lengths = [np.sqrt(one @ one) for one in w]
        if min(lengths) <= 0.0:
            return None
        fit = sum(
            (f.sign * np.where(f.bits, X @ one, 0.0) for f, one in zip(faces, w, strict=True))
        )
        long_nu = dual_point(loss, np.asarray(fit) + constant, data.y)
        parts = [
            f.basis.T @ (beta * one / length - f.sign * ((long_nu * f.bits) @ X))
            for f, one, length in zip(faces, w, lengths, strict=True)
        ]
        if problem.output is not Bias.NONE:
            parts.append(np.array([-problem.slope_in_constant(long_nu, constant)]))
        step = _step(problem, faces, w, long_nu, np.concatenate(parts))
        at = 0
        for k, face in enumerate(faces):
            size = face.basis.shape[1]
            w[k] = _onto(face, w[k] + face.basis.astype(LONG) @ step[at : at + size])
            at += size
        constant = constant + step[at:].sum()
        if not all(np.all(np.isfinite(one)) for one in w):
            return None
    fit = sum((f.sign * np.maximum(X @ one, 0.0) for f, one in zip(faces, w, strict=True)))
    at_end = dual_point(loss, np.asarray(fit) + constant, data.y)
    return LongPoint(np.array(w), np.array([f.sign for f in faces]), at_end, constant)


def _merged(
    blocks: Float64[np.ndarray, "k d"], signs: Float64[np.ndarray, " k"]
) -> list[Int[np.ndarray, " _"]]:
    """Group the neurons of one sign and nearly one direction."""
    sizes = np.linalg.norm(blocks, axis=1)
    left = [k for k in np.argsort(-sizes).tolist() if sizes[k] > 1e-9 * sizes.max(initial=0.0)]
    groups = []
    while left:
        head = left[0]
        units = blocks[left] / sizes[left, None]
        near = np.linalg.norm(units - units[0], axis=1) <= SAME
        near &= signs[left] == signs[head]
        groups.append(np.array(left, dtype=np.intp)[near])
        left = [k for k, taken in zip(left, near, strict=True) if not taken]
    return groups


def _face(
    X: Float64[np.ndarray, "n d"],
    bits: Bool[np.ndarray, " n"],
    sign: float,
    nu: Float64[np.ndarray, " n"],
) -> Face:
    gradient = sign * ((nu * bits) @ X)
    _, multipliers = project_onto_cone(X, bits, gradient)
    kept = np.flatnonzero(np.any(X != 0.0, axis=1))
    rows = X[kept[multipliers > ON_FACE * float(np.linalg.norm(gradient))]]
    if not len(rows):
        return Face(bits, sign, rows, np.eye(X.shape[1]))
    rows = rows / np.linalg.norm(rows, axis=1)[:, None]
    _, values, right = np.linalg.svd(rows)
    rank = int(np.count_nonzero(values > 1e-10 * values[0]))
    return Face(bits, sign, rows, right[rank:].T)


def _onto(face: Face, w: np.ndarray) -> np.ndarray:
    """Project onto the span of the face, to the longer rounding."""
    if not len(face.rows):
        return w
    rows = face.rows.astype(LONG)
    for _ in range(3):
        off = (rows @ w).astype(np.float64)
        w = w - np.linalg.lstsq(face.rows, off, rcond=None)[0].astype(LONG)
    return w


def _step(
    problem: Problem,
    faces: list[Face],
    w: list[np.ndarray],
    nu: np.ndarray,
    gradient: np.ndarray,
) -> np.ndarray:
    """Solve the Newton system in float64; its right side has more digits."""
    data, beta, loss = problem.data, problem.beta, problem.loss
    shares = (data.y * nu).astype(np.float64)
    curvature = np.ones(data.n) if loss.name == SQUARED.name else shares * (1.0 - shares)
    columns = [f.sign * np.where(f.bits[:, None], data.X @ f.basis, 0.0) for f in faces]
    if problem.output is not Bias.NONE:
        columns.append(np.ones((data.n, 1)))
    F = np.column_stack(columns)
    hessian = F.T @ (curvature[:, None] * F)
    at = 0
    for face, one in zip(faces, w, strict=True):
        size = face.basis.shape[1]
        length = float(np.sqrt(one @ one))
        along = face.basis.T @ (one.astype(np.float64) / length)
        block = slice(at, at + size)
        hessian[block, block] += beta / length * (np.eye(size) - np.outer(along, along))
        at += size
    hessian[at:, at:] += problem.penalty
    right = gradient.astype(np.float64)
    return -np.linalg.lstsq(hessian, right, rcond=1e-13)[0].astype(LONG)
