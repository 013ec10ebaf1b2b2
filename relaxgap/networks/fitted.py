"""A network with all that it needs to predict for rows as they come: scaling, biases, columns."""

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.classes import Classes, named
from relaxgap.data.columns import Columns
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.networks.gated import GatedNetwork
from relaxgap.networks.saving import save_arrays, save_state_dict
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.problems.biases import CONVENTIONAL, NO_BIASES, ONES_COLUMN, Bias, Biases
from relaxgap.problems.losses import LOSSES, SQUARED, Loss
from relaxgap.problems.program import PROGRAMS
from relaxgap.problems.vector_output import NAME as VECTOR

ABOUT_VERSION = 1
Network = TwoLayerNetwork | GatedNetwork | VectorNetwork | GatedVectorNetwork
"""Of one or several outputs, with ReLU or fixed gates, without biases."""


@dataclass(frozen=True, slots=True)
class Training:
    """Say which problem a network was trained on.

    Parameters
    ----------
    beta : float
        Regularisation strength.
    program : str
        ``relu`` or ``gated``; of several outputs ``vector`` or ``gated``.
    loss : str
        Of the outputs.
    classes : tuple of str or None
        The names of -1 and +1; None where labels are no classes.
    biases : Biases
        Which there are, and which of them are penalised.
    outputs : tuple of str
        What several outputs are called, where that is known.
    """

    beta: float
    program: str
    loss: str
    classes: Classes | None
    biases: Biases
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    r"""Hold a network and how raw rows become what it takes.

    Parameters
    ----------
    network : TwoLayerNetwork, GatedNetwork, VectorNetwork or GatedVectorNetwork
        The network; with ``has_bias`` the last of its ``d + 1`` columns is the hidden bias.
    has_bias : bool
        Whether it takes ``[X, 1]`` in place of ``X``.
    output_bias : float, or (q,) float64
        Added to every output; one number for each of several outputs.
    scaling : Scaling, optional
        What is done to rows first; nothing if None.
    columns : Columns, optional
        How the columns of a table become features.
    training : Training, optional
        The problem that it was trained on, where that is known.

    Examples
    --------
    >>> import numpy as np
    >>> import relaxgap
    >>> X = np.array([[140.0, 4.0], [70.0, 2.0], [95.0, 3.0], [60.0, 3.0]])
    >>> y = np.array([410.0, 230.0, 300.0, 190.0])
    >>> result = relaxgap.solve(X, y, beta_fraction=0.01, bias=True, standardize=True)
    >>> result.network.predict(X).shape, result.network.has_bias
    ((4,), True)
    """

    network: Network
    has_bias: bool
    output_bias: float | Float64[np.ndarray, " q"] = 0.0
    scaling: Scaling | None = None
    columns: Columns | None = None
    training: Training | None = None

    @property
    def width(self) -> int:
        """Number of neurons, ``m``."""
        return self.network.width

    @property
    def n_features(self) -> int:
        """Number of columns of the rows that it takes."""
        return int(next(iter(self.network.arrays.values())).shape[1]) - self.has_bias

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        if isinstance(self.network, VectorNetwork):
            return int(self.network.output.shape[1])
        if isinstance(self.network, GatedVectorNetwork):
            return int(self.network.weights.shape[2])
        return 1

    @property
    def has_output_bias(self) -> bool:
        """Whether something is added to an output."""
        return bool(np.any(self.output_bias != 0.0))

    @property
    def biases(self) -> Biases:
        """Which biases its training problem has; by default the output bias alone is free."""
        if self.training is not None:
            return self.training.biases
        if self.has_output_bias:
            return CONVENTIONAL
        return ONES_COLUMN if self.has_bias else NO_BIASES

    def rows(self, X: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Return what the network takes in place of raw rows (n, d), or patches (n, T, d).

        Raises
        ------
        DataError
            If they have another number of columns.
        """
        axes = (2, 3) if isinstance(self.network, (VectorNetwork, GatedVectorNetwork)) else (2,)
        if X.ndim not in axes or X.shape[-1] != self.n_features:
            raise DataError(
                f"Expected rows of {self.n_features} features, got shape {X.shape}; give the "
                "columns that the network was fitted to."
            )
        scaled = X if self.scaling is None else self.scaling.apply(X)
        ones = np.ones((*X.shape[:-1], 1))
        return np.concatenate([scaled, ones], axis=-1) if self.has_bias else scaled

    def predict(self, X: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Return the output, or the several (n, q), for each raw row of ``X``."""
        with np.errstate(over="ignore", invalid="ignore"):
            rows = self.rows(np.asarray(X, dtype=np.float64))
            return np.asarray(self.network.predict(rows) + self.output_bias)

    def classify(self, X: Float64[np.ndarray, "n d"]) -> list[str]:
        """Return the name of a class for each raw row: the later one for outputs above 0.

        Raises
        ------
        DataError
            If it was not trained on classes, or the rows do not fit.
        """
        classes = None if self.training is None else self.training.classes
        if classes is None:
            raise DataError(
                "Expected a network that was trained on classes, got one that was not; predict "
                "its outputs."
            )
        return named(self.predict(X), classes)

    def training_loss(
        self, data: Dataset | VectorDataset, beta: float | None = None, loss: Loss = SQUARED
    ) -> float:
        """Return the loss of the outputs and the cost of what is penalised; a sum over samples.

        Parameters
        ----------
        data : Dataset or VectorDataset
            Raw rows and labels.
        beta : float, optional
            That of the training if it is known.
        loss : Loss
            Of the outputs.
        """
        if beta is None:
            if self.training is None:
                raise DataError("Expected beta, got none and a network that has none; give beta.")
            beta = self.training.beta
        if isinstance(data, VectorDataset):
            fit = self.predict(data.samples)
            return loss.value(fit.ravel(), data.Y.ravel()) + beta * self.penalty
        return loss.value(self.predict(data.X), data.y) + beta * self.penalty

    @property
    def penalty(self) -> float:
        """What ``beta`` multiplies in the training loss."""
        free = self.biases.hidden is Bias.FREE
        of_output = 0.0
        if self.biases.output is Bias.PENALISED:
            of_output = 0.5 * float(np.sum(np.square(self.output_bias)))
        if isinstance(self.network, GatedNetwork):
            return float(np.linalg.norm(self.network.weights, axis=1).sum()) + of_output
        if isinstance(self.network, GatedVectorNetwork):
            sizes = np.linalg.svd(self.network.weights, compute_uv=False)
            return float(sizes.sum()) + of_output
        hidden = self.network.hidden[:, :-1] if free and self.has_bias else self.network.hidden
        squares = float(np.sum(hidden**2)) + float(np.sum(self.network.output**2))
        return 0.5 * squares + of_output

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What a file holds: biases apart from weights, and the rest as text in bytes."""
        found: dict[str, np.ndarray] = dict(self.network.arrays)
        if self.has_bias:
            for name in ("hidden", "gates", "weights"):
                if name in found:
                    bias = "hidden_bias" if name == "hidden" else f"{name}_bias"
                    found[bias], found[name] = found[name][:, -1], found[name][:, :-1]
        if self.has_output_bias:
            found["output_bias"] = np.atleast_1d(self.output_bias)
        if self.scaling is not None:
            found |= {"shift": self.scaling.shift, "scale": self.scaling.scale}
        if self.training is not None or self.columns is not None:
            found["about"] = np.frombuffer(self._about().encode("utf-8"), dtype=np.uint8)
        return found

    def save(self, path: str | Path) -> Path:
        """Write the network to a file that `load_network` reads; return its path.

        Parameters
        ----------
        path : str or Path
            Ending in ``.npz``, which remembers everything; or in ``.pt``, the ``state_dict`` of
            Linear, ReLU, Linear in float64 that takes raw rows, written by PyTorch.

        Raises
        ------
        ConfigurationError
            If the path has another ending, or a gated network is to end in ``.pt``.
        DataError
            If a weight is not finite.
        MissingSolverError
            If PyTorch is to write it and is not installed.
        StorageError
            If the file cannot be written.
        """
        if Path(path).suffix.lower() == ".pt":
            return save_state_dict(path, self.folded().state)
        return save_arrays(path, self.arrays)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The ``state_dict`` of ``Sequential(Linear, ReLU, Linear)``, of a network without scaling.

        Raises
        ------
        ConfigurationError
            If the network is gated.
        """
        if isinstance(self.network, (GatedNetwork, GatedVectorNetwork)):
            raise ConfigurationError(
                "Expected a ReLU network to write as a state_dict of PyTorch, got a gated one, "
                "which is no Linear, ReLU, Linear; write an .npz."
            )
        hidden = self.network.hidden
        weights, bias = (hidden[:, :-1], hidden[:, -1]) if self.has_bias else (hidden, None)
        return {
            "0.weight": weights,
            "0.bias": np.zeros(self.width) if bias is None else bias,
            "2.weight": np.atleast_2d(self.network.output.T),
            "2.bias": np.broadcast_to(self.output_bias, (self.n_outputs,)),
        }

    def of_columns(self, columns: Columns | None, outputs: tuple[str, ...] = ()) -> "FittedNetwork":
        """Return the network of a table with these columns, and with these names of outputs."""
        training = self.training
        if training is not None and outputs:
            training = replace(training, outputs=outputs)
        return replace(self, columns=columns, training=training)

    def folded(self) -> "FittedNetwork":
        """Return a network of the same outputs whose weights take raw rows: no scaling is left."""
        if self.scaling is None:
            return self
        shift, scale = self.scaling.shift, self.scaling.scale

        def raw(weights: Float64[np.ndarray, "m e ..."]) -> Float64[np.ndarray, "m f ..."]:
            # columns last, behind those of outputs if there are any
            columns = np.moveaxis(weights, 1, -1)
            w = columns[..., : len(shift)] / scale
            bias = columns[..., -1] if self.has_bias else np.zeros(columns.shape[:-1])
            moved = np.concatenate([w, (bias - w @ shift)[..., None]], axis=-1)
            return np.moveaxis(moved, -1, 1)

        inner: Network
        if isinstance(self.network, (GatedNetwork, GatedVectorNetwork)):
            gates, weights = self.network.gates, self.network.weights
            inner = type(self.network)(raw(gates), raw(weights))
        else:
            inner = type(self.network)(raw(self.network.hidden), self.network.output)
        return FittedNetwork(inner, True, self.output_bias)

    def _about(self) -> str:
        training = None if self.training is None else asdict(self.training)
        columns = None if self.columns is None else self.columns.to_json()
        return json.dumps({"version": ABOUT_VERSION, "training": training, "columns": columns})


def about_of(text: str) -> tuple[Training | None, Columns | None]:
    """Read what `FittedNetwork.arrays` wrote as ``about``.

    Raises
    ------
    DataError
        If it is something else.
    """
    try:
        values: dict[str, Any] = json.loads(text)
        if values["version"] != ABOUT_VERSION:
            raise ValueError(f"version {values['version']}")
        columns = None if values["columns"] is None else Columns.from_json(values["columns"])
        training = None if values["training"] is None else _training(values["training"])
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
        ConfigurationError,
    ) as error:
        raise DataError(
            f"Expected what relaxgap wrote of a training in 'about', got another text ({error}); "
            "remove the array, or fit and save the network again."
        ) from error
    return training, columns


def _training(found: dict[str, Any]) -> Training:
    beta, program, loss, classes = (found[n] for n in ("beta", "program", "loss", "classes"))
    if isinstance(beta, bool) or not 0.0 < float(beta) < math.inf:
        raise ValueError(f"beta {beta}")
    if program not in (*PROGRAMS, VECTOR) or loss not in LOSSES:
        raise ValueError(f"program {program!r} and loss {loss!r}")
    if LOSSES[loss].of_classes != (classes is not None):
        raise ValueError(f"classes {classes} for the {loss} loss")
    if classes is not None:
        named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not named or not 1 <= len(classes) == len(set(classes)) <= 2:
            raise ValueError(f"classes {classes}")
        classes = tuple(classes)
    biases = Biases(Bias(found["biases"]["hidden"]), Bias(found["biases"]["output"]))
    outputs = found.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(name, str) for name in outputs):
        raise ValueError(f"outputs {outputs}")
    return Training(float(beta), program, loss, classes, biases, tuple(outputs))
