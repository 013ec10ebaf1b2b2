"""Plain arrays of the caller's, made into checked data and networks once, at the door."""

import os
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.classes import Classes, two_classes
from relaxgap.data.dataset import Dataset
from relaxgap.data.paths import errors_of
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.networks.fitted import FittedNetwork, Training
from relaxgap.networks.gated import GatedNetwork
from relaxgap.networks.reading.files import (
    checked_network,
    load_network,
    refuse_gated,
)
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.problems.losses import LOGISTIC, LOSSES, SQUARED, Loss

NetworkLike = Any
"""A `TwoLayerNetwork`, `VectorNetwork` or `FittedNetwork`, a pair (hidden, output), or a path."""


def loss_of(name: str) -> Loss:
    """Return the loss of a name.

    Raises
    ------
    ConfigurationError
        If there is none.
    """
    if name not in LOSSES:
        raise ConfigurationError(
            f"Expected a loss out of {', '.join(LOSSES)}, got {name!r}; choose one."
        )
    return LOSSES[name]


def dataset_of(
    X: Any, y: Any, loss: Loss = SQUARED, against_rest: str | None = None
) -> tuple[Dataset, Classes | None]:
    """Make a data set of anything that NumPy reads as real numbers: arrays, lists, frames.

    Labels of a loss of two classes may be text too; their names come back with the data.

    Raises
    ------
    DataError
        If an entry is no real number, the labels are not those of the loss, or as `Dataset`.
    ConfigurationError
        If a class is named for a loss of numbers.
    """
    if not loss.of_classes and against_rest is not None:
        raise ConfigurationError(
            f"Expected a loss of classes with against_rest, got the {loss.name} loss; drop it, or "
            "take the logistic or the hinge loss."
        )
    if not loss.of_classes:
        return Dataset(as_float64(X, "X"), as_float64(y, "y")), None
    labels, classes = two_classes(y, loss.name, against_rest)
    return Dataset(as_float64(X, "X"), labels), classes


def default_loss(network: NetworkLike, training: Training | None) -> str:
    """Return the loss that a network was trained on, as far as it says."""
    if training is not None:
        return training.loss
    of_classes = hasattr(network, "coefs_") and hasattr(network, "classes_")
    return LOGISTIC.name if of_classes else SQUARED.name


def training_of(network: NetworkLike) -> Training | None:
    """Return what a network of this package's, or its file, says of its training; None else.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    if isinstance(network, (str, os.PathLike)) and os.fspath(network).lower().endswith(".npz"):
        network = load_network(os.fspath(network))
    return network.training if isinstance(network, FittedNetwork) else None


def network_of(network: NetworkLike, data: Dataset | VectorDataset) -> FittedNetwork:
    """Return a checked network, whichever way it is given.

    Raises
    ------
    DataError
        If it cannot be read, or does not fit the data.
    """
    match network:
        case str() | os.PathLike():
            loaded = load_network(os.fspath(network), data)
            with errors_of(os.fspath(network)):
                if isinstance(loaded.network, (GatedNetwork, GatedVectorNetwork)):
                    refuse_gated()
            return loaded
        case FittedNetwork() if isinstance(network.network, (GatedNetwork, GatedVectorNetwork)):
            refuse_gated()
        case TwoLayerNetwork() | VectorNetwork() | FittedNetwork():
            arrays = network.arrays
        case GatedNetwork() | GatedVectorNetwork():
            refuse_gated()
        case (hidden, output):
            arrays = {"hidden": hidden, "output": output}
        case (hidden, output, hidden_bias, output_bias):
            arrays = {"hidden": hidden, "output": output, "hidden_bias": hidden_bias}
            arrays["output_bias"] = np.reshape(output_bias, -1)
        case _ if hasattr(network, "coefs_") and hasattr(network, "intercepts_"):
            arrays = _of_sklearn(network, data.q if isinstance(data, VectorDataset) else 1)
        case _:
            raise DataError(
                "Expected a TwoLayerNetwork or VectorNetwork, a tuple (hidden, output) or (hidden, "
                "output, hidden_bias, output_bias), a fitted MLPRegressor or MLPClassifier, or the "
                f"path of a file, got {type(network).__name__}; give one of them."
            )
    arrays = {name: as_float64(array, name) for name, array in arrays.items()}
    for name, n_axes in (("hidden", (2,)), ("output", (1, 2))):
        if arrays[name].ndim not in n_axes:
            raise DataError(
                f"Expected {name} with {' or '.join(map(str, n_axes))} axes, got shape "
                f"{arrays[name].shape}; reshape it."
            )
    return checked_network(arrays, data)


def _of_sklearn(network: Any, n_outputs: int) -> dict[str, Any]:
    """Return the arrays of a multi-layer perceptron of scikit-learn."""
    shapes = [np.shape(weights) for weights in network.coefs_]
    activation = getattr(network, "activation", "relu")
    loss = getattr(network, "loss", "squared_error")
    if loss not in ("squared_error", "log_loss"):
        raise DataError(
            f"Expected the squared or the log loss of scikit-learn, got {loss!r}, which is none "
            "of relaxgap's; train with another."
        )
    if len(shapes) != 2 or shapes[1][1] != n_outputs or activation != "relu":
        outputs = "one output" if n_outputs == 1 else f"{n_outputs} outputs"
        raise DataError(
            f"Expected one hidden layer of ReLU and {outputs}, got weights of shapes {shapes} and "
            f"{activation}; train with hidden_layer_sizes=(m,) and activation='relu', on as many "
            "targets, or two classes."
        )
    if n_outputs > 1 and loss != "squared_error":
        raise DataError(
            f"Expected the squared loss of scikit-learn for several outputs, got {loss!r}, a "
            "softmax; train an MLPRegressor on one column of zeros and ones for each class."
        )
    (hidden, output), (hidden_bias, output_bias) = network.coefs_, network.intercepts_
    return {
        "hidden": np.transpose(hidden),
        "output": np.ravel(output) if n_outputs == 1 else output,
        "hidden_bias": hidden_bias,
        "output_bias": output_bias,
    }


def as_float64(values: Any, name: str) -> Float64[np.ndarray, "..."]:
    """Return anything that NumPy reads as real numbers as an array of them.

    Raises
    ------
    DataError
        If it is none; ``name`` says what, in the message.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"dtype {array.dtype}")
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Expected real numbers in {name}, got {error}; convert it to float64."
        ) from error
