r"""Into how many neurons the blocks of an optimum fall, cell by cell.

Of the neurons :math:`u_j, v_j` of a cell the block is :math:`V = \sum_j u_j v_j^\top`, a product
in which the activations :math:`D X u_j` are not negative and the output weights are free: a
semi-nonnegative factorisation, of at least as many terms as the rank of the block.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Section 3.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import optimum_of

ON_EDGE = 1e-9
"""A unit neuron this near to a hyperplane, in units of the largest activation, is on it."""


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
        Relative gap of the optimum.
    rank_rtol : float
        Singular values of a block below this part of its largest are none.
    time_limit : float
        Seconds.
    """

    outputs: Outputs = field(default_factory=Outputs)
    beta_fraction: float = 0.1
    rtol: float = 1e-9
    rank_rtol: float = 1e-6
    time_limit: float = 120.0

    def __post_init__(self) -> None:
        for name in ("beta_fraction", "rank_rtol"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ConfigurationError(
                    f"Expected 0 < {name} < 1, got {getattr(self, name)}; try 0.1 and 1e-6."
                )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    width : int
        Neurons of the optimum found.
    rank : int
        Of the labels' fit.
    n_cells, n_cells_of_one : int
        Cells with neurons, and those with one.
    most_neurons, most_rank : int
        The largest number of neurons in a cell, and the largest rank of a block.
    n_in_excess : int
        Cells with more neurons than the rank of their block.
    relative_gap : float
        Of the bracket.
    """

    data: str
    n: int
    d: int
    q: int
    seed: int
    beta_fraction: float
    width: int
    rank: int
    n_cells: int
    n_cells_of_one: int
    most_neurons: int
    most_rank: int
    n_in_excess: int
    relative_gap: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance and look into its cells."""
    settings = cell.settings
    data = drawn(cell, settings.outputs)
    optimum = optimum_of(data, settings.rtol, settings.time_limit, settings.beta_fraction)
    hidden, output = optimum.bracket.hidden, optimum.bracket.output
    blocks = _by_cell(optimum.program.data.X, hidden, output)
    counts = np.array([len(v) for _, v in blocks], dtype=np.int64)
    ranks = np.array([_rank(u.T @ v, settings.rank_rtol) for u, v in blocks], dtype=np.int64)
    return [
        Record(
            data=label_of(cell, settings.outputs),
            n=data.n,
            d=data.d,
            q=data.q,
            seed=cell.seed,
            beta_fraction=settings.beta_fraction,
            width=len(hidden),
            rank=_rank(optimum.program.fit(hidden, output), settings.rank_rtol),
            n_cells=len(blocks),
            n_cells_of_one=int(np.sum(counts == 1)),
            most_neurons=int(counts.max(initial=0)),
            most_rank=int(ranks.max(initial=0)),
            n_in_excess=int(np.sum(counts > ranks)),
            relative_gap=optimum.bracket.relative_gap,
        )
    ]


def _by_cell(
    X: Float64[np.ndarray, "N d"],
    hidden: Float64[np.ndarray, "m d"],
    output: Float64[np.ndarray, "m q"],
) -> list[tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, "k q"]]]:
    """Return the neurons of each cell; one on its edge is counted where all it meets is active."""
    found: dict[bytes, list[int]] = {}
    for j, w in enumerate(hidden):
        along = X @ w
        active = along >= -ON_EDGE * float(np.abs(along).max(initial=0.0))
        found.setdefault(active.tobytes(), []).append(j)
    return [(hidden[rows], output[rows]) for rows in found.values()]


def _rank(matrix: Float64[np.ndarray, "a b"], rtol: float) -> int:
    values = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(values > rtol * values.max(initial=0.0)))
