r"""Groups of the convex program: cones on which a sub-network is linear in its neurons.

On a cone :math:`\{C z \ge 0\}` of the stacked neurons :math:`z = (z_1, \ldots, z_m)` the features
are :math:`\pm A z`: every first-layer pattern, the signs of the second layer and its pattern are
fixed. Where the second layer is not active it does not matter on which side of zero most
activations are, so that one cone of ours takes in several of the paper's.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

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
    conditions, some = _conditions(along[first], active[first], signs)
    C = (conditions[:, :, :, None] * X[first][:, None, None, :])[some].reshape(-1, A.shape[1])
    sizes = np.linalg.norm(C, axis=1)
    kept = sizes > 0.0
    return Group(signs, output, A, C[kept] / sizes[kept, None])


def _conditions(
    along: Float64[np.ndarray, "n m"], active: Bool[np.ndarray, " n"], signs: SignClass
) -> tuple[Float64[np.ndarray, "n k m"], Bool[np.ndarray, "n k"]]:
    r"""Return which sums of activations are not negative in the group, and how many of each row.

    Of an active row the side of every neuron is fixed, and that their sum is positive unless that
    follows. Of another :math:`\sum_R a_j \le \sum_T a_j` for all sets R of positive neurons, of
    the widest T: then the sum of all positive parts is at most 0, as that of negative neurons is
    no more than minus any of their sums.
    """
    m, n = signs.m, len(along)
    # a vertex of a negative piece is sum_T - sum_R, the first of them 0
    pieces = signs.negative[:, 1:]
    slack = np.min(np.einsum("pvm,nm->npv", pieces, along), axis=2)
    widest = pieces[np.argmax(slack, axis=1)]
    conditions = np.zeros((n, max(m + 1, widest.shape[1]), m))
    some = np.zeros(conditions.shape[:2], dtype=np.bool_)
    conditions[:, : widest.shape[1]] = widest
    # without T single neurons say all
    has_some = np.any(widest > 0.0, axis=(1, 2))
    some[:, : widest.shape[1]] = has_some[:, None] | (np.sum(widest != 0.0, axis=2) == 1)
    sides = np.where(along > 0.0, 1.0, -1.0)
    linear = (along > 0.0) * signs.signs
    of_active = np.concatenate([sides[:, :, None] * np.eye(m), linear[:, None]], axis=1)
    conditions[active, : m + 1] = of_active[active]
    some[active] = np.arange(some.shape[1]) < m
    some[active, m] = np.any(linear[active] < 0.0, axis=1)
    return conditions, some
