"""One cell of an experiment's grid: an instance, its seeds and the experiment's own settings."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from relaxgap.data.dataset import Dataset, DataSource
from relaxgap.errors import ConfigurationError

SettingsT = TypeVar("SettingsT", covariant=True)


@dataclass(frozen=True, slots=True)
class Cell(Generic[SettingsT]):
    """Hold everything that decides the numbers of a cell and nothing else.

    Parameters
    ----------
    data : DataSource
        Where the samples come from.
    settings : dataclass
        Of the experiment, and what only this experiment knows.
    seed : int
        Split into independent data, pattern and training streams.
    data_seed : int or None
        Draws the data instead, so that a sweep over ``seed`` keeps one instance.
    """

    data: DataSource
    settings: SettingsT
    seed: int = 0
    data_seed: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("seed", self.seed), ("data_seed", self.data_seed)):
            if value is not None and value < 0:
                raise ConfigurationError(f"Expected {name} >= 0, got {value}; raise {name}.")

    def load_data(self) -> Dataset:
        """Draw or read the data of this cell."""
        return self.data.load(self.streams()[0])

    def streams(self) -> tuple[np.random.Generator, np.random.Generator, np.random.SeedSequence]:
        """Return the data generator, the pattern generator and the training seed sequence."""
        data, patterns, training = np.random.SeedSequence(self.seed).spawn(3)
        if self.data_seed is not None:
            data = np.random.SeedSequence(self.data_seed).spawn(1)[0]
        return np.random.default_rng(data), np.random.default_rng(patterns), training
