"""Parallel three-layer networks of the user's: archives, and checkpoints of sub-networks."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.numpy_archives import open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.errors import DataError
from relaxgap.networks.reading.files import NETWORK_ENDINGS
from relaxgap.networks.reading.safetensors import open_safetensors
from relaxgap.networks.reading.subnetworks import Arrays, subnetworks_of
from relaxgap.networks.reading.torch_archive import open_torch
from relaxgap.networks.three_layer_network import ThreeLayerNetwork


def load_three_layers(path: str) -> ThreeLayerNetwork:
    """Read parallel three-layer sub-networks that were trained anywhere.

    An ``.npz`` file holds ``hidden`` (K, m, d), ``inner`` (K, m) and ``output`` (K,). A checkpoint
    holds what `relaxgap.networks.reading.subnetworks.subnetworks_of` says.

    Raises
    ------
    DataError
        If the file cannot be used; the message is one line and starts with the path.
    """
    with errors_of(path):
        file = existing_file(path, NETWORK_ENDINGS)
        arrays = _read_archive(file) if file.suffix.lower() == ".npz" else _read_checkpoint(file)
        return checked_three_layers(arrays["hidden"], arrays["inner"], arrays["output"])


def checked_three_layers(
    hidden: Float64[np.ndarray, "..."],
    inner: Float64[np.ndarray, "..."],
    output: Float64[np.ndarray, "..."],
) -> ThreeLayerNetwork:
    """Return a network of arrays that fit together.

    Raises
    ------
    DataError
        If they do not, or are not finite.
    """
    if hidden.ndim != 3 or inner.shape != hidden.shape[:2] or output.shape != inner.shape[:1]:
        raise DataError(
            f"Expected hidden (K, m, d), inner (K, m) and output (K,), got {hidden.shape}, "
            f"{inner.shape} and {output.shape}; give one sub-network after another."
        )
    if not all(np.all(np.isfinite(array)) for array in (hidden, inner, output)):
        raise DataError("Expected finite weights, got NaN or infinity; train again.")
    return ThreeLayerNetwork(hidden, inner, output)


def _read_archive(file: Path) -> Arrays:
    with open_arrays(file) as archive:
        # any other array, such as biases, is refused
        return read_members(
            archive, {"hidden": 3, "inner": 2, "output": 1}, {}, lambda shapes: None
        )


def _read_checkpoint(file: Path) -> Arrays:
    opened = open_safetensors if file.suffix.lower() == ".safetensors" else open_torch
    with opened(file) as contents:
        return subnetworks_of(contents)
