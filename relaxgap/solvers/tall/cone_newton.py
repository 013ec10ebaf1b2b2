r"""The program with cones on tall data: blocks on the faces of narrow cones, all rows as the truth.

A sample of the rows with candidate rows of each cone finds which blocks are active and on which
faces; there a few dozen coordinates are left, whose Hessian is formed over all rows. Residuals,
gradients, feasibility and certificates are of all rows in float64. So n enters only through some
dozen passes over the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.near_cones import NearCones, are_narrow
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems import ConeBlocks, Program
from relaxgap.problems.feasibility import inside_limit
from relaxgap.problems.losses import BoundedCurvature
from relaxgap.solvers.base import Solution, last_of
from relaxgap.solvers.tall.cone_model import (
    ConeModel,
    kept_inside,
    minimise,
    signed_sum,
)
from relaxgap.solvers.tall.faces import Faces, newton_on_faces
from relaxgap.solvers.tall.rounds import Descent, DualPoint, Iterate, certified_rounds
from relaxgap.solvers.tall.row_passes import Rows

MIN_SAMPLE, SAMPLE_A_COLUMN = 2000, 60
SAMPLE_TOLERANCE, FINEST = 1e-2, 1e-10
"""Excess of prices to which the model is solved: on the sample alone, and at most."""
SAMPLE_ROUNDS, MODEL_ROUNDS = 20, 2
EXACT_STEPS = 4
MAX_IDLE_ROUNDS, LITTLE = 6, 0.9
"""Rounds in a row that leave more than this part of the gap, after which it is left."""
MAX_REPAIRS, SHORTEST = 3, 1e-3

BlockArray = Float64[np.ndarray, "B d"]


@dataclass(frozen=True, slots=True)
class ConeNewton:
    """Solve a cone-constrained program over given patterns of tall data; its loss is smooth.

    Parameters
    ----------
    rtol : float
        Relative duality gap to reach.
    max_rounds : int
        Rounds after which the best bracket so far is returned.
    """

    name: ClassVar[str] = "cone_newton"

    rtol: float = 1e-6
    max_rounds: int = 40

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")

    @staticmethod
    def suits(program: Program) -> bool:
        """Whether the cones are narrow, so that most faces are rays."""
        return _is_known(program) and are_narrow(program.data.X, program.patterns)

    def solve(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Solution:
        """Solve from zero, or from the solution of a similar program over the same patterns.

        Notes
        -----
        A pass costs O(n d P), the Hessian of R coordinates O(n R^2), a step on them O(R^3); R is
        a little more than the number of active blocks. Memory: n P bits, O(n d) numbers, 16 d^2
        for the near rows of each pattern and max(2000, 60 d) for its bits at the sample.
        """
        return last_of(self.rounds(program, start, deadline=deadline))

    def rounds(
        self,
        program: Program,
        start: Solution | None = None,
        *,
        deadline: Deadline = NEVER,
        descent: Descent | None = None,
    ) -> Iterator[Solution]:
        """Yield the solution so far, round by round; see `Followed` and `descent`."""
        _refuse_unless_known(program)
        descent = self.descent() if descent is None else descent
        yield from certified_rounds(program, start, deadline, self.rtol, descent)

    def descent(self) -> Descent:
        """Return what keeps candidate rows and multipliers from one strength to the next."""
        return _ConeDescent(self.max_rounds)


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Hold blocks in their cones with what one pass over all rows says of them."""

    w: BlockArray
    value: float
    nu: Float64[np.ndarray, " n"]
    gradients: Float64[np.ndarray, "P d"]


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
            model = ConeModel(rows.sample(size, np.random.default_rng(0)))
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
        state, tolerance, lower, last, n_idle = None, SAMPLE_TOLERANCE, 0.0, np.inf, 0
        if np.any(w != 0.0):
            state = self._state(w)
        for done in range(max_rounds):
            if state is None:
                state = self._state(np.zeros_like(w))
                found = self._minimised(w, tolerance, SAMPLE_ROUNDS, anew=True)
                state = self._on_faces(self._towards(state, found)[0])
            elif done > 0:
                model.make(signed_sum(state.w), state.gradients)
                found = self._minimised(state.w, tolerance, MODEL_ROUNDS, anew=False)
                state, is_whole = self._towards(state, found)
                model.learn(is_whole)
                state = self._on_faces(state)
            largest = self._largest(state.gradients)
            limit = beta / largest if largest > 0.0 else np.inf
            lower = max(lower, self.rows.dual_value(state.nu, limit))
            gap = (state.value - lower) / state.value if state.value > 0.0 else 0.0
            n_idle = n_idle + 1 if gap > LITTLE * last else 0
            last = min(last, gap)
            idle = n_idle > MAX_IDLE_ROUNDS
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
        return _State(w, value, nu, self.rows.prices(nu, slice(None)))

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
        bounds = self.cones.bounds(gradients)[self.allowed]
        for block in self.allowed[bounds > self.beta * (1.0 + 1e-12)].tolist():
            self.cones.price(block, gradients, self.beta)
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


def _is_known(program: Program) -> bool:
    return program.family.name == ConeBlocks.name and isinstance(program.loss, BoundedCurvature)


def _refuse_unless_known(program: Program) -> None:
    if not _is_known(program):
        raise ConfigurationError(
            f"Expected a {ConeBlocks.name} program with a loss of bounded second derivative for "
            f"the solver {ConeNewton.name}, got {program.family.name} and {program.loss.name}; "
            "choose another solver."
        )
