"""How much the predictions of two optimal networks can differ at points that are no samples.

References
----------
Kim, Mishkin & Pilanci (2025), arXiv 2411.07729.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.made_instances import MadeInstance


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    made : MadeInstance
        Made data instead of those of the cell.
    beta_fraction : float
        Strength, as a fraction of that at which the zero network is optimal; of made data as a
        fraction of twice the least label.
    n_points : int
        Points off the data, with independent standard normal features.
    """

    made: MadeInstance = field(default_factory=MadeInstance)
    beta_fraction: float = 0.1
    n_points: int = 50

    def __post_init__(self) -> None:
        if not 0.0 < self.beta_fraction < 1.0:
            raise ConfigurationError(
                f"Expected 0 < beta_fraction < 1, got {self.beta_fraction}; try 0.1."
            )
        if self.n_points < 1:
            raise ConfigurationError(f"Expected n_points >= 1, got {self.n_points}; raise it.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    set_fraction : float
        The strength as the settings give it.
    beta_fraction : float
        Of the least strength at which the zero network is optimal.
    unique : str
        Whether one network alone is optimal: ``yes`` and ``no`` are proven.
    dimension : int
        Of the set, as the numbers show it.
    n_points : int
        Points off the data.
    label_size : float
        Root mean square of the labels.
    median_found, largest_found : float
        Difference of two predictions at a point, of networks that were found: median and largest
        of the points, over the size of the labels.
    median_proven, largest_proven : float
        The same between the proven ends, which no optimal network leaves.
    relative_gap : float
        Of the bracket of the optimum.
    """

    data: str
    n: int
    d: int
    seed: int
    set_fraction: float
    beta_fraction: float
    unique: str
    proven_by: str
    dimension: int
    n_points: int
    label_size: float
    median_found: float
    largest_found: float
    median_proven: float
    largest_proven: float
    relative_gap: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Describe the optimal set of one instance, and its range at each point."""
    settings = cell.settings
    made, fraction = settings.made, settings.beta_fraction
    data = made.load(cell)
    at = cell.streams()[1].standard_normal((settings.n_points, data.d))
    if made.kind == "none":
        found = optimal_set(data.X, data.y, beta_fraction=fraction, at=at)
    else:
        found = optimal_set(data.X, data.y, beta=made.strength(data, fraction), at=at)
        fraction = found.beta / found.beta_max
    # labels of a made instance may all be the same, so that their spread about a mean is no unit
    unit = float(np.sqrt(np.mean(data.y**2)))
    seen = np.array([one.high - one.low for one in found.predictions]) / unit
    proven = np.array([one.proven_high - one.proven_low for one in found.predictions]) / unit
    return [
        Record(
            data=made.label_of(cell),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            set_fraction=settings.beta_fraction,
            beta_fraction=fraction,
            unique=found.unique,
            proven_by=found.proven_by,
            dimension=found.dimension,
            n_points=settings.n_points,
            label_size=unit,
            median_found=float(np.median(seen)),
            largest_found=float(seen.max()),
            median_proven=float(np.median(proven)),
            largest_proven=float(proven.max()),
            relative_gap=found.relative_gap,
        )
    ]
