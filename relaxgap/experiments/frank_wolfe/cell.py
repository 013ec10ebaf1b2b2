"""How far Frank-Wolfe steps are from the optimum, plain ones and fully corrective ones.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Algorithm 1.
"""

import itertools
import time
from dataclasses import dataclass, field

import numpy as np

from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import VectorOptimum, check_fraction, optimum_of
from relaxgap.solvers.vector.corrective import corrective_rounds
from relaxgap.solvers.vector.frank_wolfe import frank_wolfe_fits

PLAIN, CORRECTIVE = "plain", "corrective"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    outputs : Outputs
        Labels of the samples.
    beta_fraction : float
        Strength, as a fraction of that at which the zero network is optimal.
    rtol : float
        Relative gap of the optimum that is compared with.
    n_steps : int
        Plain steps; those that are a power of two count, or half way between two.
    time_limit : float
        Seconds of the optimum.
    """

    outputs: Outputs = field(default_factory=Outputs)
    beta_fraction: float = 0.1
    rtol: float = 1e-9
    n_steps: int = 1024
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_fraction(self.beta_fraction)
        if self.n_steps < 1:
            raise ConfigurationError(f"Expected n_steps >= 1, got {self.n_steps}; raise it.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method after some steps.

    Parameters
    ----------
    method : str
        ``plain``, which knows the total norm of the optimum; or ``corrective``.
    step : int
        Calls of the oracle so far.
    error : float
        Value over the lower bound of the optimum, less 1.
    seconds : float
        So far.
    """

    data: str
    n: int
    d: int
    q: int
    seed: int
    method: str
    step: int
    error: float
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Take steps of both kinds on one instance."""
    settings = cell.settings
    data = drawn(cell, settings.outputs)
    optimum = optimum_of(data, settings.rtol, settings.time_limit, settings.beta_fraction)
    rows = [(PLAIN, *row) for row in _plain(optimum, settings.n_steps)]
    rows += [(CORRECTIVE, *row) for row in _corrective(optimum, settings.rtol)]
    label = label_of(cell, settings.outputs)
    return [
        Record(label, data.n, data.d, data.q, cell.seed, method, step, error, seconds)
        for method, step, error, seconds in rows
    ]


def _plain(optimum: VectorOptimum, n_steps: int) -> list[tuple[int, float, float]]:
    """Return step, error and seconds of plain steps."""
    program, bracket = optimum.program, optimum.bracket
    lengths = np.linalg.norm(bracket.hidden, axis=1) * np.linalg.norm(bracket.output, axis=1)
    total = float(lengths.sum())
    began, rows = time.perf_counter(), []
    for step, fit in enumerate(frank_wolfe_fits(program, optimum.prices, total)):
        if step and _counts(step):
            value = 0.5 * float(np.sum((program.data.Y - fit) ** 2)) + program.beta * total
            error = value / bracket.dual_value - 1.0
            rows.append((step, error, time.perf_counter() - began))
        if step >= n_steps:
            break
    return rows


def _corrective(optimum: VectorOptimum, rtol: float) -> list[tuple[int, float, float]]:
    """Return step, error and seconds of fully corrective steps."""
    program, lower = optimum.program, optimum.bracket.dual_value
    best, began, rows = VectorBracket.unsolved(program), time.perf_counter(), []
    rounds = corrective_rounds(program, optimum.prices, rtol)
    for step, found in enumerate(itertools.islice(rounds, 200)):
        best = best.with_better(found)
        if step:
            rows.append((step, best.primal_value / lower - 1.0, time.perf_counter() - began))
    return rows


def _counts(step: int) -> bool:
    """Whether a step is a power of two, or three times one."""
    return step & (step - 1) == 0 or (step % 3 == 0 and (step // 3) & (step // 3 - 1) == 0)
