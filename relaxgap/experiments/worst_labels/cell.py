r"""Labels that make the sampled relaxation bad, by ascent on the ratio of both optima.

By the envelope theorem :math:`\nabla_y \log(\tilde p^* / p^*) = \tilde\nu / \tilde p^* - \nu / p^*`
for the dual optima of both programs. Labels keep their length, so that beta keeps its meaning. On
the way :math:`p^*` is that of the best network that a search finds, from above, so that a step
which is taken raises a proven lower end of the ratio; at the first and the last labels it is
bracketed from both sides, by a price of every pattern where these are few.

References
----------
Kim & Pilanci (2024), Theorem 1, which holds for every y; the ascent is derived here.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import DualCertificate
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.global_optimum.search import NetworkSearch
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns import PatternSet, sample_patterns
from relaxgap.problems import relu_program

SHRINK, GROW, LEAST_STEP = 0.4, 1.5, 1e-3
MAX_ROUNDS = 8
"""Rounds of the search for a network at one vector of labels."""
N_DIRECTIONS = 100
"""Random directions from which a round looks for patterns, beside the neurons in use."""


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


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """Hold labels, both optima at them, and the direction in which the ratio rises.

    Parameters
    ----------
    relaxed : DualCertificate
        Of the relaxation.
    network : TwoLayerNetwork
        The best that the search found.
    lower : float
        What both prove of the ratio.
    slope : (n,) float64
        Of its logarithm, along the sphere.
    """

    y: Float64[np.ndarray, " n"]
    relaxed: DualCertificate
    network: TwoLayerNetwork
    lower: float
    slope: Float64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class _Ascent:
    """Hold what does not change with the labels."""

    X: Float64[np.ndarray, "n d"]
    sampled: PatternSet
    beta: float
    solver: SolverSettings
    rng: np.random.Generator

    def at(self, y: Float64[np.ndarray, " n"], network: TwoLayerNetwork) -> _Labels:
        """Solve both programs at some labels; the search starts from a network and the sample."""
        data = Dataset(self.X, y)
        program = relu_program(data, self.sampled, self.beta)
        relaxed = self.solver.solver().solve(program).certificate
        search = NetworkSearch(data, self.beta, self.solver.rtol, self.rng, network)
        # also what was in use at labels where the network itself is now worse than none
        search.add(np.concatenate([self.sampled.gates, network.hidden]))
        for _ in range(MAX_ROUNDS):
            directions = self.rng.standard_normal((N_DIRECTIONS, data.d))
            if not search.improve(suggestions=directions):
                break
        slope = relaxed.nu / relaxed.primal_value - search.nu / search.value
        slope = slope - (slope @ y) / (y @ y) * y
        return _Labels(y, relaxed, search.network, relaxed.dual_value / search.value, slope)

    def climb(self, labels: _Labels, n_steps: int) -> tuple[_Labels, int]:
        """Step along the slope as long as the proven ratio rises; the step adapts."""
        length, step = float(np.linalg.norm(labels.y)), 0.5
        for n_tried in range(n_steps):
            norm = float(np.linalg.norm(labels.slope))
            if norm == 0.0 or step < LEAST_STEP:
                return labels, n_tried
            y = labels.y + step * length * labels.slope / norm
            tried = self.at(y * (length / np.linalg.norm(y)), labels.network)
            if tried.lower > labels.lower:
                labels, step = tried, GROW * step
            else:
                step *= SHRINK
        return labels, n_steps


@dataclass(frozen=True, slots=True)
class _Ratio:
    """Hold the certified ends of a ratio, and how its denominator was proven."""

    lower: float
    upper: float
    certificate: str
    status: str

    @classmethod
    def of(cls, labels: _Labels, ascent: _Ascent, solver: GlobalSolver) -> "_Ratio":
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
    n_gates = size_of(settings.patterns.n_gates[0], data.n)
    sampled = sample_patterns(data.X, n_gates, rng)
    beta = settings.regularisation.resolve_over_all(data)
    ascent = _Ascent(data.X, sampled, beta, settings.solver, np.random.default_rng(training))
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
