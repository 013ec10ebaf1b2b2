r"""Groups of the convex program: cones on which a sub-network is linear in its neurons.

On a cone :math:`\{C z \ge 0\}` of the stacked neurons :math:`z = (z_1, \ldots, z_m)` the features
are :math:`\pm A z`: every first-layer pattern, the signs of the second layer and its pattern are
fixed. Where the second layer is not active it does not matter on which side of zero most
activations are, so that one cone of ours takes in several of the paper's.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.three_layer.pieces import SignClass
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rows import alike_rows


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Hold a group of linear sub-networks.

    Parameters
    ----------
    signs : SignClass
        Of the second layer.
    output : float
        Sign of the output, 1 or -1.
    A : (n, m d) float64
        Features of the stacked neurons.
    C : (k, m d) float64
        Rows of norm one that are not negative in the group.
    """

    signs: SignClass
    output: float
    A: Float64[np.ndarray, "n D"]
    C: Float64[np.ndarray, "k D"]

    @property
    def key(self) -> tuple[float, bytes, bytes]:
        """What two equal groups have alike."""
        return self.output, self.A.tobytes(), self.C.tobytes()


def group_around(
    X: Float64[np.ndarray, "n d"], signs: SignClass, output: float, z: Float64[np.ndarray, "m d"]
) -> Group:
    """Return the group whose cone has these neurons in it."""
    checkpoint()
    along = X @ z.T
    active = (np.maximum(along, 0.0) @ signs.signs) > 0.0
    linear = np.where(active[:, None], (along > 0.0) * signs.signs, 0.0)
    A = (linear[:, :, None] * X[:, None, :]).reshape(X.shape[0], -1)
    first, _, _ = alike_rows(X)
    conditions = [
        _active_conditions(along[i], signs) if active[i] else _inactive_conditions(along[i], signs)
        for i in first
    ]
    rows = np.repeat(X[first], [len(some) for some in conditions], axis=0)
    C = (np.concatenate(conditions)[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
    sizes = np.linalg.norm(C, axis=1)
    some = sizes > 0.0
    return Group(signs, output, A, C[some] / sizes[some, None])


def _active_conditions(
    along: Float64[np.ndarray, " m"], signs: SignClass
) -> Float64[np.ndarray, "k m"]:
    """Fix the side of every neuron, and that their sum is positive unless that follows."""
    sides = np.where(along > 0.0, 1.0, -1.0)
    conditions = np.diag(sides)
    linear = (along > 0.0) * signs.signs
    if np.any(linear < 0.0):
        conditions = np.vstack([conditions, linear])
    return conditions


def _inactive_conditions(
    along: Float64[np.ndarray, " m"], signs: SignClass
) -> Float64[np.ndarray, "k m"]:
    r"""Let :math:`\sum_R a_j \le \sum_T a_j` for all sets R of positive neurons: take the widest T.

    Then the sum of all positive parts is at most 0, as that of negative neurons is no more than
    minus any of their sums.
    """
    # a vertex of a negative piece is sum_T - sum_R, the first of them 0
    pieces = signs.negative[:, 1:]
    slack = np.min(pieces @ along, axis=1)
    best = np.asarray(pieces[int(np.argmax(slack))])
    # without T single neurons say all
    if not np.any(best > 0.0):
        best = best[np.sum(best != 0.0, axis=1) == 1]
    return best
