"""Classes of real tables by one gated program of all outputs, and by one for each class.

Both have the squared loss of one-hot labels, centred as the rows are, the same gates, and the same
fraction of the strength at which their own weights vanish.
"""

import time
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.held_out import split_rows
from relaxgap.analysis.solving import solve
from relaxgap.data.bundled import BundledData
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.interruption import uninterrupted
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.patterns import PatternSet, sample_patterns

TOGETHER, EACH = "together", "each"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    n_gates : int
        Gaussian gates of both.
    beta_fraction : float
        Strength, as a fraction of that at which weights vanish.
    rtol : float
        Relative gap.
    time_limit : float
        Seconds of a program.
    test_fraction : float
        Part of the rows to test on.
    """

    n_gates: int = 100
    beta_fraction: float = 0.01
    rtol: float = 1e-3
    time_limit: float = 120.0
    test_fraction: float = 0.25

    def __post_init__(self) -> None:
        if self.n_gates < 1:
            raise ConfigurationError(f"Expected n_gates >= 1, got {self.n_gates}; raise it.")
        check_fraction(self.beta_fraction, "0.01")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method on one split.

    Parameters
    ----------
    n, d, n_classes : int
        Rows of the training part, columns and classes.
    method : str
        ``together``, one program; or ``each``, one for every class.
    test_error : float
        Fraction classified wrong by the largest output.
    seconds : float
        Of all programs, in one thread.
    relative_gap : float
        The largest.
    n_blocks : int
        Blocks that are not zero, of all programs.
    """

    data: str
    n: int
    d: int
    n_classes: int
    seed: int
    beta_fraction: float
    method: str
    test_error: float
    seconds: float
    relative_gap: float
    n_blocks: int


def run(cell: Cell[Settings]) -> list[Record]:
    """Fit both ways to one split of a table."""
    source, settings = cell.data, cell.settings
    if not isinstance(source, BundledData) or not source.has_classes:
        raise ConfigurationError(
            f"Expected a bundled table of classes, got the data set {source.label}; take "
            "data=bundled data.table=wine."
        )
    data = cell.load_data()
    train, test = split_rows(data.n, settings.test_fraction, cell.seed)
    X = Scaling.of(data.X[train]).apply(data.X)
    labels = np.unique(data.y)
    hot = (data.y[:, None] == labels).astype(np.float64)
    center = hot[train].mean(axis=0)
    patterns = sample_patterns(X[train], settings.n_gates, cell.streams()[1])
    rows = []
    for method in (TOGETHER, EACH):
        began = time.perf_counter()
        outputs, gap, blocks = _fitted(method, X, hot - center, train, patterns, settings)
        seconds = time.perf_counter() - began
        said = np.argmax(outputs[test] + center, axis=1)
        rows.append(
            Record(
                data=source.label,
                n=len(train),
                d=data.d,
                n_classes=labels.size,
                seed=cell.seed,
                beta_fraction=settings.beta_fraction,
                method=method,
                test_error=float(np.mean(labels[said] != data.y[test])),
                seconds=seconds,
                relative_gap=gap,
                n_blocks=blocks,
            )
        )
    return rows


def _fitted(
    method: str,
    X: Float64[np.ndarray, "n d"],
    Y: Float64[np.ndarray, "n q"],
    train: np.ndarray,
    patterns: PatternSet,
    settings: Settings,
) -> tuple[Float64[np.ndarray, "n q"], float, int]:
    """Return outputs for all rows, the largest gap, and the number of blocks."""
    parts = [slice(0, Y.shape[1])] if method == TOGETHER else range(Y.shape[1])
    outputs, gap, blocks = np.zeros_like(Y), 0.0, 0
    for part in parts:
        result = uninterrupted(
            solve(
                X[train],
                Y[train, part],
                beta_fraction=settings.beta_fraction,
                patterns=patterns,
                program="gated",
                rtol=settings.rtol,
                time_limit=settings.time_limit,
            )
        )
        outputs[:, part] = result.network.predict(X)
        gap, blocks = max(gap, result.relative_gap), blocks + result.active_blocks
    return outputs, gap, blocks
