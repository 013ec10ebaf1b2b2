"""Rows to test a network on: a part of DATA, or another file."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.held_out import HeldOut, held_out, split_rows
from relaxgap.data.classes import Classes
from relaxgap.data.columns import Columns
from relaxgap.data.paths import errors_of
from relaxgap.data.prediction import read_features
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.networks import FittedNetwork


@dataclass(frozen=True, slots=True, eq=False)
class TestRows:
    """Hold rows that no fit sees."""

    X: Float64[np.ndarray, "n ..."]
    labels: Any
    name: str = ""

    def measured(self, network: FittedNetwork, loss: str, classes: Classes | None) -> HeldOut:
        """Return the errors of a network on them; those of a file are named after it."""
        with errors_of(self.name) if self.name else nullcontext():
            return held_out(network.predict(self.X), self.labels, loss, classes)


def tested_or_why_not(
    test: TestRows | None, network: FittedNetwork, loss: str, classes: Classes | None
) -> tuple[HeldOut | None, DataError | None]:
    """Return the errors on held-out rows, or what is wrong with these: the fit is kept anyway."""
    if test is None:
        return None, None
    try:
        return test.measured(network, loss, classes), None
    except DataError as error:
        return None, error


takes_test_fraction = click.option(
    "--test-fraction",
    type=float,
    metavar="F",
    help="Hold out this part of DATA, drawn by --seed, and test the network on it.",
)
"""For a command that leaves out a part of its data."""


def takes_held_out(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which rows are held out."""
    of_file = click.option(
        "--test",
        "test_file",
        metavar="FILE",
        help="Rows to test the network on, with the columns and the labels of DATA.",
    )
    return takes_test_fraction(of_file(command))


def parted(
    X: Float64[np.ndarray, "n ..."],
    y: Any,
    columns: Columns | None,
    test_fraction: float | None,
    test_file: str | None,
    seed: int,
) -> tuple[Float64[np.ndarray, "m ..."], Any, TestRows | None]:
    """Return samples and labels to fit to, and those to test on if any are asked for.

    Raises
    ------
    ConfigurationError
        If both ways are asked for, or the fraction leaves no rows on one side.
    DataError
        If the file cannot be read, or has no labels.
    """
    if test_fraction is not None and test_file is not None:
        raise ConfigurationError("Expected one of --test-fraction and --test, got both; drop one.")
    if test_fraction is not None:
        fit, test = split_rows(len(X), test_fraction, seed)
        return X[fit], _rows(y, fit), TestRows(X[test], _rows(y, test))
    if test_file is None:
        return X, y, None
    if columns is None:
        raise ConfigurationError(
            "Expected a file as DATA with --test, got a data set that is drawn; take "
            "--test-fraction."
        )
    rows, labels = read_features(test_file, columns)
    if labels is None:
        raise DataError(
            f"{test_file}: Expected the labels {columns.target!r} to test on, got none; add them, "
            "or use relaxgap predict."
        )
    return X, y, TestRows(rows, labels, test_file)


def _rows(labels: Any, rows: np.ndarray) -> Any:
    if isinstance(labels, np.ndarray):
        return labels[rows]
    return [labels[row] for row in rows]
