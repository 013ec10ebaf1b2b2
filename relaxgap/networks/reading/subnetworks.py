"""Which of the tensors in a file are the layers of three-layer sub-networks: shapes and order."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from relaxgap.data.stored_array import StoredArray
from relaxgap.errors import DataError
from relaxgap.networks.reading.contents import (
    Contents,
    TensorPath,
    home_of,
    refuse_objects,
    refused_object,
    shown,
)

Arrays = dict[str, Float64[np.ndarray, "..."]]
Tensors = Sequence[tuple[TensorPath, StoredArray]]
NAMES = ("hidden", "inner", "output")
_ADVICE = "save an .npz with hidden (K, m, d), inner (K, m) and output (K,)"


def subnetworks_of(contents: Contents) -> Arrays:
    """Read ``hidden`` (K, m, d), ``inner`` (K, m) and ``output`` (K,) from what a checkpoint holds.

    Either three tensors, first layers (K, m, d) or with inputs first (K, d, m), second and third
    ones (K, m) and (K,), perhaps with axes of length one; or, in this order, the weights of Linear
    without biases, (m, d), (1, m) and (1, 1) of one sub-network after another or of one layer after
    another, the third perhaps one (1, K). Biases that are all zero are dropped, as are counters
    (integers without axes) and what has no axes outside the dictionary of the weights.

    Raises
    ------
    DataError
        If there are others, or shapes leave a choice.
    """
    with_axes = [path for path, tensor in contents.tensors.items() if tensor.shape]
    home = home_of(with_axes)
    tensors = [
        (path, tensor)
        for path, tensor in contents.tensors.items()
        if not _is_note(path, tensor, home) and not _is_zero_bias(path, tensor)
    ]
    if not tensors and contents.objects:
        path, name = next(iter(contents.objects.items()))
        raise refused_object(name, f" under {shown(path)}")
    if not tensors:
        raise DataError("Expected weights of sub-networks, got no tensor; save the state_dict.")
    refuse_objects(contents, home)
    if len(tensors) == 3 and any(len(tensor.shape) == 3 for _, tensor in tensors):
        return _stacked(tensors)
    return _one_by_one(tensors, contents)


def _is_note(path: TensorPath, tensor: StoredArray, home: TensorPath) -> bool:
    return not tensor.shape and (tensor.is_integer or path[: len(home)] != home)


def _is_zero_bias(path: TensorPath, tensor: StoredArray) -> bool:
    if not path[-1].endswith("bias") or len(tensor.shape) != 1:
        return False
    if np.any(tensor.read() != 0.0):
        raise DataError(
            f"Expected sub-networks without biases, got {shown(path)} that is not zero; train with "
            "bias=False."
        )
    return True


def _stacked(tensors: Tensors) -> Arrays:
    """Read three tensors of all sub-networks."""
    by_axes = sorted(tensors, key=lambda named: -len(named[1].shape))
    if [len(tensor.shape) for _, tensor in by_axes] != [3, 2, 1]:
        # axes of length one beside a layer leave only the order
        by_axes = list(tensors)
    (_, first), (_, second), (_, third) = by_axes
    shapes = [tensor.shape for _, tensor in by_axes]
    K, *sides = first.shape
    m = int(np.prod(second.shape)) // max(K, 1)
    is_meant = [path[-1] for path, _ in by_axes] == list(NAMES)
    fits = len(sides) == 2 and second.shape in ((K, m), (K, m, 1), (K, 1, m))
    if not fits or m not in sides or third.shape not in ((K,), (K, 1), (K, 1, 1)):
        raise DataError(
            "Expected first layers (K, m, d) or (K, d, m), second ones (K, m) and third ones (K,), "
            f"got {', '.join(map(str, shapes))}; {_ADVICE}."
        )
    if sides == [m, m] and m > 1 and not is_meant:
        raise DataError(
            f"Expected shapes that tell neurons from inputs, got first layers of shape "
            f"{first.shape}; call the tensors {', '.join(NAMES)}, hidden (K, m, d), or save an "
            ".npz of these."
        )
    hidden = first.read()
    if sides[0] != m:
        hidden = np.ascontiguousarray(np.swapaxes(hidden, 1, 2))
    return {
        "hidden": hidden,
        "inner": second.read().reshape(K, m),
        "output": third.read().reshape(K),
    }


def _one_by_one(tensors: Tensors, contents: Contents) -> Arrays:
    """Read a weight of Linear for each layer of each sub-network."""
    shapes = [tensor.shape for _, tensor in tensors]
    found = {places for places in _orders(len(tensors)) if _fits(shapes, *places)}
    if len(found) != 1:
        said = ", ".join(map(str, shapes[:4])) + (", ..." if len(shapes) > 4 else "")
        raise DataError(
            "Expected for each sub-network weights of shapes (m, d), (1, m) and (1, 1) without "
            f"biases{', in an order that shapes tell' if found else ''}, got {said} from "
            f"{shown(tensors[0][0])} on among {len(contents.tensors)} tensors; {_ADVICE}."
        )
    ((first, second, third),) = found
    read = [tensor.read() for _, tensor in tensors]
    return {
        "hidden": np.stack([read[place] for place in first]),
        "inner": np.concatenate([read[place] for place in second]),
        "output": np.concatenate([read[place].ravel() for place in third]),
    }


def _orders(count: int) -> Iterator[tuple[range, range, range]]:
    """Yield where first, second and third layers may stand."""
    K, rest = divmod(count, 3)
    if K and rest == 0:
        yield range(0, count, 3), range(1, count, 3), range(2, count, 3)
        yield range(K), range(K, 2 * K), range(2 * K, count)
    K, rest = divmod(count - 1, 2)
    if K and rest == 0:
        yield range(0, count - 1, 2), range(1, count - 1, 2), range(count - 1, count)
        yield range(K), range(K, 2 * K), range(2 * K, count)


def _fits(shapes: Sequence[tuple[int, ...]], first: range, second: range, third: range) -> bool:
    if len(shapes[first[0]]) != 2:
        return False
    m, _ = shapes[first[0]]
    return (
        all(shapes[place] == shapes[first[0]] for place in first)
        and all(shapes[place] == (1, m) for place in second)
        and all(shapes[place] == (1, len(first) // len(third)) for place in third)
    )
