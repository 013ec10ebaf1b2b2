r"""The proof of Theorem 1 link by link, each number between certified ends.

.. math:: \tilde p^* \le C \tilde p_g \le C \beta \sqrt{y^\top \hat M^{-1} y}, \qquad
          p^* \ge p_g \ge s \|y\|^2 (1 - s / 2) \ge \beta \|y\| / (2 \sqrt L) .

References
----------
Kim & Pilanci (2024), the proof of Theorem 1; Propositions 3 to 5, Corollary 2, equation (7).
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gated_samples import SampleRecord, samples, shared_fields
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.theory.instance import Instance
from relaxgap.theory.sharpness.blocks import block_sharpness


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)


@dataclass(frozen=True, slots=True)
class Record(SampleRecord):
    """One row, as in `SampleRecord`.

    Parameters
    ----------
    relu, relu_bound : float
        Certified ends of the relaxation over the sample.
    gated, gated_bound : float
        The same of the gated program.
    block_sharpness : float
        Proposition 5's C, from above.
    price_bound : float
        C_y over all patterns, or from above by the MAX-CUT relaxation.
    """

    beta_fraction: float | None
    size_rule: str
    relu: float
    relu_bound: float
    gated: float
    gated_bound: float
    n_blocks: int
    block_sharpness: float
    price_bound: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Walk the chain for every sample of one instance."""
    data, regularisation = cell.load_data(), cell.settings.regularisation
    beta = regularisation.resolve_over_all(data)
    whole = Instance(data, np.eye(data.d), beta)
    records = []
    for rule, given in samples(cell, whole, beta):
        relu, gated = given.relu.certificate, given.gated.certificate
        found = block_sharpness(data.X, given.patterns.gates, given.gated.point.w[0])
        records.append(
            Record(
                **shared_fields(cell, whole, given),  # type: ignore[arg-type]
                beta_fraction=regularisation.beta_fraction,
                size_rule=rule,
                relu=relu.primal_value,
                relu_bound=relu.dual_value,
                gated=gated.primal_value,
                gated_bound=gated.dual_value,
                n_blocks=found.n_blocks,
                block_sharpness=found.upper,
                price_bound=whole.price_bound,
            )
        )
    return records
