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
from relaxgap.solvers.tall.curved_sample import CurvedSample
from relaxgap.solvers.tall.group_lasso import accelerated, add_bend, settled, swept
from relaxgap.solvers.tall.rounds import Descent, Iterate, Progress, TallSolver
from relaxgap.solvers.tall.row_passes import HessianProducts, Rows
from relaxgap.solvers.tall.sample_gram import SampleGram

MIN_ROWS, MANY_ROWS, TYPICAL_BLOCKS = 500, 1000, 100
"""A system of the order of the rows is dear from so many on; fewer must be twice the unknowns."""
MIN_SAMPLE = 2000
MAX_SAMPLED_BLOCKS = 400
"""The sample has two rows for each unknown of so many blocks at most."""
STALE, STALE_SYSTEM = 0.5, 0.1
"""Part of the curvature that may change before a model from above is given up, and before the
preconditioner of another is made anew."""
CURVED = 2
"""Times as many are drawn where the loss is curved: they make the preconditioner of a new system.
"""
MIN_ENTERING = 48
WORTH_A_SAMPLE = 0.1
"""Gap of a start above which the program over the sample comes first."""
SAMPLE_RTOL = 1e-2
"""Gap to which the program over the sample is solved: its own error is no smaller."""
ACCELERATED_STEPS, MODEL_TOLERANCE = 300, 3e-2
FAR = 3e-2
"""Gaps above it are closed by the model from scratch, those below by sweeps and Newton's method."""
N_SWEEPS, SETTLING_STEPS = 2, 30
CG_STEPS, CG_TOLERANCE = 40, 2e-3
LEAST_CARE, CARE, FLATTEST = 1e-2, 0.3, 1e-3
"""Part of the own Gram matrix of each block that is added to it, at least and at first; and part of
the mean curvature that every row has in addition where rows are drawn."""
MAX_SETTLED, MAX_SETTLED_ABOVE = 600, 1500
"""Most unknowns of a model that are settled where blocks trade lengths, by dozens of dense systems:
of one that is soon another, and of one from above."""
MAX_DENSE, RIDGES, SHORTEST_DENSE = 600, (1e-10, 1e-7, 1e-4, 1e-2), 0.1
"""Unknowns up to which a Hessian of a loss of varied curvature is formed in float64, the parts of
its mean that are added to its diagonal in turn (few rows may be curved), and the shortest step."""
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


class _Model:
    """Model the Hessian of rows by a Gram matrix of some, drawn anew as the curvature moves."""

    def __init__(self, rows: Rows, size: int) -> None:
        self.rows, self.size, self.care = rows, size, CARE
        self._rng = np.random.default_rng(0)
        largest = cast(BoundedCurvature, rows.loss).largest_curvature
        self._sample = CurvedSample.uniform(rows, size, largest, self._rng)
        self.few = self._sample.rows
        self.gram = SampleGram(self._sample)
        self.is_above = True
        somewhere = rows.curvature(rows.dual_point(2.0 * rows.y))
        self.is_constant = bool(np.all(somewhere == largest))

    def follow(self, rows: Rows, nu: Float64[np.ndarray, " n"]) -> None:
        """Draw rows anew if the loss is curved elsewhere than where they were drawn."""
        curvature = rows.curvature(nu)
        if self._sample.is_stale(curvature, STALE if self.is_above else STALE_SYSTEM):
            self.is_above = False
            self._sample = CurvedSample.where_curved(
                rows, CURVED * self.size, curvature, FLATTEST, self._rng
            )
            self.gram = SampleGram(self._sample)

    def learn(self, has_fallen: bool) -> None:
        """Be bolder where the objective fell as far as the model said to go, else more careful."""
        self.care = max(self.care / 3.0, LEAST_CARE) if has_fallen else 10.0 * self.care

    def damped(self) -> Float32[np.ndarray, "m m"]:
        """Return the Gram matrix, the own of each block larger where it is no model from above."""
        if self.is_above:
            return self.gram.matrix
        G = self.gram.matrix.copy()
        d = self.rows.X.shape[1]
        k = len(G) // d
        each = np.arange(k)
        G.reshape(k, d, k, d)[each, :, each, :] *= np.float32(1.0 + self.care)
        return G


class _GramDescent:
    """See `Descent`."""

    def __init__(self, max_rounds: int) -> None:
        self.max_rounds = max_rounds
        self._model: _Model | None = None

    def __call__(self, program: Program, w: Float64[np.ndarray, "1 P d"]) -> Iterator[Iterate]:
        """Go down on the sampled rows first, then on all."""
        start, most = w[0], self.max_rounds
        if self._model is None:
            n_patterns, d = program.shape[1:]
            size = max(MIN_SAMPLE, 2 * d * min(n_patterns, MAX_SAMPLED_BLOCKS))
            self._model = _Model(Rows.of(program), size)
        model, beta = self._model, program.beta
        if model.few is not model.rows and _is_far(model, start, beta):
            for iterate in _descent(model.few, model, beta, start, most):
                start = iterate.blocks()[0]
                if iterate.gap <= SAMPLE_RTOL:
                    break
        yield from _descent(model.rows, model, beta, start, most)


def _is_far(model: _Model, w: BlockArray, beta: float) -> bool:
    """Whether the sampled rows alone are worth a descent, from these blocks."""
    if not np.any(w != 0.0):
        return True
    first = next(_descent(model.rows, model, beta, w, 1))
    # where the loss is curved at few rows, a start is better for all rows than for some
    return model.is_constant and first.gap > WORTH_A_SAMPLE


def _descent(
    rows: Rows, model: _Model, beta: float, w: BlockArray, max_rounds: int
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
        model.follow(rows, nu)
        gram = model.gram
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
        stuck &= len(gram.matrix) <= (MAX_SETTLED_ABOVE if model.is_above else MAX_SETTLED)
        far = gap > FAR and model.is_above
        if gram.blocks.size == 0:
            # zero is optimal up to rounding
            yield Iterate(point, gap, done, is_idle=True, is_last=True)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            # a step in float32 may be of any length: none is taken that does not fall
            if not model.is_above:
                # a preconditioner is good where it was made
                w, fit = _by_newton(rows, gram, beta, w, fit)
                prices = rows.prices(rows.dual_point(fit), slice(None))
            w, fit, is_whole = _by_model(rows, model, beta, w, fit, prices, far, stuck)
            model.learn(is_whole)
            if model.is_above:
                w, fit = _by_newton(rows, gram, beta, w, fit)


def _by_model(
    rows: Rows,
    model: _Model,
    beta: float,
    w: BlockArray,
    fit: Float64[np.ndarray, " n"],
    prices: BlockArray,
    far: bool,
    stuck: bool,
) -> tuple[BlockArray, Float64[np.ndarray, " n"], bool]:
    """Minimise the model of the working set, and go there as far as the objective falls.

    Says whether that is all the way.
    """
    blocks, G = model.gram.blocks, model.damped()
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
    curvature = rows.curvature(nu)

    def moved_along(step: BlockArray, t: float) -> BlockArray:
        new = w.copy()
        blocks = w[support] + t * step
        blocks[np.sum(blocks * units, axis=1) <= 0.0] = 0.0
        new[support] = blocks
        return new

    if support.size * w.shape[1] <= MAX_DENSE and np.ptp(curvature) > 0.0:
        some, d = np.flatnonzero(curvature > 0.0), w.shape[1]
        columns = np.tile(np.eye(d), support.size)
        hessian = rows.picked(some).gram(columns, np.repeat(support, d), curvature[some])
        add_bend(hessian, units, bend)
        for ridge in RIDGES:
            step = _solved(hessian, ridge, slope)
            new, there, has_fallen = _fallen(
                rows, beta, w, fit, partial(moved_along, step), SHORTEST_DENSE
            )
            if has_fallen or new is not w:
                return new, there
        return w, fit
    where = {int(block): place for place, block in enumerate(gram.blocks)}
    places = np.array([where[int(block)] for block in support])
    factor = _factored(gram.among(places), units, bend)
    products = HessianProducts(rows, support, curvature)

    def curved(v: BlockArray) -> BlockArray:
        across = v - units * np.sum(units * v, axis=1)[:, None]
        return np.asarray(products.times(v) + bend[:, None] * across)

    step = _conjugate_gradients(curved, factor, slope)
    return _fallen(rows, beta, w, fit, partial(moved_along, step), SHORTEST)[:2]


def _solved(H: Float64[np.ndarray, "m m"], ridge: float, slope: BlockArray) -> BlockArray:
    """Solve the system with a part of its mean added to the diagonal."""
    bent = H.copy()
    bent[np.diag_indices_from(bent)] += ridge * float(np.trace(H)) / len(H)
    return np.asarray(np.linalg.solve(bent, slope.ravel()).reshape(slope.shape))


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
) -> tuple[BlockArray, Float64[np.ndarray, " n"], bool]:
    """Halve a step until the objective falls, or stay; say whether the whole step was taken."""
    value, t = _value(rows, fit, w, beta), 1.0
    while t > shortest:
        new = moved(t)
        there = rows.fit(new)
        if _value(rows, there, new, beta) < value:
            return new, there, t == 1.0
        t *= 0.5
    return w, fit, False


def _value(rows: Rows, fit: Float64[np.ndarray, " n"], w: BlockArray, beta: float) -> float:
    return rows.value(fit) + beta * float(np.linalg.norm(w, axis=1).sum())
