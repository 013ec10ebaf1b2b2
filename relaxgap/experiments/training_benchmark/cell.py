r"""What a step of training costs: ours next to PyTorch, and many runs in one batch.

A cell is one instance. Two processes with equal threads train the same networks by
the same full-batch steps in turn: `train` alone and with a batch of runs, and the loop that a user
of PyTorch writes. The final losses say that they did the same.
"""

import statistics
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.experiments.timing.alternation import timings
from relaxgap.experiments.timing.settings import Repetition
from relaxgap.experiments.timing.stopwatch import write_problem
from relaxgap.training import TrainingSpec, step_size
from relaxgap.training.schedules import step_factor


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    benchmark: Repetition = field(default_factory=Repetition)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the time of one training of one run or of a batch.

    Parameters
    ----------
    library : str
        ``relaxgap`` or ``pytorch``; the latter only where it is installed.
    n_runs : int
        Runs in the batch, from different starts.
    seconds, least_seconds : float
        Median and least of ``n_repeats`` trainings in a warm process, from the starting point in
        memory to the final weights.
    final_loss : float
        Of the first run.
    threads : int
        BLAS threads of each process.
    """

    data: str
    n: int
    d: int
    seed: int
    width: int
    method: str
    beta: float
    library: str
    n_runs: int
    n_steps: int
    seconds: float
    least_seconds: float
    n_repeats: int
    final_loss: float
    threads: int
    version: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Time every method on one instance.

    Raises
    ------
    ConfigurationError
        If a method does anything but a fixed number of full-batch steps of both layers.
    """
    settings = cell.settings
    data, beta = cell.load_data(), settings.regularisation.absolute()
    for label, method in settings.training.methods.items():
        _refuse_other_loops(label, method)
    cases = [
        (size_of(rule, data.n), label, method)
        for rule in settings.networks.width
        for label, method in settings.training.methods.items()
    ]
    with tempfile.TemporaryDirectory(prefix="relaxgap-") as name:
        folders = [Path(name, str(number)) for number in range(len(cases))]
        for folder, (width, _, method) in zip(folders, cases, strict=True):
            _write(folder, cell, data, method, width)
        timed = timings(
            folders,
            [("relaxgap", 1), ("pytorch", 1), ("relaxgap", settings.networks.n_starts)],
            settings.benchmark.repeats,
            settings.benchmark.threads,
        )
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            width=width,
            method=label,
            beta=beta,
            library=timing.library,
            n_runs=timing.n_runs,
            n_steps=method.n_steps,
            seconds=statistics.median(timing.seconds),
            least_seconds=min(timing.seconds),
            n_repeats=len(timing.seconds),
            final_loss=timing.loss,
            threads=settings.benchmark.threads,
            version=timing.version,
        )
        for (width, label, method), of_case in zip(cases, timed, strict=True)
        for timing in of_case
    ]


def _write(
    folder: Path, cell: Cell[Settings], data: Dataset, method: TrainingSpec, width: int
) -> None:
    initial, _ = starting_networks(cell, method, width, data.d)
    factors = [step_factor(method.schedule, k, method.n_steps) for k in range(method.n_steps)]
    problem = {
        "X": data.X,
        "y": data.y,
        "hidden": initial.hidden,
        "output": initial.output,
        "rates": step_size(method, data, width) * np.array(factors),
    }
    folder.mkdir()
    write_problem(
        folder, problem, {"spec": asdict(method), "beta": cell.settings.regularisation.absolute()}
    )


def _refuse_other_loops(label: str, method: TrainingSpec) -> None:
    stops = method.stop_loss_fraction is not None or method.stop_residual is not None
    if method.batch_size or stops or not method.train_output:
        raise ConfigurationError(
            f"Expected full-batch training of both layers without a stopping rule for "
            f"training_benchmark, got {label}: {method}; choose training=full_batch."
        )
