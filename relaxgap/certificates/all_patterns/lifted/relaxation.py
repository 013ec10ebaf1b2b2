r"""The completely positive relaxation over regions, by the alternating direction method.

Training with the squared loss lifts to

.. math:: \min \tfrac12 \|\sum_R s_R A_R - y\|^2 + \tfrac\beta2 \sum_R \mathrm{tr}_{\alpha, u} Z_R

over one semidefinite matrix :math:`Z_R` a region, whose entries :math:`(\alpha, a)` are the fit
:math:`A_R`, and whose relations are those of `layout`. One step projects every :math:`Z_R` onto the
semidefinite cone of its face (`region`), then solves for all relations and the fit at once in
closed form. Its multipliers prove a lower bound whatever their quality (`price`).
"""

from functools import partial

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.lifted.layout import UNDECIDED, Region
from relaxgap.certificates.all_patterns.lifted.price import price_bound
from relaxgap.certificates.all_patterns.lifted.processes import RegionProcesses
from relaxgap.certificates.all_patterns.lifted.region import LiftedRegion, Pulls, nearest_heads
from relaxgap.certificates.all_patterns.lifted.units import Units
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS

STEPS_PER_PENALTY = 20
MAX_RESIDUAL_STEPS = 60
MAX_AXES = 3
EMPTY = 1e-6
"""Fraction of all mass below which a region is empty."""


class LiftedRelaxation:
    """Approach the optimum of the relaxation over regions that cover all neurons.

    Parameters
    ----------
    data : Dataset
        The data.
    units : Units
        The data and the regularisation in the units of the lifting.
    processes : RegionProcesses, optional
        What does the regions' part of each step; by default this process.
    """

    def __init__(
        self, data: Dataset, units: Units, processes: RegionProcesses | None = None
    ) -> None:
        self.data, self.units = data, units
        self.processes = processes or RegionProcesses()
        nothing = np.full(units.samples.size, UNDECIDED, dtype=np.int8)
        self.regions = [LiftedRegion(Region(sign, nothing), units) for sign in (1.0, -1.0)]
        self.residual = units.y.copy()
        self.n_steps = 0

    @property
    def value(self) -> float:
        """Value of the relaxation at the last step, in the data's units; it proves nothing."""
        self.processes.bring_home()
        value = 0.5 * float(self.residual @ self.residual) + sum(r.cost for r in self.regions)
        return self.units.value(value, self.data.y)

    def advance(self, n_steps: int) -> None:
        """Take steps."""
        for _ in range(n_steps):
            awake = self._awake
            self.processes.deal(awake)
            pulls = self.processes.each(awake, _project)
            self._fit_labels(awake, pulls)
            self.n_steps += 1
            is_measured = self.n_steps % STEPS_PER_PENALTY == 0
            impose = partial(LiftedRegion.impose, residual=self.residual, is_measured=is_measured)
            self.processes.each(awake, impose)

    def price_bound(self) -> tuple[Float64[np.ndarray, " n"], float]:
        """Return a dual point and a proven bound of its price over all neurons."""
        nu = self.units.dual_point(self.residual, self.data.y)
        bounds = np.array(self.processes.each(self.regions, partial(_price, nu=self.residual)))
        self.processes.bring_home()
        largest = price_bound(self.units, nu[self.units.samples], bounds)
        self._put_to_rest(bounds)
        return nu, largest

    def directions(self) -> Float64[np.ndarray, "k d"]:
        """Return the neurons the relaxation leans on: the mean and main axes of each region."""
        self.processes.bring_home()
        directions = []
        for region in self._awake:
            inner = slice(1, 1 + region.lifting.rank)
            mean = region.state.Z[0, inner].astype(np.float64)
            _, axes = np.linalg.eigh(region.state.Z[inner, inner].astype(np.float64))
            axes = axes[:, -MAX_AXES:].T
            axes *= np.where(axes @ mean < 0.0, -1.0, 1.0)[:, None]
            directions.append(self.units.neurons(np.vstack([mean, axes])))
        return np.concatenate(directions)

    def split(self) -> bool:
        """Decide the activation the relaxation leans on both ways most; False if there is none."""
        self.processes.bring_home()
        best = (0.0, -1, -1)
        for index, region in enumerate(self.regions):
            lifting = region.lifting
            free = lifting.undecided
            if free.size:
                heads = region.state.Y[0]
                both_ways = np.minimum(heads[lifting.free_a], heads[lifting.free_b])
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
        return [region for region in self.regions if region.resting is None]

    def _put_to_rest(self, bounds: Float64[np.ndarray, " k"]) -> None:
        """Rest the empty regions whose price does not count; wake those whose price does."""
        awake = np.array([region.resting is None for region in self.regions])
        largest = float(bounds[awake].max())
        total = sum(region.mass for region in self.regions)
        for region, bound in zip(self.regions, bounds, strict=True):
            if region.resting is not None and bound > largest:
                region.wake(self.residual)
            elif region.resting is None and region.mass <= EMPTY * total and bound < largest:
                region.rest(self.residual)

    def _fit_labels(self, awake: list[LiftedRegion], pulls: list[Pulls]) -> None:
        r"""Find the residual at which the heads of all regions add up to the fit it leaves.

        For every sample, with the projection onto the second-order cone of `nearest_heads`,

        .. math:: r + w \sum_R s_R\, h\bigl(Z_{R, \alpha a} + \tfrac{s_R w}{2 \rho} r,\,
                  \|Z_{R, u a}\|\bigr) = y ,

        whose left side grows in :math:`r` with a slope of at least 1: Newton steps between
        bisections.
        """
        weights, y = self.units.weights, self.units.y
        signs = np.array([region.lifting.region.sign for region in awake])[:, None]
        heads = np.full((len(pulls), y.size), -np.inf)
        lengths = np.zeros_like(heads)
        for k, (region, pull) in enumerate(zip(awake, pulls, strict=True)):
            heads[k, region.lifting.positive] = pull.heads
            lengths[k, region.lifting.positive] = pull.lengths
        penalties = np.array([pull.penalty for pull in pulls])[:, None]
        gains = signs * weights / (2.0 * penalties)
        residual = self.residual
        lower, upper = np.full(y.size, -np.inf), np.full(y.size, np.inf)
        for _ in range(MAX_RESIDUAL_STEPS):
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


def _project(region: LiftedRegion) -> Pulls:
    # seconds of eigenvalues for a thousand samples
    checkpoint()
    return region.project()


def _price(region: LiftedRegion, nu: Float64[np.ndarray, " n"]) -> float:
    # as many seconds
    checkpoint()
    return region.price_bound(nu)
