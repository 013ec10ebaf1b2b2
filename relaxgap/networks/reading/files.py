"""Trained networks of the user's: NumPy archives and the weights of PyTorch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.data.numpy_archives import read_arrays
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.errors import DataError
from relaxgap.networks.reading.torch_archive import read_tensors
from relaxgap.networks.saving import save_arrays
from relaxgap.networks.two_layer import TwoLayerNetwork


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
    ``hidden_bias`` (m,) and ``output_bias`` (1,). A ``.pt`` or ``.pth`` file is the ``state_dict``
    of Linear, ReLU, Linear: two matrices in the order of the layers, (m, d) and (1, m), with biases
    named after them; that there is a ReLU between them cannot be seen from the file. It is read
    without PyTorch, and nothing in it is executed. Integers and other floats become float64.

    A hidden bias :math:`b` makes the network :math:`[W, b]` on the data :math:`[X, 1]`, so that
    the bias is regularised like any weight; biases that are all zero are dropped.

    Parameters
    ----------
    path : str or Path
        File to read; ``~`` stands for the home directory.
    data : Dataset, optional
        The data that the network was trained on, without a column of ones for the bias. Without
        it nothing is checked that depends on the data.

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
    if Path(path).suffix.lower() == ".npz":
        axes = {"hidden": 2, "output": 1}
        arrays = read_arrays(path, axes, optional={"hidden_bias": 1, "output_bias": 1})
    else:
        arrays = _read_state_dict(path)
    with errors_of(path):
        return checked_network(arrays, data)


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
    m, d = hidden.shape
    if data is not None and d != data.d:
        raise DataError(
            f"Expected hidden weights of shape (m, {data.d}) for data of {data.d} features, got "
            f"shape {hidden.shape}, for {d} features; "
            f"{'transpose them' if m == data.d else 'give the data that it was trained on'}."
        )
    biases = {"hidden_bias": np.zeros(m), "output_bias": np.zeros(1)}
    biases.update({name: arrays[name] for name in biases if name in arrays})
    for name, array, size in (
        ("output weights", output, m),
        ("hidden biases", biases["hidden_bias"], m),
        ("output biases", biases["output_bias"], 1),
    ):
        if array.shape != (size,):
            raise DataError(
                f"Expected {size} {name} for {m} hidden neurons and one output, got "
                f"{array.shape[0]}; make the widths match."
            )
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
    if data is not None:
        _check_loss(loaded, with_ones_column(data) if has_bias else data)
    return loaded


def _check_loss(loaded: LoadedNetwork, data: Dataset) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        loss = loaded.network.training_loss(data, 1.0)
    if not np.isfinite(loss):
        raise DataError(
            f"Expected a network whose training loss is a finite float64, got {loss}; check the "
            "units of its weights and of the data."
        )


def _read_state_dict(path: str) -> dict[str, Float64[np.ndarray, "..."]]:
    """Read the arrays of an ``.npz`` file from the weights that PyTorch saved."""
    with errors_of(path):
        return _named_by_layer(read_tensors(existing_file(path, (".npz", ".pt", ".pth"))))


def _named_by_layer(
    tensors: Mapping[str, Float64[np.ndarray, "..."]],
) -> dict[str, Float64[np.ndarray, "..."]]:
    weights = {name: tensor for name, tensor in tensors.items() if tensor.ndim == 2}
    if len(weights) != 2:
        raise DataError(
            "Expected the two weight matrices of Linear, ReLU, Linear, got "
            f"{len(weights)} matrices among {len(tensors)} tensors; only two-layer networks can "
            "be read."
        )
    (first, hidden), (second, output) = weights.items()
    if output.shape != (1, hidden.shape[0]):
        raise DataError(
            f"Expected weights of shapes (m, d) and (1, m), got {hidden.shape} in {first!r} and "
            f"{output.shape} in {second!r}; only networks with one output can be read."
        )
    arrays = {"hidden": hidden, "output": output[0]}
    names = {first: "hidden_bias", second: "output_bias"}
    biases = {f"{name.removesuffix('weight')}bias": bias for name, bias in names.items()}
    for name, tensor in tensors.items():
        if name in weights:
            continue
        if name not in biases or tensor.ndim != 1:
            raise DataError(
                f"Expected weights and biases of two linear layers only, got {name!r} of shape "
                f"{tensor.shape}; only Linear, ReLU, Linear can be read."
            )
        arrays[biases[name]] = tensor
    return arrays
