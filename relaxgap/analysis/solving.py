"""Train a two-layer ReLU network by convex optimisation and say how good it is."""

import time
from typing import Any

from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import OnBracket, follow, follow_rounds, unseen
from relaxgap.analysis.inputs import dataset_of, loss_of
from relaxgap.analysis.pattern_choice import PatternChoice, choose_patterns
from relaxgap.analysis.programs import kind_of
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import Regularisation, is_small
from relaxgap.data.classes import Classes
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import to_blocks
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE, MAX_LISTED_PATTERNS
from relaxgap.patterns import predicted_count
from relaxgap.patterns.counting import written_count
from relaxgap.problems import PROGRAMS, Program, relu_program
from relaxgap.solvers import registry
from relaxgap.solvers.base import Choosing, Solver

BRACKET_SECONDS = 300.0
"""Time limit of a bracket without a list of patterns, where none is given."""


def solve(
    X: Any,
    y: Any,
    beta: float | None = None,
    beta_fraction: float | None = None,
    patterns: PatternChoice = "all",
    program: str = "relu",
    solver: str | None = None,
    rtol: float = 1e-6,
    time_limit: float | None = None,
    seed: int = 0,
    loss: str = "squared",
    against_rest: str | None = None,
    *,
    limit: int = MAX_LISTED_PATTERNS,
    threads: int = 1,
    backend: Backend = NUMPY,
    on_progress: OnBracket = unseen,
) -> SolveResult:
    r"""Find a network of least training loss, with a bracket that proves how good it is.

    The loss is :math:`\tfrac12 \|f(X) - y\|^2`, or one of two classes, plus ``beta`` / 2 times the
    sum of the squares of all weights, a sum over samples. With all patterns the bracket is one of
    the global optimum over networks of every width; the patterns are enumerated where they are few,
    and bracketed without a list of them where they are many. With sampled patterns it is one of the
    networks restricted to these, which says nothing of other networks: then ``result.complete`` is
    false and ``result.lower_bound`` is None.

    Parameters
    ----------
    X : (n, d) array
        One sample per row; anything NumPy reads as real numbers.
    y : (n,) array
        Labels; of the logistic and the hinge loss two classes of any names, the later in order
        (of numbers, or of the alphabet) is +1.
    beta, beta_fraction : float
        Strength of the regularisation, exactly one: absolute, or as a fraction of the least beta
        at which the zero network is optimal. Where the patterns are too many to enumerate, of the
        largest such beta that local ascent finds, in at most a third of the time; where listed ones
        take longer than that to price, of the largest price of a gate.
    patterns : str, int or PatternSet
        ``all``; ``gaussian:N`` or N, the patterns of N Gaussian gates; the path of an ``.npz`` file
        with an array ``gates``; or a set.
    program : str
        ``relu``, or ``gated`` for its relaxation without cones, whose networks are gated.
    solver : str, optional
        One of `relaxgap.solvers.registry.NAMES`; by default semismooth Newton, or a bracket over
        all patterns where they are too many to enumerate.
    rtol : float
        Relative gap to reach.
    time_limit : float, optional
        Seconds, looked at between pieces of work; None is no limit for listed patterns and 300 for
        a bracket without a list, which ``math.inf`` lets go on.
    seed : int
        Of sampled patterns and of the search for networks.
    loss : str
        ``squared``; ``logistic``, :math:`\sum_i \log(1 + e^{-y_i f(x_i)})`; or ``hinge``,
        :math:`\sum_i (1 - y_i f(x_i))_+`, which may have many best networks: the bracket is one of
        their common value. Over all patterns too many to enumerate, bounds of both come from the
        MAX-CUT relaxation of the price, and are wide.
    against_rest : str, optional
        The class that is +1 against all others: with more than two classes, one network and one
        bracket for each class.
    limit : int
        Arrangements that may hold more patterns are refused where they have to be enumerated.
    threads : int
        BLAS threads; more than one pay for thousands of samples only.
    backend : Backend
        Arrays of the semismooth Newton solver; the certificate is float64 whatever they are.
    on_progress : callable
        Called with every `BracketPoint`. Ctrl-C ends the work and returns the bracket so far.

    Returns
    -------
    SolveResult
        ``str(result)`` is what it says.

    Raises
    ------
    DataError
        If the data or a file of gates cannot be used.
    ConfigurationError
        If a setting is out of range or contradicts another.
    EnumerationLimitError
        If the patterns have to be enumerated and may be more than ``limit``.
    MissingSolverError
        If the solver's package is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import relaxgap
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    >>> result = relaxgap.solve(X, y, beta_fraction=0.1)
    >>> result.status, result.complete, result.n_patterns
    (<Status.SOLVED: 'solved'>, True, 12)
    >>> result.dual_value <= result.primal_value <= result.dual_value * (1.0 + 2e-6)
    True
    >>> result.network.predict(X).shape
    (6,)

    Sampled patterns bound the optimum of their own program only:

    >>> sampled = relaxgap.solve(X, y, beta=result.beta, patterns="gaussian:3")
    >>> sampled.complete, sampled.lower_bound
    (False, None)
    >>> sampled.primal_value >= result.dual_value
    True

    Two classes of any names:

    >>> answers = ["yes", "no", "yes", "yes", "no", "no"]
    >>> classified = relaxgap.solve(X, answers, beta_fraction=0.1, loss="logistic")
    >>> classified.classes, classified.status
    (('no', 'yes'), <Status.SOLVED: 'solved'>)

    In single precision the bracket may be wider, never false:

    >>> backend = relaxgap.Backend(dtype="float32")
    >>> single = relaxgap.solve(X, y, beta=result.beta, rtol=1e-3, backend=backend)
    >>> single.dual_value <= result.primal_value
    True
    """
    of_fit = loss_of(loss)
    strength = Regularisation(beta, beta_fraction, program, of_fit)
    kind_of(program)
    name = registry.DEFAULT if solver is None else solver
    method = registry.make(name, rtol, backend)
    bracket_limit = BRACKET_SECONDS if time_limit is None else time_limit
    bracketing = GlobalSolver(rtol, bracket_limit, seed=seed, loss=of_fit)
    # what comes before the first bracket takes from the limit too
    deadline, bracket_deadline = Deadline.after(time_limit), Deadline.after(bracket_limit)
    data, classes = dataset_of(X, y, of_fit, against_rest)
    over_all = solver is None and program == "relu" and isinstance(patterns, str)
    over_all = over_all and patterns == "all"
    with threadpool_limits(limits=threads):
        if over_all and not is_small(data):
            if backend != NUMPY:
                raise registry.only_on_numpy("patterns too many to enumerate", backend)
            absolute = strength.resolve_over_all(data, bracket_deadline)
            return _bracketed(
                bracketing, data, classes, absolute, bracket_deadline, threads, on_progress
            )
        most = max(limit, MAX_BITS_SOLVED_AT_ONCE) if over_all else limit
        chosen = choose_patterns(patterns, data, most, seed)
        absolute = strength.resolve(data, chosen, deadline)
        problem = PROGRAMS[program](data, chosen, absolute, loss=of_fit)
        return _solved(method, problem, classes, name, deadline, threads, on_progress)


def _solved(
    method: Solver,
    problem: Program,
    classes: Classes | None,
    solver: str,
    deadline: Deadline,
    threads: int,
    on_progress: OnBracket,
) -> SolveResult:
    """Solve a program over listed patterns."""
    start = time.perf_counter()
    proven_by = "enumeration" if problem.patterns.complete else "chosen_patterns"
    followed = follow_rounds(method, problem, proven_by, deadline, on_progress)
    seconds = time.perf_counter() - start
    solution = followed.solution
    patterns, point, found = problem.patterns, solution.point, solution.certificate
    return SolveResult(
        status=solution.status,
        primal_value=found.primal_value,
        dual_value=found.dual_value,
        relative_gap=found.relative_gap,
        n_patterns=patterns.n_patterns,
        complete=patterns.complete,
        certificate=proven_by,
        active_blocks=point.active_blocks,
        max_cone_violation=problem.max_cone_violation(point),
        solver=solver,
        method=method.method(problem) if isinstance(method, Choosing) else solver,
        n_iterations=solution.n_iterations,
        solve_seconds=seconds,
        beta=problem.beta,
        threads=threads,
        program=problem.family.name,
        loss=problem.loss.name,
        classes=classes,
        network=kind_of(problem.family.name).of_point(problem, point),
        patterns=patterns,
        nu=found.nu,
        history=followed.history,
        stopped=followed.stopped,
    )


def _bracketed(
    solver: GlobalSolver,
    data: Dataset,
    classes: Classes | None,
    beta: float,
    deadline: Deadline,
    threads: int,
    on_progress: OnBracket,
) -> SolveResult:
    """Bracket the optimum over networks of every width."""
    followed = follow(solver, data, beta, None, deadline, on_progress)
    solution, found = followed.solution, followed.solution.certificate
    blocks = to_blocks(solution.network, data)
    problem = relu_program(data, blocks.patterns, beta, loss=solver.loss)
    return SolveResult(
        status=solution.status,
        primal_value=found.primal_value,
        dual_value=found.dual_value,
        relative_gap=found.relative_gap,
        n_patterns=written_count(predicted_count(data.X).cover_count),
        complete=True,
        certificate=solution.bound,
        active_blocks=solution.network.width,
        max_cone_violation=problem.max_cone_violation(blocks.point),
        solver="global_optimum",
        method="global_optimum",
        n_iterations=solution.n_rounds,
        solve_seconds=solution.seconds,
        beta=beta,
        threads=threads,
        program=problem.family.name,
        loss=problem.loss.name,
        classes=classes,
        network=solution.network,
        patterns=blocks.patterns,
        nu=found.nu,
        history=followed.history,
        stopped=followed.stopped,
    )
