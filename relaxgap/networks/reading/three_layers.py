"""Parallel three-layer networks of the user's: archives, and checkpoints of sub-networks."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.numpy_archives import open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.stored_array import StoredArray
from relaxgap.errors import DataError
from relaxgap.networks.reading.contents import Contents, TensorPath, shown
from relaxgap.networks.reading.files import NETWORK_ENDINGS
from relaxgap.networks.reading.safetensors import open_safetensors
from relaxgap.networks.reading.torch_archive import open_torch
from relaxgap.networks.three_layer_network import ThreeLayerNetwork

Arrays = dict[str, Float64[np.ndarray, "..."]]


def load_three_layers(path: str) -> ThreeLayerNetwork:
    """Read parallel three-layer sub-networks that were trained anywhere.

    An ``.npz`` file holds ``hidden`` (K, m, d), ``inner`` (K, m) and ``output`` (K,). A checkpoint
    holds three tensors of these shapes, or for each sub-network the weights of Linear, ReLU,
    Linear, ReLU, Linear without biases, (m, d), (1, m) and (1, 1), one sub-network after another.

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
        tensors = [
            (path, tensor)
            for path, tensor in contents.tensors.items()
            if len(tensor.shape) > 0 or not tensor.is_integer
        ]
        shapes = [tensor.shape for _, tensor in tensors]
        if len(tensors) == 3 and sorted(map(len, shapes)) == [1, 2, 3]:
            by_axes = {len(tensor.shape): tensor for _, tensor in tensors}
            return {
                "hidden": by_axes[3].read(),
                "inner": by_axes[2].read(),
                "output": by_axes[1].read(),
            }
        return _one_by_one(tensors, contents)


def _one_by_one(tensors: list[tuple[TensorPath, StoredArray]], contents: Contents) -> Arrays:
    """Read the weights of sub-networks that follow each other."""
    triples = [tensors[at : at + 3] for at in range(0, len(tensors), 3)]
    first = tensors[0][1].shape if tensors else ()
    for triple in triples:
        shapes = [tensor.shape for _, tensor in triple]
        if len(first) != 2 or shapes != [first, (1, first[0]), (1, 1)]:
            place = shown(triple[0][0]) if triple else "the file"
            raise DataError(
                "Expected for each sub-network weights of shapes (m, d), (1, m) and (1, 1) without "
                f"biases, got {shapes} from {place} on among {len(contents.tensors)} tensors; save "
                "an .npz with hidden (K, m, d), inner (K, m) and output (K,)."
            )
    read = [[tensor.read() for _, tensor in triple] for triple in triples]
    if not read:
        raise DataError("Expected weights of sub-networks, got no tensor; save the state_dict.")
    return {
        "hidden": np.stack([hidden for hidden, _, _ in read]),
        "inner": np.concatenate([inner for _, inner, _ in read]),
        "output": np.concatenate([output for _, _, output in read]).ravel(),
    }
