r"""Many choices of pieces at once: the least norm in the set of slopes of each.

A selection takes a piece at each row (`relaxgap.certificates.three_layer.pieces`). Its gain
:math:`\varphi(z) = \min_{g \in G} \langle g, z \rangle` is the support of a sum of polytopes,

.. math:: G = \sum_i |\nu_i| \operatorname{conv}\{v \otimes x_i : v \in V_i\},

and its price the least norm of a slope, :math:`\max_{\|z\| \le 1} \varphi(z) = \min_G \|g\|`, the
Euclidean norm of all neurons together or the largest of one neuron. *Any* weights of the vertices
give a slope, and its norm is an upper bound of the price.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.three_layer.weighted_rows import WeightedRows
from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.problems.three_layer import FROBENIUS, dual_norms, of_cost_one

SMALLEST_SHARE = 1e-12
"""Of a neuron in the metric of the largest norm of one: below it has no say."""
FASTER, SLOWER, PACES, LARGEST_CHANGE = 1.3, 0.4, (1e-3, 1e4), 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Selections:
    """Hold selections of pieces at the first rows, and a slope of each.

    Parameters
    ----------
    rows : WeightedRows
        All rows.
    chosen : (N, k) int
        Piece of each row decided.
    vertices : (N, k, v) float64
        Weights of the vertices of each.
    share : (N, m) float64
        Of each neuron in the metric in which slopes are shortened: all 1 for the Euclidean norm.
    pace : (N,) float64
        How fast shares change.
    change : (N, m) float64
        How they last changed.
    """

    rows: WeightedRows
    chosen: Int[np.ndarray, "N k"]
    vertices: Float64[np.ndarray, "N k v"]
    share: Float64[np.ndarray, "N m"]
    pace: Float64[np.ndarray, " N"]
    change: Float64[np.ndarray, "N m"]

    @classmethod
    def undecided(cls, rows: WeightedRows) -> "Selections":
        """Return the one selection that decides nothing."""
        m = rows.signs.m
        none = np.zeros((1, 0), dtype=np.int64), np.zeros((1, 0, rows.n_vertices))
        share = np.full((1, m), 1.0 / m if rows.normalisation == FROBENIUS else 1.0)
        return cls(rows, *none, share, np.ones(1), np.zeros((1, m)))

    @property
    def count(self) -> int:
        """Number of selections."""
        return int(self.chosen.shape[0])

    @property
    def n_decided(self) -> int:
        """Number of rows decided."""
        return int(self.chosen.shape[1])

    @property
    def is_decided(self) -> bool:
        """Whether every row is."""
        return self.n_decided == len(self.rows.c)

    def part(self, some: Bool[np.ndarray, " N"] | Int[np.ndarray, " M"] | slice) -> "Selections":
        """Return some of them."""
        return replace(
            self,
            chosen=self.chosen[some],
            vertices=self.vertices[some],
            share=self.share[some],
            pace=self.pace[some],
            change=self.change[some],
        )

    def split(self) -> "Selections":
        """Decide one more row: every selection once with each of its pieces.

        Of those that a permutation of neurons of one sign takes into each other only one is kept.
        """
        n_pieces = self.rows.pieces(self.n_decided).shape[0]
        piece = np.tile(np.arange(n_pieces), self.count)[:, None]
        weights = np.zeros((piece.size, 1, self.rows.n_vertices))
        weights[:, :, 0] = 1.0
        each = self.part(np.repeat(np.arange(self.count), n_pieces))
        all_of_them = replace(
            each,
            chosen=np.hstack([each.chosen, piece]),
            vertices=np.concatenate([each.vertices, weights], axis=1),
        )
        return all_of_them.part(np.flatnonzero(all_of_them._is_in_order()))

    def _is_in_order(self) -> Bool[np.ndarray, " N"]:
        """Whether neurons of one sign come in the order of the rows at which they are chosen.

        A piece belongs to a set of neurons, S or T; of two neurons the first is chosen at the
        first row at which one is and the other not.
        """
        signs, ordered = self.rows.signs, np.ones(self.count, dtype=np.bool_)
        alike = np.flatnonzero(signs.signs[:-1] == signs.signs[1:])
        if not alike.size:
            return ordered
        sets = [self.rows.pieces(row).max(axis=1) > 0.0 for row in range(self.n_decided)]
        chosen = np.stack([of[self.chosen[:, row]] for row, of in enumerate(sets)], axis=1)
        for j in alike:
            differ = chosen[:, :, j] != chosen[:, :, j + 1]
            first = np.argmax(differ, axis=1)
            ordered &= ~differ.any(axis=1) | chosen[np.arange(self.count), first, j]
        return ordered

    def vertices_of(self, row: int) -> Float64[np.ndarray, "N v m"]:
        """Return the linear functions of the pieces chosen at a row."""
        return np.asarray(self.rows.pieces(row)[self.chosen[:, row]])

    def slopes(self) -> tuple[Float64[np.ndarray, "N m d"], float]:
        """Return the slope of each selection, computed anew, and the constant beside it."""
        rows = self.rows
        slopes = np.repeat(rows.chords[self.n_decided][None], self.count, axis=0)
        for row in range(self.n_decided):
            weights = self.vertices[:, row, : rows.pieces(row).shape[1]]
            mean = np.einsum("nv,nvm->nm", weights, self.vertices_of(row))
            slopes += abs(rows.c[row]) * mean[:, :, None] * rows.X[row]
        return slopes, float(rows.above[self.n_decided])

    def bounds(self) -> Float64[np.ndarray, " N"]:
        """Return an upper bound of every price, rounding included."""
        slopes, constant = self.slopes()
        sizes = dual_norms(slopes, self.rows.normalisation)
        bounds = (sizes + constant) * (1.0 + 1e-14) + self.rows.rounding
        # weights that are none prove nothing
        off = np.abs(self.vertices.sum(axis=2) - 1.0) > 4.0 * EPS * (self.rows.n_vertices + 2)
        wrong = np.any(off, axis=1) | np.any(self.vertices < 0.0, axis=(1, 2)) | np.isnan(bounds)
        return np.asarray(np.where(wrong, np.inf, bounds))

    def best(self) -> tuple[Float64[np.ndarray, "N m d"], Float64[np.ndarray, " N"]]:
        """Return sub-networks of cost 1 that the slopes point to, and what each gains."""
        slopes, _ = self.slopes()
        z = of_cost_one(slopes * self.share[:, :, None], self.rows.normalisation)
        return z, self.rows.gains(z)

    def swept(self, n_sweeps: int) -> "Selections":
        """Return them with shorter slopes: weight goes from the worst vertex of a row to the best.

        Notes
        -----
        Cost: O(N k m (v + d)) a sweep.
        """
        rows, vertices = self.rows, self.vertices.copy()
        share, pace, turn = self.share, self.pace, self.change
        slopes, _ = self.slopes()
        every = np.arange(self.count)
        for _ in range(n_sweeps):
            for row in range(self.n_decided):
                n_vertices = rows.pieces(row).shape[1]
                if n_vertices == 1:
                    continue
                ends, weights = self.vertices_of(row), vertices[:, row, :n_vertices]
                scores = np.einsum("nvm,nm->nv", ends, (slopes @ rows.X[row]) * share)
                to = np.argmin(scores, axis=1)
                source = np.argmax(np.where(weights > 0.0, scores, -np.inf), axis=1)
                change = abs(rows.c[row]) * (ends[every, to] - ends[every, source])
                size = np.einsum("nm,nm->n", change**2, share) * float(rows.X[row] @ rows.X[row])
                gain = abs(rows.c[row]) * (scores[every, source] - scores[every, to])
                step = np.divide(gain, size, out=np.zeros_like(gain), where=size > 0.0)
                step = np.minimum(step, weights[every, source])
                weights[every, to] += step
                weights[every, source] -= step
                slopes += (step[:, None] * change)[:, :, None] * rows.X[row]
            if rows.normalisation == FROBENIUS:
                share, pace, turn = _balanced(share, slopes, pace, turn)
        vertices /= np.maximum(vertices.sum(axis=2, keepdims=True), 0.5)
        return replace(self, vertices=vertices, share=share, pace=pace, change=turn)


def _balanced(
    share: Float64[np.ndarray, "N m"],
    slopes: Float64[np.ndarray, "N m d"],
    pace: Float64[np.ndarray, " N"],
    before: Float64[np.ndarray, "N m"],
) -> tuple[Float64[np.ndarray, "N m"], Float64[np.ndarray, " N"], Float64[np.ndarray, "N m"]]:
    """Give neurons of longer slopes a larger share: at the best shares those with one are alike.

    Faster for as long as that goes the same way.
    """
    sizes = np.linalg.norm(slopes, axis=2)
    longest = np.maximum(sizes.max(axis=1, keepdims=True), TINY)
    change = np.log(np.maximum(sizes / longest, SMALLEST_SHARE))
    change -= (share * change).sum(axis=1, keepdims=True)
    onward = np.einsum("nm,nm,nm->n", share, change, before)
    pace = np.clip(pace * np.where(onward >= 0.0, FASTER, SLOWER), *PACES)
    share = share * np.exp(np.clip(pace[:, None] * change, -LARGEST_CHANGE, LARGEST_CHANGE))
    share = np.maximum(share / share.sum(axis=1, keepdims=True), SMALLEST_SHARE)
    return share, pace, change
