"""Regression with a strength that held-out rows choose."""

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.model_selection import check_cv
from sklearn.utils.validation import validate_data

from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.regularisation_path import path
from relaxgap.analysis.solved_path import RegularisationPath
from relaxgap.errors import NothingToFitError
from relaxgap.estimators.base import as_value_errors, warn_of
from relaxgap.estimators.certificate import Certificate
from relaxgap.estimators.regressors import Regressing
from relaxgap.problems.losses import SQUARED
from relaxgap.solvers.base import Status


class ConvexReLURegressorCV(Regressing):
    """Fit a two-layer ReLU network whose weight decay is chosen by cross-validation.

    Each fold is a regularisation path, every strength solved from the last one, and so is the fit
    to all rows. The grid is one of fractions of the least beta at which all weights are zero: beta
    itself, of a sum over samples, means another strength in each fold.

    Parameters
    ----------
    points : int
        Strengths, on a geometric grid from a fraction of 1 down.
    smallest_fraction : float
        Where the grid ends.
    cv : int, splitter or iterable of splits, optional
        As scikit-learn has it; 5 folds by default, in the order of the rows.
    max_seconds : float, optional
        Time limit of the fit, an equal share for each path: strengths that one of them did not
        reach are not chosen.
    n_gates, patterns, program, fit_intercept, penalise, standardize, rtol, random_state, \
optimum_seconds
        As for `ConvexReLURegressor`; ``patterns`` are made anew in each fold.

    Attributes
    ----------
    beta_fraction_, beta_ : float
        The strength of least mean error, and what it is on all rows.
    beta_fractions_ : (points,) float64
        The grid.
    mse_path_ : (points, folds) float64
        Mean squared error on the rows of each fold; NaN where there was no time.
    path_ : RegularisationPath or None
        That of all rows, with a network and a bracket for each strength; None where all weights are
        zero at every beta, as of constant labels, so that ``beta_`` is any.
    network_, certificate_, optimum_, n_active_, n_features_in_, feature_names_in_
        As of `ConvexReLURegressor`, of the network of all rows at ``beta_``.

    References
    ----------
    Pilanci and Ergen (2020), Theorem 1, arXiv:2002.10553, for the convex program.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from relaxgap.estimators import ConvexReLURegressorCV
    >>> X, y = make_friedman1(40, random_state=0)
    >>> model = ConvexReLURegressorCV(
    ...     points=3, smallest_fraction=0.1, cv=2, n_gates=5, rtol=1e-2, random_state=0
    ... ).fit(X, y)
    >>> model.mse_path_.shape, bool(0.1 <= model.beta_fraction_ < 1.0)
    ((3, 2), True)
    """

    path_: RegularisationPath | None
    mse_path_: Float64[np.ndarray, "points folds"]
    beta_fraction_: float

    def __init__(
        self,
        *,
        points: int = 20,
        smallest_fraction: float = 1e-3,
        cv: Any = None,
        n_gates: int = 100,
        patterns: PatternChoice | None = None,
        program: str = "relu",
        fit_intercept: bool = True,
        penalise: str | None = None,
        standardize: bool = True,
        rtol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        max_seconds: float | None = None,
        optimum_seconds: float | None = None,
    ) -> None:
        self.points = points
        self.smallest_fraction = smallest_fraction
        self.cv = cv
        self.n_gates = n_gates
        self.patterns = patterns
        self.program = program
        self.fit_intercept = fit_intercept
        self.penalise = penalise
        self.standardize = standardize
        self.rtol = rtol
        self.random_state = random_state
        self.max_seconds = max_seconds
        self.optimum_seconds = optimum_seconds

    def fit(self, X: Any, y: Any) -> "ConvexReLURegressorCV":
        """Solve a path for each fold and one for all rows, and choose the strength.

        Parameters
        ----------
        X : (n, d) array
            One sample per row, finite; a data frame's names of columns are kept.
        y : (n,) array
            Numbers.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If the data cannot be used, a parameter is out of range, or there was no time for a
            single strength.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        splits = list(check_cv(self.cv).split(X, y))
        seed = self._seed()
        n_paths = len(splits) + 1
        whole = self._path(X, y, seed, n_paths)
        errors, n_common = np.full((self.points, len(splits)), np.nan), self.points
        for column, (fitted, held) in zip(errors.T, splits, strict=True):
            test = X[held], y[held]
            fold = self._path(X[fitted], y[fitted], seed, n_paths, test)
            if fold is None:
                constant = y[fitted].mean() if self.fit_intercept else 0.0
                column[:] = np.mean((y[held] - constant) ** 2)
                continue
            column[: len(fold.rows)] = [row.test_error for row in fold.rows]
            n_common = min(n_common, len(fold.rows))
        n_common = n_common if whole is None else min(n_common, len(whole.rows))
        if n_common == 0:
            raise ValueError(
                f"Expected time for one strength in every fold, got {self.max_seconds} seconds; "
                "raise max_seconds, or take fewer points or gates."
            )
        best = int(np.argmin(errors[:n_common].mean(axis=1)))
        self.path_, self.mse_path_ = whole, errors
        self.beta_fractions_ = np.geomspace(1.0, self.smallest_fraction, self.points)
        self.beta_fraction_ = float(self.beta_fractions_[best])
        if whole is None:
            result = self._solved(X, y, SQUARED.name, seed, self.max_seconds, beta=1.0)
            self.network_, self.certificate_ = (
                result.fitted,
                Certificate.of(result, result.complete),
            )
        else:
            self.network_ = whole.networks[best]
            self.certificate_ = Certificate.of(whole.rows[best], whole.complete)
        self.n_active_, self.beta_ = self.network_.width, self.certificate_.beta
        self.optimum_ = self._optimum(self.network_, X, y, seed)
        return self

    def _path(
        self,
        X: Float64[np.ndarray, "n d"],
        y: np.ndarray,
        seed: int,
        n_paths: int,
        test: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> RegularisationPath | None:
        """Solve along one path, and warn of what fell short; None if there is nothing to fit."""
        seconds = None if self.max_seconds is None else self.max_seconds / n_paths
        settings = self._of_program(SQUARED.name, seed) | {"time_limit": seconds, "test": test}
        with as_value_errors():
            try:
                found = path(
                    X, y, points=self.points, smallest_fraction=self.smallest_fraction, **settings
                )
            except NothingToFitError:
                return None
        widest = max((row.relative_gap for row in found.rows), default=np.inf)
        status = Status.INACCURATE if found.n_missed or found.stopped else Status.SOLVED
        warn_of(status, widest, self.rtol, found.stopped, found.remarks)
        return found
