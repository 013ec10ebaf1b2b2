r"""Which neurons a region holds and how a lifted neuron of it is laid out.

A neuron of one output sign, scaled so that its output weight :math:`\alpha` equals :math:`\|u\|`,
is lifted to :math:`z = (\alpha, u, a, b)` with :math:`a = (Xu)_+` and :math:`b = (-Xu)_+`. Each of
these is linear in :math:`zz^\top` and holds for every neuron:

- :math:`a_i b_i = 0`; products of two entries of :math:`(a, b)` are non-negative;
- :math:`\|u\, a_i\| \le \alpha a_i` and :math:`\|u\, b_i\| \le \alpha b_i`;
- :math:`a - b = Xu`, which leaves a matrix of order :math:`1 + d + n`.

Deciding activations (*regions*) only removes rows: a sample decided active has :math:`b_i = 0`, one
decided inactive :math:`a_i = 0`, and the sample leaves the matrix.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, for the completely positive form.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int, Int8

from relaxgap.certificates.all_patterns.lifted.units import Units

UNDECIDED, INACTIVE, ACTIVE = -1, 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Hold the neurons of one output sign whose activation at some samples is decided.

    Parameters
    ----------
    sign : float
        Sign of the output weight, +1 or -1.
    activations : (n,) int8
        1 active, 0 inactive, -1 undecided.
    """

    sign: float
    activations: Int8[np.ndarray, " n"]

    def split(self, sample: int) -> "tuple[Region, Region]":
        """Decide one more sample both ways; the two parts cover the region."""
        parts = []
        for activation in (ACTIVE, INACTIVE):
            activations = self.activations.copy()
            activations[sample] = activation
            parts.append(Region(self.sign, activations))
        return parts[0], parts[1]


@dataclass(frozen=True, slots=True, eq=False)
class Lifting:
    r"""Hold how the lifted neurons of a region are laid out.

    The entries of a lifted neuron are ``alpha``, ``u``, then ``a`` and ``b`` at the samples where
    the region leaves them free to be positive.

    Parameters
    ----------
    region : Region
        Over the samples of ``units``.
    units : Units
        The data.
    positive, negative : (p,) and (q,) int
        Samples that have an entry of ``a`` and of ``b``: those not decided inactive, active.
    a, b : (p,) and (q,) int
        Places of these entries.
    free_a, free_b : (f,) int
        Places of the entries of the undecided samples, which have both.
    embedding : (N, k) float64
        Writes the lifted neuron :math:`z = E x` in terms of ``alpha``, ``u`` and ``a`` at the
        undecided samples, :math:`x`.
    """

    region: Region
    units: Units
    positive: Int[np.ndarray, " p"]
    negative: Int[np.ndarray, " q"]
    a: Int[np.ndarray, " p"]
    b: Int[np.ndarray, " q"]
    free_a: Int[np.ndarray, " f"]
    free_b: Int[np.ndarray, " f"]
    embedding: Float64[np.ndarray, "N k"]

    @classmethod
    def of(cls, region: Region, units: Units) -> "Lifting":
        """Lay out the lifted neurons of a region."""
        activations, rows = region.activations, units.rows
        rank = rows.shape[1]
        free = activations == UNDECIDED
        positive = np.flatnonzero(activations != INACTIVE)
        negative = np.flatnonzero(activations != ACTIVE)
        a = 1 + rank + np.arange(positive.size)
        b = 1 + rank + positive.size + np.arange(negative.size)
        free_a, free_b = a[free[positive]], b[free[negative]]
        inner = 1 + rank + np.arange(free_a.size)
        embedding = np.zeros((1 + rank + a.size + b.size, 1 + rank + free_a.size))
        embedding[: 1 + rank, : 1 + rank] = np.eye(1 + rank)
        # decided active a = Xu, otherwise b = a - Xu with an a of its own or of zero
        embedding[a, 1 : 1 + rank] = np.where(free[positive, None], 0.0, rows[positive])
        embedding[b, 1 : 1 + rank] = -rows[negative]
        embedding[free_a, inner] = 1.0
        embedding[free_b, inner] = 1.0
        return cls(region, units, positive, negative, a, b, free_a, free_b, embedding)

    @property
    def order(self) -> int:
        """Entries of a lifted neuron."""
        return int(self.embedding.shape[0])

    @property
    def rank(self) -> int:
        """Entries of ``u``."""
        return int(self.units.rows.shape[1])

    def gains(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " p"]:
        r"""Return the coefficient of each product :math:`\alpha a_i` in the price at ``nu``."""
        gains = self.region.sign * self.units.weights * nu
        return np.asarray(gains[self.positive])
