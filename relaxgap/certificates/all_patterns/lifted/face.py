r"""The face of the semidefinite cone that the lifted neurons of a region span.

With :math:`p = (a + b) / \sqrt 2` and :math:`q = (a - b) / \sqrt 2` at the undecided samples, a
turn of the entries, everything but :math:`\alpha` and :math:`p` is linear in :math:`u`: the decided
entries are :math:`Du` and :math:`q = Xu / \sqrt 2`. With
:math:`C = (I + D^\top D + \tfrac12 X^\top X)^{-1/2}` and :math:`u = C h` the neuron depends on
:math:`(\alpha, p, h)` by orthonormal columns, of which only those of :math:`h` are dense.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relaxgap.certificates.all_patterns.lifted.layout import Lifting

HALF = float(np.sqrt(0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Hold an orthonormal basis of a face, in coordinates ``(alpha, p, h)``.

    Parameters
    ----------
    dense : (m, r) float
        Entries ``u``, the decided ones, and ``q``, as a function of ``h``.
    n_undecided : int
        Entries of ``p``.
    """

    dense: Float[np.ndarray, "m r"]
    n_undecided: int

    @classmethod
    def of(cls, lifting: Lifting, dtype: np.dtype) -> "Face":
        """Return the face of a region's lifted neurons."""
        f = lifting.n_undecided
        q = 2.0 * HALF * lifting.halves
        gram = np.eye(lifting.rank) + lifting.decided.T @ lifting.decided + q.T @ q
        values, vectors = np.linalg.eigh(gram)
        root = (vectors / np.sqrt(values)) @ vectors.T
        dense = np.concatenate([root, lifting.decided @ root, q @ root])
        return cls(np.ascontiguousarray(dense, dtype=dtype), f)

    @property
    def order(self) -> int:
        """Coordinates of the face."""
        return 1 + self.n_undecided + int(self.dense.shape[1])

    def restrict(self, M: Float[np.ndarray, "N N"]) -> Float[np.ndarray, "k k"]:
        """Return the form of a symmetric matrix on the face."""
        f, outer = self.n_undecided, M.shape[0] - 2 * self.n_undecided
        half, inner = M.dtype.type(0.5), 1 + f
        upper, turned = self.dense[: outer - 1], self.dense[outer - 1 :]
        a, b = slice(outer, outer + f), slice(outer + f, outer + 2 * f)
        root_half = M.dtype.type(HALF)
        sums = root_half * (M[:outer, a] + M[:outer, b])
        differences = root_half * (M[:outer, a] - M[:outer, b])
        both, across = half * (M[a, a] + M[b, b]), half * (M[a, b] + M[b, a])
        # between p and q, at last
        skew = half * (M[a, a] - M[b, b] - M[a, b] + M[b, a])
        form = np.empty((self.order, self.order), dtype=M.dtype)
        form[0, 0] = M[0, 0]
        form[0, 1:inner] = sums[0]
        form[0, inner:] = M[0, 1:outer] @ upper + differences[0] @ turned
        form[1:inner, 1:inner] = both + across
        form[1:inner, inner:] = sums[1:].T @ upper + skew @ turned
        mixed = upper.T @ (differences[1:] @ turned)
        form[inner:, inner:] = upper.T @ (M[1:outer, 1:outer] @ upper) + mixed + mixed.T
        both -= across
        form[inner:, inner:] += turned.T @ (both @ turned)
        form[1:, 0] = form[0, 1:]
        form[inner:, 1:inner] = form[1:inner, inner:].T
        return form

    def extend(self, factor: Float[np.ndarray, "k s"]) -> Float[np.ndarray, "N s"]:
        """Return vectors of the face in the entries of lifted neurons."""
        f, half = self.n_undecided, factor.dtype.type(HALF)
        outer = self.dense.shape[0] + 1 - f
        linear = self.dense @ factor[1 + f :]
        p, q = half * factor[1 : 1 + f], half * linear[outer - 1 :]
        return np.concatenate([factor[:1], linear[: outer - 1], p + q, p - q])
