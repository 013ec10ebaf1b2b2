"""Two classes of real tables by programs over sampled groups and by perceptrons of two layers.

All see the same standardised rows; ours have a constant column in place of biases. Ours and the
regressor fit labels of -1 and 1 under the squared loss, the classifier has the logistic loss.
"""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from relaxgap.analysis.held_out import split_rows
from relaxgap.data.bundled import BundledData
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.three_layers import solved
from relaxgap.problems.three_layer import COLUMNS, FROBENIUS

OURS = {"two": (1, COLUMNS), "columns": (2, COLUMNS), "frobenius": (2, FROBENIUS)}
"""Neurons of a sub-network, and normalisation."""
PERCEPTRONS: dict[str, Any] = {"regressor": MLPRegressor, "classifier": MLPClassifier}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    classes : tuple of int
        The two classes to tell apart; all others are left out.
    n_train : int
        Rows to train on; the others of the split are not used.
    n_groups : int
        Sub-networks drawn for the groups.
    beta_fractions : tuple of float
        Strengths of ours, as fractions of the critical one of each.
    alphas : tuple of float
        Strengths of the perceptrons.
    hidden : tuple of int
        Their hidden layers.
    rtol : float
        Relative gap of ours.
    time_limit : float
        Seconds of each.
    test_fraction : float
        Part of the rows to test on.
    """

    classes: tuple[int, ...] = (0, 1)
    n_train: int = 150
    n_groups: int = 16
    beta_fractions: tuple[float, ...] = (0.1, 0.01)
    alphas: tuple[float, ...] = (10.0, 1.0, 0.1, 0.01)
    hidden: tuple[int, ...] = (64, 32)
    rtol: float = 1e-4
    time_limit: float = 60.0
    test_fraction: float = 0.25

    def __post_init__(self) -> None:
        if len(set(self.classes)) != 2:
            raise ConfigurationError(
                f"Expected two classes, got {list(self.classes)}; give for example [3, 8]."
            )
        if self.n_train < 2 or self.n_groups < 1:
            raise ConfigurationError(
                f"Expected n_train >= 2 and n_groups >= 1, got {self.n_train} and {self.n_groups}; "
                "raise them."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method at one strength on one split.

    Parameters
    ----------
    n, d : int
        Rows of the training part, and columns without the constant one.
    method : str
        ``two``, ``columns`` or ``frobenius``, a program over sampled groups; ``regressor`` or
        ``classifier``, a perceptron.
    strength : float
        Of weight decay: a fraction of the critical one, or the perceptron's ``alpha``.
    test_error, train_error : float
        Fractions classified wrong.
    seconds : float
        In one thread.
    primal_value, dual_value, relative_gap : float or None
        Bracket of the optimum over the sampled groups.
    width : int or None
        Sub-networks.
    """

    data: str
    n: int
    d: int
    seed: int
    method: str
    strength: float
    test_error: float
    train_error: float
    seconds: float
    primal_value: float | None
    dual_value: float | None
    relative_gap: float | None
    width: int | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Fit all methods at all strengths to one split of a table."""
    source, settings = cell.data, cell.settings
    if not isinstance(source, BundledData) or not source.has_classes:
        raise ConfigurationError(
            f"Expected a bundled table of classes, got the data set {source.label}; take "
            "data=bundled data.table=breast_cancer."
        )
    table = cell.load_data()
    rows = np.flatnonzero(np.isin(table.y, settings.classes))
    y = np.where(table.y[rows] == settings.classes[0], -1.0, 1.0)
    train, test = split_rows(len(rows), settings.test_fraction, cell.seed)
    train = cell.streams()[1].permutation(train)[: settings.n_train]
    X = Scaling.of(table.X[rows][train]).apply(table.X[rows])
    label = source.label
    if len(np.unique(table.y)) > 2:
        label += " {}, {}".format(*settings.classes)
    records = []

    def add(name: str, strength: float, seconds: float, said: np.ndarray, found: Any) -> None:
        wrong = np.sign(said) != y
        records.append(
            Record(
                data=label,
                n=len(train),
                d=table.d,
                seed=cell.seed,
                method=name,
                strength=strength,
                test_error=float(np.mean(wrong[test])),
                train_error=float(np.mean(wrong[train])),
                seconds=seconds,
                primal_value=found and found.primal_value,
                dual_value=found and found.dual_value,
                relative_gap=found and found.relative_gap,
                width=found and found.active_blocks,
            )
        )

    lifted = np.hstack([X, np.ones((len(X), 1))])
    for name, (width, normalisation) in OURS.items():
        for fraction in settings.beta_fractions:
            found = solved(
                Dataset(lifted[train], y[train]),
                width,
                normalisation,
                rtol=settings.rtol,
                time_limit=settings.time_limit,
                beta_fraction=fraction,
                n_groups=settings.n_groups,
                seed=cell.seed,
            )
            add(name, fraction, found.solve_seconds, found.network.predict(lifted), found)
    for name, kind in PERCEPTRONS.items():
        for alpha in settings.alphas:
            began = time.perf_counter()
            model = kind(
                hidden_layer_sizes=settings.hidden,
                solver="lbfgs",
                alpha=alpha,
                max_iter=500,
                random_state=cell.seed,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(X[train], y[train])
            add(name, alpha, time.perf_counter() - began, model.predict(X), None)
    return records
