r"""In how many pieces the optimal networks of a width lie, against the width.

Kim, Mishkin & Pilanci (2025) prove for networks as points of weight space that with
:math:`m^*` and :math:`M^*` neurons of the narrowest and of the widest vertex, the optimal ones of
width ``m`` are finitely many at :math:`m = m^*`, not all isolated from :math:`m^* + 1` on, some of
them isolated at :math:`M^*`, none from :math:`M^* + 1` on, and connected from
:math:`\min(m^* + M^*, n + 1)` on. Counted here are both these networks and those whose neurons
have no order.

References
----------
Kim, Mishkin & Pilanci (2025), arXiv 2411.07729, the staircase of connectivity.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.made_instances import MadeInstance
from relaxgap.experiments.staircase.components import labelled, up_to_permutations


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    made : MadeInstance
        Made data, whose vertices are known in fractions.
    beta : float
        Strength.
    """

    made: MadeInstance = field(default_factory=MadeInstance)
    beta: float = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance and one width.

    Parameters
    ----------
    dimension, n_neurons, n_vertices : int
        Of the polytope of the weights of optimal networks.
    rank : int
        Of the columns of its neurons.
    smallest, largest : int
        Neurons of the narrowest and of the widest vertex.
    connected_by : int
        Width from which on the theorem says that the optimal networks are connected.
    width : int
        Neurons.
    n_components, n_single : int
        Components of the optimal networks of this width up to permutations of their neurons, and
        those that are a single network.
    n_labelled, n_labelled_single : int or None
        The same of networks as points of weight space; None where they are too many to count.
    """

    data: str
    n: int
    d: int
    seed: int
    dimension: int
    n_neurons: int
    n_vertices: int
    rank: int
    smallest: int
    largest: int
    connected_by: int
    width: int
    n_components: int
    n_single: int
    n_labelled: int | None
    n_labelled_single: int | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Count the components of one instance at each width, from the last without any on."""
    made = cell.settings.made
    if made.kind == "none":
        raise ConfigurationError(
            "Expected made data, whose vertices are known in fractions, got made.kind 'none'; "
            "choose directions or signs."
        )
    data = made.load(cell)
    found = optimal_set(data.X, data.y, beta=cell.settings.beta)
    supports = exact_supports(found)
    sizes = supports.sum(axis=1)
    smallest, largest = int(sizes.min()), int(sizes.max())
    connected_by = min(smallest + largest, data.n + 1)
    records = []
    for width in range(smallest - 1, connected_by + 2):
        unordered, placed = up_to_permutations(supports, width), labelled(supports, width)
        records.append(
            Record(
                data=made.label_of(cell),
                n=data.n,
                d=data.d,
                seed=cell.seed,
                dimension=found.dimension,
                n_neurons=found.n_neurons,
                n_vertices=len(supports),
                rank=found.description.polytope.rank,
                smallest=smallest,
                largest=largest,
                connected_by=connected_by,
                width=width,
                n_components=unordered.count,
                n_single=unordered.n_single,
                n_labelled=placed.count if placed else None,
                n_labelled_single=placed.n_single if placed else None,
            )
        )
    return records


def exact_supports(found: OptimalSet) -> Bool[np.ndarray, "v k"]:
    """Return the neurons of each vertex, as fractions show them.

    Raises
    ------
    ConfigurationError
        If not every vertex was found in fractions.
    """
    exact = found.exact
    if exact is None or not found.all_vertices or len(exact.vertices) != found.n_vertices:
        raise ConfigurationError(
            "Expected an instance all of whose vertices are known in fractions, got "
            f"{found.n_vertices} vertices, of which {len(exact.vertices) if exact else 0} are; "
            "lower made.pairs or made.largest."
        )
    return np.array([[c > 0 for c in vertex] for vertex in exact.vertices], dtype=np.bool_)
