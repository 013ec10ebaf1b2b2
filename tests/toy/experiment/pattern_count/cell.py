"""How many activation patterns Gaussian gates find, of all there are.

References
----------
Cover (1965) for the count.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import SamplingAndEnumeration
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.patterns import enumerate_patterns, sample_patterns


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary: a part that others share, and one setting of its own."""

    patterns: SamplingAndEnumeration = field(default_factory=SamplingAndEnumeration)
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one sample of gates on one instance.

    Parameters
    ----------
    n_found, n_patterns : int
        Distinct patterns of the sample, and of the whole arrangement.
    """

    data: str
    n: int
    d: int
    seed: int
    n_gates: int
    repeat: int
    n_found: int
    n_patterns: int


def run(cell: Cell[Settings]) -> list[Record]:
    """Enumerate the patterns of one instance and count those of every sample."""
    data, settings = cell.load_data(), cell.settings
    n_patterns = enumerate_patterns(data.X, limit=settings.patterns.limit).n_patterns
    records = []
    for rule in settings.patterns.n_gates:
        for repeat in range(settings.repeats):
            rng = np.random.default_rng([cell.seed, repeat])
            n_gates = size_of(rule, data.n, d=data.d)
            n_found = sample_patterns(data.X, n_gates, rng).n_patterns
            records.append(
                Record(
                    data=cell.data.label,
                    n=data.n,
                    d=data.d,
                    seed=cell.seed,
                    n_gates=n_gates,
                    repeat=repeat,
                    n_found=n_found,
                    n_patterns=n_patterns,
                )
            )
    return records
