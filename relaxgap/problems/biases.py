r"""Which biases a network has, what they cost, and how the programs without biases solve them.

A hidden bias is a weight on a column of ones. Where it is free, its column is long: with :math:`R =
\max_i \|x_i\|` of centred rows, a neuron with :math:`\|w\| \le 1` that tells two rows apart has
:math:`|b| \le R`, and one that tells none apart needs no other beside an output bias. On the rows
:math:`(x_i, t)` its weights then have a norm of at most :math:`\sqrt{1 + R^2/t^2}`: a price where
biases are free is at most that much above one with this column. An output bias :math:`c` is a
constant in the fit, of cost :math:`\tfrac\rho2 c^2`: the dual has the constraint :math:`1^\top \nu
= 0` for :math:`\rho = 0`, and loses :math:`(1^\top \nu)^2 / (2 \rho)` otherwise.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths
from relaxgap.problems.losses import Loss
from relaxgap.problems.losses.shifted import shifted


class Bias(StrEnum):
    """What becomes of a bias in the penalty."""

    NONE = "none"
    PENALISED = "penalised"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Biases:
    """Say which biases a network has.

    Parameters
    ----------
    hidden, output : Bias
        Of the hidden neurons and of the output.

    Raises
    ------
    ConfigurationError
        If hidden biases are free beside an output bias that is not: a neuron that is active on
        every row then is an output bias for nothing.
    """

    hidden: Bias = Bias.NONE
    output: Bias = Bias.NONE

    def __post_init__(self) -> None:
        if self.hidden is Bias.FREE and self.output is not Bias.FREE:
            raise ConfigurationError(
                f"Expected a free output bias beside free hidden ones, got {self.output}: a neuron "
                "that is active on every row is one for nothing; free both."
            )

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self != NO_BIASES

    @property
    def sentence(self) -> str:
        """Which weights are penalised, for people; empty without biases."""
        return _SENTENCES.get(self, "")


NO_BIASES = Biases()
ONES_COLUMN = Biases(Bias.PENALISED)
"""Hidden biases as weights like any other, no output bias."""
CONVENTIONAL = Biases(Bias.PENALISED, Bias.FREE)
"""What ``bias`` alone asks for: a column of ones, and a constant that costs nothing."""
PENALISED: dict[str, Biases] = {
    "weights": Biases(Bias.FREE, Bias.FREE),
    "all": Biases(Bias.PENALISED, Bias.PENALISED),
}
"""What ``penalise`` asks for: scikit-learn's problem, and that of PyTorch's ``weight_decay``."""

_SENTENCES = {
    CONVENTIONAL: "Hidden biases are penalised as weights on a column of ones, the output bias is "
    "free.",
    PENALISED["weights"]: "Weights alone are penalised; hidden and output biases are free.",
    PENALISED["all"]: "Weights and biases are penalised alike.",
}

SLACK_SHARE = 0.25
"""Part of the relative accuracy that the length of the column for free biases may cost."""
LEAST_COLUMN, SHORT_COLUMN = 10.0, 2.0
"""Column for free biases in units of the longest centred row: at least, and of a short one."""


@dataclass(frozen=True, slots=True, eq=False)
class BiasColumn:
    r"""The column that hidden biases are weights on: rows become :math:`(x - \mu, t)`.

    Parameters
    ----------
    center : (d,) float64
        What is subtracted from every row, :math:`\mu`; zero where biases are penalised.
    length : float
        The entry of the column, :math:`t`; 1 where biases are penalised, 0 without a column.
    slack : float
        How much a price may be above the one of a program with this column: at least 1, and 1
        where biases are penalised.
    reach : float
        Largest output of a neuron of unit cost on a row.
    """

    center: Float64[np.ndarray, " d"]
    length: float
    slack: float
    reach: float

    @classmethod
    def penalised(cls, X: Float64[np.ndarray, "n d"]) -> "BiasColumn":
        """Make a column of ones."""
        longest = math.hypot(float(row_lengths(X).max()), 1.0)
        return cls(np.zeros(X.shape[1]), 1.0, 1.0, longest)

    @classmethod
    def unused(cls, d: int) -> "BiasColumn":
        """Return what stands for the column of a problem without any bias."""
        return cls(np.zeros(d), 0.0, 1.0, math.inf)

    @classmethod
    def absent(cls, X: Float64[np.ndarray, "n d"]) -> "BiasColumn":
        """Return what stands for the column of a problem without hidden biases."""
        return cls(np.zeros(X.shape[1]), 0.0, 1.0, float(row_lengths(X).max()))

    @classmethod
    def free(cls, X: Float64[np.ndarray, "n d"], rtol: float, short: bool) -> "BiasColumn":
        """Make a column so long that biases cost next to nothing of an accuracy, or a short one.

        Relaxations over patterns that are not listed get wide with its length.
        """
        center = X.mean(axis=0)
        # rounding of the centred rows is in the length
        longest = float(row_lengths(X - center).max()) * (1.0 + 1e-12)
        longest = (longest + 1e-12 * float(np.abs(center).max(initial=0.0))) or 1.0
        times = SHORT_COLUMN if short else max(LEAST_COLUMN, math.sqrt(0.5 / (SLACK_SHARE * rtol)))
        # a difference of two numbers is off by half a unit in its last place
        slack = math.sqrt(1.0 + times**-2) * (1.0 + 4.0 * EPS * (X.shape[1] + 4))
        return cls(center, times * longest, slack, 2.0 * longest)

    def append(self, X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n e"]:
        """Return the rows with the column, if there is one."""
        if self.length == 0.0:
            return X
        moved = X - self.center if np.any(self.center) else X
        return np.column_stack([moved, np.full(X.shape[0], self.length)])

    def with_ones(self, weights: Float64[np.ndarray, "m e"]) -> Float64[np.ndarray, "m e"]:
        """Return weights on rows with this column as weights on rows with a column of ones."""
        if self.length == 0.0:
            return weights
        w, last = weights[:, :-1], weights[:, -1]
        return np.column_stack([w, self.length * last - w @ self.center])

    def from_ones(self, weights: Float64[np.ndarray, "m e"]) -> Float64[np.ndarray, "m e"]:
        """Undo `with_ones`."""
        if self.length == 0.0:
            return weights
        w, bias = weights[:, :-1], weights[:, -1]
        return np.column_stack([w, (bias + w @ self.center) / self.length])


def at_constant(data: Dataset, loss: Loss, constant: float) -> tuple[Dataset, Loss]:
    """Return data and loss of the program that is left once the output bias is fixed.

    A loss of classes moves; the squared loss is one of the difference of label and fit, and there
    the labels do.
    """
    if constant == 0.0:
        return data, loss
    if loss.of_classes:
        return data, shifted(loss, constant)
    return Dataset(data.X, data.y - constant), loss
