r"""How far sampled relaxations and gradient methods are from the certified global optimum.

One cell solves the program over *all* patterns (the exact optimum), the Gaussian relaxations of
nested samples of gates, and trains networks from random starts, all on the same data and ``beta``.
It serves the figures against :math:`\log n` and against the width.

References
----------
Kim & Pilanci (2024), Theorems 1 to 3 and Figure 1.
"""

import time
from dataclasses import dataclass
from functools import partial

from relaxgap.experiments.specs import CellSpec, size_of
from relaxgap.experiments.starts import starting_networks
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns.enumeration import enumerate_patterns
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.patterns.sampling import sample_patterns
from relaxgap.programs import ConvexReLUProgram
from relaxgap.training import TrainingSpec, train


@dataclass(frozen=True, slots=True)
class GapRecord:
    """One row: what one method reached on one instance.

    Parameters
    ----------
    method : str
        ``exact`` (all patterns), ``relaxation`` (sampled ones) or the label of a training method.
    size_rule : str
        Rule behind the number of gates or the width; empty for ``exact``.
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


def optimality_gap(spec: CellSpec) -> list[GapRecord]:
    """Solve one instance exactly, by every relaxation and by every training method."""
    data = spec.load_data()
    everything = enumerate_patterns(data.X, limit=spec.patterns.limit)
    beta = spec.regularisation.resolve(data, everything)
    record = partial(
        GapRecord,
        data=spec.data_label,
        n=data.n,
        d=data.d,
        seed=spec.seed,
        beta=beta,
        beta_fraction=spec.regularisation.beta_fraction,
    )
    solver = spec.solver.solver()

    def solved(patterns: PatternSet, method: str, rule: str, n_gates: int | None) -> GapRecord:
        began = time.perf_counter()
        solution = solver.solve(ConvexReLUProgram(data, patterns, beta))
        return record(
            method=method,
            size_rule=rule,
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

    def trained(label: str, method: TrainingSpec, rule: str) -> list[GapRecord]:
        width = size_of(rule, data.n)
        initial, order = starting_networks(spec, method, width, data.d)
        began = time.perf_counter()
        run = train(data, beta, method, initial, order)
        seconds = time.perf_counter() - began
        best = zip(run.best.hidden, run.best.output, strict=True)
        return [
            record(
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
                solve_seconds=seconds / spec.networks.n_starts,
            )
            for start, (hidden, output) in enumerate(best)
        ]

    records = [solved(everything, "exact", "", None)]
    for rule in spec.patterns.n_gates:
        n_gates = size_of(rule, data.n)
        # a fresh generator each time: every sample starts with the smaller ones
        sampled = sample_patterns(data.X, n_gates, spec.streams()[1])
        records.append(solved(sampled, "relaxation", rule, n_gates))
    for label, method in spec.training.methods.items():
        for rule in spec.networks.width:
            records += trained(label, method, rule)
    return records
