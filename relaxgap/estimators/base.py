"""What all estimators share: rows checked as scikit-learn does, a program solved, its proof kept.

Errors of relaxgap are raised as `ValueError`, which is what scikit-learn's tools expect of an
estimator; the error itself is the cause. What falls short of its accuracy is a warning.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.certifying import certify
from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.solving import solve
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.errors import (
    ConfigurationError,
    DataError,
    EnumerationLimitError,
    NoUnitError,
)
from relaxgap.networks import FittedNetwork
from relaxgap.solvers.base import Status


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raise what relaxgap refuses as the `ValueError` that scikit-learn expects."""
    try:
        yield
    except (DataError, ConfigurationError, EnumerationLimitError) as error:
        raise ValueError(str(error)) from error


def warn_of(
    status: Status, relative_gap: float, rtol: float, stopped: str, remarks: tuple[str, ...]
) -> None:
    """Warn of a bracket that is wider than was asked for, and of data in bad units.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C ended the work: a search over settings must not go on with what was left.
    """
    if stopped == "interrupted":
        raise KeyboardInterrupt
    if status is not Status.SOLVED:
        warnings.warn(
            f"Expected a relative gap of at most {rtol:g}, got {relative_gap:.3g} "
            f"({stopped or status}); raise rtol or max_seconds.",
            ConvergenceWarning,
            stacklevel=4,
        )
    for remark in remarks:
        warnings.warn(remark, UserWarning, stacklevel=4)


class ReLUEstimator(BaseEstimator):
    """Hold the parameters of a program, and solve it; subclasses say what labels are."""

    n_gates: int
    patterns: PatternChoice | None
    program: str
    fit_intercept: bool
    penalise: str | None
    standardize: bool
    rtol: float
    random_state: int | np.random.RandomState | None
    max_seconds: float | None
    optimum_seconds: float | None = None

    def _seed(self) -> int:
        """Return the seed of a fit: an integer is the ``seed`` of `relaxgap.solve`."""
        stream = check_random_state(self.random_state)
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(stream.randint(np.iinfo(np.int32).max))

    def _of_program(self, loss: str, seed: int) -> dict[str, Any]:
        """Return the arguments that `relaxgap.solve` and `relaxgap.path` share."""
        if self.penalise is not None and not self.fit_intercept:
            raise ValueError(
                f"Expected fit_intercept=True with penalise, got penalise={self.penalise!r} "
                "without biases; drop penalise."
            )
        return {
            "patterns": f"gaussian:{self.n_gates}" if self.patterns is None else self.patterns,
            "program": self.program,
            "rtol": self.rtol,
            "seed": seed,
            "loss": loss,
            "bias": self.fit_intercept,
            "penalise": self.penalise,
            "standardize": self.standardize,
        }

    def _solved(
        self,
        X: Float64[np.ndarray, "n d"],
        y: np.ndarray,
        loss: str,
        seed: int,
        seconds: float | None,
        beta: float | None,
        fraction: float | None = None,
    ) -> SolveResult:
        """Solve at ``beta``, or at a fraction where it is None, and warn of what fell short."""
        settings = self._of_program(loss, seed) | {"time_limit": seconds}
        with as_value_errors():
            try:
                given = None if beta is not None else fraction
                result = solve(X, y, beta, given, **settings)
            except NoUnitError:
                # zero weights are optimal at every beta: any will do
                result = solve(X, y, fraction, **settings)
        warn_of(result.status, result.relative_gap, self.rtol, result.stopped, result.remarks)
        return result

    def _optimum(
        self, network: FittedNetwork, X: Float64[np.ndarray, "n d"], y: np.ndarray, seed: int
    ) -> NetworkReport | VectorReport | None:
        """Bracket the optimum over networks of every width, if that was asked for."""
        if self.optimum_seconds is None:
            return None
        with as_value_errors():
            report = certify(
                network, X, y, rtol=self.rtol, time_limit=self.optimum_seconds, seed=seed
            )
        # of two layers, as its network is
        assert isinstance(report, (NetworkReport, VectorReport))
        if report.stopped == "interrupted":
            raise KeyboardInterrupt
        return report

    def _rows(self, X: Any) -> Float64[np.ndarray, "n d"]:
        """Return rows to predict for, checked against those of the fit."""
        check_is_fitted(self)
        rows: np.ndarray = validate_data(self, X, dtype=np.float64, reset=False)
        return rows
