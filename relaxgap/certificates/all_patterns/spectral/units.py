"""The data in the units of the best dual point, and the way back."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.spectral.price_bound import SpectralMultipliers
from relaxgap.certificates.all_patterns.spectral.rows import reduced_rows
from relaxgap.data.dataset import Dataset

NEGLIGIBLE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class SpectralUnits:
    r"""Hold the rows at length 1 and what a dual entry of 1 is, :math:`\beta / (2 \|x_i\|)`.

    A price of beta is 2 in these units, which the spectral price bound of unit rows asks for.
    `of` goes there; `dual_point`, `multipliers` and `directions` come back.

    Parameters
    ----------
    kept : (k,) int
        Samples that matter: elsewhere a network no worse than the zero network fits less than
        `NEGLIGIBLE` times the norm of the labels.
    rows : (k, r) float64
        Their unit rows in an orthonormal basis.
    basis : (d, r) float64
        That basis.
    dual_unit : (k,) float64
        What a dual entry of 1 is in the data's own units.
    """

    kept: Int[np.ndarray, " k"]
    rows: Float64[np.ndarray, "k r"]
    basis: Float64[np.ndarray, "d r"]
    dual_unit: Float64[np.ndarray, " k"]

    @classmethod
    def of(cls, data: Dataset, beta: float) -> "SpectralUnits | None":
        """Return the data in these units; None if no sample matters."""
        lengths = np.linalg.norm(data.X, axis=1)
        kept = np.flatnonzero(lengths * float(np.linalg.norm(data.y)) > NEGLIGIBLE * beta)
        if kept.size == 0:
            return None
        lengths = lengths[kept]
        rows, basis = reduced_rows(data.X[kept] / lengths[:, None])
        return cls(kept, rows, basis, 0.5 * beta / lengths)

    def dual_point(
        self, nu: Float64[np.ndarray, " k"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n"]:
        """Return a dual point over all samples; where none matters it is the label of ``y``."""
        restored = y.copy()
        restored[self.kept] = nu * self.dual_unit
        return restored

    def multipliers(
        self, weights: Float64[np.ndarray, " k"], slopes: Float64[np.ndarray, " k"], n: int
    ) -> SpectralMultipliers:
        """Return multipliers over all ``n`` samples."""
        restored = SpectralMultipliers(np.zeros(n), np.zeros(n))
        restored.weights[self.kept] = weights
        restored.slopes[self.kept] = slopes * self.dual_unit
        return restored

    def directions(self, vectors: Float64[np.ndarray, "r ..."]) -> Float64[np.ndarray, "d ..."]:
        """Return directions in the coordinates of the data."""
        return np.asarray(self.basis @ vectors)
