r"""Training of parallel three-layer networks: what all that is proven of it is computed from.

.. math:: \min \tfrac12 \Big\|\sum_k \big((X W_k)_+ w_k\big)_+ v_k - y\Big\|^2
          + \tfrac\beta2 \sum_k (\|w_k\|^2 + v_k^2)

over first layers :math:`W_k` of unit columns (``columns``) or of unit Frobenius norm
(``frobenius``). With :math:`z_{kj} = |v_k w_{kj}| W_{kj}` a sub-network costs, at its cheapest
scaling,

.. math:: \beta \sqrt{\textstyle\sum_j \|z_{kj}\|^2} \quad\text{or}\quad
          \beta \textstyle\sum_j \|z_{kj}\| .

The dual is that of networks that are wide enough,

.. math:: \max_\nu y^\top \nu - \tfrac12 \|\nu\|^2 \quad\text{subject to}\quad
          |\nu^\top ((X W)_+ w)_+| \le \beta \text{ for all normalised } W, \|w\| \le 1 .
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths
from relaxgap.problems.losses import SQUARED

NAME = "three_layer"
"""What configs and the command line call it."""
COLUMNS, FROBENIUS = "columns", "frobenius"
NORMALISATIONS = {
    COLUMNS: "every column of a first layer has norm one",
    FROBENIUS: "every first layer has Frobenius norm one",
}
MOST_NEURONS = 10
"""Of a sub-network in its first layer."""


@dataclass(frozen=True, slots=True, eq=False)
class ThreeLayerProgram:
    """State training of parallel three-layer networks under the squared loss.

    Parameters
    ----------
    data : Dataset
        Rows and labels.
    beta : float
        Regularisation strength, positive and finite.
    width : int
        Hidden neurons of each sub-network in its first layer, at least 1.
    normalisation : str
        One of `NORMALISATIONS`.

    Raises
    ------
    ConfigurationError
        If a setting is out of range.

    References
    ----------
    Ergen & Pilanci (2021), arXiv 2110.05518, Theorem 2.
    """

    data: Dataset
    beta: float
    width: int
    normalisation: str = COLUMNS

    def __post_init__(self) -> None:
        if not (self.beta > 0.0 and math.isfinite(self.beta)):
            raise ConfigurationError(
                f"Expected a positive, finite beta, got {self.beta}; give for example a "
                "beta_fraction of 0.1."
            )
        if self.width < 1:
            raise ConfigurationError(
                f"Expected a subnetwork_width of at least 1, got {self.width}; give 1 for two "
                "layers, 2 for more."
            )
        if self.width > MOST_NEURONS:
            raise ConfigurationError(
                f"Expected a subnetwork_width of at most {MOST_NEURONS}, got {self.width}: the "
                "pieces of a sub-network are as many as subsets of its neurons; lower it."
            )
        if self.normalisation not in NORMALISATIONS:
            raise ConfigurationError(
                f"Expected a normalisation out of {', '.join(NORMALISATIONS)}, got "
                f"{self.normalisation!r}; choose one."
            )

    def features(
        self, hidden: Float64[np.ndarray, "K m d"], inner: Float64[np.ndarray, "K m"]
    ) -> Float64[np.ndarray, "n K"]:
        r"""Return :math:`((X W_k)_+ w_k)_+` of every sub-network, one a column."""
        return features(self.data.X, hidden, inner)

    def fit(
        self,
        hidden: Float64[np.ndarray, "K m d"],
        inner: Float64[np.ndarray, "K m"],
        output: Float64[np.ndarray, " K"],
    ) -> Float64[np.ndarray, " n"]:
        """Return the predictions of a network."""
        return np.asarray(self.features(hidden, inner) @ output)

    def sizes(
        self,
        hidden: Float64[np.ndarray, "K m d"],
        inner: Float64[np.ndarray, "K m"],
        output: Float64[np.ndarray, " K"],
    ) -> Float64[np.ndarray, " K"]:
        """Return what every sub-network costs at its cheapest scaling, over ``beta``."""
        lengths = np.abs(inner * output[:, None]) * neuron_lengths(hidden)
        return together(lengths, self.normalisation)

    def value(
        self,
        hidden: Float64[np.ndarray, "K m d"],
        inner: Float64[np.ndarray, "K m"],
        output: Float64[np.ndarray, " K"],
    ) -> float:
        """Return the training loss of a network at its cheapest scaling."""
        fit = self.fit(hidden, inner, output)
        total = float(self.sizes(hidden, inner, output).sum())
        return SQUARED.value(fit, self.data.y) + self.beta * total

    def attained(
        self,
        hidden: Float64[np.ndarray, "K m d"],
        inner: Float64[np.ndarray, "K m"],
        output: Float64[np.ndarray, " K"],
    ) -> float:
        """Return `value` and its rounding: an upper bound of the optimum."""
        y, fit = self.data.y, self.fit(hidden, inner, output)
        lengths = np.abs(inner * output[:, None]) * neuron_lengths(hidden)
        n_terms = self.data.d + hidden.shape[0] + hidden.shape[1] + 8
        # every path of the network goes through one hidden neuron
        room = float(np.linalg.norm(self.data.X)) * float(lengths.sum())
        distance = 4.0 * EPS * n_terms * room
        value = self.value(hidden, inner, output)
        n_summed = y.size + lengths.size + self.data.d + 8
        error = SQUARED.value_error(fit, y, distance)
        return float((value + error) * (1.0 + 4.0 * EPS * n_summed))


def together(
    lengths: Float64[np.ndarray, "... m"], normalisation: str
) -> Float64[np.ndarray, "..."]:
    """Return what neurons of these norms cost together: the norm of a sub-network."""
    if normalisation == FROBENIUS:
        return np.asarray(lengths.sum(axis=-1))
    return np.asarray(np.linalg.norm(lengths, axis=-1))


def costs(z: Float64[np.ndarray, "... m d"], normalisation: str) -> Float64[np.ndarray, "..."]:
    """Return the norm of every sub-network, given its neurons."""
    return together(np.linalg.norm(z, axis=-1), normalisation)


def of_cost_one(
    z: Float64[np.ndarray, "... m d"], normalisation: str
) -> Float64[np.ndarray, "... m d"]:
    """Return sub-networks scaled to norm one; those of zeros stay as they are."""
    sizes = costs(z, normalisation)
    return np.asarray(z / np.where(sizes > 0.0, sizes, 1.0)[..., None, None])


def dual_norms(
    slopes: Float64[np.ndarray, "... m d"], normalisation: str
) -> Float64[np.ndarray, "..."]:
    """Return the most that a linear function of these slopes gains at norm one."""
    lengths = np.linalg.norm(slopes, axis=-1)
    if normalisation == FROBENIUS:
        return np.asarray(lengths.max(axis=-1))
    return np.asarray(np.linalg.norm(lengths, axis=-1))


def neuron_lengths(hidden: Float64[np.ndarray, "K m d"]) -> Float64[np.ndarray, "K m"]:
    """Return the norm of every neuron, without squares that under- or overflow."""
    K, m, d = hidden.shape
    return row_lengths(hidden.reshape(K * m, d)).reshape(K, m)


def features(
    X: Float64[np.ndarray, "n d"],
    hidden: Float64[np.ndarray, "K m d"],
    inner: Float64[np.ndarray, "K m"],
) -> Float64[np.ndarray, "n K"]:
    r"""Return :math:`((X W_k)_+ w_k)_+` of every sub-network, one a column."""
    active = np.maximum(np.einsum("nd,kmd->nkm", X, hidden), 0.0)
    return np.asarray(np.maximum(np.einsum("nkm,km->nk", active, inner), 0.0))
