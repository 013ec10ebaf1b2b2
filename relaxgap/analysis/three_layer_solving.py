"""Train parallel three-layer networks by convex optimisation and say how good they are."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import OnBracket, follow_solutions, unseen
from relaxgap.analysis.pattern_choice import PatternChoice, n_gates_of
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import BETA_MAX_SHARE, ZERO_PRICE, Regularisation
from relaxgap.analysis.three_layer_inputs import program_of
from relaxgap.certificates.three_layer.duality import ThreeLayerBracket
from relaxgap.certificates.three_layer.group_prices import (
    GroupList,
    largest_price,
    sampled_groups,
)
from relaxgap.certificates.three_layer.prices import SelectionPrices
from relaxgap.errors import ConfigurationError, NoUnitError
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.numerics.clock import Deadline, in_force
from relaxgap.numerics.rounding import magnitude
from relaxgap.patterns import predicted_count
from relaxgap.patterns.counting import written_count
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.three_layer import NAME, ThreeLayerProgram
from relaxgap.solvers.bracketed import BracketSolution
from relaxgap.solvers.three_layer.interior import PROVEN_BY
from relaxgap.solvers.three_layer.local_gains import ascended
from relaxgap.solvers.three_layer.methods import (
    INTERIOR,
    SELECTIONS,
    in_units,
    sampled_rounds,
    three_layer_rounds,
)

BRACKET_SECONDS = 300.0
"""Time limit over all groups, where none is given."""
BELOW = 1.0 - 1e-9
"""Part of the largest price found by ascent from which on the search for the largest goes on."""


def solve_three_layers(
    X: Any,
    y: Any,
    strength: Regularisation,
    subnetwork_width: int | None = None,
    normalisation: str | None = None,
    patterns: PatternChoice = "all",
    solver: str | None = None,
    rtol: float = 1e-6,
    time_limit: float | None = None,
    seed: int = 0,
    *,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> SolveResult:
    r"""Find parallel three-layer networks of least training loss, with a bracket.

    What `relaxgap.solve` does with the program ``three_layer``. Over all patterns the bracket is
    one of the optimum over any number of sub-networks; over sampled ones of networks whose
    sub-networks have these.

    Parameters
    ----------
    X : (n, d) array
        One sample a row.
    y : (n,) array
        Labels.
    strength : Regularisation
        ``beta``, or a fraction of the least at which the zero network is optimal.
    subnetwork_width : int, optional
        Neurons of a sub-network in its first layer, 2 by default.
    normalisation : str, optional
        Of first layers: ``columns``, by default, or ``frobenius``.
    patterns, solver, rtol, time_limit, seed, threads, on_progress
        As for `relaxgap.solve`: ``all``, or ``gaussian:N``, the groups around N sub-networks of
        Gaussian weights.

    Raises
    ------
    DataError, ConfigurationError
        As `relaxgap.solve`.
    """
    # what it checks of accuracy, time and seed holds here too
    GlobalSolver(rtol, BRACKET_SECONDS if time_limit is None else time_limit, seed=seed)
    n_groups = n_gates_of(patterns)
    if patterns != "all" and n_groups < 1:
        raise ConfigurationError(
            f"Expected patterns all or gaussian:N with N >= 1 for three layers, got {patterns!r}; "
            "try gaussian:50."
        )
    name = SELECTIONS if n_groups == 0 else INTERIOR
    if solver not in (None, name):
        raise ConfigurationError(
            f"Expected the solver {name} for three layers over these patterns, got {solver!r}; "
            "leave it out."
        )
    start = time.perf_counter()
    scaled, x_unit, y_unit = in_units(program_of(X, y, subnetwork_width, normalisation))
    with threadpool_limits(limits=threads):
        if n_groups == 0:
            deadline = Deadline.after(BRACKET_SECONDS if time_limit is None else time_limit)
            beta = _beta(strength, scaled, x_unit * y_unit, lambda: _beta_max(scaled, deadline))
            program = replace(scaled, beta=beta)
            rounds = three_layer_rounds(program, rtol, seed, deadline)
        else:
            deadline = Deadline.after(time_limit)
            stream = np.random.SeedSequence(seed).spawn(3)[1]
            groups = sampled_groups(scaled, n_groups, np.random.default_rng(stream))
            n_groups = groups.count
            beta = _beta(
                strength, scaled, x_unit * y_unit, lambda: _beta_max_of(scaled, groups, deadline)
            )
            program = replace(scaled, beta=beta)
            rounds = sampled_rounds(program, groups, rtol, deadline)
        followed = follow_solutions(_in_own_units(rounds, y_unit), on_progress, start)
    asked = _Asked(scaled, x_unit, y_unit, n_groups, name, start, threads)
    return asked.result(program, followed.solution, followed.history, followed.stopped)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a result tells of the problem."""

    scaled: ThreeLayerProgram
    x_unit: float
    y_unit: float
    n_groups: int
    solver: str
    start: float
    threads: int

    def result(
        self,
        program: ThreeLayerProgram,
        found: BracketSolution[ThreeLayerBracket],
        history: Any,
        stopped: str,
    ) -> SolveResult:
        """Return what was found, in units of the data."""
        bracket, X = found.certificate, self.scaled.data.X
        hidden = bracket.hidden * (self.y_unit / self.x_unit)
        network = ThreeLayerNetwork(hidden, bracket.inner, bracket.output)
        network = network.balanced(program.normalisation)
        neurons = network.hidden.reshape(-1, X.shape[1])
        neurons = neurons[np.any(neurons != 0.0, axis=1)]
        count = written_count(predicted_count(X).cover_count)
        of_all = self.n_groups == 0
        return SolveResult(
            status=found.status,
            primal_value=bracket.primal_value,
            dual_value=bracket.dual_value,
            relative_gap=bracket.relative_gap,
            n_patterns=count if of_all else self.n_groups,
            complete=of_all,
            certificate=(bracket.proven_by or SELECTIONS) if of_all else PROVEN_BY,
            active_blocks=network.width,
            max_cone_violation=0.0,
            solver=self.solver,
            method=self.solver,
            n_iterations=found.n_iterations,
            solve_seconds=time.perf_counter() - self.start,
            beta=program.beta * self.x_unit * self.y_unit,
            threads=self.threads,
            program=NAME,
            loss=SQUARED.name,
            classes=None,
            hidden_bias=Bias.NONE,
            output_bias=Bias.NONE,
            standardized=False,
            n_outputs=1,
            subnetwork_width=program.width,
            normalisation=program.normalisation,
            network=network,
            patterns=pattern_set_from_gates(X, neurons),
            nu=bracket.nu * self.y_unit,
            history=history,
            stopped=stopped,
        )


def _beta(strength: Regularisation, scaled: ThreeLayerProgram, units: float, unit: Any) -> float:
    """Return the absolute strength in units of the scaled program."""
    if strength.beta is not None:
        return strength.beta / units
    largest = float(unit())
    if largest <= ZERO_PRICE * magnitude(scaled.data.X, scaled.data.y):
        raise NoUnitError(
            "Expected data with beta_max > 0, got beta_max = 0 up to rounding (X or y is zero, or "
            "no sub-network of these patterns gains anything); give beta."
        )
    assert strength.beta_fraction is not None
    return strength.beta_fraction * largest


def _beta_max(scaled: ThreeLayerProgram, deadline: Deadline) -> float:
    """Return the critical strength; where a search takes too long, what ascent finds of it."""
    y = scaled.data.y
    with in_force(deadline.within(BETA_MAX_SHARE)):
        found = ascended(scaled, y, np.random.default_rng(0))
        best = max(float(some.price.max(initial=0.0)) for some in found)
        prices = SelectionPrices(scaled)(y, BELOW * best)
    return prices.largest if prices.complete else max(best, prices.attained)


def _beta_max_of(scaled: ThreeLayerProgram, groups: GroupList, deadline: Deadline) -> float:
    """Return the critical strength over some groups; what is above it where that takes too long."""
    with in_force(deadline.within(BETA_MAX_SHARE)):
        return largest_price(scaled, groups, scaled.data.y)


def _in_own_units(
    rounds: Iterator[BracketSolution[ThreeLayerBracket]], y_unit: float
) -> Iterator[BracketSolution[ThreeLayerBracket]]:
    """Bring the values of brackets into the units of the labels; powers of two lose nothing."""
    for found in rounds:
        bracket = found.certificate
        own = replace(
            bracket,
            primal_value=bracket.primal_value * y_unit**2,
            dual_value=bracket.dual_value * y_unit**2,
        )
        yield replace(found, certificate=own)
