r"""The concave pieces of a sub-network's gain at a row.

With p neurons of positive and q of negative second-layer sign, a row of activations
:math:`a_j = x^\top z_j` has the feature

.. math:: f = \Big(\sum_{j \le p} (a_j)_+ - \sum_{j > p} (a_j)_+\Big)_+ .

Both :math:`f` and :math:`-f` are the largest of a few *concave* functions, each the least of a few
linear ones, with no condition on where a piece holds:

.. math:: f = \max\Big(0, \max_{\emptyset \ne S \subset +}
          \min_{U \subset -} \sum_S a_j - \sum_U a_j\Big), \qquad
          -f = \max_{T \subset -} \min\Big(0, \min_{\emptyset \ne R \subset +}
          \sum_T a_j - \sum_R a_j\Big) .

So the gain of a whole sub-network, a sum over rows, is the largest of finitely many concave
functions: one for every choice of a piece at each row.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float64

from relaxgap.problems.three_layer import COLUMNS


@dataclass(frozen=True, slots=True, eq=False)
class SignClass:
    """Hold how many neurons of a sub-network have which second-layer sign, and their pieces.

    Parameters
    ----------
    n_plus, n_minus : int
        Neurons of each sign.
    factor : float
        What a price of the class is multiplied by: that of equal neurons in place of one.
    positive, negative : (o, v, m) float64
        Pieces of a row of positive and of negative weight: o of them, each the least of v linear
        functions of the m activations; some may be listed twice.
    """

    n_plus: int
    n_minus: int
    factor: float
    positive: Float64[np.ndarray, "o v m"]
    negative: Float64[np.ndarray, "p w m"]

    @classmethod
    def of(cls, n_plus: int, n_minus: int, factor: float = 1.0) -> "SignClass":
        """Make the pieces."""
        ups, downs = _subsets(n_plus, n_minus, 1), _subsets(n_plus, n_minus, -1)
        zero = np.zeros(n_plus + n_minus)
        positive = [[zero] * len(downs)] + [[s - u for u in downs] for s in ups if s.any()]
        negative = [[zero] + [t - r for r in ups if r.any()] for t in downs]
        return cls(n_plus, n_minus, factor, np.array(positive), np.array(negative))

    @property
    def m(self) -> int:
        """Number of neurons."""
        return self.n_plus + self.n_minus

    @property
    def signs(self) -> Float64[np.ndarray, " m"]:
        """Second-layer signs of the neurons."""
        return np.concatenate([np.ones(self.n_plus), -np.ones(self.n_minus)])


def _subsets(n_plus: int, n_minus: int, sign: int) -> list[Float64[np.ndarray, " m"]]:
    """Return indicators of all subsets of the neurons of one sign, the empty one first."""
    count, other = (n_plus, n_minus) if sign > 0 else (n_minus, n_plus)
    rest = np.zeros(other)
    chosen = [np.array(bits, dtype=np.float64) for bits in product((0, 1), repeat=count)]
    return [np.concatenate([bits, rest] if sign > 0 else [rest, bits]) for bits in chosen]


def sign_classes(width: int, normalisation: str) -> list[SignClass]:
    r"""Return the classes of signs that matter.

    Neurons may be permuted; those of negative signs alone have no feature. Of positive signs alone
    the second layer does nothing, and the gain is one of two layers: best as
    :math:`\sqrt{m}` times that of one neuron where columns are normalised, shared equally, or as
    that of one neuron.
    """
    factor = float(np.sqrt(width)) if normalisation == COLUMNS else 1.0
    mixed = [SignClass.of(p, width - p) for p in range(1, width)]
    return [SignClass.of(1, 0, factor), *mixed]
