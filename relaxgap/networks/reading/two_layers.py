"""Which of the tensors in a file are the layers of a network: their shapes and names decide."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Float64

from relaxgap.data.stored_array import StoredArray
from relaxgap.errors import DataError
from relaxgap.networks.reading.contents import (
    ADVICE,
    Contents,
    TensorPath,
    home_of,
    refuse_objects,
    refused_object,
    shown,
)

_WEIGHT = re.compile(r"(weight|kernel)?$")


@dataclass(frozen=True, slots=True)
class Layers:
    """Name the tensors of a network and how its matrices are laid out.

    Parameters
    ----------
    hidden, output : tuple of str
        Paths of the matrices, (m, d) and (q, m), or (d, m) and (m, q) if ``transposed``.
    transposed : bool
        Whether inputs come first, as in Keras and JAX.
    """

    hidden: TensorPath
    output: TensorPath
    transposed: bool

    def shapes(self, tensors: Mapping[TensorPath, StoredArray]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the arrays that an ``.npz`` file would hold, by its names."""
        m, d = tensors[self.hidden].shape[:: -1 if self.transposed else 1]
        biases = {name: tensors[path].shape for name, path in self.biases(tensors).items()}
        q = self.n_outputs(tensors)
        return {"hidden": (m, d), "output": (m,) if q == 1 else (m, q), **biases}

    def read(
        self, tensors: Mapping[TensorPath, StoredArray]
    ) -> dict[str, Float64[np.ndarray, "..."]]:
        """Read the arrays that an ``.npz`` file would hold."""
        hidden, output = tensors[self.hidden].read(), tensors[self.output].read()
        # (m, q) whatever the layout, and without an axis of one output
        output = output if self.transposed else np.ascontiguousarray(output.T)
        arrays = {
            "hidden": np.ascontiguousarray(hidden.T) if self.transposed else hidden,
            "output": output.ravel() if self.n_outputs(tensors) == 1 else output,
        }
        paths = self.biases(tensors)
        return arrays | {name: tensors[path].read() for name, path in paths.items()}

    def n_outputs(self, tensors: Mapping[TensorPath, StoredArray]) -> int:
        """Return the number of outputs."""
        return tensors[self.output].shape[1 if self.transposed else 0]

    def biases(self, tensors: Mapping[TensorPath, StoredArray]) -> dict[str, TensorPath]:
        """Return the paths of the biases that the file has, by their names in an ``.npz`` file."""
        paths = {"hidden_bias": _bias_of(self.hidden), "output_bias": _bias_of(self.output)}
        return {name: path for name, path in paths.items() if path in tensors}


def layers_of(contents: Contents, d: int | None, n_outputs: int | None = 1) -> Layers:
    """Find the two layers in what a file holds.

    Counters (integers without axes) are ignored, as is what has no axes outside the dictionary of
    the weights. Any other tensor may change the function and is refused by name.

    Parameters
    ----------
    contents : Contents
        The tensors of the file, in any order.
    d : int, optional
        Number of features of the data, where shapes alone leave a choice.
    n_outputs : int, optional
        Number of outputs; None is one if that is possible, and any number else.

    Raises
    ------
    DataError
        If they are not those of Linear, ReLU, Linear, or cannot be told apart.
    """
    tensors = contents.tensors
    matrices = [path for path, tensor in tensors.items() if len(tensor.shape) == 2]
    if len(matrices) > 2:
        named = [path for path in matrices if path[-1].endswith(("weight", "kernel"))]
        matrices = named if len(named) == 2 else matrices
    if len(matrices) < 2 and contents.objects:
        path, name = next(iter(contents.objects.items()))
        raise refused_object(name, f" under {shown(path)}")
    if len(matrices) != 2:
        raise _no_two_layers(matrices, len(tensors))
    readings = list(_readings(matrices, tensors))
    if n_outputs is not None:
        readings = [layers for layers in readings if layers.n_outputs(tensors) == n_outputs]
    layers = _chosen(readings, matrices, tensors, d, n_outputs)
    _refuse_others(layers, contents)
    return layers


def _no_two_layers(matrices: list[TensorPath], n_tensors: int) -> DataError:
    places = dict.fromkeys(shown(path[:-1]) for path in matrices if path[:-1])
    advice = "only two-layer networks can be read, and parallel three-layer ones by a normalisation"
    if len(matrices) > 2 and len(places) > 1:
        advice = f"they stand under {', '.join(places)}: {advice}; one a file"
    return DataError(
        "Expected the two weight matrices of Linear, ReLU, Linear, got "
        f"{len(matrices)} matrices among {n_tensors} tensors; {advice}."
    )


def _readings(
    matrices: list[TensorPath], tensors: Mapping[TensorPath, StoredArray]
) -> Iterator[Layers]:
    """Yield every way in which the shapes of two matrices are those of a network."""
    for hidden, output in permutations(matrices):
        n_rows, n_columns = tensors[hidden].shape
        if tensors[output].shape[1] == n_rows:
            yield Layers(hidden, output, transposed=False)
        if tensors[output].shape[0] == n_columns:
            yield Layers(hidden, output, transposed=True)


def _chosen(
    readings: list[Layers],
    matrices: list[TensorPath],
    tensors: Mapping[TensorPath, StoredArray],
    d: int | None,
    n_outputs: int | None,
) -> Layers:
    """Choose among readings by the data, the biases, then the numbers in the names."""
    found = " and ".join(f"{tensors[path].shape} in {shown(path)}" for path in matrices)
    if not readings:
        q = "q" if n_outputs is None else n_outputs
        advice = "give as many columns of labels as the network has outputs"
        raise DataError(f"Expected weights of shapes (m, d) and ({q}, m), got {found}; {advice}.")
    shapes = {layers: layers.shapes(tensors) for layers in readings}
    fitting = [layers for layers in readings if d in (None, shapes[layers]["hidden"][1])]
    readings = fitting or readings
    fitting = [
        layers
        for layers in readings
        if shapes[layers].get("hidden_bias", shapes[layers]["hidden"][:1])
        == shapes[layers]["hidden"][:1]
        and shapes[layers].get("output_bias", (layers.n_outputs(tensors),))
        == (layers.n_outputs(tensors),)
    ]
    readings = fitting or readings
    if len(readings) > 1:
        numbered = [layers for layers in readings if _are_numbered(layers.hidden, layers.output)]
        readings = numbered or (readings if n_outputs is None else [])
    if len(readings) > 1:
        readings = [layers for layers in readings if layers.n_outputs(tensors) == 1]
    if len(readings) != 1:
        raise DataError(
            f"Expected shapes, biases or numbered names that tell the hidden layer from the "
            f"output, got {found}; save them as an .npz with hidden (m, d) and output (m,)."
        )
    return readings[0]


def _are_numbered(hidden: TensorPath, output: TensorPath) -> bool:
    """Say whether two names differ in their numbers alone, and the hidden layer comes first."""
    names = [".".join(path) for path in (hidden, output)]
    first, second = ([int(number) for number in re.findall(r"\d{1,9}", name)] for name in names)
    return re.sub(r"\d", "", names[0]) == re.sub(r"\d", "", names[1]) and first < second


def _refuse_others(layers: Layers, contents: Contents) -> None:
    biases = set(layers.biases(contents.tensors).values())
    home = home_of([layers.hidden, layers.output])
    for path, tensor in contents.tensors.items():
        n_axes = len(tensor.shape)
        is_layer = path in (layers.hidden, layers.output) or (path in biases and n_axes == 1)
        is_note = n_axes == 0 and (tensor.is_integer or path[: len(home)] != home)
        if not is_layer and (path in biases or not is_note):
            raise DataError(
                "Expected weights and biases of two linear layers only, got "
                f"{shown(path)} of shape {tensor.shape}, which may change the function, as a "
                f"scaler or a normalisation does; fold it into the two layers, then {ADVICE}."
            )
    refuse_objects(contents, home)


def _bias_of(path: TensorPath) -> TensorPath:
    return (*path[:-1], _WEIGHT.sub("bias", path[-1], count=1))
