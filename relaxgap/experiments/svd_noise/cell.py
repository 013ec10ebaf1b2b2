"""The optimum of ReLU networks over the soft-thresholded decomposition, with noisy classes.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Theorem 5.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import check_fraction, optimum_of


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    outputs : Outputs
        Labels of whitened rows: classes and noise.
    beta_fraction : float
        Strength, as a fraction of the largest singular value of the labels.
    rtol : float
        Relative gap of the optimum.
    time_limit : float
        Seconds.
    """

    outputs: Outputs = field(default_factory=Outputs)
    beta_fraction: float = 0.2
    rtol: float = 1e-6
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_fraction(self.beta_fraction, "0.2")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance.

    Parameters
    ----------
    noise : float
        Standard deviation of what was added to the classes.
    linear_value : float
        Optimum of linear networks, from singular values.
    primal_value, dual_value, relative_gap : float
        Bracket of the optimum of ReLU networks.
    ratio : float
        The upper end over the linear optimum.
    width : int
        Neurons.
    """

    data: str
    n: int
    d: int
    q: int
    seed: int
    noise: float
    linear_value: float
    primal_value: float
    dual_value: float
    relative_gap: float
    ratio: float
    width: int
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance, and its linear networks in closed form."""
    settings = cell.settings
    if not settings.outputs.whitened:
        raise ConfigurationError(
            "Expected outputs.whitened=true, got false: for other rows linear networks bound "
            "nothing; set it."
        )
    data = drawn(cell, settings.outputs)
    sizes = np.linalg.svd(data.Y, compute_uv=False)
    beta = settings.beta_fraction * float(sizes[0])
    optimum = optimum_of(data, settings.rtol, settings.time_limit, beta=beta)
    bracket, square = optimum.bracket, optimum.square
    linear = float(np.sum(np.where(sizes <= beta, 0.5 * sizes**2, beta * sizes - 0.5 * beta**2)))
    return [
        Record(
            data=label_of(cell, settings.outputs),
            n=data.n,
            d=data.d,
            q=data.q,
            seed=cell.seed,
            noise=settings.outputs.noise,
            linear_value=linear,
            primal_value=bracket.primal_value * square,
            dual_value=bracket.dual_value * square,
            relative_gap=bracket.relative_gap,
            ratio=bracket.primal_value * square / linear,
            width=len(bracket.hidden),
            seconds=optimum.seconds,
        )
    ]
