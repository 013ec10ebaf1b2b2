r"""The program with cones on tall data: blocks on the faces of narrow cones, all rows as the truth.

A sample of the rows with candidate rows of each cone finds which blocks are active and on which
faces; there a few dozen coordinates are left, whose Hessian is formed over all rows. Residuals,
gradients, feasibility and certificates are of all rows in float64. So n enters only through some
dozen passes over the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.near_cones import NearCones, are_narrow
from relaxgap.problems import ConeBlocks, Program
from relaxgap.problems.feasibility import inside_limit
from relaxgap.solvers.tall.cone_model import (
    ConeModel,
    kept_inside,
    minimise,
    signed_sum,
)
from relaxgap.solvers.tall.faces import Faces, newton_on_faces
from relaxgap.solvers.tall.rounds import Descent, DualPoint, Iterate, Progress, TallSolver
from relaxgap.solvers.tall.row_passes import Rows

MIN_SAMPLE, SAMPLE_A_COLUMN = 2000, 60
SAMPLE_TOLERANCE, FINEST = 1e-2, 1e-10
"""Excess of prices to which the model is solved: on the sample alone, and at most."""
SAMPLE_ROUNDS, MODEL_ROUNDS = 20, 2
EXACT_STEPS = 4
MAX_REPAIRS, SHORTEST = 3, 1e-3

BlockArray = Float64[np.ndarray, "B d"]


@dataclass(frozen=True, slots=True)
class ConeNewton(TallSolver):
    """Solve cone-constrained programs; see `TallSolver`.

    Notes
    -----
    A pass costs O(n d P), the Hessian of R coordinates O(n R^2), a step on them O(R^3); R is a
    little more than the number of active blocks. Memory: n P bits, O(n d) numbers, 16 d^2 for the
    near rows of each pattern and max(2000, 60 d) for its bits at the sample.
    """

    name: ClassVar[str] = "cone_newton"
    family: ClassVar[str] = ConeBlocks.name

    max_rounds: int = 40

    @classmethod
    def suits(cls, program: Program) -> bool:
        """Whether the cones are narrow, so that most faces are rays."""
        return cls.knows(program) and are_narrow(program.data.X, program.patterns)

    def descent(self) -> Descent:
        """Return what keeps candidate rows and multipliers from one strength to the next."""
        return _ConeDescent(self.max_rounds)


@dataclass(frozen=True, eq=False)
class _State:
    """Hold blocks in their cones with what all rows say of them."""

    rows: Rows
    w: BlockArray
    value: float
    nu: Float64[np.ndarray, " n"]

    @cached_property
    def gradients(self) -> Float64[np.ndarray, "P d"]:
        """Those of all patterns; a pass that a point which is only tried does without."""
        return self.rows.prices(self.nu, slice(None))


class _ConeDescent:
    """See `Descent`."""

    def __init__(self, max_rounds: int) -> None:
        self.max_rounds = max_rounds
        self._kept: tuple[Rows, ConeModel, NearCones] | None = None

    def __call__(self, program: Program, w: Float64[np.ndarray, "2 P d"]) -> Iterator[Iterate]:
        """Go down on the sampled rows first, then on all."""
        if self._kept is None:
            rows, data = Rows.of(program), program.data
            size = max(MIN_SAMPLE, SAMPLE_A_COLUMN * data.d)
            model = ConeModel(rows, size)
            self._kept = rows, model, NearCones(data.X, program.patterns)
        allowed = np.flatnonzero(~program.forbidden())
        at_beta = _AtBeta(*self._kept, allowed, program.beta)
        yield from at_beta.iterates(np.concatenate(list(w)), self.max_rounds)


@dataclass(frozen=True, slots=True, eq=False)
class _AtBeta:
    """Hold what the rounds read: all rows, their model, the cones and the blocks allowed."""

    rows: Rows
    model: ConeModel
    cones: NearCones
    allowed: Int[np.ndarray, " b"]
    beta: float

    def iterates(self, w: BlockArray, max_rounds: int) -> Iterator[Iterate]:
        """Yield points of falling gap, each once its prices are known."""
        beta, cones, model = self.beta, self.cones, self.model
        state, tolerance, progress = None, SAMPLE_TOLERANCE, Progress()
        if np.any(w != 0.0):
            state = self._state(w)
        for done in range(max_rounds):
            if state is None:
                state = self._state(np.zeros_like(w))
                found = self._minimised(w, tolerance, SAMPLE_ROUNDS, anew=True)
                state = self._on_faces(self._towards(state, found)[0])
            elif done > 0:
                model.make(signed_sum(state.w), state.nu, state.gradients)
                found = self._minimised(state.w, tolerance, MODEL_ROUNDS, anew=False)
                state, is_whole = self._towards(state, found)
                model.learn(is_whole)
                state = self._on_faces(state)
            largest = self._largest(state.gradients)
            progress.add(state.value, self.rows.dual_value(state.nu, beta, largest))
            gap, idle = progress.gap, progress.is_idle
            dual = DualPoint(state.nu, cones.multipliers(state.gradients))
            point = partial(self._feasible, state.w)
            yield Iterate(point, gap, done, idle, idle or done == max_rounds - 1, dual)
            if idle:
                return
            tolerance = min(max(0.1 * (largest / beta - 1.0), FINEST), tolerance)

    def _minimised(
        self, w: BlockArray, tolerance: float, max_rounds: int, anew: bool
    ) -> BlockArray:
        """Minimise the model, and again where rows that were no candidates are violated."""
        for _ in range(MAX_REPAIRS):
            w = minimise(
                self.model, self.cones, self.allowed, w, self.beta, tolerance, max_rounds, anew
            )
            active = np.flatnonzero(np.any(w != 0.0, axis=1))
            if active.size == 0 or self.cones.violations(active, w[active]).size == 0:
                break
        return w

    def _state(self, w: BlockArray) -> _State:
        """Move blocks into their cones and read all rows."""
        active = np.flatnonzero(np.any(w != 0.0, axis=1))
        wrong = self.cones.violations(active, w[active]) if active.size else active
        if wrong.size:
            w = w.copy()
            w[active[wrong]] = self._inside(active[wrong], w[active[wrong]])
        fit = self.rows.fit(signed_sum(w))
        nu = self.rows.dual_point(fit)
        value = self.rows.value(fit) + self.beta * float(np.linalg.norm(w, axis=1).sum())
        return _State(self.rows, w, value, nu)

    def _towards(self, state: _State, w: BlockArray) -> tuple[_State, bool]:
        """Go to other blocks as far as the objective falls, and say whether that is all the way."""
        t = 1.0
        while t > SHORTEST:
            there = self._state(state.w + t * (w - state.w))
            if there.value < state.value:
                return there, t == 1.0
            t *= 0.25
        return state, False

    def _on_faces(self, state: _State) -> _State:
        """Take Newton steps with the Hessian of all rows on the faces of the active blocks."""
        active = np.flatnonzero(np.any(state.w != 0.0, axis=1))
        if active.size == 0:
            return state
        cones, n_patterns = self.cones, self.cones.n_patterns
        faces = Faces.of(cones, active, state.w[active])
        columns, owner = faces.columns(n_patterns)
        gram = self.rows.gram(columns, owner, self.rows.curvature(state.nu))
        signs = np.where(active < n_patterns, 1.0, -1.0)[:, None]
        slope = faces.coordinates(signs * state.gradients[active % n_patterns])
        start = faces.coordinates(state.w[active])
        alpha, _ = newton_on_faces(gram, slope, start, faces, cones, self.beta, EXACT_STEPS)
        moved = state.w.copy()
        moved[active] = kept_inside(cones, active, moved[active], faces.blocks_at(alpha))
        return self._towards(state, moved)[0]

    def _largest(self, gradients: Float64[np.ndarray, "P d"]) -> float:
        """Price every block whose bound is over ``beta``; return the largest bound."""
        self.cones.price_all(gradients, self.allowed, self.beta)
        return float(self.cones.bounds(gradients)[self.allowed].max(initial=0.0))

    def _inside(
        self, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"]
    ) -> Float64[np.ndarray, "k d"]:
        """Move blocks into their cones, up to the rounding of a product with a row."""
        return self.cones.inside(blocks, w, inside_limit(w.shape[1]))

    def _feasible(self, w: BlockArray) -> Float64[np.ndarray, "2 P d"]:
        """Return blocks that are in their cones, for a certificate."""
        out, active = np.zeros_like(w), np.flatnonzero(np.any(w != 0.0, axis=1))
        if active.size:
            out[active] = self._inside(active, w[active])
        return np.stack(np.split(out, 2))
