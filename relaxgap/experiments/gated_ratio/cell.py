"""The sampled gated optimum over that of all patterns, and every bound of it.

References
----------
Kim & Pilanci (2024), Propositions 3 and 4, Corollary 2, Theorem 5 and equation (7).
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gated_samples import SampleRecord, samples, shared_fields
from relaxgap.experiments.parts.gates import GateSampling
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
class Record(SampleRecord):
    """One row, as in `SampleRecord`.

    Parameters
    ----------
    sampled, sampled_bound : float
        Certified ends of the optimum over the sample.
    complete, complete_bound : float or None
        The same over all patterns; None where they are too many.
    price : float
        C_y, or its bound by the MAX-CUT relaxation.
    theorem5_bound : float
        For Proposition 2's number of gates.
    """

    fraction: float
    sampled: float
    sampled_bound: float
    complete: float | None
    complete_bound: float | None
    price: float
    theorem5_bound: float


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
        for _, given in samples(cell, whole, beta):
            sampled = given.gated.certificate
            records.append(
                Record(
                    **shared_fields(cell, whole, given),  # type: ignore[arg-type]
                    fraction=fraction,
                    sampled=sampled.primal_value,
                    sampled_bound=sampled.dual_value,
                    complete=complete.primal_value if complete else None,
                    complete_bound=complete.dual_value if complete else None,
                    price=whole.price_bound,
                    theorem5_bound=gated_ratio.theorem_5(whole.kappa, True).value,
                )
            )
    return records
