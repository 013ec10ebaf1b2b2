"""The file of a network, and data by the columns that it remembers."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.columns import Columns
from relaxgap.data.paths import errors_of
from relaxgap.data.prediction import label_numbers, read_features
from relaxgap.errors import DataError
from relaxgap.networks import Training, load_network
from relaxgap.problems.losses import LOSSES


def remembered_by(network_file: str) -> tuple[Training | None, Columns | None]:
    """Return what a file of this package's says of its training and of columns; None of others.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    if not network_file.lower().endswith(".npz"):
        return None, None
    network = load_network(network_file)
    return network.training, network.columns


def load_by_columns(
    data: str, columns: Columns, loss: str, target: str | None
) -> tuple[Float64[np.ndarray, "n d"], Any]:
    """Load samples and labels by the columns of a fit; a target in ``DATA`` goes first.

    Raises
    ------
    DataError
        If the file cannot be used, or has no labels.
    """
    path, named = with_target(data)
    target = target if named is None else named
    X, labels = read_features(path, columns, target)
    if labels is None:
        raise DataError(
            f"{path}: Expected the labels {target or columns.target!r}, got none; name their "
            "column with --target."
        )
    if LOSSES[loss].of_classes:
        return X, labels
    with errors_of(path):
        return X, label_numbers(labels, "every row")


def with_target(data: str) -> tuple[str, str | None]:
    """Part the path of a file from the target that may follow a colon."""
    path, found, target = data.rpartition(":target=")
    return (path, target) if found and not Path(data).exists() else (data, None)
