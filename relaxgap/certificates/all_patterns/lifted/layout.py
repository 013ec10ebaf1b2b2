r"""Which neurons a region holds and how a lifted neuron of it is laid out.

A neuron of one output sign, scaled so that its output weight :math:`\alpha` equals :math:`\|u\|`,
is lifted to :math:`z = (\alpha, u, a, b)` with :math:`a = (Xu)_+` and :math:`b = (-Xu)_+`. Each of
these is linear in :math:`zz^\top` and holds for every neuron:

- :math:`a_i b_i = 0`; products of two entries of :math:`(a, b)` are non-negative;
- :math:`\|u\, a_i\| \le \alpha a_i` and :math:`\|u\, b_i\| \le \alpha b_i`;
- :math:`a - b = Xu`, which leaves a matrix of order :math:`1 + d + n` (`face`).

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

    The entries of a lifted neuron are ``alpha``, ``u``, then ``b`` where the region decided
    inactive, ``a`` where it decided active, ``a`` and last ``b`` where it decided nothing. With
    :math:`p = (a + b) / \sqrt 2` at the undecided samples they are linear in
    :math:`(\alpha, u, p)`: decided entries are :math:`\pm Xu`, and
    :math:`a, b = p / \sqrt 2 \pm Xu / 2`.

    Parameters
    ----------
    region : Region
        Over the samples of ``units``.
    units : Units
        The data.
    positive, negative : (p,) and (q,) int
        Samples that have an entry of ``a`` and of ``b``, in the order of these entries.
    n_undecided : int
        How many have both: the last ones of either.
    decided : (m, r) float64
        What the decided entries are of ``u``: first those of ``b``.
    halves : (f, r) float64
        Half the rows of the undecided samples.
    """

    region: Region
    units: Units
    positive: Int[np.ndarray, " p"]
    negative: Int[np.ndarray, " q"]
    n_undecided: int
    decided: Float64[np.ndarray, "m r"]
    halves: Float64[np.ndarray, "f r"]

    @classmethod
    def of(cls, region: Region, units: Units) -> "Lifting":
        """Lay out the lifted neurons of a region."""
        active, inactive, undecided = (
            np.flatnonzero(region.activations == kind) for kind in (ACTIVE, INACTIVE, UNDECIDED)
        )
        return cls(
            region,
            units,
            positive=np.concatenate([active, undecided]),
            negative=np.concatenate([inactive, undecided]),
            n_undecided=undecided.size,
            decided=np.concatenate([-units.rows[inactive], units.rows[active]]),
            halves=0.5 * units.rows[undecided],
        )

    @property
    def rank(self) -> int:
        """Entries of ``u``."""
        return int(self.units.rows.shape[1])

    @property
    def order(self) -> int:
        """Entries of a lifted neuron."""
        return 1 + self.rank + int(self.decided.shape[0]) + 2 * self.n_undecided

    @property
    def a(self) -> slice:
        """Places of the entries of ``a``."""
        end = self.order - self.n_undecided
        return slice(end - self.positive.size, end)

    @property
    def free_a(self) -> slice:
        """Places of ``a`` at the undecided samples."""
        return slice(self.order - 2 * self.n_undecided, self.order - self.n_undecided)

    @property
    def free_b(self) -> slice:
        """Places of ``b`` at the undecided samples."""
        return slice(self.order - self.n_undecided, self.order)

    @property
    def pairs(self) -> tuple[Int[np.ndarray, " f"], Int[np.ndarray, " f"]]:
        """Places of both entries of every undecided sample."""
        free = np.arange(self.n_undecided)
        return self.free_a.start + free, self.free_b.start + free

    @property
    def inactive(self) -> Int[np.ndarray, " m"]:
        """The samples decided inactive."""
        return self.negative[: self.negative.size - self.n_undecided]

    @property
    def undecided(self) -> Int[np.ndarray, " f"]:
        """The undecided samples."""
        return self.positive[self.positive.size - self.n_undecided :]

    def places_of(self, part: "Lifting") -> Int[np.ndarray, " k"]:
        """Return the places of the entries that a part of the region has, in its order."""
        a = np.zeros(self.region.activations.size, dtype=np.int64)
        b = a.copy()
        a[self.positive] = self.a.start + np.arange(self.positive.size)
        b[self.inactive] = 1 + self.rank + np.arange(self.inactive.size)
        b[self.undecided] = self.pairs[1]
        inner = np.arange(1 + self.rank)
        return np.concatenate([inner, b[part.inactive], a[part.positive], b[part.undecided]])

    def gains(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " p"]:
        r"""Return the coefficient of each product :math:`\alpha a_i` in the price at ``nu``."""
        gains = self.region.sign * self.units.weights * nu
        return np.asarray(gains[self.positive])
