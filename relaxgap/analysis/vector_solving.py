"""Train a network with several outputs by convex optimisation and say how good it is."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import OnBracket, follow_solutions, unseen
from relaxgap.analysis.inputs import as_float64
from relaxgap.analysis.pattern_choice import PatternChoice, choose_patterns
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import BETA_MAX_SHARE, ZERO_PRICE, Regularisation
from relaxgap.certificates.vector.cell_faces import MAX_FACES, predicted_faces
from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.certificates.vector.free_prices import free_prices
from relaxgap.data.dataset import Dataset
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError, DataError, NoUnitError
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE, MAX_LISTED_PATTERNS
from relaxgap.numerics.rounding import magnitude
from relaxgap.patterns import PatternSet, predicted_count
from relaxgap.patterns.counting import written_count
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems.biases import Bias
from relaxgap.problems.families import FreeBlocks
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.vector_output import NAME as VECTOR
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.vector.following import VectorSolution, solutions
from relaxgap.solvers.vector.local_prices import LocalPrices
from relaxgap.solvers.vector.methods import in_units, method_for, vector_rounds
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
                f"Expected no {name} for several outputs, got {value!r}; leave it out, and scale "
                "or centre rows and labels before."
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

    Raises
    ------
    DataError, ConfigurationError, EnumerationLimitError
        As `relaxgap.solve`.
    """
    # what it checks of accuracy, time and seed holds here too
    GlobalSolver(rtol, BRACKET_SECONDS if time_limit is None else time_limit, seed=seed)
    if program not in (VECTOR, "relu", GATED):
        raise ConfigurationError(
            f"Expected the program {VECTOR} or {GATED} for several outputs, got {program!r}; "
            "choose one."
        )
    asked = _Asked(strength, rtol, seed, threads, time.perf_counter(), on_progress)
    scaled = in_units(VectorProgram(vector_dataset_of(X, Y), 1.0))
    with threadpool_limits(limits=threads):
        if program == GATED:
            return _gated(asked, *scaled, patterns, solver, limit, Deadline.after(time_limit))
        return _vector(asked, *scaled, patterns, solver, limit, time_limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What both programs are handed alike."""

    strength: Regularisation
    rtol: float
    seed: int
    threads: int
    start: float
    on_progress: OnBracket

    def beta(self, unit: float, scaled: VectorProgram) -> float:
        """Return the absolute strength, in the units in which ``unit`` is the critical one."""
        fraction = self.strength.beta_fraction
        assert fraction is not None
        spread = scaled.spread(scaled.data.Y)
        scale = sum(magnitude(scaled.data.X, column) for column in spread.T)
        if unit <= ZERO_PRICE * scale:
            raise NoUnitError(
                "Expected data with beta_max > 0, got beta_max = 0 up to rounding (X or Y is zero, "
                "or no neuron of these patterns gains anything); give beta."
            )
        return fraction * unit

    def result(
        self,
        found: VectorSolution[Any],
        network: VectorNetwork | GatedVectorNetwork,
        patterns: PatternSet,
        R: Float64[np.ndarray, "n q"],
        said: dict[str, Any],
    ) -> SolveResult:
        """Return what both have in common, with what is said of one."""
        return SolveResult(
            status=found.status,
            primal_value=found.certificate.primal_value,
            dual_value=found.certificate.dual_value,
            relative_gap=found.certificate.relative_gap,
            active_blocks=network.width,
            max_cone_violation=0.0,
            n_iterations=found.n_iterations,
            solve_seconds=time.perf_counter() - self.start,
            threads=self.threads,
            loss="squared",
            classes=None,
            hidden_bias=Bias.NONE,
            output_bias=Bias.NONE,
            standardized=False,
            n_outputs=int(R.shape[1]),
            network=network,
            patterns=patterns,
            nu=R,
            **said,
        )


def _vector(
    asked: _Asked,
    scaled: VectorProgram,
    x_unit: float,
    y_unit: float,
    patterns: PatternChoice,
    solver: str | None,
    limit: int,
    time_limit: float | None,
) -> SolveResult:
    """Solve the program of ReLU networks over all cells, or over those of given patterns."""
    X, units = scaled.data.X, x_unit * y_unit
    count = predicted_count(X)
    over_all = isinstance(patterns, str) and patterns == "all"
    listed = count.cover_count * X.shape[0] <= MAX_BITS_SOLVED_AT_ONCE
    listed = not over_all or (listed and predicted_faces(X) <= MAX_FACES)
    deadline = Deadline.after(BRACKET_SECONDS if time_limit is None and not listed else time_limit)
    rows = Dataset(X, np.zeros(X.shape[0]))
    most = MAX_BITS_SOLVED_AT_ONCE if over_all else limit
    cells = choose_patterns(patterns, rows, most, asked.seed) if listed else None
    if cells is not None and over_all and not cells.complete:
        cells = None
    method = method_for(scaled, cells, solver)
    prices = None
    if asked.strength.beta is not None:
        beta = asked.strength.beta / units
    else:
        largest, prices = _largest_price(scaled, cells, deadline)
        beta = asked.beta(largest, scaled)
    program = replace(scaled, beta=beta)
    rounds = vector_rounds(program, cells, method, asked.rtol, asked.seed, deadline, prices)
    followed = follow_solutions(_in_own_units(rounds, y_unit), asked.on_progress, asked.start)
    found = followed.solution
    bracket = found.certificate
    network = VectorNetwork(bracket.hidden * y_unit / x_unit, bracket.output).balanced()
    own = pattern_set_from_gates(X, bracket.hidden) if cells is None else cells
    complete = cells is None or cells.complete
    said = {
        "n_patterns": written_count(count.cover_count) if cells is None else cells.n_patterns,
        "complete": complete,
        "certificate": (bracket.proven_by or method) if complete else "chosen_patterns",
        "solver": method,
        "method": method,
        "beta": beta * units,
        "program": VECTOR,
        "history": followed.history,
        "stopped": followed.stopped,
    }
    return asked.result(found, network, own, bracket.R * y_unit, said)


def _largest_price(
    scaled: VectorProgram, cells: PatternSet | None, deadline: Deadline
) -> tuple[float, ConePrices | None]:
    """Return the critical strength, and what listed cells were priced by.

    Over listed cells it is exact, else the largest price that ascent finds.
    """
    spread = scaled.spread(scaled.data.Y)
    if cells is not None:
        try:
            with in_force(deadline.within(BETA_MAX_SHARE)):
                prices = ConePrices.of(scaled.data.X, cells)
                return prices(spread, 0.0).largest, prices
        except OutOfTimeError:
            pass
    found = LocalPrices(scaled, np.random.default_rng(0))(spread, 0.0).best.price
    return float(found.max(initial=0.0)), None


def _gated(
    asked: _Asked,
    scaled: VectorProgram,
    x_unit: float,
    y_unit: float,
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
    X, units = scaled.data.X, x_unit * y_unit
    chosen = choose_patterns(patterns, Dataset(X, np.zeros(X.shape[0])), limit, asked.seed)
    if asked.strength.beta is not None:
        beta = asked.strength.beta / units
    else:
        spread = scaled.spread(scaled.data.Y)
        beta = asked.beta(float(free_prices(X, chosen, spread).max(initial=0.0)), scaled)
    program = replace(scaled, beta=beta)
    zero = np.zeros((chosen.n_patterns, scaled.data.d, scaled.data.q))
    first = nuclear_bracket(program, chosen, zero, scaled.data.Y)
    rounds = solutions(first, nuclear_rounds(program, chosen), asked.rtol, deadline)
    followed = follow_solutions(_in_own_units(rounds, y_unit), asked.on_progress, asked.start)
    found = followed.solution
    V = found.certificate.V
    active = np.flatnonzero(np.any(V != 0.0, axis=(1, 2)))
    network = GatedVectorNetwork(chosen.gates[active], V[active] * (y_unit / x_unit))
    said = {
        "n_patterns": chosen.n_patterns,
        "complete": chosen.complete,
        "certificate": "enumeration" if chosen.complete else "chosen_patterns",
        "solver": PROXIMAL,
        "method": PROXIMAL,
        "beta": beta * units,
        "program": GATED,
        "history": followed.history,
        "stopped": followed.stopped,
    }
    return asked.result(found, network, chosen, found.certificate.R * y_unit, said)


def _in_own_units(
    rounds: Iterator[VectorSolution[Any]], y_unit: float
) -> Iterator[VectorSolution[Any]]:
    """Bring the values of brackets into the units of the labels; powers of two lose nothing."""
    for found in rounds:
        bracket = found.certificate
        values = {
            name: getattr(bracket, name) * y_unit**2 for name in ("primal_value", "dual_value")
        }
        yield replace(found, certificate=replace(bracket, **values))
