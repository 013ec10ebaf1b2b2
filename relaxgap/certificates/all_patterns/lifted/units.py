"""The data in the units of the lifting, and the way back."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths

ROW_LENGTH = 0.8
"""Length given to every row of ``X``: balances ``u`` and ``Xu``; measured, any value is valid."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Hold the data in the units of the lifting, and what the change of units cost.

    `of` goes there; `dual_point`, `value` and `neurons` come back, and
    `relaxgap.certificates.all_patterns.lifted.price.price_bound` brings prices back with the
    rounding of the change.

    Parameters
    ----------
    rows : (n, r) float64
        Rows of length `ROW_LENGTH` in an orthonormal basis of the row space.
    basis : (r, d) float64
        That basis.
    weights : (n,) float64
        ``fit = weights * a`` in units where ``y`` and the weights' spectral scale are 1.
    y : (n,) float64
        Labels in those units.
    beta : float
        Regularisation strength in those units.
    samples : (n,) int
        The samples kept: those with nonzero rows.
    label_unit, price_unit : float
        What a label and a price of 1 are in the data's own units.
    basis_residuals : (n,) float64
        Length of what the basis cannot express of each row, with rounding, in the data's units.
    squared_norm : float
        An upper bound of the squared spectral norm of ``rows``: of the sum of squares of
        ``rows @ u`` over unit ``u``.
    """

    rows: Float64[np.ndarray, "n r"]
    basis: Float64[np.ndarray, "r d"]
    weights: Float64[np.ndarray, " n"]
    y: Float64[np.ndarray, " n"]
    beta: float
    samples: Int[np.ndarray, " n"]
    label_unit: float
    price_unit: float
    basis_residuals: Float64[np.ndarray, " n"]
    squared_norm: float

    @classmethod
    def of(cls, data: Dataset, beta: float) -> "Units | None":
        """Return the data in the units of the lifting; None if ``X`` or ``y`` is zero."""
        samples = np.flatnonzero(np.any(data.X != 0.0, axis=1))
        label_unit = float(np.linalg.norm(data.y[samples])) if samples.size else 0.0
        if label_unit == 0.0:
            return None
        X = data.X[samples]
        lengths = row_lengths(X)
        unit = X / lengths[:, None]
        _, values, vt = np.linalg.svd(unit, full_matrices=False)
        rank = int(np.count_nonzero(values > 1e-12 * values[0]))
        basis = vt[:rank] if rank < data.d else np.eye(data.d)
        rows = unit @ basis.T
        missing = np.linalg.norm(unit - rows @ basis, axis=1) if rank < data.d else 0.0
        scale = float(np.linalg.norm(X, 2))
        return cls(
            rows=ROW_LENGTH * rows,
            basis=basis,
            weights=lengths / (ROW_LENGTH * scale),
            y=data.y[samples] / label_unit,
            beta=beta / (scale * label_unit),
            samples=samples,
            label_unit=label_unit,
            price_unit=scale * label_unit,
            basis_residuals=lengths * (missing + 8.0 * EPS * (data.d + 4)),
            squared_norm=float(np.linalg.norm(ROW_LENGTH * rows, 2)) ** 2 * (1.0 + 1e-9),
        )

    def dual_point(
        self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, " m"]:
        """Return a dual point over all samples; where a row is zero it is the label of ``y``."""
        restored = y.copy()
        restored[self.samples] = self.label_unit * nu
        return restored

    def value(self, value: float, y: Float64[np.ndarray, " m"]) -> float:
        """Return a squared loss or an objective over all samples; ``y`` are their labels."""
        zero_rows = float(y @ y) - self.label_unit**2
        return value * self.label_unit**2 + 0.5 * zero_rows

    def neurons(self, u: Float64[np.ndarray, "k r"]) -> Float64[np.ndarray, "k d"]:
        """Return hidden weights in the coordinates of the data."""
        return np.asarray(u @ self.basis)
