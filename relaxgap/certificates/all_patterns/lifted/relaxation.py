r"""The completely positive relaxation over regions, by the alternating direction method.

Training lifts to

.. math:: \min \tfrac12 \|\sum_R s_R A_R - y\|^2 + \tfrac\beta2 \sum_R \mathrm{tr}_{\alpha, u} Z_R

over one semidefinite matrix :math:`Z_R` a region, whose entries :math:`(\alpha, a)` are the fit
:math:`A_R`, and whose relations are those of `lifting`. One step
projects every :math:`Z_R` onto the semidefinite cone of its face, then solves for all relations and
the fit at once in closed form. Its multipliers prove a lower bound whatever their quality.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.lifted.lifting import (
    UNDECIDED,
    Lifting,
    Region,
    Units,
    proven_price,
)
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rounding import EPS, TINY

FIRST_PENALTY = 0.3
OVER_RELAXATION = 1.6
PENALTY_FACTOR = 1.3
STEPS_PER_PENALTY = 20
MOST_RESIDUAL_STEPS = 60
MOST_AXES = 3
EMPTY = 1e-6
"""Fraction of all mass below which a region is empty."""


class LiftedRegion:
    """Hold the matrix of one region: its relations' copy ``Y``, its multiplier, its last ``Z``.

    A region without neurons can rest: its matrix is zero, and its multipliers still prove prices.
    """

    def __init__(self, region: Region, units: Units) -> None:
        self.lifting = Lifting(region, units)
        self.face: Float64[np.ndarray, "N k"] = np.linalg.qr(self.lifting.embedding)[0]
        order = self.lifting.order
        self.Y = np.zeros((order, order))
        self.multiplier = np.zeros((order, order))
        self.Z = np.zeros((order, order))
        self.force = np.zeros((order, order))
        self.moved = 0.0
        self.resting = False

    def project(self, penalty: float) -> Float64[np.ndarray, "N N"]:
        """Project onto the semidefinite cone of the face; return what the relations start from."""
        self.multiplier += OVER_RELAXATION * self.force
        target = self.face.T @ (self.Y + self.multiplier / penalty) @ self.face
        values, vectors = np.linalg.eigh(target)
        kept = values > 0.0
        factor = self.face @ (vectors[:, kept] * np.sqrt(values[kept]))
        self.Z = factor @ factor.T
        start = self.Z - self.multiplier / penalty
        diagonal = np.arange(1 + self.lifting.rank)
        start[diagonal, diagonal] -= 0.5 * self.lifting.units.beta / penalty
        return np.asarray(start)

    def impose(
        self,
        start: Float64[np.ndarray, "N N"],
        pull: Float64[np.ndarray, " p"],
        penalty: float,
    ) -> None:
        """Take the nearest matrix with the relations, its fit pulled towards the labels."""
        lifting, inner = self.lifting, 1 + self.lifting.rank
        Y = start
        Y[inner:, inner:] = np.maximum(Y[inner:, inner:], 0.0)
        Y[lifting.free_a, lifting.free_b] = Y[lifting.free_b, lifting.free_a] = 0.0
        Y[0, lifting.a] += pull
        lengths = np.linalg.norm(Y[1:inner, inner:], axis=0)
        heads = nearest_heads(Y[0, inner:], lengths)
        shrink = np.divide(heads, lengths, out=np.ones_like(heads), where=lengths > heads)
        Y[1:inner, inner:] *= shrink
        Y[0, inner:] = heads
        Y[inner:, :inner] = Y[:inner, inner:].T
        self.moved = float(np.linalg.norm(Y - self.Y))
        self.force = penalty * (Y - self.Z)
        self.Y = Y

    def relations(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "N N"]:
        """Return the multipliers of the relations at the end of the last step."""
        if self.resting:
            return self.multiplier
        return self._less_gains(self.multiplier + self.force, nu)

    @property
    def mass(self) -> float:
        """Squared output weights that the region holds."""
        return float(self.Y[0, 0])

    def rest(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Leave the iteration with the multipliers at hand."""
        self.multiplier = self.relations(nu)
        self.Y, self.Z, self.force = (np.zeros_like(self.Y) for _ in range(3))
        self.resting = True

    def wake(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Join the iteration again, from a matrix of zero."""
        self.multiplier = self._less_gains(self.multiplier, -nu)
        self.resting = False

    def _less_gains(
        self, matrix: Float64[np.ndarray, "N N"], nu: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, "N N"]:
        gains = 0.5 * self.lifting.gains(nu)
        less = matrix.copy()
        less[0, self.lifting.a] -= gains
        less[self.lifting.a, 0] -= gains
        return np.asarray(less)

    def split(self, sample: int) -> "list[LiftedRegion]":
        """Decide one activation both ways; each part starts from its share of this region."""
        lifting = self.lifting
        parts = [LiftedRegion(part, lifting.units) for part in lifting.region.split(sample)]
        index = lifting.positive.searchsorted(sample), lifting.negative.searchsorted(sample)
        shares = np.array([self.Y[0, lifting.a[index[0]]], self.Y[0, lifting.b[index[1]]]])
        shares = shares / max(float(shares.sum()), TINY)
        for part, share in zip(parts, shares, strict=True):
            inner = np.arange(1 + lifting.rank)
            a = lifting.a[np.isin(lifting.positive, part.lifting.positive)]
            b = lifting.b[np.isin(lifting.negative, part.lifting.negative)]
            kept = np.concatenate([inner, a, b])
            part.Y = share * self.Y[np.ix_(kept, kept)]
            part.multiplier = (self.multiplier + self.force)[np.ix_(kept, kept)]
        return parts


def nearest_heads(
    heads: Float64[np.ndarray, "..."], lengths: Float64[np.ndarray, "..."]
) -> Float64[np.ndarray, "..."]:
    """Return the heads of the projections of ``(head, tail)`` onto the second-order cone."""
    middle = np.where(lengths <= -heads, 0.0, 0.5 * (heads + lengths))
    return np.where(lengths <= heads, heads, middle)


class LiftedRelaxation:
    """Approach the optimum of the relaxation over regions that cover all neurons.

    Parameters
    ----------
    data : Dataset
        The data.
    units : Units
        The data and the regularisation in the units of the lifting.
    """

    def __init__(self, data: Dataset, units: Units) -> None:
        self.data, self.units = data, units
        nothing = np.full(units.samples.size, UNDECIDED, dtype=np.int8)
        self.regions = [LiftedRegion(Region(sign, nothing), units) for sign in (1.0, -1.0)]
        self.penalty = FIRST_PENALTY
        self.residual = units.y.copy()
        self.n_steps = 0

    @property
    def value(self) -> float:
        """Value of the relaxation at the last step, in the data's units; it proves nothing."""
        traces = sum(
            float(np.trace(region.Y[: 1 + region.lifting.rank, : 1 + region.lifting.rank]))
            for region in self.regions
        )
        value = 0.5 * float(self.residual @ self.residual) + 0.5 * self.units.beta * traces
        zero_rows = float(self.data.y @ self.data.y) - self.units.label_unit**2
        return value * self.units.label_unit**2 + 0.5 * zero_rows

    def advance(self, n_steps: int) -> None:
        """Take steps; the penalty follows the balance of the two residuals."""
        for _ in range(n_steps):
            awake = self._awake
            starts = [region.project(self.penalty) for region in awake]
            self._fit_labels(starts)
            for region, start in zip(awake, starts, strict=True):
                pull = region.lifting.gains(self.residual) / (2.0 * self.penalty)
                region.impose(start, pull, self.penalty)
            self.n_steps += 1
            if self.n_steps % STEPS_PER_PENALTY == 0:
                self._balance()

    def bound(self) -> tuple[Float64[np.ndarray, " n"], float]:
        """Return a dual point and a proven bound of its price over all neurons."""
        nu = self.data.y.copy()
        nu[self.units.samples] = self.units.label_unit * self.residual
        prices = np.array(
            [
                region.lifting.price(self.residual, region.relations(self.residual))
                for region in self.regions
            ]
        )
        largest = proven_price(self.units, nu[self.units.samples], prices)
        self._put_to_rest(prices)
        return nu, largest

    def directions(self) -> Float64[np.ndarray, "k d"]:
        """Return the neurons the relaxation leans on: the mean and main axes of each region."""
        directions = []
        for region in self._awake:
            inner = slice(1, 1 + region.lifting.rank)
            mean = region.Z[0, inner]
            _, axes = np.linalg.eigh(region.Z[inner, inner])
            axes = axes[:, -MOST_AXES:].T
            axes *= np.where(axes @ mean < 0.0, -1.0, 1.0)[:, None]
            directions.append(np.vstack([mean, axes]) @ self.units.basis)
        return np.concatenate(directions)

    def split(self) -> bool:
        """Decide the activation the relaxation leans on both ways most; False if there is none."""
        best = (0.0, -1, -1)
        for index, region in enumerate(self.regions):
            lifting = region.lifting
            free = np.flatnonzero(lifting.region.activations == UNDECIDED)
            if free.size:
                both_ways = np.minimum(region.Y[0, lifting.free_a], region.Y[0, lifting.free_b])
                scores = both_ways * self.units.weights[free] * np.abs(self.residual[free])
                top = int(np.argmax(scores))
                best = max(best, (float(scores[top]), index, int(free[top])))
        if best[0] <= 0.0:
            return False
        _, index, sample = best
        self.regions[index : index + 1] = self.regions[index].split(sample)
        return True

    @property
    def _awake(self) -> list[LiftedRegion]:
        return [region for region in self.regions if not region.resting]

    def _put_to_rest(self, prices: Float64[np.ndarray, " k"]) -> None:
        """Rest the empty regions whose price does not count; wake those whose price does."""
        awake = np.array([not region.resting for region in self.regions])
        largest = float(prices[awake].max())
        total = sum(region.mass for region in self.regions)
        for region, price in zip(self.regions, prices, strict=True):
            if region.resting and price > largest:
                region.wake(self.residual)
            elif not region.resting and region.mass <= EMPTY * total and price < largest:
                region.rest(self.residual)

    def _fit_labels(self, starts: list[Float64[np.ndarray, "_ _"]]) -> None:
        """Find the residual at which the heads of all regions add up to the fit it leaves."""
        weights, y = self.units.weights, self.units.y
        awake = self._awake
        signs = np.array([region.lifting.region.sign for region in awake])[:, None]
        heads = np.full((len(starts), y.size), -np.inf)
        lengths = np.zeros_like(heads)
        for k, (region, start) in enumerate(zip(awake, starts, strict=True)):
            lifting = region.lifting
            heads[k, lifting.positive] = start[0, lifting.a]
            across = start[1 : 1 + lifting.rank, lifting.a]
            lengths[k, lifting.positive] = np.linalg.norm(across, axis=0)
        gains = signs * weights / (2.0 * self.penalty)
        residual = self.residual
        lower, upper = np.full(y.size, -np.inf), np.full(y.size, np.inf)
        for _ in range(MOST_RESIDUAL_STEPS):
            pulled = heads + gains * residual
            excess = residual + weights * (signs * nearest_heads(pulled, lengths)).sum(axis=0) - y
            # the excess grows at least as fast as the residual
            lower = np.maximum(lower, residual - np.maximum(excess, 0.0))
            upper = np.minimum(upper, residual + np.maximum(-excess, 0.0))
            if float(np.abs(excess).max()) <= EPS:
                break
            moving = np.where(lengths <= pulled, 1.0, np.where(lengths <= -pulled, 0.0, 0.5))
            slopes = 1.0 + (weights * signs * gains * moving).sum(axis=0)
            newton = residual - excess / slopes
            inside = (lower < newton) & (newton < upper)
            residual = np.where(inside, newton, 0.5 * (lower + upper))
        self.residual = residual

    def _balance(self) -> None:
        regions = self._awake
        apart = max(float(np.linalg.norm(region.force)) for region in regions) / self.penalty
        moved = max(region.moved for region in regions) * self.penalty
        apart /= max(max(float(np.linalg.norm(region.Y)) for region in regions), TINY)
        moved /= max(max(float(np.linalg.norm(region.multiplier)) for region in regions), TINY)
        if apart > 2.0 * moved:
            self.penalty *= PENALTY_FACTOR
        elif moved > 2.0 * apart:
            self.penalty /= PENALTY_FACTOR
