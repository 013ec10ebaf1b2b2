"""What a network does on rows that it was not fitted to; no certificate knows of them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.inputs import as_float64
from relaxgap.data.classes import Classes, signs_of
from relaxgap.data.prediction import label_numbers
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.problems.losses import LOGISTIC

TestData = tuple[Float64[np.ndarray, "n d"], Any]
"""Raw rows and their labels."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Hold errors on held-out rows; what the labels do not have is None.

    Parameters
    ----------
    test_n : int
        Number of rows.
    test_mean_squared_error : float or None
        Of numbers.
    test_accuracy : float or None
        Fraction of rows on the right side, of classes; an output of 0 is on the wrong one. Of
        several outputs, one for each class, those of the largest output at the right class.
    test_log_loss : float or None
        Mean of the logistic loss of the outputs, where they were fitted to it.
    """

    test_n: int
    test_mean_squared_error: float | None
    test_accuracy: float | None
    test_log_loss: float | None

    @property
    def known(self) -> dict[str, float]:
        """What the labels have, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def error(self) -> float:
        """The one to choose a strength by: the less the better."""
        if self.test_mean_squared_error is not None:
            return self.test_mean_squared_error
        if self.test_log_loss is not None:
            return self.test_log_loss
        assert self.test_accuracy is not None
        return 1.0 - self.test_accuracy

    @property
    def sentence(self) -> str:
        """The errors, for people."""
        said = f"On {self.test_n} test rows "
        if self.test_mean_squared_error is not None:
            right = self.test_accuracy
            also = "" if right is None else f", and {100.0 * right:.4g}% are classified right"
            return f"{said}the mean squared error is {self.test_mean_squared_error:.6g}{also}."
        assert self.test_accuracy is not None
        wrong = round((1.0 - self.test_accuracy) * self.test_n)
        log_loss = self.test_log_loss
        last = "." if log_loss is None else f", and the mean logistic loss is {log_loss:.6g}."
        return f"{said}{100.0 * self.test_accuracy:.4g}% are classified right, {wrong} wrong{last}"


def held_out(
    outputs: Float64[np.ndarray, "n ..."], labels: Any, loss: str, classes: Classes | None
) -> HeldOut:
    """Compare outputs with the labels of their rows.

    Parameters
    ----------
    outputs : (n,) or (n, q) float64
        Of a network.
    labels : (n,) or (n, q) array
        As they were for the fit.
    loss : str
        That of the fit.
    classes : tuple of str or None
        The names of -1 and +1 in the fit.

    Raises
    ------
    DataError
        If a label is none of the fit, or no number, or there is not one for each row.
    """
    shape, n = np.shape(labels), len(outputs)
    if shape != outputs.shape or n == 0:
        raise DataError(
            f"Expected one label for each output and each of at least one test row, got labels of "
            f"shape {shape} for {n} rows; give both of the same rows."
        )
    if not np.all(np.isfinite(outputs)):
        row = int(np.argmin(np.isfinite(outputs.reshape(n, -1)).all(axis=1))) + 1
        raise DataError(
            f"Expected finite outputs on the test rows, got {outputs[row - 1]} in row {row}; check "
            "the units of its columns."
        )
    if classes is None:
        y = np.asarray(labels) if outputs.ndim == 2 else label_numbers(labels, "every test row")
        with np.errstate(over="ignore"):
            error = float(np.mean((outputs - y) ** 2))
        if not np.isfinite(error):
            raise DataError(
                f"Expected test rows whose mean squared error is a finite float64, got {error}; "
                "check the units of their columns and labels."
            )
        return HeldOut(n, error, _one_hot_accuracy(outputs, y), None)
    y = signs_of(labels, classes)
    log_loss = LOGISTIC.value(outputs, y) / n if loss == LOGISTIC.name else None
    return HeldOut(n, None, float(np.mean(outputs * y > 0.0)), log_loss)


def _one_hot_accuracy(
    outputs: Float64[np.ndarray, "n ..."], y: Float64[np.ndarray, "n ..."]
) -> float | None:
    """Return how often the largest output is the one of the class; None of other labels."""
    if y.ndim == 1 or y.shape[1] == 1:
        return None
    if not np.all((y == 0.0) | (y == 1.0)) or np.any(y.sum(axis=1) != 1.0):
        return None
    return float(np.mean(outputs.argmax(axis=1) == y.argmax(axis=1)))


def checked_test(test: Any, n_features: int, loss: str, classes: Classes | None) -> TestData:
    """Check rows and labels to test on, before the work that is tested.

    Parameters
    ----------
    test : (X, y)
        Raw rows, and labels as they were for the fit.
    n_features : int
        Columns that the rows have to have.
    loss, classes
        As for `held_out`.

    Raises
    ------
    DataError
        If they cannot be used.
    """
    if not isinstance(test, tuple) or len(test) != 2:
        raise DataError(
            f"Expected test rows and their labels as a pair, got {type(test).__name__}; give "
            "test=(X, y)."
        )
    X, labels = as_float64(test[0], "the test rows"), test[1]
    if X.ndim != 2 or X.shape[1] != n_features:
        raise DataError(
            f"Expected test rows of {n_features} features, as for the fit, got shape {X.shape}; "
            "give the same columns."
        )
    if not np.all(np.isfinite(X)):
        row, column = np.argwhere(~np.isfinite(X))[0].tolist()
        raise DataError(
            f"Expected finite numbers in the test rows, got {X[row, column]} in row {row}, column "
            f"{column}; remove or impute it."
        )
    held_out(np.zeros(len(X)), labels, loss, classes)
    return X, labels


def split_rows(n: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit to and those to hold out, in the order of the data.

    Raises
    ------
    ConfigurationError
        If the fraction leaves no row on one side.
    """
    n_test = round(fraction * n) if 0.0 < fraction < 1.0 else 0
    if not 1 <= n_test < n:
        raise ConfigurationError(
            f"Expected a test_fraction between 0 and 1 that leaves rows of {n} on both sides, got "
            f"{fraction:g}; try 0.2."
        )
    stream = np.random.SeedSequence(seed).spawn(4)[3]
    drawn = np.random.default_rng(stream).permutation(n)
    return np.sort(drawn[n_test:]), np.sort(drawn[:n_test])
