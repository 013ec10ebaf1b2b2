"""Every method of the experiment, fitted to standardised rows: seconds, predictions, networks.

Each chooses its penalty on three folds: both programs one, by the gated program; the perceptron its
own, with one start. Boosting has none to choose. Labels that are numbers are standardised too.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from relaxgap.analysis.regularisation_path import path
from relaxgap.estimators import (
    ConvexReLUClassifier,
    ConvexReLURegressor,
    GatedReLUClassifier,
    GatedReLURegressor,
)
from relaxgap.experiments.parts.interruption import uninterrupted

FOLDS = 3
MAX_ROWS_TO_CHOOSE = 3000
"""Rows of the folds: the best fraction hardly depends on more."""
SMALL = 2000
"""Rows up to which a perceptron is trained by L-BFGS, as scikit-learn advises for small data."""
RIDGES = tuple(10.0**power for power in range(-3, 5))


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Say how the methods are fitted.

    Parameters
    ----------
    n_gates : int
        Gaussian gates of both programs.
    beta_fractions : tuple of float
        Strengths to choose from, as fractions of the one at which weights vanish.
    rtol, choose_rtol : float
        Relative gap of the programs, and of those of folds.
    fit_seconds : float
        Time limit of a fit of ours.
    width, starts, max_iter : int
        Of the perceptron: neurons, starts of which the one of least training loss counts, and
        iterations.
    """

    n_gates: int = 100
    beta_fractions: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001)
    rtol: float = 1e-3
    choose_rtol: float = 1e-2
    fit_seconds: float = 60.0
    width: int = 100
    starts: int = 5
    max_iter: int = 200


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Hold what a method is fitted to.

    Parameters
    ----------
    X : (n, d) float64
        Standardised rows.
    y : (n,) array
        Standardised labels, or the numbers of classes.
    has_classes : bool
        Which of the two.
    seed : int
        Of all that is random.
    settings : ModelSettings
        How to fit.
    fraction : float
        Strength of both programs.
    """

    X: Float64[np.ndarray, "n d"]
    y: np.ndarray
    has_classes: bool
    seed: int
    settings: ModelSettings
    fraction: float


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Hold a fitted method, the seconds that it took and the strength of its weight decay."""

    model: Any
    seconds: float
    fraction: float | None = None


def choose_fraction(
    X: Float64[np.ndarray, "n d"],
    y: np.ndarray,
    has_classes: bool,
    seed: int,
    settings: ModelSettings,
) -> float:
    """Return the fraction of least error on folds, by the gated program."""
    rows = slice(0, MAX_ROWS_TO_CHOOSE)
    kind = GatedReLUClassifier if has_classes else GatedReLURegressor
    model = kind(n_gates=settings.n_gates, rtol=settings.choose_rtol, random_state=seed)
    return _best(model, "beta_fraction", settings.beta_fractions, X[rows], y[rows], has_classes)


def _best(
    model: Any,
    name: str,
    values: Sequence[float],
    X: Float64[np.ndarray, "n d"],
    y: np.ndarray,
    has_classes: bool,
) -> float:
    """Return the value of a parameter of least error on folds."""
    scoring = "accuracy" if has_classes else "neg_mean_squared_error"
    search = GridSearchCV(model, {name: list(values)}, cv=FOLDS, scoring=scoring, refit=False)
    with quiet():
        search.fit(X, y)
    return float(search.best_params_[name])


def fit_relu(task: Task) -> Fitted:
    """Fit the program with cones."""
    kind = ConvexReLUClassifier if task.has_classes else ConvexReLURegressor
    return _fitted(kind(**_ours(task)), task, task.fraction)


def fit_gated(task: Task) -> Fitted:
    """Fit the program without cones."""
    kind = GatedReLUClassifier if task.has_classes else GatedReLURegressor
    return _fitted(kind(**_ours(task)), task, task.fraction)


def fit_perceptron(task: Task) -> Fitted:
    """Train perceptrons from several starts and keep the one of least training loss."""
    asked, rows = task.settings, slice(0, MAX_ROWS_TO_CHOOSE)
    X, y = task.X[rows], task.y[rows]
    unit = _unit(task, X, y)
    alphas = [fraction * unit for fraction in asked.beta_fractions]
    alpha = _best(_perceptron(task, 0, len(X)), "alpha", alphas, X, y, task.has_classes)
    fraction = alpha / unit
    # a sum over samples grows with them
    alpha *= len(task.X) / len(X)
    start = time.perf_counter()
    models = []
    for k in range(asked.starts):
        model = _perceptron(task, k, len(task.X)).set_params(alpha=alpha)
        with quiet():
            models.append(model.fit(task.X, task.y))
    best = min(models, key=lambda model: float(model.loss_))
    return Fitted(best, time.perf_counter() - start, fraction)


def _perceptron(task: Task, start: int, n: int) -> Any:
    kind = MLPClassifier if task.has_classes else MLPRegressor
    solver, asked = "lbfgs" if n <= SMALL else "adam", task.settings
    return kind(
        hidden_layer_sizes=(asked.width,),
        solver=solver,
        max_iter=asked.max_iter if solver == "adam" else 10 * asked.max_iter,
        random_state=1000 * task.seed + start,
    )


def fit_boosting(task: Task) -> Fitted:
    """Boost trees, with scikit-learn's defaults."""
    kind = HistGradientBoostingClassifier if task.has_classes else HistGradientBoostingRegressor
    return _fitted(kind(random_state=task.seed), task)


def fit_linear(task: Task) -> Fitted:
    """Fit ridge regression, or logistic regression, whose penalty folds choose."""
    if task.has_classes:
        return _fitted(
            LogisticRegressionCV(
                Cs=8,
                cv=FOLDS,
                max_iter=2000,
                scoring="accuracy",
                l1_ratios=(0.0,),
                use_legacy_attributes=False,
            ),
            task,
        )
    return _fitted(RidgeCV(alphas=RIDGES), task)


METHODS: Mapping[str, Callable[[Task], Fitted]] = {
    "relu": fit_relu,
    "gated": fit_gated,
    "perceptron": fit_perceptron,
    "boosting": fit_boosting,
    "linear": fit_linear,
}
"""By name, in the order of the figure."""


def _unit(task: Task, X: Float64[np.ndarray, "n d"], y: np.ndarray) -> float:
    """Return a strength at which weights vanish: that of the gated program, of classes the first's.

    Only the scale of the strengths to choose from comes of it.
    """
    if task.has_classes:
        y = np.where(y == y[0], 1.0, -1.0)
    followed = uninterrupted(
        path(
            X,
            y,
            patterns=task.settings.n_gates,
            program="gated",
            points=2,
            smallest_fraction=0.5,
            rtol=0.5,
            seed=task.seed,
            loss="logistic" if task.has_classes else "squared",
            bias=True,
        )
    )
    return followed.beta_max


def _ours(task: Task) -> dict[str, Any]:
    asked = task.settings
    return {
        "beta_fraction": task.fraction,
        "n_gates": asked.n_gates,
        "rtol": asked.rtol,
        "max_seconds": asked.fit_seconds,
        "standardize": False,
        "random_state": task.seed,
    }


def _fitted(model: Any, task: Task, fraction: float | None = None) -> Fitted:
    start = time.perf_counter()
    with quiet():
        model.fit(task.X, task.y)
    return Fitted(model, time.perf_counter() - start, fraction)


@contextmanager
def quiet() -> Iterator[None]:
    """Say nothing of fits that end early: their gaps and errors are recorded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
