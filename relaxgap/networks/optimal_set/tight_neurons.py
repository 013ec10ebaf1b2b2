r"""The neurons that an optimal network can have: one for all cells in which it is seen.

A neuron on the boundary of its cell is the maximiser of every cell that meets there. That they are
one is proven by a sign: where two tight cells of one sign ``s`` differ in the sample ``j`` only if
:math:`s \nu^*_j \le 0`, their maximisers are the same, since :math:`s \nu^{*\top} (X u)_+` is
concave between them, their mean has price :math:`\beta` at least, and a mean of two unit vectors is
shorter than 1. Samples on one hyperplane count together. So the neurons of a sign have different
patterns on the samples with :math:`s \nu^*_j > 0`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.networks.optimal_set.known_optimum import KnownOptimum
from relaxgap.networks.optimal_set.priced_cells import PricedCells
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import spectral_norm
from relaxgap.patterns.pattern_set import PatternSet

SAME = 1e-7
"""Distance of directions that are taken for one neuron, in doubt where that is not proven."""


@dataclass(frozen=True, slots=True, eq=False)
class TightNeurons:
    r"""Hold the directions that can have price ``beta``, each once, and what they add to a fit.

    Every neuron of every optimal network is in one of these directions, up to ``errors``, with its
    sign; one of them may have price less than ``beta``, and is then in no optimal network.

    Parameters
    ----------
    directions : (k, d) float64
        Unit vectors.
    signs : (k,) float64
        Of the output weights.
    errors : (k,) float64
        Distance to the exact direction, at most.
    columns : (n, k) float64
        :math:`s_k (X u_k)_+`; beside a free constant less its mean.
    means : (k,) float64
        What was taken away; zero without a free constant.
    column_errors : (k,) float64
        Euclidean distance to the exact column, at most.
    n_cells : (k,) int
        Cells in which each may be seen.
    n_groups : (k,) int
        Neurons that each may be, which the errors do not tell apart.
    is_centred : bool
        Whether the means were taken away.
    """

    directions: Float64[np.ndarray, "k d"]
    signs: Float64[np.ndarray, " k"]
    errors: Float64[np.ndarray, " k"]
    columns: Float64[np.ndarray, "n k"]
    means: Float64[np.ndarray, " k"]
    column_errors: Float64[np.ndarray, " k"]
    n_cells: Int[np.ndarray, " k"]
    n_groups: Int[np.ndarray, " k"]
    is_centred: bool = False

    @property
    def n_neurons(self) -> int:
        """Number of directions."""
        return int(self.signs.size)

    def over(self, rows: Int[np.ndarray, " m"]) -> "TightNeurons":
        """Return some of them."""
        return TightNeurons(
            self.directions[rows],
            self.signs[rows],
            self.errors[rows],
            self.columns[:, rows],
            self.means[rows],
            self.column_errors[rows],
            self.n_cells[rows],
            self.n_groups[rows],
            self.is_centred,
        )

    @property
    def rank_low(self) -> int:
        """Rank of the exact columns, at least: what no error can take from the singular values."""
        if not self.n_neurons:
            return 0
        values = np.linalg.svd(self.columns, compute_uv=False)
        error = float(np.linalg.norm(self.column_errors))
        error += 8.0 * EPS * max(self.columns.shape) * float(values[0])
        return int(np.count_nonzero(values > error))

    @property
    def dimension_high(self) -> int:
        """Dimension of the set of optimal networks, at most."""
        return int(self.n_groups.sum()) - self.rank_low

    def network(self, weights: Float64[np.ndarray, " k"]) -> TwoLayerNetwork:
        """Return the scaled network with these :math:`c_k`; none for a zero."""
        live = weights > 0.0
        roots = np.sqrt(weights[live])
        return TwoLayerNetwork(self.directions[live] * roots[:, None], self.signs[live] * roots)

    def outputs_at(self, rows: Float64[np.ndarray, "r d"]) -> Float64[np.ndarray, "r k"]:
        """Return what a unit of each neuron adds to predictions, with what the constant loses."""
        return np.asarray(np.maximum(rows @ self.directions.T, 0.0) * self.signs - self.means)

    @property
    def mean_errors(self) -> Float64[np.ndarray, " k"]:
        """Distance to the means of the exact columns, at most."""
        root = float(np.sqrt(len(self.columns)))
        return self.column_errors / root * (1.0 + 1e-12) if self.is_centred else 0.0 * self.means


def tight_neurons(
    problem: Problem, patterns: PatternSet, cells: PricedCells, known: KnownOptimum
) -> TightNeurons:
    """Merge cells that are proven to show one neuron, and mark those that only look like one."""
    data, beta = problem.data, problem.beta
    errors = cells.direction_errors(beta, known.radius)
    keys = _keys(data.X, patterns, cells, known)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(int(group.max(initial=-1)) + 1)]
    merged = [_merged(cells.direction, errors, cells.price_low, rows) for rows in members]
    units = np.array([unit for unit, _ in merged]).reshape(len(merged), data.d)
    group_errors = np.array([error for _, error in merged])
    signs = np.array([cells.sign[rows[0]] for rows in members])
    sizes = np.array([len(rows) for rows in members], dtype=np.intp)
    clusters = _clusters(units, group_errors, signs)
    joined = [_merged(units, group_errors, sizes.astype(np.float64), rows) for rows in clusters]
    directions = np.array([unit for unit, _ in joined]).reshape(len(joined), data.d)
    found = np.array([error for _, error in joined])
    of_cluster = np.array([signs[rows[0]] for rows in clusters])
    columns = np.maximum(data.X @ directions.T, 0.0) * of_cluster
    means = problem.means(columns)
    rounding = 4.0 * EPS * (data.d + 4 + problem.is_free * (data.n + 4))
    lengths = float(np.linalg.norm(data.X))
    return TightNeurons(
        directions,
        of_cluster,
        found,
        columns - means,
        means,
        (spectral_norm(data.X) * found + rounding * lengths) * (1.0 + 1e-12),
        np.array([sizes[rows].sum() for rows in clusters], dtype=np.intp),
        np.array([len(rows) for rows in clusters], dtype=np.intp),
        problem.is_free,
    )


def _keys(
    X: Float64[np.ndarray, "n d"], patterns: PatternSet, cells: PricedCells, known: KnownOptimum
) -> Float64[np.ndarray, "k b"]:
    """Return the sign and the bits that tell neurons apart; the others count as zero."""
    owner = _hyperplanes(X)
    bits = patterns.unpack(cells.pattern)
    kept = np.zeros(bits.shape)
    for plane in range(int(owner.max(initial=-1)) + 1):
        rows = np.flatnonzero(owner == plane)
        # rows of one plane are the same but for their sign: their kinks add up
        kink = float(known.nu[rows].sum())
        doubt = float(np.linalg.norm(known.errors[rows])) * np.sqrt(len(rows))
        doubt += 4.0 * EPS * len(rows) * float(np.abs(known.nu[rows]).sum())
        for s in (1.0, -1.0):
            if s * kink + doubt > 0.0:
                of_sign = cells.sign == s
                kept[of_sign, rows[0]] = bits[of_sign, rows[0]]
    return np.column_stack([cells.sign, kept])


def _hyperplanes(X: Float64[np.ndarray, "n d"]) -> Int[np.ndarray, " n"]:
    """Give distinct rows up to their sign a number; a zero row, which has no kink, gets -1."""
    live = np.any(X != 0.0, axis=1)
    first = np.argmax(X != 0.0, axis=1)
    leading = np.sign(X[np.arange(len(X)), first])
    # adding zero makes one of the two zeros
    canonical = X[live] * leading[live, None] + 0.0
    owner = np.full(len(X), -1)
    if live.any():
        owner[live] = np.unique(canonical, axis=0, return_inverse=True)[1].ravel()
    return owner


def _merged(
    units: Float64[np.ndarray, "k d"],
    errors: Float64[np.ndarray, " k"],
    rank: Float64[np.ndarray, " k"],
    rows: Int[np.ndarray, " m"],
) -> tuple[Float64[np.ndarray, " d"], float]:
    """Return one direction for several, with an error that covers each with its own."""
    best = rows[np.lexsort((errors[rows], -rank[rows]))[0]]
    apart = np.linalg.norm(units[rows] - units[best], axis=1) * (1.0 + 1e-12) + 8.0 * EPS
    apart[rows == best] = 0.0
    return units[best], float(np.max(errors[rows] + apart))


def _clusters(
    units: Float64[np.ndarray, "k d"],
    errors: Float64[np.ndarray, " k"],
    signs: Float64[np.ndarray, " k"],
) -> list[Int[np.ndarray, " _"]]:
    """Join the groups that look like one neuron and are not told apart by the errors."""
    label = np.arange(len(signs))
    for i in range(len(signs)):
        apart = np.linalg.norm(units - units[i], axis=1)
        together = np.minimum(errors + errors[i] + 8.0 * EPS, SAME)
        near = (signs == signs[i]) & (apart <= together)
        for other in np.unique(label[near]):
            label[label == other] = label[i]
    return [np.flatnonzero(label == value) for value in np.unique(label)]
