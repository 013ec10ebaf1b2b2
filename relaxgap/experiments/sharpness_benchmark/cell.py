r"""Cones a minute whose sharpness is bracketed, by our method and by a conic solver.

The conic program is Definition 1 itself: :math:`C(K, z) = \min \|u\| + \|v\|` over
:math:`u - v = z`, :math:`u, v \in K`, one cone after another.

References
----------
Kim & Pilanci (2024), Definition 1.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.numerics.rows import unit_rows
from relaxgap.theory.sharpness.brackets import cone_sharpness
from relaxgap.theory.sharpness.cone import cone_matrix

OURS, CONIC = "ours", "clarabel"

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Say how many cones to bracket, how closely and how often.

    Parameters
    ----------
    n_cones, n_conic : int
        Cones of one timed call of our method, and of the conic solver.
    tolerances : tuple of float
        Relative widths of our brackets.
    repeats : int
        Calls, after one that is not timed; the median counts.
    """

    n_cones: int = 640
    n_conic: int = 4
    tolerances: tuple[float, ...] = (1e-4, 1e-6)
    repeats: int = 5

    def __post_init__(self) -> None:
        if min(self.n_cones, self.n_conic, self.repeats) < 1:
            raise ConfigurationError(
                f"Expected batch.n_cones, n_conic and repeats >= 1, got {self.n_cones}, "
                f"{self.n_conic} and {self.repeats}; raise them."
            )
        if not all(0.0 < tolerance < 1.0 for tolerance in self.tolerances):
            raise ConfigurationError(
                f"Expected 0 < batch.tolerances < 1, got {self.tolerances}; try [1e-4]."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    batch: BatchSettings = field(default_factory=BatchSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method at one tolerance.

    Parameters
    ----------
    tolerance : float or None
        Relative width asked for; the conic solver has its own.
    seconds : float
        Median of the calls, in one thread.
    cones_a_minute : float
    widest : float or None
        Largest relative width of the brackets; the conic solver proves none.
    largest_excess : float
        Of the conic values over our upper ends, relative; below zero where all are inside.
    """

    data: str
    n: int
    d: int
    seed: int
    method: str
    tolerance: float | None
    n_cones: int
    n_repeats: int
    seconds: float
    cones_a_minute: float
    widest: float | None
    largest_excess: float | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Time every method on the cones of one data matrix."""
    data, asked, rng = cell.load_data(), cell.settings.batch, cell.streams()[1]
    gates = rng.standard_normal((asked.n_cones, data.d))
    z = rng.standard_normal((asked.n_cones, data.d))
    few = slice(0, asked.n_conic)
    records: list[Record] = []

    def add(
        method: str,
        tolerance: float | None,
        n_cones: int,
        seconds: float,
        widest: float | None,
        excess: float | None,
    ) -> None:
        place = (cell.data.label, data.n, data.d, cell.seed, method, tolerance)
        speed = 60.0 * n_cones / seconds
        records.append(Record(*place, n_cones, asked.repeats, seconds, speed, widest, excess))

    with threadpool_limits(limits=1):
        upper = np.full(asked.n_cones, np.inf)
        for tolerance in asked.tolerances:
            seconds, found = _timed(
                partial(cone_sharpness, data.X, gates, z, tolerance), asked.repeats
            )
            widest = float((found.upper / found.lower - 1.0).max())
            upper = np.minimum(upper, found.upper)
            add(OURS, tolerance, asked.n_cones, seconds, widest, None)
        seconds, values = _timed(
            lambda: np.array(
                [_conic(data.X, g, v) for g, v in zip(gates[few], z[few], strict=True)]
            ),
            asked.repeats,
        )
        excess = float((values / upper[few] - 1.0).max())
        add(CONIC, None, asked.n_conic, seconds, None, excess)
    return records


def _timed(call: Callable[[], Found], repeats: int) -> tuple[float, Found]:
    """Return the median time of a call, and its last result."""
    seconds, found = [], call()
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def _conic(
    X: Float64[np.ndarray, "n d"], gate: Float64[np.ndarray, " d"], z: Float64[np.ndarray, " d"]
) -> float:
    """Return what Clarabel finds for Definition 1 in one cone."""
    import clarabel
    from scipy import sparse

    A, d = cone_matrix(X, gate), X.shape[1]
    m, unit = A.shape[0], unit_rows(z[None])[0]
    # the unknowns are u, the length of u and the length of v = u - z
    rows = sparse.csc_matrix(A)
    zero, eye = sparse.csc_matrix((m, 2)), sparse.identity(d, format="csc")
    first, second = sparse.csc_matrix([[1.0, 0.0]]), sparse.csc_matrix([[0.0, 1.0]])
    nothing, none = sparse.csc_matrix((d, 2)), sparse.csc_matrix((1, d))
    constraints = -sparse.vstack(
        [
            sparse.hstack([rows, zero]),
            sparse.hstack([rows, zero]),
            sparse.hstack([none, first]),
            sparse.hstack([eye, nothing]),
            sparse.hstack([none, second]),
            sparse.hstack([eye, nothing]),
        ],
        format="csc",
    )
    zeros = np.zeros(d + 1)
    sides = np.concatenate([np.zeros(m), -(A @ unit), zeros, [0.0], -unit])
    cones = [
        clarabel.NonnegativeConeT(2 * m),
        clarabel.SecondOrderConeT(d + 1),
        clarabel.SecondOrderConeT(d + 1),
    ]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    objective = np.concatenate([np.zeros(d), [1.0, 1.0]])
    quadratic = sparse.csc_matrix((d + 2, d + 2))
    solver = clarabel.DefaultSolver(quadratic, objective, constraints, sides, cones, settings)
    return float(solver.solve().obj_val)
