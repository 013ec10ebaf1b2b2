"""Train a two-layer ReLU network by convex optimisation and say how good it is."""

import time
from dataclasses import dataclass, replace
from typing import Any

from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import (
    OnBracket,
    follow,
    follow_rounds,
    on_lost_workers,
    unseen,
)
from relaxgap.analysis.inputs import dataset_of, loss_of
from relaxgap.analysis.narrow_solving import asks_for_narrow, solve_narrow
from relaxgap.analysis.one_column import one_column_of
from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.preparation import Prepared, biases_of, prepare
from relaxgap.analysis.programs import kind_of
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import Regularisation, is_small
from relaxgap.analysis.three_layer_inputs import asks_for_three_layers, refuse_for_three_layers
from relaxgap.analysis.three_layer_solving import solve_three_layers
from relaxgap.analysis.units_remarks import remarks_on
from relaxgap.analysis.vector_solving import (
    has_several_outputs,
    refuse_for_several_outputs,
    solve_vector,
)
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import FittedNetwork, TwoLayerNetwork, minimal_network, to_blocks
from relaxgap.networks.gated import GatedNetwork
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE, MAX_LISTED_PATTERNS
from relaxgap.patterns import predicted_count
from relaxgap.patterns.counting import written_count
from relaxgap.problems import PROGRAMS, Program, relu_program
from relaxgap.solvers import registry
from relaxgap.solvers.base import Choosing, Solver
from relaxgap.solvers.kinks.rounds import KINKS
from relaxgap.solvers.with_bias import SHARE

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
    bias: bool = False,
    penalise: str | None = None,
    standardize: bool = False,
    minimal: bool = False,
    subnetwork_width: int | None = None,
    normalisation: str | None = None,
    depth: int | None = None,
    limit: int = MAX_LISTED_PATTERNS,
    threads: int = 1,
    workers: int | None = None,
    scheduler: str | None = None,
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
    y : (n,) or (n, q) array
        Labels; several columns are fitted together, by a network of as many outputs under the
        squared loss, for which ``X`` may also hold patches, (n, T, d). Of the logistic and the
        hinge loss two classes of any names, the later in order (of numbers, or of the alphabet) is
        +1.
    beta, beta_fraction : float
        Strength of the regularisation, exactly one: absolute, or as a fraction of the least beta
        at which the zero network is optimal. Where the patterns are too many to enumerate, of the
        largest such beta that local ascent finds, in at most a third of the time; where listed ones
        take longer than that to price, of the largest price of a gate.
    patterns : str, int or PatternSet
        ``all``; ``gaussian:N`` or N, the patterns of N Gaussian gates; ``geometric_algebra:N``, of
        N gates orthogonal to random rows (arXiv 2406.02806); the path of an ``.npz`` file
        with an array ``gates``; or a set.
    program : str
        ``relu``, or ``gated`` for its relaxation without cones, whose networks are gated. With
        several columns of labels, or asked for with ``vector``, `relaxgap.analysis.vector_solving`.
        ``three_layer``, ``narrow``: `three_layer_solving`, `narrow_solving` of `relaxgap.analysis`.
    solver : str, optional
        One of `relaxgap.solvers.registry.NAMES`; by default semismooth Newton, a bracket over all
        patterns where they are too many to enumerate, ``kinks`` for one column with free biases.
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
    bias : bool
        Give every hidden neuron a bias, a weight on a column of ones, and the output one that costs
        nothing.
    penalise : str, optional
        Which biases cost what instead: ``weights``, all biases are free, as scikit-learn has it;
        or ``all``, biases cost what weights do, as the ``weight_decay`` of PyTorch has it.
    standardize : bool
        Bring every column to mean 0 and variance 1 first; the network takes raw rows.
    minimal : bool
        Merge and prune the network: at most as many neurons as samples, of no larger loss.
    subnetwork_width, normalisation, depth : int, str and int, optional
        With ``three_layer``: first-layer neurons of each sub-network, 2 by default, and of first
        layers ``columns``, by default, or ``frobenius``. With ``narrow``: layers, 3 by default.
    limit : int
        Arrangements that may hold more patterns are refused where they have to be enumerated.
    threads : int
        BLAS threads; more than one pay for thousands of samples only.
    workers : int, optional
        Processes that share out the regions of branch and bound over all patterns too many to
        enumerate, under the squared loss: by default one, or all that the scheduler has. The
        bracket holds whatever becomes of them.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers are the processes beside
        this one; by default they are of this machine.
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
    only_two: dict[str, Any] = {"bias": bias, "penalise": penalise, "standardize": standardize}
    several: dict[str, Any] = {"minimal": minimal, "against_rest": against_rest}
    several |= {"workers": workers != 1 and workers, "scheduler": scheduler}
    only_two |= several
    if asks_for_three_layers(program, subnetwork_width, normalisation):
        refuse_for_three_layers(loss, backend, only_two)
        return solve_three_layers(
            X,
            y,
            Regularisation(beta, beta_fraction),
            subnetwork_width,
            normalisation,
            patterns,
            solver,
            rtol,
            time_limit,
            seed,
            threads=threads,
            on_progress=on_progress,
        )
    if asks_for_narrow(program, depth):
        rest = {"patterns": patterns, "solver": solver, "against_rest": None}
        return solve_narrow(
            X,
            y,
            Regularisation(beta, beta_fraction),
            depth,
            (loss, against_rest),
            rtol,
            time_limit,
            backend,
            only_two | rest,
            threads=threads,
            on_progress=on_progress,
        )
    if has_several_outputs(X, y, program):
        refuse_for_several_outputs(loss, backend, several)
        strength = Regularisation(beta, beta_fraction)
        return solve_vector(
            X,
            y,
            strength,
            patterns,
            program,
            solver,
            rtol,
            time_limit,
            seed,
            biases=biases_of(bias, penalise, program),
            standardize=standardize,
            limit=limit,
            threads=threads,
            on_progress=on_progress,
        )
    of_fit = loss_of(loss)
    strength = Regularisation(beta, beta_fraction, program, of_fit)
    kind_of(program)
    name = registry.DEFAULT if solver is None or solver == KINKS else solver
    with_constant = bias or penalise is not None
    method = registry.make(name, SHARE * rtol if with_constant else rtol, backend)
    bracket_limit = BRACKET_SECONDS if time_limit is None else time_limit
    bracketing = GlobalSolver(
        rtol, bracket_limit, seed=seed, loss=of_fit, workers=workers, scheduler=scheduler
    )
    # what comes before the first bracket takes from the limit too
    deadline, bracket_deadline = Deadline.after(time_limit), Deadline.after(bracket_limit)
    biases = biases_of(bias, penalise, program)
    if minimal and program == "gated":
        raise ConfigurationError(
            "Expected the relu program with minimal, got gated, whose networks have no neurons to "
            "merge; drop minimal."
        )
    over_all = solver in (None, KINKS) and program == "relu" and isinstance(patterns, str)
    over_all = over_all and patterns == "all"
    data, classes = dataset_of(X, y, of_fit, against_rest)
    usual = over_all and backend == NUMPY
    column = one_column_of(solver, usual, data, classes, of_fit, biases, standardize)
    if column is not None:
        return column.solved(strength, rtol, deadline, threads, on_progress)
    prepared = prepare(data, classes, of_fit, biases, standardize, rtol, listed=not over_all)
    asked = _Asked(prepared, rtol, threads, minimal, on_progress)
    with threadpool_limits(limits=threads):
        if over_all and not is_small(prepared.data):
            if backend != NUMPY:
                raise registry.only_on_numpy("patterns too many to enumerate", backend)
            absolute = strength.resolved(prepared, None, bracket_deadline)
            return _bracketed(asked, bracketing, absolute, bracket_deadline)
        most = max(limit, MAX_BITS_SOLVED_AT_ONCE) if over_all else limit
        chosen = prepared.choose_patterns(patterns, most, seed)
        absolute = strength.resolved(prepared, chosen, deadline)
        problem = PROGRAMS[program](prepared.data, chosen, absolute, loss=of_fit)
        asked = replace(asked, remarks=tuple(remarks_on(prepared, patterns, chosen)))
        return _solved(asked, method, problem, name, deadline)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What both ways to solve are handed alike."""

    prepared: Prepared
    rtol: float
    threads: int
    minimal: bool
    on_progress: OnBracket
    remarks: tuple[str, ...] = ()

    def network(
        self, network: TwoLayerNetwork | GatedNetwork, data: Dataset, constant: float, beta: float
    ) -> TwoLayerNetwork | GatedNetwork | FittedNetwork:
        """Return the network as one of raw rows; as it is, if nothing was done to them."""
        prepared = self.prepared
        if self.minimal and isinstance(network, TwoLayerNetwork):
            network = minimal_network(network, data)
        if prepared.scaling is None and not prepared.biases.any:
            return network
        return prepared.fitted(network, constant, beta)


def _solved(
    asked: _Asked, method: Solver, problem: Program, solver: str, deadline: Deadline
) -> SolveResult:
    """Solve a program over listed patterns."""
    prepared = asked.prepared
    start = time.perf_counter()
    proven_by = "enumeration" if problem.patterns.complete else "chosen_patterns"
    bias = (prepared.output_bias(problem.beta), asked.rtol) if prepared.has_output_bias else None
    followed = follow_rounds(method, problem, proven_by, deadline, asked.on_progress, bias)
    seconds = time.perf_counter() - start
    solution = followed.solution
    patterns, point, found = problem.patterns, solution.point, solution.certificate
    network = asked.network(
        kind_of(problem.family.name).of_point(problem, point),
        problem.data,
        solution.constant,
        problem.beta,
    )
    return SolveResult(
        status=solution.status,
        primal_value=found.primal_value,
        dual_value=found.dual_value,
        relative_gap=found.relative_gap,
        n_patterns=patterns.n_patterns,
        complete=patterns.complete,
        certificate=proven_by,
        active_blocks=network.width,
        max_cone_violation=problem.max_cone_violation(point),
        solver=solver,
        method=method.method(problem) if isinstance(method, Choosing) else solver,
        n_iterations=solution.n_iterations,
        solve_seconds=seconds,
        beta=problem.beta,
        threads=asked.threads,
        program=problem.family.name,
        loss=problem.loss.name,
        classes=prepared.classes,
        hidden_bias=prepared.biases.hidden,
        output_bias=prepared.biases.output,
        standardized=prepared.scaling is not None,
        n_outputs=1,
        subnetwork_width=None,
        normalisation=None,
        network=network,
        patterns=patterns,
        nu=found.nu,
        history=followed.history,
        stopped=followed.stopped,
        remarks=asked.remarks,
    )


def _bracketed(asked: _Asked, solver: GlobalSolver, beta: float, deadline: Deadline) -> SolveResult:
    """Bracket the optimum over networks of every width."""
    prepared = asked.prepared
    data = prepared.data
    bias = prepared.output_bias(beta) if prepared.has_output_bias else None
    followed = follow(solver, data, beta, None, deadline, asked.on_progress, bias)
    solution, found = followed.solution, followed.solution.certificate
    blocks = to_blocks(solution.network, data)
    problem = relu_program(data, blocks.patterns, beta, loss=solver.loss)
    network = asked.network(solution.network, data, solution.constant, beta)
    return SolveResult(
        status=solution.status,
        primal_value=found.primal_value,
        dual_value=found.dual_value,
        relative_gap=found.relative_gap,
        n_patterns=written_count(predicted_count(data.X).cover_count),
        complete=True,
        certificate=solution.bound,
        active_blocks=network.width,
        max_cone_violation=problem.max_cone_violation(blocks.point),
        solver="global_optimum",
        method="global_optimum",
        n_iterations=solution.n_rounds,
        solve_seconds=solution.seconds,
        beta=beta,
        threads=asked.threads,
        program=problem.family.name,
        loss=problem.loss.name,
        classes=prepared.classes,
        hidden_bias=prepared.biases.hidden,
        output_bias=prepared.biases.output,
        standardized=prepared.scaling is not None,
        n_outputs=1,
        subnetwork_width=None,
        normalisation=None,
        network=network,
        patterns=blocks.patterns,
        nu=found.nu,
        history=followed.history,
        stopped=followed.stopped,
        remarks=asked.remarks + on_lost_workers(solution.n_lost_workers),
    )
