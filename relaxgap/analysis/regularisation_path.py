"""One program at many regularisation strengths, each from the last solution, each with a proof."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import unseen
from relaxgap.analysis.held_out import HeldOut, TestData, checked_test, held_out
from relaxgap.analysis.inputs import dataset_of, loss_of
from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.preparation import Prepared, biases_of, prepare
from relaxgap.analysis.programs import kind_of
from relaxgap.analysis.solved_path import OnPoint, PathPoint, RegularisationPath
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.units_remarks import remarks_on
from relaxgap.errors import (
    ConfigurationError,
    NothingToFitError,
    NoUnitError,
    RelaxgapError,
)
from relaxgap.networks import FittedNetwork
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS
from relaxgap.problems import PROGRAMS, Program
from relaxgap.problems.biases import Bias
from relaxgap.solvers.base import Solution, Status, last_of
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton
from relaxgap.solvers.with_bias import SHARE, rounds_with_bias

MIN_FRACTION = 1e-12
"""Below it the optimum drowns in the rounding of its own certificate."""


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
    bias: bool = False,
    penalise: str | None = None,
    standardize: bool = False,
    test: Any = None,
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
    bias, penalise, standardize
        As for `relaxgap.solve`.
    test : (X, y), optional
        Held-out rows and their labels, which only the errors on them know of.
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
        If the data or a file of gates cannot be used; a `NothingToFitError` if zero is optimal at
        every strength.
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
    biases = biases_of(bias, penalise, program)
    with_constant = biases.output is not Bias.NONE
    method = SemismoothNewton(SHARE * rtol if with_constant else rtol, backend=backend)
    data, classes = dataset_of(X, y, of_fit, against_rest)
    prepared = prepare(data, classes, of_fit, biases, standardize, rtol)
    if test is not None:
        n_features = prepared.data.d - prepared.has_hidden_bias
        test = checked_test(test, n_features, loss, prepared.classes)
    try:
        with in_force(deadline):
            chosen = prepared.choose_patterns(patterns, limit, seed)
            unit = Regularisation(beta_fraction=1.0, program=program, loss=of_fit)
            largest = unit.resolved(prepared, chosen)
    except OutOfTimeError as error:
        raise ConfigurationError(
            "Expected time to list the patterns and to find beta_max, which a path starts from, "
            f"got {time_limit:g} seconds; raise time_limit, or sample fewer patterns."
        ) from error
    except NoUnitError as error:
        raise NothingToFitError(
            "Expected data with beta_max > 0, got beta_max = 0 up to rounding: zero is optimal at "
            "every beta; change the data or the patterns."
        ) from error
    fractions = np.geomspace(1.0, smallest_fraction, points).tolist()
    problem = PROGRAMS[program](prepared.data, chosen, largest, loss=of_fit)
    steps = _Steps(method, problem, prepared, rtol, test)
    with threadpool_limits(limits=threads):
        stopped = steps.follow(fractions, deadline, on_progress)
    return RegularisationPath(
        n_patterns=chosen.n_patterns,
        complete=chosen.complete,
        program=program,
        loss=loss,
        classes=prepared.classes,
        beta_max=largest,
        solver=method.name,
        method=method.method(problem),
        rtol=rtol,
        threads=threads,
        n_points=points,
        solve_seconds=steps.seconds,
        rows=tuple(steps.rows),
        stopped=stopped,
        hidden_bias=biases.hidden,
        output_bias=biases.output,
        standardized=prepared.scaling is not None,
        networks=tuple(steps.networks),
        tests=tuple(steps.tests),
        remarks=tuple(remarks_on(prepared, patterns, chosen)),
    )


class _Steps:
    """Solve from strength to strength, and keep what was found."""

    def __init__(
        self,
        method: SemismoothNewton,
        program: Program,
        prepared: Prepared,
        rtol: float,
        test: TestData | None,
    ) -> None:
        self.method, self.program, self.prepared, self.rtol = method, program, prepared, rtol
        self.test = test
        self.rows: list[PathPoint] = []
        self.networks: list[FittedNetwork] = []
        self.tests: list[HeldOut] = []
        self.seconds = 0.0

    def follow(self, fractions: list[float], deadline: Deadline, on_progress: OnPoint) -> str:
        """Solve from ``program.beta`` down; return what ended it early."""
        betas = [fraction * self.program.beta for fraction in fractions]
        try:
            solutions = self._solutions(betas, deadline)
            for beta, fraction in zip(betas, fractions, strict=True):
                start = time.perf_counter()
                solution = next(solutions)
                self.seconds += time.perf_counter() - start
                if solution.status is Status.TIME_LIMIT:
                    return str(Status.TIME_LIMIT)
                self._keep(beta, fraction, solution)
                on_progress(self.rows[-1])
        except KeyboardInterrupt:
            return "interrupted"
        except (RelaxgapError, ArithmeticError, MemoryError, ValueError) as error:
            # a breakdown at one strength must not take the others with it
            return f"stopped by {error!r}"
        return ""

    def _solutions(self, betas: list[float], deadline: Deadline) -> Iterator[Solution]:
        prepared = self.prepared
        if not prepared.has_output_bias:
            yield from self.method.solve_path(self.program, betas, deadline=deadline)
            return
        last: Solution | None = None
        for beta in betas:
            bias = prepared.output_bias(beta)
            program = replace(self.program, beta=beta)
            last = last_of(
                rounds_with_bias(self.method, program, bias, self.rtol, last, deadline=deadline)
            )
            yield last

    def _keep(self, beta: float, fraction: float, solution: Solution) -> None:
        program = replace(self.program, beta=beta)
        inner = kind_of(program.family.name).of_point(program, solution.point)
        network = self.prepared.fitted(inner, solution.constant, beta)
        row = _point(program, beta, fraction, solution, self.prepared)
        if self.test is not None:
            X, labels = self.test
            test = held_out(network.predict(X), labels, program.loss.name, self.prepared.classes)
            self.tests.append(test)
            row = replace(row, test_error=test.error)
        self.networks.append(network)
        self.rows.append(row)


def _point(
    program: Program, beta: float, fraction: float, solution: Solution, prepared: Prepared
) -> PathPoint:
    point, certificate = solution.point, solution.certificate
    data, loss = prepared.at(solution.constant)
    penalty = point.total_norm
    if prepared.has_output_bias:
        bias = prepared.output_bias(beta)
        overpaid = sum(bias.overpaid(w) for w in point.w)
        penalty += (bias.cost(solution.constant) - overpaid) / beta
    return PathPoint(
        beta=beta,
        beta_fraction=fraction,
        loss=loss.value(program.fit(point), data.y),
        penalty=penalty,
        active_blocks=point.active_blocks,
        primal_value=certificate.primal_value,
        dual_value=certificate.dual_value,
        relative_gap=certificate.relative_gap,
        n_iterations=solution.n_iterations,
        status=solution.status,
    )
