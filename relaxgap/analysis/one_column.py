"""Train networks of one column with free biases: two layers, and narrow ones of any depth."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import FollowedBracket, OnBracket, follow_solutions
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import ZERO_PRICE, Regularisation
from relaxgap.certificates.one_column.bracket import (
    OneColumnBracket,
    critical_strength,
    dual_point_of_zero,
)
from relaxgap.data.classes import Classes
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError, DataError, NoUnitError
from relaxgap.networks import FittedNetwork, Training, TwoLayerNetwork
from relaxgap.networks.narrow_network import NarrowNetwork, to_narrow
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems.biases import PENALISED, Biases
from relaxgap.problems.families import ConeBlocks
from relaxgap.problems.losses import Loss
from relaxgap.problems.one_column import NAME, OneColumnProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.bracketed import BracketSolution
from relaxgap.solvers.kinks.rounds import KINKS, kink_rounds, takes

FREE = PENALISED["weights"]
MOST_BETA = 1e300
"""In units of the data: from far below it on a constant is optimal."""
ROUNDED = 1e-12
"""Relative difference of losses that rounding of their sums explains."""


@dataclass(frozen=True, slots=True, eq=False)
class OneColumn:
    """Hold one column of data, and what a result tells of the rest.

    Parameters
    ----------
    data : Dataset
        Scaled rows.
    column : int
        The one that is not constant, or any if all are.
    loss : Loss
        Of the outputs.
    name : str
        Of the program: ``relu`` or ``narrow``.
    depth : int
        Layers of weights.
    classes : tuple of str or None
        The names of -1 and +1.
    scaling : Scaling or None
        What was done to the rows.
    """

    data: Dataset
    column: int
    loss: Loss
    name: str = ConeBlocks.name
    depth: int = 2
    classes: Classes | None = None
    scaling: Scaling | None = None

    @classmethod
    def narrow(cls, data: Dataset, classes: Classes | None, loss: Loss, depth: int) -> "OneColumn":
        """Return training of narrow networks of a depth.

        Raises
        ------
        DataError, ConfigurationError
            If there is more than one column, or one class alone, or the loss has corners.
        """
        if data.d != 1:
            raise DataError(
                f"Expected one column for narrow networks, got {data.d}; choose one of them."
            )
        if not takes(loss):
            raise ConfigurationError(
                f"Expected the squared or the logistic loss for narrow networks, got {loss.name}; "
                "take one of them."
            )
        _refuse_one_class(classes)
        return cls(data, 0, loss, NAME, depth, classes)

    @property
    def program(self) -> OneColumnProgram:
        """The program of strength 1."""
        return OneColumnProgram.of(
            np.ascontiguousarray(self.data.X[:, self.column]), self.data.y, self.depth, self.loss
        )

    def solved(
        self,
        strength: Regularisation,
        rtol: float,
        deadline: Deadline,
        threads: int,
        on_progress: OnBracket,
    ) -> SolveResult:
        """Return a network and its bracket: of two layers, or a narrow one where depth is given."""
        start = time.perf_counter()
        with threadpool_limits(limits=threads):
            program = self.program
            beta = _beta(strength, program)
            # a larger strength than these has the same optimum, a constant
            own = min(float(np.ldexp(beta, -program.exponent)), MOST_BETA)
            program = replace(program, beta=own)
            rounds = _in_own_units(kink_rounds(program, rtol, deadline), program)
            followed = follow_solutions(rounds, on_progress, start)
        seconds = time.perf_counter() - start
        return self._result(program, beta, rtol, followed, seconds, threads)

    def two_layers(self, narrow: NarrowNetwork, beta: float) -> FittedNetwork:
        """Return a network of depth 2 as one of raw rows with all their columns."""
        output = np.ascontiguousarray(narrow.weights[:, 1])
        network = TwoLayerNetwork(self._first_layer(narrow), output)
        training = Training(beta, ConeBlocks.name, self.loss.name, self.classes, FREE)
        return FittedNetwork(network, True, narrow.output_bias, self.scaling, training=training)

    def _first_layer(self, narrow: NarrowNetwork) -> Float64[np.ndarray, "K d1"]:
        """Return weights of all columns, and biases last."""
        hidden = np.zeros((narrow.width, self.data.d + 1))
        hidden[:, self.column], hidden[:, -1] = narrow.weights[:, 0], narrow.biases[:, 0]
        return hidden

    def _attained(self, narrow: NarrowNetwork, beta: float) -> float:
        """Return the loss of a network as it is: far from zero, biases lose digits of kinks."""
        column = Dataset(self.data.X[:, self.column : self.column + 1], self.data.y)
        with np.errstate(over="ignore", invalid="ignore"):
            attained = narrow.training_loss(column, beta, self.loss)
        return attained if np.isfinite(attained) else np.inf

    def _result(
        self,
        program: OneColumnProgram,
        beta: float,
        rtol: float,
        followed: FollowedBracket[BracketSolution[Any]],
        seconds: float,
        threads: int,
    ) -> SolveResult:
        found, bracket = followed.solution, followed.solution.certificate
        narrow = to_narrow(program, bracket.ramps)
        rows = np.column_stack([self.data.X, np.ones(self.data.n)])
        attained = self._attained(narrow, beta)
        if attained > bracket.primal_value * (1.0 + ROUNDED):
            bracket = replace(bracket, primal_value=attained)
        short = found.status is Status.SOLVED and bracket.relative_gap > rtol
        return SolveResult(
            status=Status.INACCURATE if short else found.status,
            primal_value=bracket.primal_value,
            dual_value=bracket.dual_value,
            relative_gap=bracket.relative_gap,
            n_patterns=2 * program.n_sites,
            complete=True,
            certificate=KINKS,
            active_blocks=narrow.width,
            max_cone_violation=0.0,
            solver=KINKS,
            method=KINKS,
            n_iterations=found.n_iterations,
            solve_seconds=seconds,
            beta=beta,
            threads=threads,
            program=self.name,
            loss=self.loss.name,
            classes=self.classes,
            hidden_bias=FREE.hidden,
            output_bias=FREE.output,
            standardized=self.scaling is not None,
            n_outputs=1,
            subnetwork_width=None,
            normalisation=None,
            network=narrow if self.name == NAME else self.two_layers(narrow, beta),
            patterns=pattern_set_from_gates(rows, self._first_layer(narrow)),
            nu=program.in_order_of_data(np.ldexp(bracket.nu, program.y_exponent)),
            history=followed.history,
            stopped=followed.stopped,
        )


def one_column_of(
    solver: str | None,
    usual: bool,
    data: Dataset,
    classes: Classes | None,
    loss: Loss,
    biases: Biases,
    standardize: bool,
) -> OneColumn | None:
    """Return two-layer training as a problem of one column; None if it is none.

    Columns that are constant do not count: a free bias does what their weights would.

    Parameters
    ----------
    solver : str or None
        As it was asked for.
    usual : bool
        Whether it is the relu program over all patterns, on NumPy's arrays.
    data, classes, loss, biases, standardize
        Of the problem.

    Raises
    ------
    DataError
        If a free constant has one class alone to fit.
    ConfigurationError
        If it is none and the solver of one column was asked for.
    """
    columns = _varying(data.X) if usual and biases == FREE and takes(loss) else [0, 0]
    if len(columns) > 1:
        if solver == KINKS:
            raise ConfigurationError(
                f"Expected one column, all patterns, penalise=weights and a smooth loss for "
                f"{KINKS}, got another problem; leave the solver out."
            )
        return None
    _refuse_one_class(classes)
    scaling = Scaling.of(data.X) if standardize else None
    data = data if scaling is None else scaling.scaled(data)
    column = columns[0] if columns else 0
    return OneColumn(data, column, loss, classes=classes, scaling=scaling)


def _varying(X: Float64[np.ndarray, "n d"]) -> list[int]:
    """Return the columns that are not constant, two at most."""
    found: list[int] = []
    for column in range(X.shape[1]):
        if len(found) < 2 and np.any(X[:, column] != X[0, column]):
            found.append(column)
    return found


def _refuse_one_class(classes: Classes | None) -> None:
    if classes is not None and len(classes) == 1:
        raise DataError(
            f"Expected two classes for a free output bias, got {classes[0]!r} alone, which it fits "
            "at no cost; give samples of another class."
        )


def _beta(strength: Regularisation, program: OneColumnProgram) -> float:
    """Return the absolute strength."""
    if strength.beta is not None:
        return float(strength.beta)
    largest = critical_strength(program)
    size = float(np.abs(dual_point_of_zero(program)).sum())
    if size == 0.0 or largest <= ZERO_PRICE * size:
        raise NoUnitError(
            "Expected data with beta_max > 0, got beta_max = 0 up to rounding (the column or y is "
            "constant); give beta."
        )
    assert strength.beta_fraction is not None
    return strength.beta_fraction * float(np.ldexp(largest, program.exponent))


def _in_own_units(
    rounds: Iterator[BracketSolution[OneColumnBracket]], program: OneColumnProgram
) -> Iterator[BracketSolution[OneColumnBracket]]:
    """Bring the values of brackets into the units of the labels; powers of two lose nothing."""
    for found in rounds:
        bracket, exponent = found.certificate, 2 * program.y_exponent
        own = replace(
            bracket,
            primal_value=float(np.ldexp(bracket.primal_value, exponent)),
            dual_value=float(np.ldexp(bracket.dual_value, exponent)),
        )
        yield replace(found, certificate=own)
