r"""The sharpness of one cone exactly, from a guess of which rows hold with equality.

On the face :math:`A_F u = b_F` two lengths are added along a broken line that touches an affine
subspace, so the reflection principle solves it: with the distances :math:`h_0, h_1` of 0 and z to
it, the touching point divides the segment between their feet as :math:`\alpha = h_0 / (h_0 + h_1)`.
The feet are given by the multipliers

.. math:: \lambda_0 = (A_F A_F^\top)^{-1} b_F, \qquad
          \lambda_1 = (A_F A_F^\top)^{-1} (b - A z)_F, \qquad
          h_k^2 = \lambda_k^\top A_F A_F^\top \lambda_k,

and :math:`\lambda = (1 - \alpha) \lambda_0 + \alpha \lambda_1` are those of the point. Rows of
negative multiplier leave the face, violated ones enter, all at once while their number falls.
"""

import math

import numpy as np
import scipy.linalg
from jaxtyping import Float64

from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares

MAX_PIVOTS = 30
TRIES = 3
SLACK = 1e-13
PROJECTIONS = 20


def settle(
    cone: Float64[np.ndarray, "k d"],
    gram: Float64[np.ndarray, "k k"],
    at_z: Float64[np.ndarray, " k"],
    z: Float64[np.ndarray, " d"],
    guess: Float64[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " k"], float] | None:
    r"""Find the face, and return the multipliers and :math:`\alpha`; None if it is not found.

    Parameters
    ----------
    cone : (k, d) float64
        Unit rows of the cone, signs included.
    gram : (k, k) float64
        ``cone @ cone.T``.
    at_z : (k,) float64
        ``cone @ z``.
    z : (d,) float64
        Unit direction.
    guess : (k,) float64
        Multipliers whose positive entries, the d largest at most, are the first guess.
    """
    floor = np.maximum(at_z, 0.0)
    on = guess > 0.0
    # more rows than features are dependent
    on[np.argsort(-guess)[z.size :]] = False
    fewest, tries = on.size + 1, TRIES
    for _ in range(MAX_PIVOTS):
        rows = np.flatnonzero(on)
        if rows.size == 0 or rows.size > z.size:
            return None
        try:
            factor = scipy.linalg.cho_factor(gram[np.ix_(rows, rows)], check_finite=False)
        except np.linalg.LinAlgError:
            return None
        targets = np.stack([floor[rows], floor[rows] - at_z[rows]], axis=1)
        feet = scipy.linalg.cho_solve(factor, targets, check_finite=False)
        h0, h1 = (math.sqrt(max(float(targets[:, k] @ feet[:, k]), 0.0)) for k in (0, 1))
        if h0 + h1 == 0.0:
            return None
        alpha = h0 / (h0 + h1)
        multipliers = np.zeros(on.size)
        multipliers[rows] = (1.0 - alpha) * feet[:, 0] + alpha * feet[:, 1]
        slack = cone @ (alpha * z + multipliers @ cone) - floor
        wrong = np.where(on, multipliers < 0.0, slack < -SLACK)
        count = int(np.count_nonzero(wrong))
        if count == 0:
            return multipliers, alpha
        fewest, tries = (count, TRIES) if count < fewest else (fewest, tries - 1)
        if tries < 0:
            # the backup rule that cannot cycle: exchange only the last wrong row
            wrong[: np.flatnonzero(wrong)[-1]] = False
        on ^= wrong
    return None


def project(
    cone: Float64[np.ndarray, "k d"],
    at_z: Float64[np.ndarray, " k"],
    z: Float64[np.ndarray, " d"],
    alpha: float,
) -> tuple[Float64[np.ndarray, " k"], float]:
    r"""Follow the fixed point of :math:`\alpha` by projections that an active set finds exactly.

    For a cone so thin that gradient steps do not end. The projection onto :math:`A x \ge c` of 0 is
    the residual of :math:`\min_{\lambda \ge 0} \|[A^\top; c^\top] \lambda - e_{d+1}\|`,
    over its last entry.

    References
    ----------
    Lawson & Hanson (1974), Solving least squares problems, chapter 23.4.
    """
    floor = np.maximum(at_z, 0.0)
    multipliers = np.zeros(floor.size)
    for _ in range(PROJECTIONS):
        stacked = np.vstack([cone.T, floor - alpha * at_z])
        target = np.zeros(z.size + 1)
        target[-1] = 1.0
        found = nonnegative_least_squares(stacked, target)
        last = 1.0 - float(stacked[-1] @ found)
        if last <= 0.0:
            break
        multipliers = found / last
        u = alpha * z + multipliers @ cone
        near, far = float(np.linalg.norm(u)), float(np.linalg.norm(u - z))
        before, alpha = alpha, near / (near + far)
        if abs(alpha - before) < SLACK:
            break
    return multipliers, alpha
