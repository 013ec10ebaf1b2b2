r"""Relaxations over equally many gates of several samplers, and a bracket of the global optimum.

Theorem 1 is about Gaussian gates, which know neither the labels nor what neurons are for. Here as
many are cross products of rows (geometric algebra), or drawn around the neurons of relaxations over
fewer gates.

References
----------
Kim & Pilanci (2024), Theorem 1, for Gaussian gates; Wang, Kim, Chu, Subramaniam & Pilanci (2024),
arXiv 2406.02806, for the cross products.
"""

import time
from dataclasses import dataclass, field

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.informed_gates.samplers import SampledGates, draw
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import instance_of
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.problems import relu_program


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: SampledGates = field(default_factory=SampledGates)
    solver: SolverSettings = field(default_factory=SolverSettings)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the bracket of an instance, or the relaxation over one sample of gates.

    Parameters
    ----------
    method : str
        ``global``, or the sampler.
    size_rule : str
        Rule behind the number of gates; empty for the bracket.
    n_gates, n_patterns : int or None
        Gates drawn and distinct patterns kept.
    primal_value, dual_value : float
        Certified ends: of the relaxation, or of the optimum over all patterns.
    sample_cpu_seconds : float or None
        Of drawing the gates, the relaxations on the way among it.
    solve_cpu_seconds : float or None
        Of the relaxation itself.
    certificate : str
        How the lower bound of ``global`` was proven; empty for the others.
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
    status: str
    primal_value: float
    dual_value: float
    sample_cpu_seconds: float | None
    solve_cpu_seconds: float | None
    certificate: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the optimum of one instance, then solve over every sample."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solution = cell.settings.optimum.solver().solve(data, beta)
    optimum = Record(
        **instance_of(cell, data, beta),  # type: ignore[arg-type]
        method="global",
        size_rule="",
        n_gates=None,
        n_patterns=None,
        status=solution.status,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        sample_cpu_seconds=None,
        solve_cpu_seconds=None,
        certificate=solution.bound,
    )
    gates = cell.settings.patterns
    samples = [(rule, sampler) for rule in gates.n_gates for sampler in gates.samplers]
    return [optimum, *(_relaxation(cell, data, beta, *sample) for sample in samples)]


def _relaxation(
    cell: Cell[Settings], data: Dataset, beta: float, rule: str, sampler: str
) -> Record:
    n_gates = size_of(rule, data.n, d=data.d)
    began = time.process_time()
    # a fresh generator each time: what a sampler draws does not depend on the others
    patterns = draw(sampler, data, beta, n_gates, cell.streams()[1])
    drawn = time.process_time()
    solution = cell.settings.solver.solver().solve(relu_program(data, patterns, beta))
    solved = time.process_time()
    return Record(
        **instance_of(cell, data, beta),  # type: ignore[arg-type]
        method=sampler,
        size_rule=rule,
        n_gates=n_gates,
        n_patterns=patterns.n_patterns,
        status=solution.status,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        sample_cpu_seconds=drawn - began,
        solve_cpu_seconds=solved - drawn,
        certificate="",
    )
