"""Labels that make the sampled relaxation bad, by ascent on the ratio of both optima.

At the first and the last labels of an ascent the optimum over all patterns is bracketed from both
sides, by a price of every pattern where these are few.

References
----------
Kim & Pilanci (2024), Theorem 1, which holds for every y; the ascent is derived here.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.worst_labels.ascent import Ascent, Labels
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns import sample_patterns


@dataclass(frozen=True, slots=True)
class AscentSettings:
    """Say how long to ascend.

    Parameters
    ----------
    n_starts : int
        Random labels to start from.
    n_steps : int
        Labels tried from each start.
    """

    n_starts: int = 3
    n_steps: int = 40

    def __post_init__(self) -> None:
        if self.n_starts < 1 or self.n_steps < 1:
            raise ConfigurationError(
                f"Expected ascent.n_starts and ascent.n_steps >= 1, got {self.n_starts} and "
                f"{self.n_steps}; raise them."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    ascent: AscentSettings = field(default_factory=AscentSettings)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one start on one instance.

    Parameters
    ----------
    ratio_at_start_bound, ratio_at_start : float
        Certified ends of the ratio at random labels, from below and from above.
    certificate_at_start, status_at_start : str
        How the optimum over all patterns was proven there, and whether to the accuracy asked for.
    ratio_bound, ratio, certificate, status
        The same at the last labels.
    n_tried : int
        Labels tried.
    """

    data: str
    n: int
    d: int
    seed: int
    start: int
    beta: float
    beta_fraction: float | None
    n_gates: int
    n_patterns: int
    ratio_at_start_bound: float
    ratio_at_start: float
    certificate_at_start: str
    status_at_start: str
    ratio_bound: float
    ratio: float
    certificate: str
    status: str
    n_tried: int


@dataclass(frozen=True, slots=True)
class _Ratio:
    """Hold the certified ends of a ratio, and how its denominator was proven."""

    lower: float
    upper: float
    certificate: str
    status: str

    @classmethod
    def of(cls, labels: Labels, ascent: Ascent, solver: GlobalSolver) -> "_Ratio":
        """Bracket the optimum over all patterns, from the network that the search found."""
        found = solver.solve(Dataset(ascent.X, labels.y), ascent.beta, labels.network)
        relaxed, best = labels.relaxed, found.certificate
        # every sample is one of all patterns
        lower = max(relaxed.dual_value / best.primal_value, 1.0)
        upper = relaxed.primal_value / best.dual_value
        return cls(lower, max(lower, upper), found.bound, found.status)


def run(cell: Cell[Settings]) -> list[Record]:
    """Ascend from every start on one instance."""
    data, settings = cell.load_data(), cell.settings
    _, rng, training = cell.streams()
    n_gates = size_of(settings.patterns.n_gates[0], data.n, d=data.d)
    sampled = sample_patterns(data.X, n_gates, rng)
    beta = settings.regularisation.resolve_over_all(data)
    ascent = Ascent(
        data.X,
        sampled,
        beta,
        settings.solver.solver(),
        settings.solver.rtol,
        np.random.default_rng(training),
    )
    solver, length = settings.optimum.solver(), float(np.linalg.norm(data.y))
    none = TwoLayerNetwork(np.zeros((0, data.d)), np.zeros(0))
    records = []
    for start in range(settings.ascent.n_starts):
        y = data.y if start == 0 else rng.standard_normal(data.n)
        first = ascent.at(y * (length / np.linalg.norm(y)), none)
        last, n_tried = ascent.climb(first, settings.ascent.n_steps)
        before, after = (_Ratio.of(labels, ascent, solver) for labels in (first, last))
        records.append(
            Record(
                data=cell.data.label,
                n=data.n,
                d=data.d,
                seed=cell.seed,
                start=start,
                beta=beta,
                beta_fraction=settings.regularisation.beta_fraction,
                n_gates=n_gates,
                n_patterns=sampled.n_patterns,
                ratio_at_start_bound=before.lower,
                ratio_at_start=before.upper,
                certificate_at_start=before.certificate,
                status_at_start=before.status,
                ratio_bound=after.lower,
                ratio=after.upper,
                certificate=after.certificate,
                status=after.status,
                n_tried=n_tried,
            )
        )
    return records
