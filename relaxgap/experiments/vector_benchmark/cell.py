r"""Seconds to a bracket of a program with several outputs, ours and a conic solver's.

The conic program is the gated one as CVXPY states it, with a nuclear norm for every pattern. What a
solution of either proves is computed the same way, from its blocks and their residual.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.vector_solving import solve_vector
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.interruption import uninterrupted
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.vector.nuclear import nuclear_bracket

ALL, GIVEN, RELAXATION = "all_cells", "given_cells", "matrix_a_cell"
GATED, CONIC = "gated", "gated_clarabel"
METHODS = (ALL, GIVEN, RELAXATION, GATED, CONIC)
_SOLVERS = {ALL: "cells", GIVEN: "cells", RELAXATION: "doubly_nonnegative"}
SAMPLED = (GIVEN, GATED, CONIC)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    outputs : Outputs
        Labels of the samples.
    method : str
        Out of ``METHODS``: the optimum over all cells or over sampled ones, the bound of a matrix
        for each cell beside the network that local search finds, and the gated program by us and
        by Clarabel.
    n_gates : int
        Gaussian gates of the sampled ones.
    beta_fraction : float
        Strength, as a fraction of that at which zero is optimal.
    rtol : float
        Relative gap asked for.
    repeats : int
        Calls; the median counts.
    time_limit : float
        Seconds a call.

    Raises
    ------
    ConfigurationError
        If a value is out of range.
    """

    outputs: Outputs = field(default_factory=Outputs)
    method: str = ALL
    n_gates: int = 20
    beta_fraction: float = 0.1
    rtol: float = 1e-6
    repeats: int = 5
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_fraction(self.beta_fraction)
        if self.method not in METHODS:
            raise ConfigurationError(
                f"Expected a method out of {', '.join(METHODS)}, got {self.method!r}; choose one."
            )
        if min(self.n_gates, self.repeats) < 1:
            raise ConfigurationError(
                f"Expected n_gates and repeats >= 1, got {self.n_gates} and {self.repeats}; raise "
                "them."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method on one instance.

    Parameters
    ----------
    n, d, q, n_patterns : int
        Of the data and the program; Cover's count where patterns are not listed.
    rtol : float
        Relative gap asked for.
    solved : bool
        Whether it was reached.
    seconds, slowest : float
        Median and largest of the calls, in one thread.
    primal_value, relative_gap : float
        What the last call proved.
    """

    data: str
    method: str
    n: int
    d: int
    q: int
    n_patterns: int
    beta_fraction: float
    rtol: float
    seed: int
    n_repeats: int
    solved: bool
    seconds: float
    slowest: float
    primal_value: float
    relative_gap: float


@dataclass(frozen=True, slots=True)
class _Found:
    n_patterns: int
    primal_value: float
    relative_gap: float
    solved: bool


def run(cell: Cell[Settings]) -> list[Record]:
    """Time one method on one instance."""
    settings = cell.settings
    data = drawn(cell, settings.outputs)
    with threadpool_limits(limits=1):
        solve = _ours(cell, data) if settings.method != CONIC else _conic(cell, data)
        durations = []
        for _ in range(settings.repeats):
            began = time.perf_counter()
            found = solve()
            durations.append(time.perf_counter() - began)
    return [
        Record(
            data=label_of(cell, settings.outputs),
            method=settings.method,
            n=data.n,
            d=data.d,
            q=data.q,
            n_patterns=found.n_patterns,
            beta_fraction=settings.beta_fraction,
            rtol=settings.rtol,
            seed=cell.seed,
            n_repeats=settings.repeats,
            solved=found.solved,
            seconds=statistics.median(durations),
            slowest=max(durations),
            primal_value=found.primal_value,
            relative_gap=found.relative_gap,
        )
    ]


def _ours(cell: Cell[Settings], data: VectorDataset) -> Callable[[], _Found]:
    settings = cell.settings
    patterns = settings.n_gates if settings.method in SAMPLED else "all"
    strength = Regularisation(None, settings.beta_fraction)

    def solve() -> _Found:
        found = uninterrupted(
            solve_vector(
                data.samples,
                data.Y,
                strength,
                patterns,
                "gated" if settings.method == GATED else "vector",
                _SOLVERS.get(settings.method),
                rtol=settings.rtol,
                time_limit=settings.time_limit,
                seed=cell.seed,
            )
        )
        assert found.n_patterns is not None
        solved = found.status is Status.SOLVED
        return _Found(found.n_patterns, found.primal_value, found.relative_gap, solved)

    return solve


def _conic(cell: Cell[Settings], data: VectorDataset) -> Callable[[], _Found]:
    """Return the solve of the same gated program, whose patterns and strength we find."""
    # a second and a half to import, and only this comparison needs it
    import cvxpy as cp

    settings = cell.settings
    strength = Regularisation(None, settings.beta_fraction)
    ours = uninterrupted(
        solve_vector(
            data.samples,
            data.Y,
            strength,
            settings.n_gates,
            "gated",
            rtol=0.99,
            seed=cell.seed,
        )
    )
    program, patterns = VectorProgram(data, ours.beta), ours.patterns
    features = [program.pooled(active[:, None] * data.X) for active in patterns.patterns]

    def solve() -> _Found:
        blocks = [cp.Variable((data.d, data.q)) for _ in features]
        fit = sum(A @ V for A, V in zip(features, blocks, strict=True))
        penalty = sum(cp.normNuc(V) for V in blocks)
        problem = cp.Problem(
            cp.Minimize(0.5 * cp.sum_squares(fit - data.Y) + program.beta * penalty)
        )
        accuracy = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), settings.rtol)
        try:
            with warnings.catch_warnings():
                # an inaccurate end is what is measured
                warnings.simplefilter("ignore")
                problem.solve(solver="CLARABEL", time_limit=settings.time_limit, **accuracy)
        except (cp.error.SolverError, ValueError, ArithmeticError):
            return _Found(patterns.n_patterns, np.nan, np.nan, False)
        if any(V.value is None for V in blocks):
            return _Found(patterns.n_patterns, np.nan, np.nan, False)
        V = np.stack([np.asarray(block.value) for block in blocks])
        return _proven(program, patterns, V, features, settings.rtol)

    return solve


def _proven(
    program: VectorProgram,
    patterns: PatternSet,
    V: Float64[np.ndarray, "P d q"],
    features: list[Float64[np.ndarray, "n d"]],
    rtol: float,
) -> _Found:
    fit = sum(A @ block for A, block in zip(features, V, strict=True))
    bracket = nuclear_bracket(program, patterns, V, program.data.Y - fit)
    gap = float(bracket.relative_gap)
    return _Found(patterns.n_patterns, float(bracket.primal_value), gap, gap <= rtol)
