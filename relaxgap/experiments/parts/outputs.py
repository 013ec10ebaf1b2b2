"""Several labels a sample, drawn for the rows of a cell."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from relaxgap.data.gaussian import GaussianData
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.numerics.rows import normalized_rows

KINDS = ("noise", "planted", "one_hot")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Say which labels the samples get, and whether their rows are whitened or many.

    Parameters
    ----------
    q : int
        Number of outputs.
    labels : str
        ``noise``, standard normal; ``planted``, a ReLU teacher of ``teacher_width`` neurons;
        ``one_hot``, classes of equal sizes.
    noise : float
        Standard deviation of what is added to the outputs of a teacher or to classes.
    teacher_width : int
        Neurons of the teacher.
    whitened : bool
        Make the rows orthonormal; there are then at most as many as columns.
    n_patches : int
        Rows a sample.

    Raises
    ------
    ConfigurationError
        If a value is out of range.
    """

    q: int = 2
    labels: str = "noise"
    noise: float = 0.0
    teacher_width: int = 3
    whitened: bool = False
    n_patches: int = 1

    def __post_init__(self) -> None:
        for name in ("q", "teacher_width", "n_patches"):
            if getattr(self, name) < 1:
                raise ConfigurationError(
                    f"Expected outputs.{name} >= 1, got {getattr(self, name)}; raise it."
                )
        if self.labels not in KINDS:
            raise ConfigurationError(
                f"Expected outputs.labels out of {', '.join(KINDS)}, got {self.labels!r}; choose "
                "one."
            )
        if not (math.isfinite(self.noise) and self.noise >= 0.0):
            raise ConfigurationError(
                f"Expected a finite outputs.noise >= 0, got {self.noise}; use 0 for none."
            )


def drawn(cell: Cell[Any], outputs: Outputs) -> VectorDataset:
    """Draw the rows of a cell's Gaussian data, and labels of several columns for them.

    Raises
    ------
    ConfigurationError
        If the data are not Gaussian, or whitened rows more than their columns.
    """
    source = cell.data
    if not isinstance(source, GaussianData):
        raise ConfigurationError(
            f"Expected Gaussian data for several outputs, got the data set {source.label}; take "
            "data=gaussian."
        )
    rng, d = cell.streams()[0], source.n_features
    n, T, q = source.n, outputs.n_patches, outputs.q
    X = rng.standard_normal((n * T, d))
    if outputs.whitened:
        if n * T > d:
            raise ConfigurationError(
                f"Expected at most d = {d} whitened rows, got {n * T}; raise data.d."
            )
        left, _, right = np.linalg.svd(X, full_matrices=False)
        X = left @ right
    noise = rng.standard_normal((n, q))
    if outputs.labels == "noise":
        return VectorDataset(X, noise)
    if outputs.labels == "planted":
        hidden = normalized_rows(rng.standard_normal((outputs.teacher_width, d)))
        output = rng.standard_normal((outputs.teacher_width, q))
        clean = np.maximum(X @ hidden.T, 0.0).reshape(n, T, -1).sum(axis=1) @ output
        return VectorDataset(X, clean + outputs.noise * noise)
    return VectorDataset(X, np.eye(q)[np.arange(n) % q] + outputs.noise * noise)


def label_of(cell: Cell[Any], outputs: Outputs) -> str:
    """Return a short name of the data for a CSV."""
    rows = cell.data.label.partition(",")[0]
    words = {"noise": "noise labels", "planted": "planted labels", "one_hot": "one-hot labels"}
    return f"{'whitened ' if outputs.whitened else ''}{rows}, {words[outputs.labels]}"
