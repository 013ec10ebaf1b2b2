"""Train a network with several outputs by convex optimisation and say how good it is."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import OnBracket, follow_solutions, unseen
from relaxgap.analysis.inputs import as_float64
from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import (
    BETA_MAX_SHARE,
    ZERO_PRICE,
    Regularisation,
    least_strength,
)
from relaxgap.analysis.vector_preparation import PreparedOutputs, prepare_outputs
from relaxgap.certificates.vector.cell_faces import MAX_FACES, predicted_faces
from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.certificates.vector.free_prices import free_prices
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError, DataError, NoUnitError
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import FittedNetwork
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE, MAX_LISTED_PATTERNS
from relaxgap.numerics.rounding import magnitude
from relaxgap.patterns import PatternSet, predicted_count
from relaxgap.patterns.counting import written_count
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems.biases import NO_BIASES, Bias, Biases
from relaxgap.problems.families import FreeBlocks
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.vector_output import NAME as VECTOR
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.bracketed import BracketSolution, solutions
from relaxgap.solvers.vector.local_prices import LocalPrices
from relaxgap.solvers.vector.methods import method_for, vector_rounds
from relaxgap.solvers.vector.nuclear import nuclear_bracket, nuclear_rounds

GATED = FreeBlocks.name
PROXIMAL = "proximal"
"""The one solver of the gated program."""
BRACKET_SECONDS = 300.0
"""Time limit where cells are not listed and none is given."""


def has_several_outputs(X: Any, y: Any, program: str) -> bool:
    """Whether a problem is one of several outputs: asked for, columns of labels, or patches."""
    return program == VECTOR or _n_axes(y) == 2 or _n_axes(X) == 3


def _n_axes(values: Any) -> int:
    try:
        return int(np.ndim(values))
    except ValueError:
        # rows of different lengths, which are refused where they are read
        return 0


def refuse_for_several_outputs(loss: str, backend: Backend, given: Mapping[str, Any]) -> None:
    """Refuse what problems of several outputs do not have.

    Raises
    ------
    ConfigurationError
        If the loss is another than the squared one, the backend another than NumPy, or one of the
        arguments by name is given.
    """
    if loss != SQUARED.name:
        raise ConfigurationError(
            f"Expected the {SQUARED.name} loss for several outputs, got {loss}; make one column of "
            "zeros and ones for each class."
        )
    if backend != NUMPY:
        raise ConfigurationError(
            "Expected the backend numpy in float64 for several outputs, got another; leave out "
            "backend, device and dtype."
        )
    for name, value in given.items():
        if value:
            raise ConfigurationError(
                f"Expected no {name} for several outputs, got {value!r}; leave it out."
            )


def vector_dataset_of(X: Any, Y: Any) -> VectorDataset:
    """Make a data set of samples (n, d), or of patches (n, T, d), and of labels (n, q) or (n,).

    Raises
    ------
    DataError
        If an entry is no real number, or the shapes do not match.
    """
    rows, labels = as_float64(X, "X"), as_float64(Y, "Y")
    labels = labels[:, None] if labels.ndim == 1 else labels
    if rows.ndim not in (2, 3):
        raise DataError(
            f"Expected X of shape (n, d), or (n, T, d) of patches, got {rows.shape}; reshape X."
        )
    if labels.ndim != 2 or labels.shape[0] != rows.shape[0]:
        raise DataError(
            f"Expected one row of labels for each of the {rows.shape[0]} samples, got Y of shape "
            f"{labels.shape}; make the lengths match."
        )
    if 0 in rows.shape:
        raise DataError(
            f"Expected samples with features, got X of shape {rows.shape}; supply a non-empty data "
            "set."
        )
    return VectorDataset(rows.reshape(-1, rows.shape[-1]), labels)


def solve_vector(
    X: Any,
    Y: Any,
    strength: Regularisation,
    patterns: PatternChoice = "all",
    program: str = VECTOR,
    solver: str | None = None,
    rtol: float = 1e-6,
    time_limit: float | None = None,
    seed: int = 0,
    *,
    biases: Biases = NO_BIASES,
    standardize: bool = False,
    limit: int = MAX_LISTED_PATTERNS,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> SolveResult:
    r"""Find a network with several outputs of least training loss, with a bracket.

    What `relaxgap.solve` does with columns of labels: its arguments are those of `relaxgap.solve`,
    and its bracket is one of the common program of all outputs.

    Parameters
    ----------
    X : (n, d) or (n, T, d) array
        One sample a row; or T patches a sample, whose activations are added up.
    Y : (n, q) or (n,) array
        Labels.
    strength : Regularisation
        ``beta``, or a fraction of the least at which the zero network is optimal.
    patterns, program, solver, rtol, time_limit, seed, limit, threads, on_progress
        As for `relaxgap.solve`. The program is ``vector``, ReLU networks, whose solvers over all
        patterns are those of `relaxgap.solvers.vector.methods.METHODS`; or ``gated``, with nuclear
        norms.
    biases : Biases
        Which there are, and which of them cost.
    standardize : bool
        Bring every column to mean 0 and variance 1 first; the network takes raw rows.

    Raises
    ------
    DataError, ConfigurationError, EnumerationLimitError
        As `relaxgap.solve`.
    """
    check_settings(program, rtol, time_limit, seed)
    listed = not (isinstance(patterns, str) and patterns == "all")
    prepared = prepare_outputs(vector_dataset_of(X, Y), biases, standardize, rtol, listed=listed)
    return solve_prepared(
        prepared,
        strength,
        patterns,
        program,
        solver,
        rtol,
        time_limit,
        seed,
        limit=limit,
        threads=threads,
        on_progress=on_progress,
    )


def check_settings(program: str, rtol: float, time_limit: float | None, seed: int) -> None:
    """Refuse settings that are out of range, before data are looked at.

    Raises
    ------
    ConfigurationError
        If one is.
    """
    # what it checks of accuracy, time and seed holds here too
    GlobalSolver(rtol, BRACKET_SECONDS if time_limit is None else time_limit, seed=seed)
    if program not in (VECTOR, "relu", GATED):
        raise ConfigurationError(
            f"Expected the program {VECTOR} or {GATED} for several outputs, got {program!r}; "
            "choose one."
        )


def solve_prepared(
    prepared: PreparedOutputs,
    strength: Regularisation,
    patterns: PatternChoice = "all",
    program: str = VECTOR,
    solver: str | None = None,
    rtol: float = 1e-6,
    time_limit: float | None = None,
    seed: int = 0,
    *,
    limit: int = MAX_LISTED_PATTERNS,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> SolveResult:
    """Do what `solve_vector` does with rows and labels that are prepared, and checked settings.

    Parameters
    ----------
    prepared : PreparedOutputs
        Rows and labels.
    strength, patterns, program, solver, rtol, time_limit, seed, limit, threads, on_progress
        As of `solve_vector`.

    Raises
    ------
    DataError, ConfigurationError, EnumerationLimitError
        As `relaxgap.solve`.
    """
    asked = _Asked(prepared, strength, rtol, seed, threads, time.perf_counter(), on_progress)
    with threadpool_limits(limits=threads):
        if program == GATED:
            return _gated(asked, patterns, solver, limit, Deadline.after(time_limit))
        return _vector(asked, patterns, solver, limit, time_limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What both programs are handed alike."""

    prepared: PreparedOutputs
    strength: Regularisation
    rtol: float
    seed: int
    threads: int
    start: float
    on_progress: OnBracket

    def beta(self, price: Callable[[VectorProgram], float], deadline: Deadline) -> float:
        """Return the absolute strength, where the largest price of labels is found so."""
        if self.strength.beta is not None:
            return float(self.strength.beta)
        prepared = self.prepared

        def price_at(penalty: float | None) -> float:
            return prepared.units * price(prepared.program(prepared.units, penalty))

        unit = price_at(prepared.penalty(0.0))
        if prepared.biases.output is Bias.PENALISED:
            unit = least_strength(price_at, max(unit, price_at(None)), deadline)
        labels = prepared.program(prepared.units, None)
        spread = labels.spread(labels.data.Y)
        scale = sum(magnitude(labels.data.X, column) for column in spread.T)
        if unit <= ZERO_PRICE * scale * prepared.units:
            raise NoUnitError(
                "Expected data with beta_max > 0, got beta_max = 0 up to rounding (X or Y is zero, "
                "or constant beside output biases, or no neuron of these patterns gains anything); "
                "give beta."
            )
        return float(self.strength.beta_fraction or 0.0) * unit

    def program(self, beta: float) -> VectorProgram:
        """Return the program of an absolute strength."""
        return self.prepared.program(beta, self.prepared.penalty(beta))

    def result(
        self,
        found: BracketSolution[Any],
        network: VectorNetwork | GatedVectorNetwork,
        patterns: PatternSet,
        beta: float,
        said: dict[str, Any],
    ) -> SolveResult:
        """Return what both have in common, with what is said of one."""
        R = found.certificate.R * self.prepared.y_unit
        own = self.prepared.own(network, beta)
        upper, lower = found.certificate.primal_value, found.certificate.dual_value
        if isinstance(own, FittedNetwork):
            # the constants that are best need not be numbers of this precision
            upper = max(upper, own.training_loss(self.prepared.data))
        gap = (upper - lower) / upper if upper > lower else 0.0
        missed = found.status is Status.SOLVED and gap > self.rtol
        return SolveResult(
            status=Status.INACCURATE if missed else found.status,
            primal_value=upper,
            dual_value=lower,
            relative_gap=gap,
            active_blocks=network.width,
            max_cone_violation=0.0,
            n_iterations=found.n_iterations,
            solve_seconds=time.perf_counter() - self.start,
            beta=beta,
            threads=self.threads,
            loss=SQUARED.name,
            classes=None,
            hidden_bias=self.prepared.biases.hidden,
            output_bias=self.prepared.biases.output,
            standardized=self.prepared.rows.scaling is not None,
            n_outputs=int(R.shape[1]),
            subnetwork_width=None,
            normalisation=None,
            network=own,
            patterns=patterns,
            nu=R,
            **said,
        )


def _vector(
    asked: _Asked,
    patterns: PatternChoice,
    solver: str | None,
    limit: int,
    time_limit: float | None,
) -> SolveResult:
    """Solve the program of ReLU networks over all cells, or over those of given patterns."""
    prepared = asked.prepared
    X = prepared.rows.data.X
    count = predicted_count(X)
    over_all = isinstance(patterns, str) and patterns == "all"
    listed = count.cover_count * X.shape[0] <= MAX_BITS_SOLVED_AT_ONCE
    listed = not over_all or (listed and predicted_faces(X) <= MAX_FACES)
    deadline = Deadline.after(BRACKET_SECONDS if time_limit is None and not listed else time_limit)
    most = MAX_BITS_SOLVED_AT_ONCE if over_all else limit
    cells = prepared.rows.choose_patterns(patterns, most, asked.seed) if listed else None
    if cells is not None and over_all and not cells.complete:
        cells = None
    method = method_for(prepared.program(1.0, None), cells, solver)
    pricing = _Pricing(cells)
    beta = asked.beta(lambda labels: pricing.largest(labels, deadline), deadline)
    program = asked.program(beta)
    rounds = vector_rounds(program, cells, method, asked.rtol, asked.seed, deadline, pricing.known)
    in_own_units = _in_own_units(rounds, prepared.y_unit)
    followed = follow_solutions(in_own_units, asked.on_progress, asked.start)
    found = followed.solution
    bracket = found.certificate
    complete = cells is None or cells.complete
    said = {
        "n_patterns": written_count(count.cover_count) if cells is None else cells.n_patterns,
        "complete": complete,
        "certificate": (bracket.proven_by or method) if complete else "chosen_patterns",
        "solver": method,
        "method": method,
        "program": VECTOR,
        "history": followed.history,
        "stopped": followed.stopped,
    }
    own = pattern_set_from_gates(X, bracket.hidden) if cells is None else cells
    return asked.result(found, VectorNetwork(bracket.hidden, bracket.output), own, beta, said)


class _Pricing:
    """The largest price of labels, and what listed cells were priced by."""

    def __init__(self, cells: PatternSet | None) -> None:
        self.cells = cells
        self.known: ConePrices | None = None

    def largest(self, labels: VectorProgram, deadline: Deadline) -> float:
        """Return it: over listed cells exact, else the largest that ascent finds."""
        spread = labels.spread(labels.data.Y)
        if self.cells is not None:
            try:
                with in_force(deadline.within(BETA_MAX_SHARE)):
                    self.known = self.known or ConePrices.of(labels.data.X, self.cells)
                    return self.known(spread, 0.0).largest
            except OutOfTimeError:
                pass
        found = LocalPrices(labels, np.random.default_rng(0))(spread, 0.0).best.price
        return float(found.max(initial=0.0))


def _gated(
    asked: _Asked,
    patterns: PatternChoice,
    solver: str | None,
    limit: int,
    deadline: Deadline,
) -> SolveResult:
    """Solve the gated program over the patterns that are asked for."""
    if solver not in (None, PROXIMAL):
        raise ConfigurationError(
            f"Expected the solver {PROXIMAL} for the gated program of several outputs, got "
            f"{solver!r}; leave it out."
        )
    prepared = asked.prepared
    chosen = prepared.rows.choose_patterns(patterns, limit, asked.seed)

    def price(labels: VectorProgram) -> float:
        spread = labels.spread(labels.data.Y)
        return float(free_prices(labels.data.X, chosen, spread).max(initial=0.0))

    beta = asked.beta(price, deadline)
    program = asked.program(beta)
    zero = np.zeros((chosen.n_patterns, program.data.d, program.data.q))
    first = nuclear_bracket(program, chosen, zero, program.data.Y)
    rounds = solutions(first, nuclear_rounds(program, chosen), asked.rtol, deadline)
    in_own_units = _in_own_units(rounds, prepared.y_unit)
    followed = follow_solutions(in_own_units, asked.on_progress, asked.start)
    found = followed.solution
    V = found.certificate.V
    active = np.flatnonzero(np.any(V != 0.0, axis=(1, 2)))
    said = {
        "n_patterns": chosen.n_patterns,
        "complete": chosen.complete,
        "certificate": "enumeration" if chosen.complete else "chosen_patterns",
        "solver": PROXIMAL,
        "method": PROXIMAL,
        "program": GATED,
        "history": followed.history,
        "stopped": followed.stopped,
    }
    network = GatedVectorNetwork(chosen.gates[active], V[active])
    return asked.result(found, network, chosen, beta, said)


def _in_own_units(
    rounds: Iterator[BracketSolution[Any]], y_unit: float
) -> Iterator[BracketSolution[Any]]:
    """Bring the values of brackets into the units of the labels; powers of two lose nothing."""
    for found in rounds:
        bracket = found.certificate
        values = {
            name: getattr(bracket, name) * y_unit**2 for name in ("primal_value", "dual_value")
        }
        yield replace(found, certificate=replace(bracket, **values))
