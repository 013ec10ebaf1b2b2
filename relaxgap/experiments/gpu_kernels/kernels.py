r"""The passes over tall data as products of matrices of any array library.

With :math:`F_i = D_i X`: the fit :math:`\sum_i F_i w_i`, the gradients :math:`F_i^\top \nu`, and
the product :math:`F^\top F w`. `relaxgap.solvers.tall.row_passes` has them for NumPy; these keep
data and bits on a device.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from jaxtyping import Bool, Float

from relaxgap.numerics.backend import Array, Arrays

CHUNK = 65536
"""Rows at a time: their bits as numbers take 260 MB of float32 for a thousand patterns."""


@dataclass(frozen=True, slots=True, eq=False)
class DeviceRows:
    """Hold rows and bits where `arrays` computes."""

    arrays: Arrays
    X: Float[Array, "n d"]
    bits: Bool[Array, "n P"]

    def chunks(self) -> Iterator[tuple[slice, Float[Array, "m d"], Float[Array, "m P"]]]:
        """Yield the rows of a chunk and their bits as numbers."""
        for start in range(0, self.X.shape[0], CHUNK):
            rows = slice(start, min(start + CHUNK, self.X.shape[0]))
            yield rows, self.X[rows], self.arrays.xp.astype(self.bits[rows], self.arrays.dtype)

    def fit(self, w: Float[Array, "P d"]) -> Float[Array, " n"]:
        """Return the fit of blocks."""
        parts = [self._fit(X, bits, w) for _, X, bits in self.chunks()]
        return self.arrays.xp.concat(parts)

    def gradients(self, nu: Float[Array, " n"]) -> Float[Array, "P d"]:
        """Return the gradients of all blocks at a dual point."""
        out = self.arrays.xp.zeros_like(self.bits[:1].T @ self.X[:1])
        for rows, X, bits in self.chunks():
            out += bits.T @ (nu[rows][:, None] * X)
        return out

    def product(self, w: Float[Array, "P d"]) -> Float[Array, "P d"]:
        """Return the product of the Hessian of the squared loss with blocks."""
        out = self.arrays.xp.zeros_like(w)
        for _, X, bits in self.chunks():
            out += bits.T @ (self._fit(X, bits, w)[:, None] * X)
        return out

    def _fit(
        self, X: Float[Array, "m d"], bits: Float[Array, "m P"], w: Float[Array, "P d"]
    ) -> Float[Array, " m"]:
        return self.arrays.xp.sum((X @ w.T) * bits, axis=1)


Kernel = Callable[[DeviceRows, Array], Array]
KERNELS: Mapping[str, Kernel] = {
    "fit": DeviceRows.fit,
    "gradients": DeviceRows.gradients,
    "product": DeviceRows.product,
}
"""By name; ``gradients`` takes a dual point, the others blocks."""
