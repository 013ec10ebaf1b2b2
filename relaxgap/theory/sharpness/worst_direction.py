r"""The direction in which a cone is sharpest, by alternating maximisation.

By duality :math:`C(K, z) = \max\{q^\top z : \|\mathrm{Proj}_K(\pm q)\| \le 1\}`, so the best q of
one direction is a better direction: :math:`C(K, q / \|q\|) \ge \|q\| \ge C(K, z)`. The ascent ends
at a local maximum; its lower end bounds :math:`C(K) = \max_z C(K, z)` from below.

References
----------
Kim & Pilanci (2024), Definition 1; the ascent is derived here.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rows import row_lengths
from relaxgap.theory.sharpness.brackets import Sharpness, cone_sharpness


def ascend(
    X: Float64[np.ndarray, "n d"],
    gates: Float64[np.ndarray, "B d"],
    starts: Float64[np.ndarray, "B d"],
    rtol: float = 1e-4,
    max_rounds: int = 200,
) -> tuple[Float64[np.ndarray, "B d"], Sharpness]:
    """Improve a direction for each cone until none gains more than the brackets' width.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix.
    gates : (B, d) float64
        A gate inside each cone.
    starts : (B, d) float64
        Nonzero first directions.
    rtol : float
        Width of the brackets, and the least gain that goes on.
    max_rounds : int
        Most directions tried for a cone.

    Returns
    -------
    directions : (B, d) float64
        The last ones.
    sharpness : Sharpness
        Of these directions.
    """
    directions = starts / row_lengths(starts)[:, None]
    found = cone_sharpness(X, gates, directions, rtol)
    lower, upper = found.lower.copy(), found.upper.copy()
    points, normals = found.points.copy(), found.normals.copy()
    rising = np.arange(gates.shape[0])
    for _ in range(max_rounds):
        rising = rising[row_lengths(normals[rising]) > 0.0]
        if rising.size == 0:
            break
        tried = normals[rising] / row_lengths(normals[rising])[:, None]
        better = cone_sharpness(X, gates[rising], tried, rtol)
        gained = better.lower > lower[rising] * (1.0 + rtol)
        kept = rising[gained]
        directions[kept] = tried[gained]
        lower[kept], upper[kept] = better.lower[gained], better.upper[gained]
        points[kept], normals[kept] = better.points[gained], better.normals[gained]
        rising = kept
    return directions, Sharpness(lower, upper, points, normals)
