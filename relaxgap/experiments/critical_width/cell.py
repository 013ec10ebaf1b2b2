r"""The smallest and the largest width of a vertex of the set of optimal networks.

The least width of an optimal network is :math:`m^*`, that of the narrowest vertex; the widest
vertex has :math:`M^*` neurons. Where one network alone is optimal, up to splittings, both are its
width.

References
----------
Wang, Lacotte & Pilanci (2022); Kim, Mishkin & Pilanci (2025), arXiv 2411.07729.
"""

from dataclasses import dataclass, field

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
    """

    made: MadeInstance = field(default_factory=MadeInstance)
    beta_fraction: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 < self.beta_fraction < 1.0:
            raise ConfigurationError(
                f"Expected 0 < beta_fraction < 1, got {self.beta_fraction}; try 0.1."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    beta_fraction : float
        Of the least strength at which the zero network is optimal.
    unique : str
        Whether one network alone is optimal, up to splittings: ``yes`` and ``no`` are proven, the
        rest is ``not told``.
    proven_by : str
        What proves it.
    dimension : int
        Of the set, as the numbers show it.
    smallest_low, smallest, largest : int
        Bracket of the least width, and the width of the widest vertex found.
    largest_high : int or None
        No vertex is wider; None where that is not proven.
    rank : int
        Of the columns of all neurons that an optimal network can have.
    n_neurons, n_vertices : int
        Neurons that an optimal network can have, and vertices found.
    all_vertices : bool
        Whether all sets of neurons were tried for one.
    relative_gap : float
        Of the bracket of the optimum.
    """

    data: str
    n: int
    d: int
    seed: int
    beta_fraction: float
    unique: str
    proven_by: str
    dimension: int
    smallest_low: int
    smallest: int
    largest: int
    largest_high: int | None
    rank: int
    n_neurons: int
    n_vertices: int
    all_vertices: bool
    relative_gap: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Describe the optimal set of one instance."""
    made, fraction = cell.settings.made, cell.settings.beta_fraction
    data = made.load(cell)
    if made.kind == "none":
        found = optimal_set(data.X, data.y, beta_fraction=fraction)
    else:
        found = optimal_set(data.X, data.y, beta=made.strength(data, fraction))
        fraction = found.beta / found.beta_max
    return [
        Record(
            data=made.label_of(cell),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            beta_fraction=fraction,
            unique=found.unique,
            proven_by=found.proven_by,
            dimension=found.dimension,
            smallest_low=found.smallest_width_low,
            smallest=found.smallest_width,
            largest=found.largest_width,
            largest_high=found.largest_width_high,
            rank=found.description.polytope.rank,
            n_neurons=found.n_neurons,
            n_vertices=found.n_vertices,
            all_vertices=found.all_vertices,
            relative_gap=found.relative_gap,
        )
    ]
