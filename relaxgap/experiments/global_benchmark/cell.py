r"""What else a user may try for the global optimum, beside the bracket of this package.

SCIP on a mixed-integer program of training, which is given the least number of neurons and their
output signs, both from our optimum; the published semidefinite relaxation, which bounds the optimum
from below; restarts of Adam. All times are CPU seconds of one thread.

References
----------
Prakhya, Birdal & Yurtsever (2024), arXiv 2410.22311, for the relaxation.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.global_benchmark.completely_positive import SDP_SOLVERS, solve_relaxation
from relaxgap.experiments.global_benchmark.scip import solve_with_scip
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import instance_of
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import minimal_network
from relaxgap.training import train

Answer = TypeVar("Answer")

OURS, SCIP = "relaxgap", "scip"
METHODS = (OURS, *SDP_SOLVERS, SCIP)
LONG_SECONDS = 5.0
"""What takes longer is not repeated."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    networks, training : NetworkSettings, TrainingPlan
        What is trained, and from how many starts.
    methods : tuple of str
        Beside the bracket itself: ``sdp_clarabel``, ``sdp_scs`` and ``scip``.
    rtol, peer_rtol, found_rtol : float
        Relative gap of our bracket, that of SCIP, and distance from the optimum at which a training
        has found it.
    time_limit : float
        CPU seconds of each method.
    repeats : int
        Solves of what is short; the median counts.
    scip_python : str
        Python with the package pyscipopt, in an environment of its own.
    """

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    methods: tuple[str, ...] = METHODS[1:]
    rtol: float = 1e-6
    peer_rtol: float = 1e-4
    found_rtol: float = 1e-3
    time_limit: float = 60.0
    repeats: int = 3
    scip_python: str = ".venv-scip/bin/python"

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in METHODS[1:]]
        if unknown or not self.methods:
            got = repr(unknown[0]) if unknown else "none"
            raise ConfigurationError(
                f"Expected methods among {', '.join(METHODS[1:])}, got {got}; choose them."
            )
        if self.repeats < 1 or not self.time_limit > 0.0:
            raise ConfigurationError(
                f"Expected repeats >= 1 and a time limit above 0, got {self.repeats} and "
                f"{self.time_limit}; raise them."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: what one method says of the optimum of one instance.

    Parameters
    ----------
    width : int or None
        Neurons: of the networks trained, of the mixed-integer program, of our optimum.
    primal_value, dual_value : float or None
        The method's own: of a network, and from below. That of a semidefinite program is as exact
        as its solver, of several trainings the first is the least.
    n_runs, n_found : int or None
        Trainings, and those that came as close to the optimum as asked.
    cpu_seconds : float or None
        Median over ``n_repeats``; of trainings, all of them together.
    optimum, optimum_bound : float
        Our bracket.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    method: str
    status: str
    cpu_seconds: float | None
    n_repeats: int
    width: int | None
    primal_value: float | None
    dual_value: float | None
    n_runs: int | None
    n_found: int | None
    version: str
    optimum: float
    optimum_bound: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold what a method says, as in `Record`."""

    method: str
    status: str
    cpu_seconds: float | None
    n_repeats: int = 1
    width: int | None = None
    primal_value: float | None = None
    dual_value: float | None = None
    n_runs: int | None = None
    n_found: int | None = None
    version: str = ""


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the optimum of one instance, then ask everybody else."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solver = GlobalSolver(cell.settings.rtol, cell.settings.time_limit)
    solution, seconds, repeats = _timed(lambda: solver.solve(data, beta), cell.settings.repeats)
    best = solution.certificate
    smallest = minimal_network(solution.network, data)
    findings = [
        Finding(
            OURS,
            solution.status,
            seconds,
            repeats,
            smallest.output.size,
            best.primal_value,
            best.dual_value,
        )
    ]
    for method in cell.settings.methods:
        if method == SCIP:
            findings.append(_scip(cell.settings, data, beta, np.sort(np.sign(smallest.output))))
        else:
            findings.append(_semidefinite(cell.settings, data, beta, method))
    findings += _trainings(cell, data, beta, best.primal_value)
    return [
        Record(
            **instance_of(cell, data, beta),  # type: ignore[arg-type]
            **asdict(finding),
            optimum=best.primal_value,
            optimum_bound=best.dual_value,
        )
        for finding in findings
    ]


def _timed(solve: Callable[[], Answer], repeats: int) -> tuple[Answer, float, int]:
    """Return the last answer, the median of the CPU seconds and how often it was asked for."""
    seconds: list[float] = []
    while len(seconds) < repeats and (not seconds or seconds[0] < LONG_SECONDS):
        began = time.process_time()
        answer = solve()
        seconds.append(time.process_time() - began)
    return answer, statistics.median(seconds), len(seconds)


def _semidefinite(settings: Settings, data: Dataset, beta: float, method: str) -> Finding:
    solver = SDP_SOLVERS[method]
    answer, seconds, repeats = _timed(
        lambda: solve_relaxation(data, beta, solver, settings.time_limit), settings.repeats
    )
    bound = answer.value if math.isfinite(answer.value) else None
    return Finding(
        method, answer.status, seconds, repeats, dual_value=bound, version=answer.version
    )


def _scip(
    settings: Settings, data: Dataset, beta: float, signs: Float64[np.ndarray, " m"]
) -> Finding:
    answer = solve_with_scip(
        data, beta, signs, settings.peer_rtol, settings.time_limit, settings.scip_python
    )
    return Finding(
        SCIP,
        answer.status,
        answer.cpu_seconds,
        width=signs.size,
        primal_value=answer.primal_value,
        dual_value=answer.dual_value,
        version=answer.version,
    )


def _trainings(
    cell: Cell[Settings], data: Dataset, beta: float, optimum: float
) -> Iterator[Finding]:
    for label, method in cell.settings.training.methods.items():
        for rule in cell.settings.networks.width:
            width = size_of(rule, data.n)
            initial, order = starting_networks(cell, method, width, data.d)
            began = time.process_time()
            losses = train(data, beta, method, initial, order).best_losses
            seconds = time.process_time() - began
            found = losses <= (1.0 + cell.settings.found_rtol) * optimum
            yield Finding(
                label,
                "trained",
                seconds,
                width=width,
                primal_value=float(losses.min()),
                n_runs=losses.size,
                n_found=int(np.count_nonzero(found)),
            )
