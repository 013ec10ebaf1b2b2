"""How sharp the cones of Gaussian gates are, in directions of three kinds.

*Random* ones do not depend on the data, as Theorem 7 asks; *used* ones are the nonzero blocks of
the gated optimum, to which the paper applies it; *worst* ones are found by ascent. Beside the first
cone stands the sure bound for all directions.

References
----------
Kim & Pilanci (2024), Definition 1, Propositions 5 and 6, Theorem 7.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.numerics.rounding import rounded_down, rounded_up
from relaxgap.patterns import sample_patterns
from relaxgap.problems import gated_program
from relaxgap.theory.sharpness.all_directions import bounded_width
from relaxgap.theory.sharpness.brackets import Sharpness, cone_sharpness
from relaxgap.theory.sharpness.least_norm import proposition_6
from relaxgap.theory.sharpness.worst_direction import ascend

RANDOM, USED, WORST = "random", "used", "worst"
DIGITS = 7
"""What a row keeps of its numbers, rounded away from C(K, z): they are proven to four or so."""


@dataclass(frozen=True, slots=True)
class ConeSettings:
    """Say how many cones to look at, and how closely.

    Parameters
    ----------
    n_random : int
        Cones with a random direction each.
    n_worst : int
        Starts of the ascent in the first cone.
    rtol : float
        Relative width of the brackets.
    max_width_samples : int
        Samples up to which the bound for all directions is computed: an eigenvalue problem of
        this order a step.
    """

    n_random: int = 10
    n_worst: int = 4
    rtol: float = 1e-4
    max_width_samples: int = 160

    def __post_init__(self) -> None:
        if self.n_random < 1 or self.n_worst < 1:
            raise ConfigurationError(
                f"Expected cones.n_random and cones.n_worst >= 1, got {self.n_random} and "
                f"{self.n_worst}; raise them."
            )
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < cones.rtol < 1, got {self.rtol}; try 1e-4.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: ProgramRegularisation = field(default_factory=ProgramRegularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    cones: ConeSettings = field(default_factory=ConeSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one cone and one direction.

    Parameters
    ----------
    direction : str
        ``random``, ``used`` or ``worst``.
    cone : int
        Number of the gate among those drawn.
    sharpness_bound, sharpness : float
        Certified ends of C(K, z).
    prop6_bound : float or None
        Proposition 6 with its best constant, for random directions.
    width_bound, width : float or None
        Certified ends of s, for the first cone up to some size.
    all_directions : float or None
        The sure bound from it.
    """

    data: str
    n: int
    d: int
    seed: int
    direction: str
    cone: int
    sharpness_bound: float
    sharpness: float
    prop6_bound: float | None
    width_bound: float | None
    width: float | None
    all_directions: float | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the sharpness of one instance's cones."""
    data, settings = cell.load_data(), cell.settings
    X, asked = data.X, settings.cones
    _, rng, _ = cell.streams()
    patterns = sample_patterns(X, size_of(settings.patterns.n_gates[0], data.n, d=data.d), rng)
    gates = rng.standard_normal((asked.n_random, data.d))
    z = rng.standard_normal((asked.n_random, data.d))
    records = []

    def add(
        kind: str,
        cones: Float64[np.ndarray, " k"],
        found: Sharpness,
        prop6: list[float] | None = None,
        more: tuple[float, float, float] | None = None,
    ) -> None:
        for k, cone in enumerate(cones.tolist()):
            records.append(
                Record(
                    data=cell.data.label,
                    n=data.n,
                    d=data.d,
                    seed=cell.seed,
                    direction=kind,
                    cone=int(cone),
                    sharpness_bound=rounded_down(found.lower[k], DIGITS),
                    sharpness=rounded_up(found.upper[k], DIGITS),
                    prop6_bound=rounded_up(prop6[k], DIGITS) if prop6 else None,
                    width_bound=rounded_down(more[0], DIGITS) if more else None,
                    width=rounded_up(more[1], DIGITS) if more else None,
                    all_directions=rounded_up(more[2], DIGITS) if more else None,
                )
            )

    bounds = [proposition_6(X, gate, one) for gate, one in zip(gates, z, strict=True)]
    add(RANDOM, np.arange(asked.n_random), cone_sharpness(X, gates, z, asked.rtol), bounds)
    beta = settings.regularisation.resolve(data, patterns)
    point = settings.solver.solver().solve(gated_program(data, patterns, beta)).point
    used = np.flatnonzero(np.any(point.w[0] != 0.0, axis=1))
    found = cone_sharpness(X, patterns.gates[used], point.w[0][used], asked.rtol)
    add(USED, used, found)
    more = None
    if data.n <= asked.max_width_samples:
        width, bound = bounded_width(X, gates[0], rng)
        more = (width.lower, width.upper, bound)
    repeated = np.repeat(gates[:1], asked.n_worst, axis=0)
    starts = rng.standard_normal((asked.n_worst, data.d))
    _, worst = ascend(X, repeated, starts, asked.rtol)
    add(WORST, np.zeros(asked.n_worst, dtype=np.intp), worst, more=more)
    return records
