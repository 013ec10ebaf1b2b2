"""What a network does on rows that it was not fitted to; no certificate knows of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.classes import Classes, signs_of
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.problems.losses import LOGISTIC


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
        Fraction of rows on the right side, of classes; an output of 0 is on the wrong one.
    test_log_loss : float or None
        Mean of the logistic loss of the outputs, where they were fitted to it.
    """

    test_n: int
    test_mean_squared_error: float | None
    test_accuracy: float | None
    test_log_loss: float | None

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
        said = f"On {self.test_n} held-out rows "
        if self.test_mean_squared_error is not None:
            return f"{said}the mean squared error is {self.test_mean_squared_error:.6g}."
        assert self.test_accuracy is not None
        wrong = round((1.0 - self.test_accuracy) * self.test_n)
        log_loss = self.test_log_loss
        last = "." if log_loss is None else f", and the mean logistic loss is {log_loss:.6g}."
        return f"{said}{100.0 * self.test_accuracy:.4g}% are classified right, {wrong} wrong{last}"


def held_out(
    outputs: Float64[np.ndarray, " n"], labels: Any, loss: str, classes: Classes | None
) -> HeldOut:
    """Compare outputs with the labels of their rows.

    Parameters
    ----------
    outputs : (n,) float64
        Of a network.
    labels : (n,) array
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
    if len(labels) != len(outputs) or len(outputs) == 0:
        raise DataError(
            f"Expected one label for each of at least one row, got {len(labels)} labels for "
            f"{len(outputs)} rows; give both of the same rows."
        )
    n = len(outputs)
    if classes is None:
        try:
            y = np.asarray(labels, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Expected numbers as labels of the held-out rows, got {error}; correct them."
            ) from error
        if not np.all(np.isfinite(y)):
            raise DataError(
                "Expected finite labels of the held-out rows, got NaN or infinity; remove the rows."
            )
        return HeldOut(n, float(np.mean((outputs - y) ** 2)), None, None)
    y = signs_of(labels, classes)
    log_loss = LOGISTIC.value(outputs, y) / n if loss == LOGISTIC.name else None
    return HeldOut(n, None, float(np.mean(outputs * y > 0.0)), log_loss)


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
