"""Trained networks of the user's: NumPy archives, checkpoints of PyTorch, safetensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.data.numpy_archives import Shapes, open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.errors import DataError
from relaxgap.networks.reading.safetensors import open_safetensors
from relaxgap.networks.reading.torch_archive import open_torch
from relaxgap.networks.reading.two_layers import layers_of
from relaxgap.networks.saving import save_arrays
from relaxgap.networks.two_layer import TwoLayerNetwork

CHECKPOINT_ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".pth.tar", ".safetensors")
NETWORK_ENDINGS = (".npz", *CHECKPOINT_ENDINGS)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedNetwork:
    """Hold a network from a file and the data matrix that it takes.

    Parameters
    ----------
    network : TwoLayerNetwork
        The network; with ``has_bias`` the last of its ``d + 1`` columns is the hidden bias.
    has_bias : bool
        Whether it takes ``[X, 1]`` (see `with_ones_column`) in place of ``X``.
    """

    network: TwoLayerNetwork
    has_bias: bool

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds: the bias apart from the weights."""
        arrays = self.network.arrays
        if not self.has_bias:
            return arrays
        hidden = arrays["hidden"]
        return arrays | {"hidden": hidden[:, :-1], "hidden_bias": hidden[:, -1]}

    def save(self, path: str | Path) -> Path:
        """Write the network to an ``.npz`` file that `load_network` reads; return its path.

        Raises
        ------
        ConfigurationError
            If the path does not end in ``.npz``.
        DataError
            If a weight is not finite.
        StorageError
            If the file cannot be written.
        """
        return save_arrays(path, self.arrays)


def with_ones_column(data: Dataset) -> Dataset:
    """Append a feature that is 1 for every sample: a hidden bias becomes a weight like any other.

    The training problem on this data penalises the bias as it does every other weight.
    """
    return Dataset(np.column_stack([data.X, np.ones(data.n)]), data.y)


def load_network(path: str | Path, data: Dataset | None = None) -> LoadedNetwork:
    r"""Read a two-layer ReLU network that was trained anywhere.

    An ``.npz`` file holds the arrays ``hidden`` (m, d) and ``output`` (m,), and may hold
    ``hidden_bias`` (m,) and ``output_bias`` (1,). A ``.pt``, ``.pth``, ``.ckpt``, ``.bin`` or
    ``.pth.tar`` file is what ``torch.save`` of PyTorch 1.6 or later wrote, a ``.safetensors`` file
    what its library did: the ``state_dict`` of Linear, ReLU, Linear, alone or in dictionaries with
    an optimiser, counters and notes. Shapes and names, in any order, say which matrix is the
    hidden one, (m, d) or with inputs first (d, m), and which the output; biases are named after
    them; that there is a ReLU between them cannot be seen from the file. It is read without
    PyTorch, and nothing in it is executed. A tensor that may change the function otherwise, such
    as a scaler's, is refused by name. Integers and other floats become float64. What is read takes
    at most 100 times the size of the file in memory, or 16 MiB.

    A hidden bias :math:`b` makes the network :math:`[W, b]` on the data :math:`[X, 1]`, so that
    the bias is regularised like any weight; biases that are all zero are dropped.

    Parameters
    ----------
    path : str or Path
        File to read; ``~`` stands for the home directory.
    data : Dataset, optional
        The data that the network was trained on, without a column of ones for the bias. Without
        it all is checked that the file alone tells: shapes, finite weights and a finite penalty.

    Returns
    -------
    LoadedNetwork
        Width 0, the zero network, is allowed.

    Raises
    ------
    DataError
        If the file cannot be used, the network does not fit the data, its loss on the data is not
        a finite float64, or its output bias is not zero; the message is one line and starts with
        the path.

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
        return checked_network(read(file, check, None if data is None else data.d), data)


def checked_network(
    arrays: Mapping[str, Float64[np.ndarray, "..."]], data: Dataset | None
) -> LoadedNetwork:
    """Make a network from the arrays of an ``.npz`` file, wherever they come from.

    Raises
    ------
    DataError
        As `load_network`, without a path.
    """
    hidden, output = arrays["hidden"], arrays["output"]
    _check_shapes({name: array.shape for name, array in arrays.items()}, data)
    biases = {"hidden_bias": np.zeros(hidden.shape[0]), "output_bias": np.zeros(1)}
    biases.update({name: arrays[name] for name in biases if name in arrays})
    for name, array in {**arrays, **biases}.items():
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise DataError(
                f"Expected finite weights, got {bad} NaN or infinite entries in {name}; take a "
                "network from before its training diverged."
            )
    if biases["output_bias"].any():
        raise DataError(
            f"Expected no output bias, which the training problem has not, got "
            f"{biases['output_bias'][0]:g}; subtract it from the labels and set it to zero in "
            "the file."
        )
    has_bias = bool(biases["hidden_bias"].any())
    if has_bias:
        hidden = np.column_stack([hidden, biases["hidden_bias"]])
    loaded = LoadedNetwork(TwoLayerNetwork(hidden, output), has_bias)
    _check_loss(loaded, data)
    return loaded


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


def _check_shapes(shapes: Shapes, data: Dataset | None) -> None:
    m, d = shapes["hidden"]
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
    for name, array, size in (
        ("output weights", "output", m),
        ("hidden biases", "hidden_bias", m),
        ("output biases", "output_bias", 1),
    ):
        if shapes.get(array, (size,)) != (size,):
            raise DataError(
                f"Expected {size} {name} for {m} hidden neurons and one output, got "
                f"{shapes[array][0]}; make the widths match."
            )


def _check_loss(loaded: LoadedNetwork, data: Dataset | None) -> None:
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
        loss = loaded.network.training_loss(
            with_ones_column(data) if loaded.has_bias else data, 1.0
        )
    if not np.isfinite(loss):
        raise DataError(
            f"Expected a network whose training loss is a finite float64, got {loss}; check the "
            "units of its weights and of the data."
        )


def _read_archive(
    file: Path, check: Callable[[Shapes], None], d: int | None
) -> dict[str, Float64[np.ndarray, "..."]]:
    with open_arrays(file) as archive:
        if {"gates", "weights"} <= set(archive.names) and "hidden" not in archive.names:
            refuse_gated()
        axes = {"hidden": 2, "output": 1}
        return read_members(archive, axes, {"hidden_bias": 1, "output_bias": 1}, check)


def _read_checkpoint(
    file: Path, check: Callable[[Shapes], None], d: int | None
) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read the arrays that an ``.npz`` file would hold from a checkpoint."""
    opened = open_safetensors if file.suffix.lower() == ".safetensors" else open_torch
    with opened(file) as contents:
        layers = layers_of(contents, d)
        check(layers.shapes(contents.tensors))
        return layers.read(contents.tensors)
