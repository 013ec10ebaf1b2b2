"""The sampled gated optimum over that of all patterns, and every bound of it.

References
----------
Kim & Pilanci (2024), Propositions 3 and 4, Corollary 2, Theorem 5 and equation (7).
"""

import math
from dataclasses import dataclass, field

import numpy as np

from relaxgap.certificates import DualCertificate
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.problems import gated_program
from relaxgap.theory import gated_ratio
from relaxgap.theory.instance import Instance


@dataclass(frozen=True, slots=True)
class FractionSettings:
    """Say which strengths to try.

    Parameters
    ----------
    fractions : tuple of float
        Strengths as fractions of C_y, or of its bound where patterns are too many.
    """

    fractions: tuple[float, ...] = (0.1,)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    strengths: FractionSettings = field(default_factory=FractionSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one sample of gates at one strength.

    Parameters
    ----------
    sampled, sampled_bound : float
        Certified ends of the optimum over the sample.
    complete, complete_bound : float or None
        The same over all patterns; None where they are too many.
    price : float
        C_y, or its bound by the MAX-CUT relaxation.
    prop3_bound, eq7_bound : float or None
        None if the sample's matrix may be singular.
    prop4_bound, cor2_bound : float
        Lower bounds over all patterns.
    theorem5_bound, kappa : float
        For Proposition 2's number of gates.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    fraction: float
    n_gates: int
    n_patterns: int
    sampled: float
    sampled_bound: float
    complete: float | None
    complete_bound: float | None
    price: float
    prop3_bound: float | None
    prop4_bound: float
    cor2_bound: float
    eq7_bound: float | None
    theorem5_bound: float
    kappa: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance at every strength over every sample."""
    data, settings = cell.load_data(), cell.settings
    whole = Instance(data, np.eye(data.d), 1.0)
    records = []
    for fraction in settings.strengths.fractions:
        beta, complete = fraction * whole.price_bound, None
        if whole.all_patterns is not None:
            program = gated_program(data, whole.all_patterns, beta)
            complete = settings.solver.solver().solve(program).certificate
        for rule in settings.patterns.n_gates:
            # each sample starts with the smaller ones
            _, rng, _ = cell.streams()
            gates = rng.standard_normal((size_of(rule, data.n), data.d))
            given = Instance(data, gates, beta, rtol=settings.solver.rtol)
            records.append(_record(cell, whole, given, fraction, complete))
    return records


def _record(
    cell: Cell[Settings],
    whole: Instance,
    given: Instance,
    fraction: float,
    complete: DualCertificate | None,
) -> Record:
    data, price, sampled = given.data, whole.price_bound, given.gated.certificate
    third = gated_ratio.proposition_3(given.sampled_gram, data.y, given.beta).value
    seventh = gated_ratio.equation_7(price, given.sampled_gram, data.y).value
    return Record(
        data=cell.data.label,
        n=data.n,
        d=data.d,
        seed=cell.seed,
        beta=given.beta,
        fraction=fraction,
        n_gates=given.n_gates,
        n_patterns=given.patterns.n_patterns,
        sampled=sampled.primal_value,
        sampled_bound=sampled.dual_value,
        complete=complete.primal_value if complete else None,
        complete_bound=complete.dual_value if complete else None,
        price=price,
        prop3_bound=third if math.isfinite(third) else None,
        prop4_bound=gated_ratio.proposition_4(price, data.y, given.beta).value,
        cor2_bound=gated_ratio.corollary_2(whole.largest, data.y, given.beta).value,
        eq7_bound=seventh if math.isfinite(seventh) else None,
        theorem5_bound=gated_ratio.theorem_5(whole.kappa, True).value,
        kappa=whole.kappa,
    )
