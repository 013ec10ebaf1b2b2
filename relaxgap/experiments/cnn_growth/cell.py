"""Seconds to the exact optimum of two-layer convolutional networks.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Section 4.
"""

from dataclasses import dataclass, field

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import check_fraction, optimum_of


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    outputs : Outputs
        Labels and patches of the samples; the columns of the data are those of a patch.
    beta_fraction : float
        Strength, as a fraction of that at which the zero network is optimal.
    rtol : float
        Relative gap.
    time_limit : float
        Seconds.
    """

    outputs: Outputs = field(default_factory=Outputs)
    beta_fraction: float = 0.1
    rtol: float = 1e-6
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_fraction(self.beta_fraction)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance.

    Parameters
    ----------
    n, patch, q : int
        Samples, size of a patch, and outputs.
    n_patches : int
        Patches a sample.
    n_patterns, n_faces : int
        Cells of the rows of all patches, and faces.
    primal_value, relative_gap : float
        The upper end, and the width of the bracket.
    width : int
        Filters.
    seconds : float
        Of patterns, faces and bracket, in one thread.
    """

    data: str
    n: int
    patch: int
    q: int
    n_patches: int
    seed: int
    n_patterns: int
    n_faces: int
    primal_value: float
    relative_gap: float
    width: int
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance."""
    settings = cell.settings
    data = drawn(cell, settings.outputs)
    optimum = optimum_of(data, settings.rtol, settings.time_limit, settings.beta_fraction)
    return [
        Record(
            data=label_of(cell, settings.outputs),
            n=data.n,
            patch=data.d,
            q=data.q,
            n_patches=data.n_patches,
            seed=cell.seed,
            n_patterns=optimum.prices.patterns.n_patterns,
            n_faces=optimum.prices.faces.n_faces,
            primal_value=optimum.bracket.primal_value * optimum.square,
            relative_gap=optimum.bracket.relative_gap,
            width=len(optimum.bracket.hidden),
            seconds=optimum.seconds,
        )
    ]
