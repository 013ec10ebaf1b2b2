"""What one cell of an experiment's grid is: frozen plain values, the source of its cache key."""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.data import DataSource, DigitsData, FileData, GaussianData, MnistData
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.settings import (
    NetworkSettings,
    OptimumSettings,
    PatternSampling,
    Regularisation,
    SolverSettings,
    TrainingPlan,
)
from relaxgap.experiments.timing.settings import BenchmarkSettings


@dataclass(frozen=True, slots=True)
class CellSpec:
    """Hold one grid point: everything that decides its numbers and nothing else.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    data : DataSource
        Where the samples come from.
    seed : int
        Split into independent data, pattern and training streams.
    data_seed : int or None
        Draws the data instead, so that a sweep over ``seed`` keeps one instance.
    """

    experiment: str
    data: DataSource
    regularisation: Regularisation
    patterns: PatternSampling
    solver: SolverSettings
    networks: NetworkSettings
    training: TrainingPlan
    seed: int
    data_seed: int | None = None
    benchmark: BenchmarkSettings = field(default_factory=BenchmarkSettings)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)

    def __post_init__(self) -> None:
        for name, value in (("seed", self.seed), ("data_seed", self.data_seed)):
            if value is not None and value < 0:
                raise ConfigurationError(f"Expected {name} >= 0, got {value}; raise {name}.")

    @property
    def data_label(self) -> str:
        """Short name of the data source for a CSV: kind and labels."""
        match self.data:
            case GaussianData():
                return f"gaussian, {self.data.labels} labels"
            case DigitsData():
                return f"digits {self.data.class_a} against {self.data.class_b}"
            case MnistData():
                return f"mnist {self.data.class_a} against {self.data.class_b}"
            case FileData():
                return self.data.path.rpartition("/")[2]
            case _:
                return type(self.data).__name__

    def absolute_beta(self) -> float:
        """Return ``beta`` for an experiment whose patterns cannot be enumerated.

        Raises
        ------
        ConfigurationError
            If only a fraction of ``beta_max`` was given.
        """
        beta = self.regularisation.beta
        if beta is None:
            raise ConfigurationError(
                f"Expected an absolute beta for {self.experiment}, got beta_fraction="
                f"{self.regularisation.beta_fraction}; beta_max needs all patterns. Set "
                "regularisation.beta=0.1 regularisation.beta_fraction=null."
            )
        return beta

    def load_data(self) -> Dataset:
        """Draw or read the data of this cell."""
        return self.data.load(self.streams()[0])

    def streams(self) -> tuple[np.random.Generator, np.random.Generator, np.random.SeedSequence]:
        """Return the data generator, the pattern generator and the training seed sequence."""
        data, patterns, training = np.random.SeedSequence(self.seed).spawn(3)
        if self.data_seed is not None:
            data = np.random.SeedSequence(self.data_seed).spawn(1)[0]
        return np.random.default_rng(data), np.random.default_rng(patterns), training
