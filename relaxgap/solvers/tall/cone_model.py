r"""A quadratic model of a cone program, from sampled rows and a gradient of all of them.

With :math:`\rho = n / N` for N sampled rows the Hessian of the loss is modelled by :math:`\rho`
times that of the sample at the point where the model is made, and a linear term makes the gradient
there the one of all rows. The model is minimised over blocks one after another, and by Newton's
method on their faces.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.near_cones import NearCones
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.losses import BoundedCurvature
from relaxgap.solvers.tall.curved_sample import CurvedSample
from relaxgap.solvers.tall.faces import Faces, newton_on_faces
from relaxgap.solvers.tall.row_passes import Rows

MIN_ENTERING = 40
"""Blocks that enter at once; more where more are active already."""
N_SWEEPS, NEWTON_PHASES, STEPS_A_PHASE = 2, 4, 4
STALE = 0.5
"""Part of the curvature that may change before rows are drawn anew."""
LEAST_CARE, CARE = 1e-3, 0.03
"""Part of the largest curvature that every sample has at least, and at first.

A sample that is all but certain has none, and may cease to be certain at the next step.
"""
FEWEST = 1e-3
"""Rows that every pattern has at least, in the model of its own block."""
STATIONARY = 0.3
"""Part of the tolerance at which a point counts as stationary on its faces."""


class ConeModel:
    """Hold sampled rows, the dual point of the model at a point, and the linear term.

    Parameters
    ----------
    rows : Rows
        All of them.
    size : int
        How many to draw, about.
    """

    def __init__(self, rows: Rows, size: int) -> None:
        self.all_rows, self.size, self.care = rows, size, CARE
        self.largest_curvature = cast(BoundedCurvature, rows.loss).largest_curvature
        """Of the loss: with `care` 1 the model is above the loss everywhere."""
        self._rng = np.random.default_rng(0)
        self._uniform = CurvedSample.uniform(rows, size, self.largest_curvature, self._rng)
        self._row_square = float(np.mean(self._uniform.rows.X**2))
        self._take(self._uniform)
        self.sample_only(np.zeros((self.bits.shape[0], rows.X.shape[1])))

    def _take(self, sample: CurvedSample) -> None:
        self.sample, self.rows = sample, sample.rows
        self.bits = self.rows.bits(slice(None), slice(0, self.rows.n), np.float64)
        self.curvature = np.zeros(self.rows.n)
        self._own: dict[int, tuple[Float64[np.ndarray, "d d"], float]] = {}

    def learn(self, has_fallen: bool) -> None:
        """Be bolder where the objective fell as far as the model said to go, else more careful."""
        self.care = max(self.care / 3.0, LEAST_CARE) if has_fallen else min(10.0 * self.care, 1.0)

    def sample_only(self, z: Float64[np.ndarray, "P d"]) -> None:
        """Model the loss of the uniform sample itself near signed sums of blocks."""
        if self.sample is not self._uniform:
            self._take(self._uniform)
        self.linear = np.zeros((self.bits.shape[0], self.rows.X.shape[1]))
        self._made_at(z)

    def make(
        self,
        z: Float64[np.ndarray, "P d"],
        nu: Float64[np.ndarray, " n"],
        exact: Float64[np.ndarray, "P d"],
    ) -> None:
        """Model the loss near signed sums of blocks whose dual point and gradients are known."""
        curvature = self.all_rows.curvature(nu)
        if self.sample.is_stale(curvature, STALE):
            self._take(
                CurvedSample.where_curved(self.all_rows, self.size, curvature, CARE, self._rng)
            )
        self._made_at(z)
        self.linear = np.zeros_like(exact)
        self.linear = exact - self.gradients()

    def _made_at(self, z: Float64[np.ndarray, "P d"]) -> None:
        self._fit = self.rows.fit(z)
        self._nu = self.rows.dual_point(self._fit)
        self.nu = self._nu.copy()
        least = self.care * self.largest_curvature
        curvature = np.maximum(self.rows.curvature(self._nu), least)
        if not np.array_equal(curvature, self.curvature):
            self.curvature, self._own = curvature, {}

    def go_to(self, z: Float64[np.ndarray, "P d"]) -> None:
        """Take the dual point of the model at other signed sums of blocks."""
        self.nu = self._nu - self.curvature * (self.rows.fit(z) - self._fit)

    def gradients(self) -> Float64[np.ndarray, "P d"]:
        r"""Return :math:`F_i^\top \nu` for all patterns."""
        weighted = (self.sample.counts * self.nu)[:, None] * self.rows.X
        return np.asarray(self.bits @ weighted + self.linear)

    def gradient(self, pattern: int) -> Float64[np.ndarray, " d"]:
        r"""Return :math:`F_i^\top \nu` for one pattern."""
        weighted = self.sample.counts * self.bits[pattern] * self.nu
        return np.asarray(weighted @ self.rows.X + self.linear[pattern])

    def move(self, pattern: int, change: Float64[np.ndarray, " d"]) -> None:
        """Follow a change of the signed block of one pattern."""
        self.nu -= self.curvature * self.bits[pattern] * (self.rows.X @ change)

    def own(self, pattern: int) -> tuple[Float64[np.ndarray, "d d"], float]:
        """Return the Gram matrix of one pattern and its largest eigenvalue."""
        if pattern not in self._own:
            X, curvature = self.rows.X, self.sample.counts * self.curvature
            gram = (X.T * (curvature * self.bits[pattern])) @ X
            # a pattern that is active at no sampled row may be at one that is not
            share = self.all_rows.n / self.rows.n
            gram += FEWEST * share * self.largest_curvature * self._row_square * np.eye(len(gram))
            self._own[pattern] = gram, float(np.linalg.eigvalsh(gram)[-1])
        return self._own[pattern]


def signed_sum(w: Float64[np.ndarray, "B d"]) -> Float64[np.ndarray, "P d"]:
    """Return the blocks of sign +1 less those of sign -1."""
    half = w.shape[0] // 2
    return np.asarray(w[:half] - w[half:])


def minimise(
    model: ConeModel,
    cones: NearCones,
    allowed: Int[np.ndarray, " b"],
    w: Float64[np.ndarray, "B d"],
    beta: float,
    tolerance: float,
    max_rounds: int,
    anew: bool,
) -> Float64[np.ndarray, "B d"]:
    """Minimise the model until prices are at most ``beta (1 + tolerance)``, from where it is.

    With ``anew`` it is made anew at each round, of the sample only, whose objective falls.
    """
    w, first = w.copy(), np.inf
    for done in range(max_rounds):
        before = w.copy()
        if anew:
            model.sample_only(signed_sum(w))
        gradients = model.gradients()
        active = np.any(w[allowed] != 0.0, axis=1)
        most = max(MIN_ENTERING, int(np.count_nonzero(active)))
        entering, largest = _dear(cones, gradients, allowed[~active], beta, most)
        if done > 0 and largest <= beta * (1.0 + tolerance) and first <= tolerance:
            break
        _sweep(model, cones, w, entering, beta)
        for _ in range(N_SWEEPS):
            _sweep(model, cones, w, np.flatnonzero(np.any(w != 0.0, axis=1)).tolist(), beta)
        for phase in range(NEWTON_PHASES):
            first = _newton(model, cones, w, beta)
            if phase > 0 and first <= STATIONARY * tolerance:
                break
        if anew:
            has_fallen = _value(model.rows, w, beta) <= _value(model.rows, before, beta)
            w = w if has_fallen or model.care == 1.0 else before
            model.learn(has_fallen)
    return w


def _value(rows: Rows, w: Float64[np.ndarray, "B d"], beta: float) -> float:
    lengths = float(np.linalg.norm(w, axis=1).sum())
    return rows.value(rows.fit(signed_sum(w))) + beta * lengths


def _dear(
    cones: NearCones,
    gradients: Float64[np.ndarray, "P d"],
    blocks: Int[np.ndarray, " b"],
    beta: float,
    most: int,
) -> tuple[list[int], float]:
    """Return blocks of price over ``beta``, and the largest price found.

    Those that may be dearest are priced first; once there are ``most`` over ``beta``, the others
    wait.
    """
    bounds = cones.bounds(gradients)[blocks]
    found: list[int] = []
    largest = 0.0
    for place in np.argsort(-bounds, kind="stable").tolist():
        if bounds[place] <= beta or len(found) == most:
            break
        block = int(blocks[place])
        price = cones.price(block, gradients, beta)
        largest = max(largest, price)
        if price > beta:
            found.append(block)
    return found, largest


def _sweep(
    model: ConeModel,
    cones: NearCones,
    w: Float64[np.ndarray, "B d"],
    blocks: Sequence[int],
    beta: float,
) -> None:
    """Minimise over one block after another, along the ray that a proximal step points at."""
    n_patterns = cones.n_patterns
    for b in blocks:
        checkpoint()
        i, sign = b % n_patterns, 1.0 if b < n_patterns else -1.0
        p = sign * model.gradient(i)
        gram, largest = model.own(i)
        new = np.zeros_like(p)
        if not np.any(w[b]):
            if cones.bound(b, p) <= beta:
                continue
            u, length = cones.project(b, p, beta)
            if length <= beta:
                continue
            q = u / length
            new = ((length - beta) / float(q @ gram @ q)) * q
        else:
            u, length = cones.project(b, largest * w[b] + p, 0.0, remember=False)
            if length > beta:
                q = u / length
                along = float(q @ (p + gram @ w[b]))
                best = (max(along - beta, 0.0) / float(q @ gram @ q)) * q
                new = _lower(best, ((length - beta) / largest) * q, w[b], p, gram, beta)
        model.move(i, sign * (new - w[b]))
        w[b] = new


def _lower(
    best: Float64[np.ndarray, " d"],
    safe: Float64[np.ndarray, " d"],
    w: Float64[np.ndarray, " d"],
    p: Float64[np.ndarray, " d"],
    gram: Float64[np.ndarray, "d d"],
    beta: float,
) -> Float64[np.ndarray, " d"]:
    """Return the first of two blocks if the model falls on the way, else the proximal step."""
    change = best - w
    rise = 0.5 * float(change @ gram @ change) - float(p @ change)
    rise += beta * float(np.linalg.norm(best) - np.linalg.norm(w))
    return best if rise <= 0.0 else safe


def _newton(
    model: ConeModel, cones: NearCones, w: Float64[np.ndarray, "B d"], beta: float
) -> float:
    """Take Newton steps on the faces of the active blocks; return how far they were from done."""
    active = np.flatnonzero(np.any(w != 0.0, axis=1))
    if active.size == 0:
        return 0.0
    faces = Faces.of(cones, active, w[active])
    columns, owner = faces.columns(cones.n_patterns)
    products = (columns.T @ model.rows.X.T) * model.bits[owner]
    counts = model.sample.counts
    linear = (
        np.where(active < cones.n_patterns, 1.0, -1.0)[:, None]
        * model.linear[active % cones.n_patterns]
    )
    slope = products @ (counts * model.nu) + faces.coordinates(linear)
    gram = (products * (counts * model.curvature)) @ products.T
    start = faces.coordinates(w[active])
    alpha, first = newton_on_faces(gram, slope, start, faces, cones, beta, STEPS_A_PHASE)
    w[active] = kept_inside(cones, active, w[active], faces.blocks_at(alpha))
    model.go_to(signed_sum(w))
    return first


def kept_inside(
    cones: NearCones,
    blocks: Int[np.ndarray, " k"],
    before: Float64[np.ndarray, "k d"],
    after: Float64[np.ndarray, "k d"],
) -> Float64[np.ndarray, "k d"]:
    """Stop blocks at the first near row that they meet, which becomes a candidate."""
    out = after.copy()
    for k, block in enumerate(blocks.tolist()):
        if np.any(after[k]) and not cones.is_inside(block, after[k]):
            rows = cones.candidates(block)
            here, there = rows @ before[k], rows @ after[k]
            falls = there < 0.0
            reach = np.maximum(here[falls], 0.0) / np.maximum(here[falls] - there[falls], 1e-300)
            out[k] = before[k] + float(reach.min(initial=1.0)) * (after[k] - before[k])
    return out
