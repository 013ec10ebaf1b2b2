r"""Proposition 5: the relaxation over the gated program, by the sharpness of the cones in use.

Statement: let w solve the gated program over some patterns and
:math:`C = \max_{w_i \ne 0} C(K_i, w_i / \|w_i\|)`. Then
:math:`\tilde p_g \le \tilde p^* \le C\, \tilde p_g`: each :math:`w_i` is split into two parts
in its cone, which keeps the fit and costs C at most. With any feasible w in place of the solution,
:math:`\tilde p^* \le C \cdot \text{value}(w)`.

Checked: on the instance, with certified ends of all three numbers.

References
----------
Kim & Pilanci (2024), Proposition 5.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.theory.sharpness.brackets import cone_sharpness


@dataclass(frozen=True, slots=True)
class BlockSharpness:
    """Hold certified ends of the largest sharpness of the cones in use, and how many those are."""

    lower: float
    upper: float
    mean: float
    n_blocks: int


def block_sharpness(
    X: Float64[np.ndarray, "n d"],
    gates: Float64[np.ndarray, "P d"],
    w: Float64[np.ndarray, "P d"],
    rtol: float = 1e-4,
) -> BlockSharpness:
    """Bracket Proposition 5's C for the weights of a gated program; 1 if all are zero.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix.
    gates : (P, d) float64
        A gate inside the cone of each block.
    w : (P, d) float64
        The weights; the cones of zero blocks do not count.
    rtol : float
        Relative width of the brackets.
    """
    used = np.flatnonzero(np.any(w != 0.0, axis=1))
    if used.size == 0:
        return BlockSharpness(1.0, 1.0, 1.0, 0)
    found = cone_sharpness(X, gates[used], w[used], rtol)
    return BlockSharpness(
        float(found.lower.max()),
        float(found.upper.max()),
        float(found.upper.mean()),
        int(used.size),
    )
