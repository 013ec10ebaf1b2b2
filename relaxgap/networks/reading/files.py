"""Trained networks of the user's: NumPy archives, checkpoints of PyTorch, safetensors."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.data.numpy_archives import Axes, Shapes, open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.scaling import Scaling
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import DataError
from relaxgap.networks.fitted import FittedNetwork, Network, about_of
from relaxgap.networks.gated import GatedNetwork
from relaxgap.networks.reading.safetensors import open_safetensors
from relaxgap.networks.reading.torch_archive import open_torch
from relaxgap.networks.reading.two_layers import layers_of
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.problems.biases import Bias
from relaxgap.problems.families import FreeBlocks
from relaxgap.problems.losses import SQUARED

CHECKPOINT_ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".pth.tar", ".safetensors")
NETWORK_ENDINGS = (".npz", *CHECKPOINT_ENDINGS)


def load_network(path: str | Path, data: Dataset | VectorDataset | None = None) -> FittedNetwork:
    r"""Read a two-layer ReLU network that was trained anywhere.

    An ``.npz`` file holds the arrays ``hidden`` (m, d) and ``output`` (m,), or (m, q) of several
    outputs, and may hold ``hidden_bias`` (m,) and ``output_bias`` (1,) or (q,), ``shift`` and
    ``scale`` (d,) of the rows, and what `FittedNetwork.save` wrote ``about`` its training; that of
    a gated program holds ``gates`` and ``weights`` (m, d) or (m, d, q) in place of ``hidden`` and
    ``output``. A ``.pt``, ``.pth``, ``.ckpt``, ``.bin`` or ``.pth.tar`` file is what
    ``torch.save`` of PyTorch 1.6 or later wrote, a ``.safetensors`` file what its library did: the
    ``state_dict`` of Linear, ReLU, Linear, alone or
    in dictionaries with an optimiser, counters and notes. Shapes and names, in any order, say which
    matrix is the hidden one, (m, d) or with inputs first (d, m), and which the output; biases are
    named after them; that there is a ReLU between them cannot be seen from the file. It is read
    without PyTorch, and nothing in it is executed. A tensor that may change the function otherwise,
    such as a scaler's, is refused by name. Integers and other floats become float64. What is read
    takes at most 100 times the size of the file in memory, or 16 MiB.

    A hidden bias :math:`b` makes the network :math:`[W, b]` on the data :math:`[X, 1]`, so that
    the bias is regularised like any weight; biases that are all zero are dropped.

    Parameters
    ----------
    path : str or Path
        File to read; ``~`` stands for the home directory.
    data : Dataset or VectorDataset, optional
        The data that the network was trained on, without a column of ones for the bias. Without
        it all is checked that the file alone tells: shapes, finite weights and a finite penalty.

    Returns
    -------
    FittedNetwork
        Width 0, the zero network, is allowed.

    Raises
    ------
    DataError
        If the file cannot be used, the network does not fit the data, or its loss on the data is
        not a finite float64; the message is one line and starts with the path.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from relaxgap import TwoLayerNetwork, load_network
    >>> network = TwoLayerNetwork(np.array([[1.0, -2.0]]), np.array([0.5]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_network(network.save(f"{folder}/network.npz"))
    >>> again.network.hidden.tolist(), again.has_bias
    ([[1.0, -2.0]], False)
    """
    path = str(path)
    with errors_of(path):
        file = existing_file(path, NETWORK_ENDINGS)
        check = partial(_check_shapes, data=data)
        read = _read_archive if file.suffix.lower() == ".npz" else _read_checkpoint
        return checked_network(read(file, check, data), data)


def checked_network(
    arrays: Mapping[str, Float64[np.ndarray, "..."]], data: Dataset | VectorDataset | None
) -> FittedNetwork:
    """Make a network from the arrays of an ``.npz`` file, wherever they come from.

    Raises
    ------
    DataError
        As `load_network`, without a path.
    """
    _check_shapes({name: array.shape for name, array in arrays.items()}, data)
    for name, array in arrays.items():
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise DataError(
                f"Expected finite weights, got {bad} NaN or infinite entries in {name}; take a "
                "network from before its training diverged."
            )
    if data is not None and "output" in arrays:
        # one output may have a column or none
        m = len(arrays["output"])
        shape = (m, data.q) if isinstance(data, VectorDataset) else (m,)
        arrays = {**arrays, "output": arrays["output"].reshape(shape)}
    training, columns = about_of(_text(arrays["about"])) if "about" in arrays else (None, None)
    scaling = None
    if "scale" in arrays or "shift" in arrays:
        first = arrays["gates" if "gates" in arrays else "hidden"]
        d = first.shape[1]
        scale = arrays.get("scale", np.ones(d))
        if not np.all(scale > 0.0):
            raise DataError(
                "Expected positive numbers in scale, got zero or a negative one; write what the "
                "columns are divided by."
            )
        scaling = Scaling(arrays.get("shift", np.zeros(d)), scale)
    network, has_bias = _with_biases(arrays, kept=training is not None)
    output_bias: float | Float64[np.ndarray, " q"] = 0.0
    if "output_bias" in arrays:
        constants = arrays["output_bias"]
        one = isinstance(network, (TwoLayerNetwork, GatedNetwork))
        output_bias = float(constants[0]) if one else constants
    loaded = FittedNetwork(network, has_bias, output_bias, scaling, columns, training)
    _check_about(loaded)
    _check_loss(loaded, data)
    return loaded


def _check_about(loaded: FittedNetwork) -> None:
    """Refuse what a file says of its training if the arrays beside it say something else."""
    training, columns = loaded.training, loaded.columns
    said = ""
    if training is not None:
        is_gated = isinstance(loaded.network, (GatedNetwork, GatedVectorNetwork))
        if (training.program == FreeBlocks.name) != is_gated:
            said = f"the program {training.program}"
        elif loaded.has_bias and training.biases.hidden is Bias.NONE:
            said = "no hidden biases"
        elif len(training.outputs) not in (0, loaded.n_outputs):
            said = f"{len(training.outputs)} outputs"
        elif loaded.n_outputs > 1 and training.loss != SQUARED.name:
            said = f"the {training.loss} loss"
        elif loaded.has_output_bias and training.biases.output is Bias.NONE:
            said = "no output bias"
    if columns is not None and columns.n_features != loaded.n_features:
        said = f"{columns.n_features} features"
    if said:
        raise DataError(
            f"Expected arrays of the network that 'about' tells of, got others beside {said}; "
            "remove 'about', or fit and save the network again."
        )


def _with_biases(
    arrays: Mapping[str, Float64[np.ndarray, "..."]], kept: bool
) -> tuple[Network, bool]:
    """Return a network and whether it has hidden biases: zeros are none unless they are kept."""
    if "gates" in arrays:
        gated = GatedNetwork if arrays["weights"].ndim == 2 else GatedVectorNetwork
        if "gates_bias" not in arrays:
            return gated(arrays["gates"], arrays["weights"]), False
        columns = [
            np.concatenate([arrays[name], arrays[f"{name}_bias"][:, None]], axis=1)
            for name in ("gates", "weights")
        ]
        return gated(*columns), True
    relu = TwoLayerNetwork if arrays["output"].ndim == 1 else VectorNetwork
    hidden, bias = arrays["hidden"], arrays.get("hidden_bias")
    if bias is None or not (kept or bias.any()):
        return relu(hidden, arrays["output"]), False
    return relu(np.column_stack([hidden, bias]), arrays["output"]), True


def _text(codes: Float64[np.ndarray, " k"]) -> str:
    try:
        return bytes(codes.astype(np.int64).tolist()).decode("utf-8")
    except ValueError as error:
        raise DataError(
            f"Expected bytes of text in 'about', got other numbers ({error}); remove the array, or "
            "fit and save the network again."
        ) from error


def refuse_gated() -> NoReturn:
    """Refuse a network of a gated program where one with ReLU neurons is expected.

    Raises
    ------
    DataError
        Always.
    """
    raise DataError(
        "Expected the arrays hidden and output of a ReLU network, got the gates and weights of a "
        "gated one, as solve --program gated writes it: its gates are fixed and its neurons no "
        "ReLU, so that the loss and the bound of ReLU networks say nothing of it; take a network "
        "of solve --program relu."
    )


def _check_shapes(shapes: Shapes, data: Dataset | VectorDataset | None) -> None:
    first, last = ("gates", "weights") if "gates" in shapes else ("hidden", "output")
    m, d = shapes[first]
    # of one output none, of several their number
    several = shapes[last][2 if first == "gates" else 1 :]
    n_outputs = several[0] if several else 1
    if n_outputs == 0:
        raise DataError(
            f"Expected {last} weights of at least one output, got shape {shapes[last]}; give one "
            "column an output."
        )
    if ("gates_bias" in shapes) != ("weights_bias" in shapes):
        raise DataError(
            "Expected gates_bias and weights_bias together, got one of them alone; add the other, "
            "zeros where there are none."
        )
    _check_outputs(n_outputs, data)
    if d == 0:
        raise DataError(
            f"Expected hidden weights of shape (m, d) for at least one feature, got shape {(m, d)};"
            " give one row a neuron."
        )
    if data is not None and d != data.d:
        raise DataError(
            f"Expected hidden weights of shape (m, {data.d}) for data of {data.d} features, got "
            f"shape {(m, d)}, for {d} features; "
            f"{'transpose them' if m == data.d else 'give the data that it was trained on'}."
        )
    if shapes.get("weights", (m, d))[:2] != (m, d):
        raise DataError(
            f"Expected weights of the shape of the gates, {(m, d)}, got {shapes['weights']}; give "
            "one row a gate."
        )
    outputs = "one output" if not several else f"{n_outputs} outputs"
    for name, array, size in (
        ("output weights", "output", (m, *several)),
        ("hidden biases", "hidden_bias", (m,)),
        ("biases of gates", "gates_bias", (m,)),
        ("biases of weights", "weights_bias", (m, *several)),
        ("output biases", "output_bias", (n_outputs,)),
    ):
        if shapes.get(array, size) != size:
            expected, got = (
                str(shape[0]) if len(shape) == 1 else str(shape) for shape in (size, shapes[array])
            )
            raise DataError(
                f"Expected {expected} {name} for {m} hidden neurons and {outputs}, got {got}; make "
                "the widths match."
            )
    for array in ("shift", "scale"):
        if shapes.get(array, (d,)) != (d,):
            raise DataError(
                f"Expected one entry of {array} a feature, {d}, got {shapes[array][0]}; write what "
                "is done to every column."
            )


def _check_outputs(n_outputs: int, data: Dataset | VectorDataset | None) -> None:
    if isinstance(data, VectorDataset) and n_outputs != data.q:
        raise DataError(
            f"Expected as many outputs as labels a sample, {data.q}, got a network of {n_outputs}; "
            "give the labels that it was trained on."
        )
    if isinstance(data, Dataset) and n_outputs > 1:
        raise DataError(
            f"Expected a network of one output for one label a sample, got one of {n_outputs}; "
            "give as many columns of labels."
        )


def _check_loss(loaded: FittedNetwork, data: Dataset | VectorDataset | None) -> None:
    """Refuse a network whose loss, or without data the penalty in it, is not finite."""
    arrays = loaded.network.arrays.values()
    with np.errstate(over="ignore", invalid="ignore"):
        penalty = sum(float(np.sum(weights**2)) for weights in arrays)
        if not np.isfinite(penalty):
            raise DataError(
                f"Expected weights whose squares sum to a finite float64, so that the training "
                f"loss is a finite float64, got {penalty}; check their units."
            )
        if data is None:
            return
        loss = loaded.training_loss(data, 1.0)
    if not np.isfinite(loss):
        raise DataError(
            f"Expected a network whose training loss is a finite float64, got {loss}; check the "
            "units of its weights and of the data."
        )


def _read_archive(
    file: Path, check: Callable[[Shapes], None], data: Dataset | VectorDataset | None
) -> dict[str, Float64[np.ndarray, "..."]]:
    with open_arrays(file) as archive:
        is_gated = {"gates", "weights"} <= set(archive.names) and "hidden" not in archive.names
        axes: dict[str, Axes] = {"hidden": 2, "output": (1, 2)}
        biases: dict[str, Axes] = {"hidden_bias": 1}
        if is_gated:
            axes = {"gates": 2, "weights": (2, 3)}
            biases = {"gates_bias": 1, "weights_bias": (1, 2)}
        optional = biases | dict.fromkeys(("output_bias", "shift", "scale", "about"), 1)
        return read_members(archive, axes, optional, check)


def _read_checkpoint(
    file: Path, check: Callable[[Shapes], None], data: Dataset | VectorDataset | None
) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read the arrays that an ``.npz`` file would hold from a checkpoint."""
    opened = open_safetensors if file.suffix.lower() == ".safetensors" else open_torch
    with opened(file) as contents:
        n_outputs = data.q if isinstance(data, VectorDataset) else None if data is None else 1
        layers = layers_of(contents, None if data is None else data.d, n_outputs)
        check(layers.shapes(contents.tensors))
        return layers.read(contents.tensors)
