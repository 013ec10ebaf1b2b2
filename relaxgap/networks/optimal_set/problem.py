r"""The problem whose optimal networks are described: data, strength, loss, and the output bias.

With an output bias the output is :math:`q + b`, the fit ``q`` of the neurons and a constant of cost
:math:`\tfrac\rho2 b^2`. All optimal networks share :math:`q + b` and the dual point, of which the
constant asks :math:`1^\top \nu^* = \rho b`. So a constant that costs something is the same for all,
and ``q`` too; a free one is not: weights of neurons whose columns add up to a constant can take its
place. What all share there is ``q`` but for its mean, the *centred* fit.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.problems.biases import Bias, at_constant
from relaxgap.problems.losses import Loss


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Hold a problem.

    Parameters
    ----------
    data : Dataset
        Rows, with the column of hidden biases if there are any, and labels.
    beta : float
        Regularisation strength.
    loss : Loss
        ``squared`` or ``logistic``, of the output.
    output : Bias
        What the output bias costs, if there is one: as much as a weight, or nothing.
    """

    data: Dataset
    beta: float
    loss: Loss
    output: Bias = Bias.NONE

    @property
    def is_free(self) -> bool:
        """Whether a constant costs nothing."""
        return self.output is Bias.FREE

    @property
    def penalty(self) -> float:
        r"""Return :math:`\rho`, 0 where the constant is free or there is none."""
        return self.beta if self.output is Bias.PENALISED else 0.0

    def constant_of(self, nu: np.ndarray) -> np.longdouble:
        """Return the penalised constant that belongs to a dual point; 0 for any other."""
        if self.output is not Bias.PENALISED:
            return LONG(0.0)
        return LONG(nu.astype(LONG).sum() / LONG(self.penalty))

    def off_balance(self, nu: np.ndarray) -> Float64[np.ndarray, " n"]:
        """Bound how far entries of a dual point are from those of one that a free constant allows.

        Of classes the heavier one is made lighter, each entry in proportion: shares stay shares.
        """
        if not self.is_free:
            return np.zeros(len(nu))
        sizes = np.abs(nu.astype(np.float64))
        total = float(nu.astype(LONG).sum())
        off = abs(total) + 0.5 * LONG_EPS * (len(nu) + 4) * float(sizes.sum())
        off *= 1.0 + 1e-12
        if not self.loss.of_classes:
            return np.full(len(nu), off / len(nu))
        # within the rounding of the sum either class may be the heavier one
        classes = (np.where(nu > 0.0, sizes, 0.0), np.where(nu < 0.0, sizes, 0.0))
        return np.maximum(*(off * of / float(of.sum()) if of.any() else of for of in classes))

    def slope_in_constant(self, nu: np.ndarray, constant: np.longdouble) -> np.longdouble:
        """Return minus the slope of the loss and the cost of a constant; 0 without one."""
        if self.output is Bias.NONE:
            return LONG(0.0)
        return LONG(nu.astype(LONG).sum() - LONG(self.penalty) * constant)

    def means(self, columns: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
        """Return the means of columns that a free constant takes away; zero otherwise."""
        if not self.is_free:
            return np.zeros(columns.shape[1])
        return np.asarray(columns.mean(axis=0))

    def training_loss(self, network: TwoLayerNetwork, constant: float) -> float:
        """Return the loss of a network and a constant."""
        data, loss = at_constant(self.data, self.loss, constant)
        of_constant = 0.5 * self.penalty * constant**2
        return network.training_loss(data, self.beta, loss) + of_constant
