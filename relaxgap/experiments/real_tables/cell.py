"""Test errors, seconds and certified ratios of every method on one split of one table."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.certifying import certify
from relaxgap.analysis.held_out import split_rows
from relaxgap.data.bundled import BundledData
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.interruption import uninterrupted
from relaxgap.experiments.real_tables.models import (
    METHODS,
    Fitted,
    ModelSettings,
    Task,
    choose_fraction,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    models : ModelSettings
        How the methods are fitted.
    test_fraction : float
        Part of the rows to test on, another one for each seed.
    certify_splits : int
        Seeds below which networks are certified.
    certify_seconds : float
        Time limit of a bracket over networks of every width.
    """

    models: ModelSettings = field(default_factory=ModelSettings)
    test_fraction: float = 0.25
    certify_splits: int = 2
    certify_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one method on one split.

    Parameters
    ----------
    n, d : int
        Rows of the training part, and columns.
    n_classes : int
        0 where labels are numbers.
    test_error : float
        Mean squared error over the variance of the training labels, or fraction classified wrong.
    seconds : float
        Of the fit, in one thread, of the perceptron of all starts; without the choice of the
        strength of weight decay.
    beta_fraction : float or None
        Weight decay of a network, as a fraction of the strength at which weights vanish.
    n_active : int or None
        Neurons of the network, of all classes together.
    relative_gap : float or None
        Largest gap of the programs that were solved.
    network_value, lower_bound : float or None
        Training loss of the network on the problem it was trained on, and what no network of any
        width falls below; of more classes those of the class of the largest ratio.
    certified_ratio : float or None
        Their ratio; None where the bound is 0, where the problem is not one of relaxgap's, as the
        softmax of many classes is not, and in splits that are not certified.
    """

    data: str
    n: int
    d: int
    n_classes: int
    seed: int
    method: str
    test_error: float
    seconds: float
    beta_fraction: float | None
    n_active: int | None
    relative_gap: float | None
    network_value: float | None
    lower_bound: float | None
    certified_ratio: float | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Fit every method to one split of a table."""
    source = cell.data
    if not isinstance(source, BundledData):
        raise ConfigurationError(
            f"Expected a bundled table, got the data set {source.label}; take data=bundled."
        )
    data, settings = cell.load_data(), cell.settings
    train, test = split_rows(data.n, settings.test_fraction, cell.seed)
    scaling = Scaling.of(data.X[train])
    X, y = scaling.apply(data.X), data.y
    if not source.has_classes:
        y = (y - y[train].mean()) / y[train].std()
    fraction = choose_fraction(X[train], y[train], source.has_classes, cell.seed, settings.models)
    task = Task(X[train], y[train], source.has_classes, cell.seed, settings.models, fraction)
    n_classes = len(np.unique(y)) if source.has_classes else 0
    records = []
    for name, fit in METHODS.items():
        fitted = fit(task)
        predicted = fitted.model.predict(X[test])
        error = (
            np.mean(predicted != y[test])
            if source.has_classes
            else np.mean((predicted - y[test]) ** 2)
        )
        certified = (
            _certified(name, fitted, task, cell) if cell.seed < settings.certify_splits else None
        )
        records.append(
            Record(
                data=source.label,
                n=len(train),
                d=data.d,
                n_classes=n_classes,
                seed=cell.seed,
                method=name,
                test_error=float(error),
                seconds=fitted.seconds,
                beta_fraction=fitted.fraction,
                n_active=_width(name, fitted, task),
                relative_gap=_gap(fitted),
                network_value=certified[0] if certified else None,
                lower_bound=certified[1] if certified else None,
                certified_ratio=_ratio(certified),
            )
        )
    return records


def _width(name: str, fitted: Fitted, task: Task) -> int | None:
    if name == "perceptron":
        return task.settings.width
    active = getattr(fitted.model, "n_active_", None)
    return None if active is None else int(np.sum(active))


def _gap(fitted: Fitted) -> float | None:
    found = getattr(fitted.model, "certificate_", None)
    if found is None:
        return None
    every = found if isinstance(found, list) else [found]
    return max(float(certificate.relative_gap) for certificate in every)


def _certified(
    name: str, fitted: Fitted, task: Task, cell: Cell[Settings]
) -> tuple[float, float] | None:
    """Return loss and lower bound of the worst network, where its problem is one of ours."""
    model, seconds = fitted.model, cell.settings.certify_seconds
    if name not in ("relu", "perceptron"):
        return None
    loss = "logistic" if task.has_classes else "squared"
    found: list[tuple[Any, Float64[np.ndarray, " n"]]]
    if not task.has_classes:
        found = [(model if name == "perceptron" else model.network_, task.y)]
    elif len(model.classes_) == 2:
        signs = np.where(task.y == model.classes_[1], 1.0, -1.0)
        found = [(model if name == "perceptron" else model.network_, signs)]
    elif name == "perceptron":
        return None
    else:
        networks = zip(model.network_, model.classes_, strict=True)
        found = [(network, np.where(task.y == c, 1.0, -1.0)) for network, c in networks]
        seconds /= len(found)
    pairs = []
    for network, y in found:
        data = Dataset(task.X, y)
        alpha = float(model.alpha) if name == "perceptron" else None
        report = uninterrupted(
            certify(
                network,
                data.X,
                data.y,
                time_limit=seconds,
                loss=loss,
                sklearn_alpha=alpha,
                seed=cell.seed,
            )
        )
        pairs.append((report.network_value, report.lower_bound))
    return max(pairs, key=lambda pair: pair[0] / pair[1] if pair[1] > 0.0 else math.inf)


def _ratio(certified: tuple[float, float] | None) -> float | None:
    if certified is None:
        return None
    value, lower = certified
    return float(value / lower) if lower > 0.0 else None
