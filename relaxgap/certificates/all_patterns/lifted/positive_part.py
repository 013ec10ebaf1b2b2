r"""The positive part of slowly changing matrices with few positive eigenvalues.

A subspace goes along: a Chebyshev polynomial that is small on the negative part of the spectrum
turns it towards the positive eigenvectors, and a Rayleigh-Ritz step takes the eigenvalues, all in
single precision. Every so often, and where the subspace turns out too small or the spectrum to have
moved, all eigenvalues are computed.

References
----------
Zhou, Saad, Tiago & Chelikowsky (2006), J. Comput. Phys. 219: Chebyshev-filtered subspaces.
"""

import numpy as np
from jaxtyping import Float, Float32

MIN_ORDER = 24
"""Order from which a subspace is faster than all eigenvalues."""
FIRST_STEPS, STEPS_BETWEEN = 10, 100
"""Steps with all eigenvalues at the start, and steps until they are computed again."""
MORE_COLUMNS = 6
"""Columns beyond the positive eigenvalues."""
SAFETY = 1.1
"""How far below the last least eigenvalue the spectrum is assumed to begin."""


class PositivePart:
    """Follow the positive part of a sequence of symmetric matrices."""

    def __init__(self) -> None:
        self.basis: Float32[np.ndarray, "k m"] | None = None
        self.low = self.cut = 0.0
        self.n_steps = 0

    def factor(self, T: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "k s"]:
        """Return ``L`` with ``L L^T`` the positive part of ``T``, nearly."""
        self.n_steps += 1
        whole = self.n_steps <= FIRST_STEPS or self.n_steps % STEPS_BETWEEN == 0
        if T.shape[0] < MIN_ORDER or self.basis is None or whole:
            return self._by_all(T)
        found = self._by_subspace(T)
        if found is None:
            return self._by_all(T)
        values, vectors = found
        kept = values > 0.0
        n_kept = int(np.count_nonzero(kept))
        if n_kept == values.size or not values[0] > self.low or self.low >= self.cut:
            return self._by_all(T)
        first = max(0, values.size - n_kept - MORE_COLUMNS)
        self.basis, self.cut = vectors[:, first:], float(values[first])
        factor = vectors[:, kept] * np.sqrt(values[kept])
        return np.asarray(factor, dtype=T.dtype)

    def _by_all(self, T: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "k s"]:
        values, vectors = np.linalg.eigh(T)
        kept = values > 0.0
        n_columns = min(values.size, int(np.count_nonzero(kept)) + MORE_COLUMNS)
        self.basis = vectors[:, -n_columns:].astype(np.float32)
        self.low, self.cut = SAFETY * min(float(values[0]), 0.0), float(values[-n_columns])
        return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))

    def _by_subspace(
        self, matrix: Float[np.ndarray, "k k"]
    ) -> tuple[Float32[np.ndarray, " m"], Float32[np.ndarray, "k m"]] | None:
        """Return Ritz pairs of the turned subspace; None beyond the range of single precision."""
        assert self.basis is not None
        middle, half = np.float32(0.5 * (self.cut + self.low)), 0.5 * (self.cut - self.low)
        if not half > 0.0:
            return None
        with np.errstate(all="ignore"):
            T, scale = matrix.astype(np.float32), np.float32(1.0 / half)
            zeroth = self.basis
            first = (T @ zeroth - middle * zeroth) * scale
            second = 2.0 * scale * (T @ first - middle * first) - zeroth
            third = 2.0 * scale * (T @ second - middle * second) - first
            third /= np.linalg.norm(third, axis=0)
            if not np.all(np.isfinite(third)):
                return None
        basis, _ = np.linalg.qr(third)
        values, turn = np.linalg.eigh(basis.T @ (T @ basis))
        return values, basis @ turn
