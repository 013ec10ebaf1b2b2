r"""The proof of Theorem 1 link by link, each number between certified ends.

.. math:: \tilde p^* \le C \tilde p_g \le C \beta \sqrt{y^\top \hat M^{-1} y}, \qquad
          p^* \ge p_g \ge s \|y\|^2 (1 - s / 2) \ge \beta \|y\| / (2 \sqrt L) .

References
----------
Kim & Pilanci (2024), the proof of Theorem 1; Propositions 3 to 5, Corollary 2, equation (7).
"""

import math
from dataclasses import dataclass, field

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.theory import gated_ratio
from relaxgap.theory.instance import Instance
from relaxgap.theory.sharpness.blocks import block_sharpness


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one sample of gates on one instance.

    Parameters
    ----------
    relu, relu_bound : float
        Certified ends of the relaxation over the sample.
    gated, gated_bound : float
        The same of the gated program.
    block_sharpness : float
        Proposition 5's C, from above.
    prop3_bound : float or None
        Proposition 3 with the sample's matrix; None if it may be singular.
    prop4_bound, cor2_bound : float
        Lower bounds of the gated optimum over all patterns.
    price_bound : float
        C_y from above, by the MAX-CUT relaxation.
    eq7_bound : float or None
        Equation (7) with it.
    kappa : float
        Condition number.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    size_rule: str
    n_gates: int
    n_patterns: int
    relu: float
    relu_bound: float
    gated: float
    gated_bound: float
    n_blocks: int
    block_sharpness: float
    prop3_bound: float | None
    prop4_bound: float
    cor2_bound: float
    price_bound: float
    eq7_bound: float | None
    kappa: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Walk the chain for every sample of one instance."""
    data, settings = cell.load_data(), cell.settings
    beta = settings.regularisation.resolve_over_all(data)
    records = []
    for rule in settings.patterns.n_gates:
        # each sample starts with the smaller ones
        _, rng, _ = cell.streams()
        n_gates = size_of(rule, data.n)
        given = Instance(
            data, rng.standard_normal((n_gates, data.d)), beta, rtol=settings.solver.rtol
        )
        relu, gated = given.relu.certificate, given.gated.certificate
        found = block_sharpness(data.X, given.patterns.gates, given.gated.point.w[0])
        third = gated_ratio.proposition_3(given.sampled_gram, data.y, beta).value
        seventh = gated_ratio.equation_7(given.price_bound, given.sampled_gram, data.y).value
        records.append(
            Record(
                data=cell.data.label,
                n=data.n,
                d=data.d,
                seed=cell.seed,
                beta=beta,
                beta_fraction=settings.regularisation.beta_fraction,
                size_rule=rule,
                n_gates=n_gates,
                n_patterns=given.patterns.n_patterns,
                relu=relu.primal_value,
                relu_bound=relu.dual_value,
                gated=gated.primal_value,
                gated_bound=gated.dual_value,
                n_blocks=found.n_blocks,
                block_sharpness=found.upper,
                prop3_bound=third if math.isfinite(third) else None,
                prop4_bound=gated_ratio.proposition_4(given.price_bound, data.y, beta).value,
                cor2_bound=gated_ratio.corollary_2(given.largest, data.y, beta).value,
                price_bound=given.price_bound,
                eq7_bound=seventh if math.isfinite(seventh) else None,
                kappa=given.kappa,
            )
        )
    return records
