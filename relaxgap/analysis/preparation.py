"""Scaling and biases of a verb: from raw rows to a problem without biases, and back to a network.

The order is fixed: rows are scaled, then get the column of their hidden biases, and the output bias
is what `relaxgap.solvers.with_bias` and `relaxgap.global_optimum.with_bias` search for.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.pattern_choice import PatternChoice, choose_patterns
from relaxgap.certificates.output_bias import OutputBias
from relaxgap.data.classes import Classes
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.networks import FittedNetwork, Training, TwoLayerNetwork
from relaxgap.networks.fitted import Network
from relaxgap.networks.vector_network import VectorNetwork
from relaxgap.numerics.limits import MAX_PRICED_PATTERNS
from relaxgap.patterns import PatternSet, predicted_count
from relaxgap.problems.biases import (
    CONVENTIONAL,
    NO_BIASES,
    PENALISED,
    Bias,
    BiasColumn,
    Biases,
    at_constant,
)
from relaxgap.problems.families import ConeBlocks, FreeBlocks
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.vector_output import NAME as VECTOR


def biases_of(bias: bool, penalise: str | None, program: str = "relu") -> Biases:
    """Return what the arguments ``bias`` and ``penalise`` ask for.

    Raises
    ------
    ConfigurationError
        If the second is unknown, or not one of the program.
    """
    if penalise is None:
        return CONVENTIONAL if bias else NO_BIASES
    if not isinstance(penalise, str) or penalise not in PENALISED:
        raise ConfigurationError(
            f"Expected penalise to be {' or '.join(PENALISED)}, got {penalise!r}; choose one."
        )
    chosen = PENALISED[penalise]
    if program == "gated" and chosen.hidden is Bias.FREE:
        raise ConfigurationError(
            f"Expected penalise=all or bias alone for the gated program, got penalise={penalise}: "
            "without cones nothing bounds a free bias of a gate's weights; choose one of these."
        )
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Hold the data of a problem without biases, and what became of scaling and biases.

    Parameters
    ----------
    data : Dataset
        Scaled rows with the column of hidden biases.
    classes : tuple of str or None
        The names of -1 and +1.
    loss : Loss
        Of fit and constant together.
    scaling : Scaling or None
        What was done to the rows.
    biases : Biases
        Which there are.
    column : BiasColumn
        Of the hidden biases, or what stands for it.
    """

    data: Dataset
    classes: Classes | None
    loss: Loss
    scaling: Scaling | None
    biases: Biases
    column: BiasColumn

    @property
    def has_output_bias(self) -> bool:
        """Whether a constant is to be found."""
        return self.biases.output is not Bias.NONE

    @property
    def has_hidden_bias(self) -> bool:
        """Whether rows have a column for it."""
        return self.biases.hidden is not Bias.NONE

    @property
    def scaled_rows(self) -> Float64[np.ndarray, "n d"]:
        """The rows before the column of biases."""
        X = self.data.X[:, : self.data.d - self.has_hidden_bias]
        return X + self.column.center if np.any(self.column.center) else X

    def output_bias(self, beta: float) -> OutputBias:
        """Return what the constant costs beside weights of this strength."""
        penalty = beta if self.biases.output is Bias.PENALISED else 0.0
        return OutputBias(self.data.y, self.loss, beta, penalty, self.column)

    def at_zero(self, beta: float = 0.0) -> tuple[Dataset, Loss]:
        """Return data and a loss whose price at zero is that of zero weights at the best constant.

        These are the squared loss and the dual point there as labels, which are its own dual point.
        """
        if not self.has_output_bias:
            return self.data, self.loss
        penalty = beta if self.biases.output is Bias.PENALISED else 0.0
        bias = OutputBias(self.data.y, self.loss, 1.0, penalty, self.column)
        return Dataset(self.data.X, bias.dual_point_of_zero()), SQUARED

    def at(self, constant: float) -> tuple[Dataset, Loss]:
        """Return data and loss at a constant."""
        return at_constant(self.data, self.loss, constant)

    def choose_patterns(self, choice: PatternChoice, limit: int, seed: int) -> PatternSet:
        """Choose patterns of the rows; gates are drawn where the column is as long as the rows."""
        column = self.column
        if column.length in (0.0, 1.0):
            return choose_patterns(choice, self.data, limit, seed)
        length = float(np.sqrt(np.mean(self.data.X[:, :-1] ** 2))) or 1.0
        X = self.data.X.copy()
        X[:, -1] = length
        found = choose_patterns(choice, Dataset(X, self.data.y), limit, seed)
        gates, ratio = found.gates.copy(), length / column.length
        gates[:, -1] *= ratio
        shift = found.shift
        if shift is not None:
            # a direction of length 1 here may be so much longer there
            shift = shift * max(1.0, 1.0 / ratio)
            shift[-1] *= ratio
        return replace(found, gates=gates, shift=shift)

    def rows(self, X: Float64[np.ndarray, "r d"]) -> Float64[np.ndarray, "r e"]:
        """Return other raw rows as those of the problem are."""
        return self.column.append(X if self.scaling is None else self.scaling.apply(X))

    def network(
        self, network: TwoLayerNetwork, constant: float, beta: float
    ) -> TwoLayerNetwork | FittedNetwork:
        """Return the network as one of raw rows; as it is, if nothing was done to them."""
        if self.scaling is None and not self.biases.any:
            return network
        return self.fitted(network, constant, beta)

    def fitted(
        self,
        network: Network,
        constant: float | Float64[np.ndarray, " q"],
        beta: float,
    ) -> FittedNetwork:
        """Return a network of the problem without biases as one of raw rows."""
        column, program = self.column, FreeBlocks.name
        if isinstance(network, (TwoLayerNetwork, VectorNetwork)):
            program = ConeBlocks.name if isinstance(network, TwoLayerNetwork) else VECTOR
            hidden, output = column.with_ones(network.hidden), network.output
            if self.biases.hidden is Bias.FREE:
                hidden, output = _rescaled(hidden, output)
            network = type(network)(hidden, output)
        training = self.training(beta, program)
        return FittedNetwork(
            network, self.has_hidden_bias, constant, self.scaling, training=training
        )

    def training(self, beta: float, program: str = ConeBlocks.name) -> Training:
        """Say which problem a network is trained on."""
        return Training(beta, program, self.loss.name, self.classes, self.biases)

    def unfitted(self, fitted: FittedNetwork) -> TwoLayerNetwork:
        """Return a network of raw rows as one of the problem without biases."""
        assert isinstance(fitted.network, TwoLayerNetwork)
        hidden, output = fitted.network.hidden, fitted.network.output
        if self.has_hidden_bias and not fitted.has_bias:
            hidden = np.column_stack([hidden, np.zeros(len(hidden))])
        return TwoLayerNetwork(self.column.from_ones(hidden), output)


def prepare(
    data: Dataset,
    classes: Classes | None,
    loss: Loss,
    biases: Biases,
    standardize: bool,
    rtol: float,
    scaling: Scaling | None = None,
    listed: bool = True,
) -> Prepared:
    """Scale raw data and give them the column of their hidden biases.

    Parameters
    ----------
    data, classes
        Of `dataset_of`.
    loss : Loss
        Of fit and constant together.
    biases : Biases
        Which there are.
    standardize : bool
        Whether to bring every column to mean 0 and variance 1.
    rtol : float
        Accuracy that is wanted, of which a column for free biases takes a part.
    scaling : Scaling, optional
        In place of that of the rows themselves.
    listed : bool
        Whether the program is one over listed patterns, however many there are in all.

    Raises
    ------
    DataError
        If a free constant has one class alone to fit.
    ConfigurationError
        If it is not known how a constant moves the loss.
    """
    if biases.output is not Bias.NONE and not (loss.of_classes or loss.name == SQUARED.name):
        raise ConfigurationError(
            f"Expected the squared loss or one of classes beside an output bias, got {loss.name}; "
            "say in relaxgap.problems.biases how a constant moves it, or drop the bias."
        )
    if biases.output is Bias.FREE and classes is not None and len(classes) == 1:
        raise DataError(
            f"Expected two classes for a free output bias, got {classes[0]!r} alone, which it fits "
            "at no cost; drop the bias, or give samples of another class."
        )
    if scaling is None and standardize:
        scaling = Scaling.of(data.X)
    if scaling is not None:
        data = scaling.scaled(data)
    if not biases.any:
        # the rows may be in a file, and larger than the memory
        unused = BiasColumn.unused(data.d)
        return Prepared(data, classes, loss, scaling, biases, unused)
    match biases.hidden:
        case Bias.NONE:
            column = BiasColumn.absent(data.X)
        case Bias.PENALISED:
            column = BiasColumn.penalised(data.X)
        case Bias.FREE:
            ones = np.column_stack([data.X, np.ones(data.n)])
            many = predicted_count(ones).cover_count > MAX_PRICED_PATTERNS
            column = BiasColumn.free(data.X, rtol, short=many and not listed)
    return Prepared(Dataset(column.append(data.X), data.y), classes, loss, scaling, biases, column)


def _rescaled(hidden: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the neurons with one length of weights without their bias and of the output."""
    lengths = np.linalg.norm(hidden[:, :-1], axis=1)
    reaches = np.abs(output) if output.ndim == 1 else np.linalg.norm(output, axis=1)
    usable = (lengths > 0.0) & (reaches != 0.0)
    factors = np.ones(len(output))
    factors[usable] = np.sqrt(reaches[usable] / lengths[usable])
    return hidden * factors[:, None], (output.T / factors).T
