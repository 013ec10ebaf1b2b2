r"""Labels that make the sampled relaxation bad, by ascent on the certified ratio.

By the envelope theorem :math:`\nabla_y \log(\tilde p^* / p^*) = \tilde\nu / \tilde p^* - \nu / p^*`
for the dual optima of both programs. Labels keep their length, so that beta keeps its meaning.

References
----------
Kim & Pilanci (2024), Theorem 1, which holds for every y; the ascent is derived here.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import SamplingAndEnumeration
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.problems import relu_program
from relaxgap.solvers.base import Solution, Solver

SHRINK, GROW, LEAST_STEP = 0.4, 1.5, 1e-3


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
    patterns: SamplingAndEnumeration = field(default_factory=SamplingAndEnumeration)
    solver: SolverSettings = field(default_factory=SolverSettings)
    ascent: AscentSettings = field(default_factory=AscentSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one start on one instance.

    Parameters
    ----------
    ratio_at_start_bound, ratio_at_start : float
        Certified ends of the ratio at random labels.
    ratio_bound, ratio : float
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
    n_gates: int
    n_patterns: int
    n_sampled: int
    ratio_at_start_bound: float
    ratio_at_start: float
    ratio_bound: float
    ratio: float
    n_tried: int


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """Hold labels, the certified ratio at them, and the direction in which it rises."""

    y: Float64[np.ndarray, " n"]
    lower: float
    upper: float
    slope: Float64[np.ndarray, " n"]


def run(cell: Cell[Settings]) -> list[Record]:
    """Ascend from every start on one instance."""
    data, settings = cell.load_data(), cell.settings
    _, rng, _ = cell.streams()
    n_gates = size_of(settings.patterns.n_gates[0], data.n, d=data.d)
    everything = enumerate_patterns(data.X, limit=settings.patterns.limit)
    sampled = sample_patterns(data.X, n_gates, rng)
    beta = settings.regularisation.resolve_over_all(data)
    length, solver = float(np.linalg.norm(data.y)), settings.solver.solver()
    records = []
    for start in range(settings.ascent.n_starts):
        y = data.y if start == 0 else rng.standard_normal(data.n)
        first = _at(data.X, y * (length / np.linalg.norm(y)), sampled, everything, beta, solver)
        last, n_tried = _ascend(
            data.X, first, sampled, everything, beta, solver, settings.ascent.n_steps
        )
        records.append(
            Record(
                data=cell.data.label,
                n=data.n,
                d=data.d,
                seed=cell.seed,
                start=start,
                beta=beta,
                n_gates=n_gates,
                n_patterns=everything.n_patterns,
                n_sampled=sampled.n_patterns,
                ratio_at_start_bound=first.lower,
                ratio_at_start=first.upper,
                ratio_bound=last.lower,
                ratio=last.upper,
                n_tried=n_tried,
            )
        )
    return records


def _at(
    X: Float64[np.ndarray, "n d"],
    y: Float64[np.ndarray, " n"],
    sampled: PatternSet,
    everything: PatternSet,
    beta: float,
    solver: Solver,
) -> _Labels:
    data = Dataset(X, y)
    over: list[Solution] = [
        solver.solve(relu_program(data, patterns, beta)) for patterns in (sampled, everything)
    ]
    some, every = (solution.certificate for solution in over)
    slope = some.nu / some.primal_value - every.nu / every.primal_value
    slope = slope - (slope @ y) / (y @ y) * y
    lower = max(some.dual_value / every.primal_value, 1.0)
    return _Labels(y, lower, some.primal_value / every.dual_value, slope)


def _ascend(
    X: Float64[np.ndarray, "n d"],
    labels: _Labels,
    sampled: PatternSet,
    everything: PatternSet,
    beta: float,
    solver: Solver,
    n_steps: int,
) -> tuple[_Labels, int]:
    """Step along the slope as long as the certified ratio rises; the step adapts."""
    length, step = float(np.linalg.norm(labels.y)), 0.5
    for n_tried in range(n_steps):
        norm = float(np.linalg.norm(labels.slope))
        if norm == 0.0 or step < LEAST_STEP:
            return labels, n_tried
        y = labels.y + step * length * labels.slope / norm
        tried = _at(X, y * (length / np.linalg.norm(y)), sampled, everything, beta, solver)
        if tried.lower > labels.lower:
            labels, step = tried, GROW * step
        else:
            step *= SHRINK
    return labels, n_steps
