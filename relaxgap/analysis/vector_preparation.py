"""Scaling, biases and units of a problem with several outputs: from raw rows to it, and back."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.preparation import Prepared, prepare
from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.networks import FittedNetwork
from relaxgap.networks.fitted import Network
from relaxgap.networks.vector_network import GatedVectorNetwork, VectorNetwork
from relaxgap.problems.biases import Bias, Biases
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.vector_output import VectorProgram, without_biases
from relaxgap.solvers.vector.methods import power_above

LEAST_RTOL = 1e-6
"""Of free hidden biases: with a longer column cells are too narrow for double precision."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOutputs:
    """Hold the rows and labels of a problem with several outputs, and what became of them.

    Parameters
    ----------
    data : VectorDataset
        Raw rows and labels.
    rows : Prepared
        The rows, scaled and with the column of hidden biases; its labels say nothing.
    x_unit, y_unit : float
        Powers of two near the norms of rows and labels, which programs are in units of.
    """

    data: VectorDataset
    rows: Prepared
    x_unit: float
    y_unit: float

    @property
    def biases(self) -> Biases:
        """Which biases there are."""
        return self.rows.biases

    @property
    def units(self) -> float:
        """The unit of strengths."""
        return self.x_unit * self.y_unit

    def penalty(self, beta: float) -> float | None:
        """Return the cost of output biases beside weights of this strength; None without any."""
        if self.biases.output is Bias.NONE:
            return None
        return beta if self.biases.output is Bias.PENALISED else 0.0

    def program(self, beta: float, penalty: float | None) -> VectorProgram:
        """Return the problem of a strength, in units, at a cost of output biases."""
        labels, centring, error = without_biases(self.data.Y / self.y_unit, penalty)
        data = VectorDataset(self.rows.data.X / self.x_unit, labels)
        is_free = self.biases.hidden is Bias.FREE
        slack = self.rows.column.slack
        return VectorProgram(data, beta / self.units, centring, error, slack, is_free)

    def own(
        self, network: VectorNetwork | GatedVectorNetwork, beta: float
    ) -> Network | FittedNetwork:
        """Return a network of the program as one of raw rows and labels."""
        if isinstance(network, VectorNetwork):
            hidden = network.hidden * (self.y_unit / self.x_unit)
            network = VectorNetwork(hidden, network.output).balanced()
        else:
            network = GatedVectorNetwork(
                network.gates, network.weights * (self.y_unit / self.x_unit)
            )
        if self.rows.scaling is None and not self.biases.any:
            return network
        return self.rows.fitted(network, self.constants(network, beta), beta)

    def constants(
        self, network: VectorNetwork | GatedVectorNetwork, beta: float
    ) -> Float64[np.ndarray, " q"]:
        """Return the best output biases of a network on the prepared rows."""
        penalty = self.penalty(beta)
        if penalty is None:
            return np.zeros(self.data.q)
        prepared = VectorDataset(self.rows.data.X, self.data.Y)
        rest = self.data.Y - network.predict(prepared.samples)
        return np.asarray(rest.sum(axis=0) / (self.data.n + penalty))


def prepare_outputs(
    data: VectorDataset,
    biases: Biases,
    standardize: bool,
    rtol: float,
    scaling: Scaling | None = None,
    listed: bool = False,
) -> PreparedOutputs:
    """Scale raw rows and give them the column of their hidden biases.

    Parameters
    ----------
    data : VectorDataset
        Raw rows and labels.
    biases, standardize, rtol, scaling, listed
        As for `relaxgap.analysis.preparation.prepare`, but for the accuracy of free hidden biases,
        whose column is no longer than `LEAST_RTOL` needs.
    """
    no_labels = Dataset(data.X, np.zeros(data.X.shape[0]))
    within = max(rtol, LEAST_RTOL)
    rows = prepare(no_labels, None, SQUARED, biases, standardize, within, scaling, listed)
    labels = data.Y if biases.output is Bias.NONE else data.Y - data.Y.mean(axis=0)
    return PreparedOutputs(data, rows, power_above(rows.data.X), power_above(labels))
