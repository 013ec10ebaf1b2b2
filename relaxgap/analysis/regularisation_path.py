"""One program at many regularisation strengths, each from the last solution, each with a proof."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import unseen
from relaxgap.analysis.inputs import dataset_of, loss_of
from relaxgap.analysis.pattern_choice import PatternChoice, choose_patterns
from relaxgap.analysis.programs import kind_of, networks_of
from relaxgap.certificates import beta_max
from relaxgap.data.classes import Classes, class_sentence
from relaxgap.errors import ConfigurationError, DataError, RelaxgapError
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS
from relaxgap.numerics.rounding import magnitude
from relaxgap.problems import PROGRAMS, Program
from relaxgap.solvers.base import Solution, Status
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

MIN_FRACTION = 1e-12
"""Below it the optimum drowns in the rounding of its own certificate."""
ZERO_PRICE = 1e-10
"""Relative size below which ``beta_max``, rounded up as it is, may be nothing but rounding."""


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Hold a row of the table: ``primal_value`` is ``loss + beta * penalty``, rounded up."""

    beta: float
    beta_fraction: float
    loss: float
    penalty: float
    active_blocks: int
    primal_value: float
    dual_value: float
    relative_gap: float
    n_iterations: int
    status: Status


OnPoint = Callable[[PathPoint], None]


@dataclass(frozen=True, slots=True, eq=False)
class RegularisationPath:
    """Hold the points of a path, from ``beta_max`` down.

    Parameters
    ----------
    complete : bool
        Whether the program ranges over all patterns: only then do the brackets, of a program with
        cones, hold for networks of every width.
    loss : str
        ``squared``, ``logistic`` or ``hinge``.
    classes : tuple of str or None
        The names of -1 and +1, or the only one; None where labels are no classes.
    beta_max : float
        The least strength at which the zero network is optimal.
    solver, method : str
        As for `relaxgap.solve`.
    n_points : int
        Strengths asked for.
    rows : tuple of PathPoint
        As many as were solved.
    stopped : str
        Empty, ``interrupted``, ``time_limit``, or the error that ended the work early.
    """

    n_patterns: int
    complete: bool
    program: str
    loss: str
    classes: Classes | None
    beta_max: float
    solver: str
    method: str
    rtol: float
    threads: int
    n_points: int
    solve_seconds: float
    rows: tuple[PathPoint, ...]
    stopped: str

    @property
    def seconds(self) -> float:
        """Wall time of the solves."""
        return self.solve_seconds

    @property
    def ran_out(self) -> str:
        """What a time limit that ran out left, in a sentence; empty if none did."""
        if self.stopped != Status.TIME_LIMIT:
            return ""
        return (
            f"The time ran out after {len(self.rows)} of {self.n_points} points; what is finished "
            "is kept."
        )

    @property
    def n_missed(self) -> int:
        """Points whose gap is wider than ``rtol``."""
        return sum(point.status != Status.SOLVED for point in self.rows)

    @property
    def sentence(self) -> str:
        """Which optima the brackets hold, and how wide the widest is."""
        if not self.rows:
            return self.ran_out or "No point of the path was solved."
        widest = max(point.relative_gap for point in self.rows)
        missed = self.n_missed
        networks = networks_of(self.program, self.complete, self.n_patterns)
        said = (
            f"Every optimum over {networks} lies in its bracket [dual_value, primal_value]; the "
            f"widest is {100.0 * widest:.2g}% of its primal_value."
        )
        if missed:
            said = f"{said} {missed} of {len(self.rows)} points did not reach rtol."
        others = filter(None, (self.ran_out, class_sentence(self.classes)))
        return " ".join([said, *others])

    def __str__(self) -> str:
        return self.sentence


def path(
    X: Any,
    y: Any,
    patterns: PatternChoice = "all",
    program: str = "relu",
    points: int = 30,
    smallest_fraction: float = 1e-3,
    rtol: float = 1e-6,
    seed: int = 0,
    loss: str = "squared",
    against_rest: str | None = None,
    *,
    time_limit: float | None = None,
    limit: int = MAX_LISTED_PATTERNS,
    threads: int = 1,
    backend: Backend = NUMPY,
    on_progress: OnPoint = unseen,
) -> RegularisationPath:
    """Solve along the regularisation path, from ``beta_max`` down, with a proof at each point.

    Parameters
    ----------
    X : (n, d) array
        One sample per row; anything NumPy reads as real numbers.
    y : (n,) array
        Labels, as for `relaxgap.solve`.
    patterns : str, int or PatternSet
        As for `relaxgap.solve`.
    program : str
        ``relu``, or ``gated`` for its relaxation without cones.
    points : int
        Strengths to solve for, on a geometric grid; at least 2.
    smallest_fraction : float
        Where the grid ends, as a fraction of ``beta_max``, from 1e-12 to below 1.
    rtol : float
        Relative gap to reach at each point.
    seed : int
        Of sampled patterns.
    loss : str
        ``squared``, ``logistic`` or ``hinge``, as for `relaxgap.solve`.
    against_rest : str, optional
        The class that is +1 against all others, as for `relaxgap.solve`.
    time_limit : float, optional
        Seconds, looked at between pieces of work; the points so far are returned, without the one
        that was being solved. By default none.
    limit : int
        Arrangements that may hold more patterns are refused.
    threads : int
        BLAS threads.
    backend : Backend
        Arrays to compute on.
    on_progress : callable
        Called with every `PathPoint`. Ctrl-C ends the work and returns the points so far.

    Returns
    -------
    RegularisationPath
        ``str(path)`` is what it says.

    Raises
    ------
    DataError
        If the data or a file of gates cannot be used, or zero is optimal at every strength.
    ConfigurationError
        If a setting is out of range, or the time ran out before ``beta_max`` was known.
    EnumerationLimitError
        If there may be more than ``limit`` patterns in all.

    Examples
    --------
    >>> import numpy as np
    >>> import relaxgap
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    >>> path = relaxgap.path(X, y, points=3, smallest_fraction=0.01)
    >>> [round(point.beta_fraction, 6) for point in path.rows]
    [1.0, 0.1, 0.01]
    >>> path.rows[0].active_blocks, path.rows[-1].loss < path.rows[0].loss
    (0, True)
    """
    if points < 2:
        raise ConfigurationError(f"Expected points >= 2, got {points}; try 30.")
    if not MIN_FRACTION <= smallest_fraction < 1.0:
        raise ConfigurationError(
            f"Expected a smallest fraction from {MIN_FRACTION:g} to below 1, got "
            f"{smallest_fraction}; try 1e-3."
        )
    if program not in PROGRAMS:
        raise ConfigurationError(
            f"Expected a program out of {', '.join(PROGRAMS)}, got {program!r}; choose one."
        )
    if time_limit is not None and not time_limit > 0.0:
        raise ConfigurationError(
            f"Expected a time limit above 0 seconds, got {time_limit}; raise it."
        )
    kind_of(program)
    of_fit = loss_of(loss)
    deadline = Deadline.after(time_limit)
    method = SemismoothNewton(rtol, backend=backend)
    data, classes = dataset_of(X, y, of_fit, against_rest)
    try:
        with in_force(deadline):
            chosen = choose_patterns(patterns, data, limit, seed)
            largest = beta_max(data, chosen, PROGRAMS[program], of_fit)
    except OutOfTimeError as error:
        raise ConfigurationError(
            "Expected time to list the patterns and to find beta_max, which a path starts from, "
            f"got {time_limit:g} seconds; raise time_limit, or sample fewer patterns."
        ) from error
    if largest <= ZERO_PRICE * magnitude(data.X, data.y):
        raise DataError(
            "Expected data with beta_max > 0, got beta_max = 0 up to rounding: zero is optimal at "
            "every beta; change the data or the patterns."
        )
    fractions = np.geomspace(1.0, smallest_fraction, points).tolist()
    at_largest = PROGRAMS[program](data, chosen, largest, loss=of_fit)
    with threadpool_limits(limits=threads):
        rows, seconds, stopped = _follow(
            method,
            at_largest,
            fractions,
            deadline,
            on_progress,
        )
    return RegularisationPath(
        n_patterns=chosen.n_patterns,
        complete=chosen.complete,
        program=program,
        loss=loss,
        classes=classes,
        beta_max=largest,
        solver=method.name,
        method=method.method(at_largest),
        rtol=rtol,
        threads=threads,
        n_points=points,
        solve_seconds=seconds,
        rows=tuple(rows),
        stopped=stopped,
    )


def _follow(
    method: SemismoothNewton,
    program: Program,
    fractions: list[float],
    deadline: Deadline,
    on_progress: OnPoint,
) -> tuple[list[PathPoint], float, str]:
    """Solve from ``program.beta`` down; return the points, the seconds and what ended it early."""
    rows: list[PathPoint] = []
    seconds = 0.0
    betas = [fraction * program.beta for fraction in fractions]
    try:
        solutions = method.solve_path(program, betas, deadline=deadline)
        for beta, fraction in zip(betas, fractions, strict=True):
            start = time.perf_counter()
            solution = next(solutions)
            seconds += time.perf_counter() - start
            if solution.status is Status.TIME_LIMIT:
                return rows, seconds, str(Status.TIME_LIMIT)
            rows.append(_point(program, beta, fraction, solution))
            on_progress(rows[-1])
    except KeyboardInterrupt:
        return rows, seconds, "interrupted"
    except (RelaxgapError, ArithmeticError, MemoryError, ValueError) as error:
        # a breakdown at one strength must not take the others with it
        return rows, seconds, f"stopped by {error!r}"
    return rows, seconds, ""


def _point(program: Program, beta: float, fraction: float, solution: Solution) -> PathPoint:
    point, certificate = solution.point, solution.certificate
    return PathPoint(
        beta=beta,
        beta_fraction=fraction,
        loss=program.loss.value(program.fit(point), program.data.y),
        penalty=point.total_norm,
        active_blocks=point.active_blocks,
        primal_value=certificate.primal_value,
        dual_value=certificate.dual_value,
        relative_gap=certificate.relative_gap,
        n_iterations=solution.n_iterations,
        status=solution.status,
    )
