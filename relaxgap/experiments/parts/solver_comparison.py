r"""What an accuracy costs: every solver on the same instance, side by side, under one limit.

A cell is one instance, and every solver runs on it in turn, so that a ratio of seconds is one
between neighbours on one machine. The error is measured here, alike for all: the solver's point is
moved into its cones, and its objective there is compared with the best certified lower bound. So
a violated cone counts as error, and no solver's own word counts at all.

References
----------
Kim & Pilanci (2024), Theorem 2, for the polynomial; Dolan & Moré (2002) for performance profiles.
"""

from dataclasses import dataclass, field

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.timing.process import Attempt, attempts_of
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.patterns import sample_patterns
from relaxgap.problems import PROGRAMS, Program
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.solvers import SemismoothNewton

REFERENCE_FRACTION = 0.1
"""The reference bound is this much tighter than the tightest tolerance."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: ProgramRegularisation = field(default_factory=ProgramRegularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    benchmark: BenchmarkSettings = field(default_factory=BenchmarkSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: what one solver reached on one instance when asked for one tolerance.

    Parameters
    ----------
    program : str
        ``relu`` (cone-constrained) or ``gated``.
    tolerance : float
        Relative error asked for; whether it was reached, ``relative_error`` says.
    status : str
        ``returned``, ``failed``, ``time_limit``, ``not_tried`` (after a failure at a looser
        tolerance), ``too_large`` or ``absent``.
    seconds : float or None
        Median of ``n_repeats`` solves in a process of their own; data, imports, CVXPY's
        compilation and certificates are not in it.
    peak_megabytes : float or None
        Peak of that process during the solves over its memory at rest.
    gemm_gflops, gigaflops : float or None
        Speed of a product of two 1000 by 1000 matrices in that process, just before; operations
        of the dense kernels of one solve, where they are counted (our Newton method).
    primal_value : float or None
        Objective of the point after it is moved into its cones.
    lower_bound, reference_gap : float
        Certified lower bound of the optimum, and the relative gap of the reference that was solved
        for it, apart from the timed runs.
    relative_error : float or None
        ``primal_value / lower_bound - 1``: what is not proven counts as error.
    """

    data: str
    n: int
    d: int
    seed: int
    n_gates: int
    n_patterns: int
    program: str
    beta: float
    beta_fraction: float | None
    solver: str
    tolerance: float
    status: str
    relative_error: float | None
    seconds: float | None
    n_repeats: int
    n_iterations: int | None
    peak_megabytes: float | None
    gemm_gflops: float | None
    gigaflops: float | None
    primal_value: float | None
    lower_bound: float
    reference_gap: float
    threads: int
    time_limit_seconds: float
    version: str
    message: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Run every solver of the settings on one instance, to every tolerance."""
    return compared(cell, cell.load_data(), SQUARED)


def compared(cell: Cell[Settings], data: Dataset, loss: Loss) -> list[Record]:
    """Run every solver on one data set, with one loss."""
    return [
        record
        for rule in cell.settings.patterns.n_gates
        for record in _records(cell, data, loss, size_of(rule, data.n, d=data.d))
    ]


def _records(cell: Cell[Settings], data: Dataset, loss: Loss, n_gates: int) -> list[Record]:
    settings, regularisation = cell.settings.benchmark, cell.settings.regularisation
    patterns = sample_patterns(data.X, n_gates, cell.streams()[1])
    beta = regularisation.resolve(data, patterns, loss)
    program = PROGRAMS[regularisation.program](data, patterns, beta, loss=loss)
    reference = SemismoothNewton(REFERENCE_FRACTION * min(settings.tolerances)).solve(program)
    attempts = [
        attempt for solver in settings.solvers for attempt in attempts_of(program, solver, settings)
    ]
    values = [feasible_value(program, attempt) for attempt in attempts]
    lower_bound = reference.certificate.dual_value
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            n_gates=n_gates,
            n_patterns=patterns.n_patterns,
            program=regularisation.program,
            beta=beta,
            beta_fraction=regularisation.beta_fraction,
            solver=attempt.solver,
            tolerance=attempt.tolerance,
            status=attempt.status,
            relative_error=relative_error(value, lower_bound),
            seconds=attempt.seconds,
            n_repeats=attempt.n_repeats,
            n_iterations=attempt.n_iterations,
            peak_megabytes=attempt.peak_megabytes,
            gemm_gflops=attempt.gemm_gflops,
            gigaflops=attempt.gigaflops,
            primal_value=value,
            lower_bound=lower_bound,
            reference_gap=reference.certificate.relative_gap,
            threads=settings.threads,
            time_limit_seconds=settings.time_limit_seconds,
            version=attempt.version,
            message=attempt.message,
        )
        for attempt, value in zip(attempts, values, strict=True)
    ]


def feasible_value(program: Program, attempt: Attempt) -> float | None:
    """Return the objective of an attempt's point, moved into its cones; none without a point."""
    if attempt.point is None:
        return None
    return program.value(program.into_cones(attempt.point))


def relative_error(value: float | None, lower_bound: float) -> float | None:
    """Return how far a value is above a lower bound, relative to the bound."""
    if value is None or lower_bound <= 0.0:
        return None
    return value / lower_bound - 1.0
