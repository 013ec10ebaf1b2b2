"""What ``path`` returns: a row for each strength, and the networks behind them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from relaxgap.analysis.held_out import HeldOut
from relaxgap.analysis.programs import networks_of
from relaxgap.data.classes import Classes, class_sentence
from relaxgap.networks import FittedNetwork
from relaxgap.problems.biases import Bias
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Hold a row of the table: ``primal_value`` is ``loss + beta * penalty``, rounded up.

    ``test_error`` is `HeldOut.error` on the held-out rows, None without any.
    """

    beta: float
    beta_fraction: float
    loss: float
    penalty: float
    active_blocks: int
    primal_value: float
    dual_value: float
    relative_gap: float
    n_iterations: int
    status: Status
    test_error: float | None = None


OnPoint = Callable[[PathPoint], None]


@dataclass(frozen=True, slots=True, eq=False)
class RegularisationPath:
    """Hold the points of a path, from ``beta_max`` down.

    Parameters
    ----------
    complete : bool
        Whether the program ranges over all patterns: only then do the brackets, of a program with
        cones, hold for networks of every width.
    loss : str
        ``squared``, ``logistic`` or ``hinge``.
    classes : tuple of str or None
        The names of -1 and +1, or the only one; None where labels are no classes.
    beta_max : float
        The least strength at which the zero network is optimal.
    solver, method : str
        As for `relaxgap.solve`.
    n_points : int
        Strengths asked for.
    rows : tuple of PathPoint
        As many as were solved.
    stopped : str
        Empty, ``interrupted``, ``time_limit``, or the error that ended the work early.
    hidden_bias, output_bias, standardized
        As for `relaxgap.solve`.
    networks : tuple of FittedNetwork
        That of each row; each takes raw rows.
    tests : tuple of HeldOut
        What each does on held-out rows; empty without any.
    remarks : tuple of str
        What may be wrong with the data or the patterns, one line each.
    """

    n_patterns: int
    complete: bool
    program: str
    loss: str
    classes: Classes | None
    beta_max: float
    solver: str
    method: str
    rtol: float
    threads: int
    n_points: int
    solve_seconds: float
    rows: tuple[PathPoint, ...]
    stopped: str
    hidden_bias: Bias = Bias.NONE
    output_bias: Bias = Bias.NONE
    standardized: bool = False
    networks: tuple[FittedNetwork, ...] = ()
    tests: tuple[HeldOut, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def best(self) -> int | None:
        """The row of least held-out error, of equal ones that of the largest beta; None without."""
        if not self.tests:
            return None
        return int(np.argmin([test.error for test in self.tests]))

    @property
    def seconds(self) -> float:
        """Wall time of the solves."""
        return self.solve_seconds

    @property
    def ran_out(self) -> str:
        """What a time limit that ran out left, in a sentence; empty if none did."""
        if self.stopped != Status.TIME_LIMIT:
            return ""
        return (
            f"The time ran out after {len(self.rows)} of {self.n_points} points; what is finished "
            "is kept."
        )

    @property
    def n_missed(self) -> int:
        """Points whose gap is wider than ``rtol``."""
        return sum(point.status != Status.SOLVED for point in self.rows)

    @property
    def sentence(self) -> str:
        """Which optima the brackets hold, and how wide the widest is."""
        if not self.rows:
            return self.ran_out or "No point of the path was solved."
        widest = max(point.relative_gap for point in self.rows)
        missed = self.n_missed
        networks = networks_of(self.program, self.complete, self.n_patterns)
        said = (
            f"Every optimum over {networks} lies in its bracket [dual_value, primal_value]; the "
            f"widest is {100.0 * widest:.2g}% of its primal_value."
        )
        if missed:
            said = f"{said} {missed} of {len(self.rows)} points did not reach rtol."
        others = filter(None, (self.ran_out, class_sentence(self.classes), self._best_sentence))
        return " ".join([said, *others])

    @property
    def _best_sentence(self) -> str:
        if self.best is None:
            return ""
        row, test = self.rows[self.best], self.tests[self.best]
        return f"The best beta on held-out rows is {row.beta:.6g}. {test.sentence}"

    def __str__(self) -> str:
        return self.sentence
