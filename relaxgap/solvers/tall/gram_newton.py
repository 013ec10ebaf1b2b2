r"""The gated program on tall data: a model of Gram matrices, and all rows as the truth.

The Hessian :math:`F^\top F` of a few dozen blocks is well approximated by a sample of the rows, and
a Gram matrix of these is small whatever n is. It finds the support and preconditions Newton's
method on the support; gradients, objectives and certificates are of all rows in float64. So n
enters only through some ten to forty passes over the rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

import numpy as np
import scipy.linalg
from jaxtyping import Float32, Float64

from relaxgap.problems import FreeBlocks, Program
from relaxgap.problems.losses import BoundedCurvature
from relaxgap.solvers.tall.group_lasso import accelerated, add_bend, settled, swept
from relaxgap.solvers.tall.rounds import Descent, Iterate, Progress, TallSolver
from relaxgap.solvers.tall.row_passes import HessianProducts, Rows
from relaxgap.solvers.tall.sample_gram import SampleGram

MIN_ROWS, MANY_ROWS, TYPICAL_BLOCKS = 500, 1000, 100
"""A system of the order of the rows is dear from so many on; fewer must be twice the unknowns."""
MIN_SAMPLE = 2000
MAX_SAMPLED_BLOCKS = 400
"""The sample has two rows for each unknown of so many blocks at most."""
MIN_ENTERING = 48
SAMPLE_RTOL = 1e-2
"""Gap to which the program over the sample is solved: its own error is no smaller."""
ACCELERATED_STEPS, MODEL_TOLERANCE = 300, 3e-2
FAR = 3e-2
"""Gaps above it are closed by the model from scratch, those below by sweeps and Newton's method."""
N_SWEEPS, SETTLING_STEPS = 2, 30
CG_STEPS, CG_TOLERANCE = 40, 2e-3
SHORTEST, SHORTEST_OF_MODEL = 1e-4, 0.2
"""Parts of a step below which none is taken."""

BlockArray = Float64[np.ndarray, "k d"]
Factor = tuple[Float32[np.ndarray, "m m"], bool]


@dataclass(frozen=True, slots=True)
class GramNewton(TallSolver):
    """Solve gated programs; see `TallSolver`.

    Notes
    -----
    A pass costs O(n d P), the Gram matrix of k blocks O(N d^2 k^2) for N sampled rows, a step on
    the support O(k^3 d^3). Memory: O(n P / 8 + n d + d^2 k^2) bytes, and chunks.
    """

    name: ClassVar[str] = "gram_newton"
    family: ClassVar[str] = FreeBlocks.name

    @classmethod
    def suits(cls, program: Program) -> bool:
        """Whether a Newton system of order n would cost more than the Gram matrix of the blocks."""
        n_patterns, d = program.shape[1:]
        n, n_unknowns = program.data.n, d * min(n_patterns, TYPICAL_BLOCKS)
        is_tall = n >= (n_unknowns if n >= MANY_ROWS else max(MIN_ROWS, 2 * n_unknowns))
        return is_tall and cls.knows(program)

    def descent(self) -> Descent:
        """Return what keeps the Gram matrix from one strength to the next."""
        return _GramDescent(self.max_rounds)


class _GramDescent:
    """See `Descent`."""

    def __init__(self, max_rounds: int) -> None:
        self.max_rounds = max_rounds
        self._kept: tuple[Rows, Rows, SampleGram] | None = None

    def __call__(self, program: Program, w: Float64[np.ndarray, "1 P d"]) -> Iterator[Iterate]:
        """Go down on the sampled rows first, then on all."""
        start, most = w[0], self.max_rounds
        if self._kept is None:
            self._kept = self._prepared(program)
        rows, sample, gram = self._kept
        if sample is not rows:
            for iterate in _descent(sample, gram, program.beta, start, most):
                start = iterate.blocks()[0]
                if iterate.gap <= SAMPLE_RTOL:
                    break
        yield from _descent(rows, gram, program.beta, start, most)

    def _prepared(self, program: Program) -> tuple[Rows, Rows, SampleGram]:
        rows = Rows.of(program)
        n_patterns, d = program.shape[1:]
        size = max(MIN_SAMPLE, 2 * d * min(n_patterns, MAX_SAMPLED_BLOCKS))
        sample = rows.sample(size, np.random.default_rng(0))
        curvature = cast(BoundedCurvature, program.loss).largest_curvature
        return rows, sample, SampleGram(sample, curvature)


def _descent(
    rows: Rows, gram: SampleGram, beta: float, w: BlockArray, max_rounds: int
) -> Iterator[Iterate]:
    """Yield points of falling objective, each with its relative gap up to rounding."""
    progress, fit = Progress(), rows.fit(w)
    for done in range(max_rounds):
        nu = rows.dual_point(fit)
        prices = rows.prices(nu, slice(None))
        norms = np.linalg.norm(prices, axis=1)
        largest = float(norms.max(initial=0.0))
        progress.add(_value(rows, fit, w, beta), rows.dual_value(nu, beta, largest))
        gap, idle, point = progress.gap, progress.is_idle, partial(np.copy, w[None])
        yield Iterate(point, gap, done, idle, idle or done == max_rounds - 1)
        if idle:
            return
        wanted = norms > beta * (1.0 + 1e-6)
        if done == 0 and np.any(w != 0.0):
            # where a start comes from other rows, its prices are as far off as its fit
            wanted = np.zeros_like(wanted)
        support = np.flatnonzero(np.any(w != 0.0, axis=1))
        gram.add(np.setdiff1d(support, gram.blocks))
        joining = np.setdiff1d(np.flatnonzero(wanted), gram.blocks)
        order = np.argsort(-norms[joining], kind="stable")
        gram.add(joining[order[: max(MIN_ENTERING, gram.blocks.size)]])
        # a working set that still grows is not settled yet
        stuck = progress.is_slow and joining.size == 0
        if gram.blocks.size == 0:
            # zero is optimal up to rounding
            yield Iterate(point, gap, done, is_idle=True, is_last=True)
            return
        w, fit = _by_model(rows, gram, beta, w, fit, prices, gap > FAR, stuck)
        w, fit = _by_newton(rows, gram, beta, w, fit)


def _by_model(
    rows: Rows,
    gram: SampleGram,
    beta: float,
    w: BlockArray,
    fit: Float64[np.ndarray, " n"],
    prices: BlockArray,
    far: bool,
    stuck: bool,
) -> tuple[BlockArray, Float64[np.ndarray, " n"]]:
    """Minimise the model of the working set, and go there as far as the objective falls."""
    blocks, G = gram.blocks, gram.matrix
    some = w[blocks]
    linear = prices[blocks] + (G @ some.ravel().astype(np.float32)).reshape(some.shape)
    if far:
        some = accelerated(G, linear, beta, some, MODEL_TOLERANCE, ACCELERATED_STEPS)
    target = w.copy()
    if stuck:
        target[blocks] = settled(G, linear, beta, some, SETTLING_STEPS)
    else:
        target[blocks] = swept(G, linear, beta, some, N_SWEEPS)
    return _fallen(rows, beta, w, fit, lambda t: w + t * (target - w), SHORTEST_OF_MODEL)


def _by_newton(
    rows: Rows,
    gram: SampleGram,
    beta: float,
    w: BlockArray,
    fit: Float64[np.ndarray, " n"],
) -> tuple[BlockArray, Float64[np.ndarray, " n"]]:
    r"""Take a Newton step on the support.

    With :math:`h_i = w_i/\|w_i\|` it solves

    .. math:: (F_S^\top C F_S + T)\, x = F_S^\top \nu - \beta h,

    where C holds the curvatures of the loss and T has the blocks
    :math:`\beta (I - h_i h_i^\top) / \|w_i\|`, by conjugate gradients with the sampled Gram matrix
    for :math:`F_S^\top C F_S` as preconditioner. A block that turns against itself becomes zero.
    """
    support = np.flatnonzero(np.any(w != 0.0, axis=1))
    if support.size == 0:
        return w, fit
    lengths = np.linalg.norm(w[support], axis=1)
    units = w[support] / lengths[:, None]
    bend, nu = beta / lengths, rows.dual_point(fit)
    slope = rows.prices(nu, support) - beta * units
    where = {int(block): place for place, block in enumerate(gram.blocks)}
    places = np.array([where[int(block)] for block in support])
    factor = _factored(gram.among(places), units, bend)
    products = HessianProducts(rows, support, rows.curvature(nu))

    def curved(v: BlockArray) -> BlockArray:
        across = v - units * np.sum(units * v, axis=1)[:, None]
        return np.asarray(products.times(v) + bend[:, None] * across)

    step = _conjugate_gradients(curved, factor, slope)

    def moved(t: float) -> BlockArray:
        new = w.copy()
        blocks = w[support] + t * step
        blocks[np.sum(blocks * units, axis=1) <= 0.0] = 0.0
        new[support] = blocks
        return new

    return _fallen(rows, beta, w, fit, moved, SHORTEST)


def _factored(
    G: Float32[np.ndarray, "m m"],
    units: BlockArray,
    bend: Float64[np.ndarray, " k"],
) -> Factor:
    """Factor the model of the Hessian, with as little added to its diagonal as float32 needs."""
    add_bend(G, units, bend)
    diagonal = np.arange(len(G))
    added = np.float32(1e-6) * G[diagonal, diagonal].mean()
    while True:
        G[diagonal, diagonal] += added
        try:
            factor: Factor = scipy.linalg.cho_factor(G, lower=True, check_finite=False)
        except scipy.linalg.LinAlgError:
            added *= np.float32(30.0)
        else:
            return factor


def _conjugate_gradients(
    curved: Callable[[BlockArray], BlockArray], factor: Factor, slope: BlockArray
) -> BlockArray:
    """Solve ``curved(x) = slope`` to a small part of it, preconditioned by the factored model."""

    def solved(r: BlockArray) -> BlockArray:
        out = scipy.linalg.cho_solve(factor, r.ravel().astype(np.float32), check_finite=False)
        return np.asarray(out.astype(np.float64).reshape(r.shape))

    x, r = np.zeros_like(slope), slope.copy()
    z = solved(r)
    p, rz = z.copy(), float(np.sum(r * z))
    first = rz
    for _ in range(CG_STEPS):
        Hp = curved(p)
        along = float(np.sum(p * Hp))
        if along <= 0.0:
            break
        x += (rz / along) * p
        r -= (rz / along) * Hp
        z = solved(r)
        after = float(np.sum(r * z))
        if after <= CG_TOLERANCE**2 * first:
            break
        p, rz = z + (after / rz) * p, after
    return x


def _fallen(
    rows: Rows,
    beta: float,
    w: BlockArray,
    fit: Float64[np.ndarray, " n"],
    moved: Callable[[float], BlockArray],
    shortest: float,
) -> tuple[BlockArray, Float64[np.ndarray, " n"]]:
    """Halve a step until the objective falls; stay where it never does."""
    value, t = _value(rows, fit, w, beta), 1.0
    while t > shortest:
        new = moved(t)
        there = rows.fit(new)
        if _value(rows, there, new, beta) < value:
            return new, there
        t *= 0.5
    return w, fit


def _value(rows: Rows, fit: Float64[np.ndarray, " n"], w: BlockArray, beta: float) -> float:
    return rows.value(fit) + beta * float(np.linalg.norm(w, axis=1).sum())
