"""What is measured against the global optimum: Gaussian relaxations and trained networks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.needs import Contending, Regularised, Solving
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.patterns.sampling import sample_patterns
from relaxgap.problems import relu_program
from relaxgap.training import TrainingSpec, train


@dataclass(frozen=True, slots=True)
class GapRecord:
    """One row: what one method reached on one instance.

    Parameters
    ----------
    method : str
        ``relaxation`` (sampled patterns), the label of a training method, ``exact`` (all patterns
        enumerated) or ``global`` (the best network known, bounded over all patterns).
    size_rule : str
        Rule behind the number of gates or the width; empty if neither applies.
    n_gates, n_patterns, width, start : int or None
        Gates drawn and distinct patterns kept; width and number of the random start.
    primal_value : float
        Value of a feasible point, or the training loss of the best network of a run.
    dual_value : float or None
        Certified lower bound of the *same* program; none for training.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    method: str
    size_rule: str
    n_gates: int | None
    n_patterns: int | None
    width: int | None
    start: int | None
    status: str
    primal_value: float
    dual_value: float | None
    n_iterations: int
    solve_seconds: float


def instance_of(
    cell: Cell[Regularised], data: Dataset, beta: float
) -> dict[str, str | int | float | None]:
    """Return the fields of a row that say which instance it is of."""
    return {
        "data": cell.data.label,
        "n": data.n,
        "d": data.d,
        "seed": cell.seed,
        "beta": beta,
        "beta_fraction": cell.settings.regularisation.beta_fraction,
    }


def contenders(cell: Cell[Contending], data: Dataset, beta: float) -> Iterator[GapRecord]:
    """Solve every relaxation of the cell, then train every network."""
    for rule in cell.settings.patterns.n_gates:
        n_gates = size_of(rule, data.n, d=data.d)
        # a fresh generator each time: every sample starts with the smaller ones
        sampled = sample_patterns(data.X, n_gates, cell.streams()[1])
        yield solve_over(cell, data, beta, sampled, "relaxation", rule, n_gates)
    for label, method in cell.settings.training.methods.items():
        for rule in cell.settings.networks.width:
            yield from _trained(cell, data, beta, label, method, rule)


def solve_over(
    cell: Cell[Solving],
    data: Dataset,
    beta: float,
    patterns: PatternSet,
    method: str,
    size_rule: str = "",
    n_gates: int | None = None,
) -> GapRecord:
    """Solve the cone-constrained program over the patterns with the solver of the cell."""
    began = time.perf_counter()
    solution = cell.settings.solver.solver().solve(relu_program(data, patterns, beta))
    return GapRecord(
        **instance_of(cell, data, beta),  # type: ignore[arg-type]
        method=method,
        size_rule=size_rule,
        n_gates=n_gates,
        n_patterns=patterns.n_patterns,
        width=None,
        start=None,
        status=solution.status,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        n_iterations=solution.n_iterations,
        solve_seconds=time.perf_counter() - began,
    )


def _trained(
    cell: Cell[Contending],
    data: Dataset,
    beta: float,
    label: str,
    method: TrainingSpec,
    rule: str,
) -> Iterator[GapRecord]:
    width = size_of(rule, data.n)
    initial, order = starting_networks(cell, method, width, data.d)
    began = time.perf_counter()
    run = train(data, beta, method, initial, order)
    seconds = time.perf_counter() - began
    for start, (hidden, output) in enumerate(zip(run.best.hidden, run.best.output, strict=True)):
        yield GapRecord(
            **instance_of(cell, data, beta),  # type: ignore[arg-type]
            method=label,
            size_rule=rule,
            n_gates=None,
            n_patterns=None,
            width=width,
            start=start,
            status=run.status[start],
            primal_value=TwoLayerNetwork(hidden, output).training_loss(data, beta),
            dual_value=None,
            n_iterations=int(run.n_steps_done[start]),
            solve_seconds=seconds / cell.settings.networks.n_starts,
        )
