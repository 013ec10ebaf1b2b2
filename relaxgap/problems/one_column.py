r"""Networks of one input column with free biases: what all that is proven of them is computed from.

Parallel narrow networks have one neuron in every hidden layer of each branch,

.. math:: f(x) = c + \sum_k w_{kL} \big(w_{k,L-1} (\dots (w_{k1} x + b_{k1})_+ \dots)_+
          + b_{k,L-1}\big)_+ ,

and are trained by :math:`\ell(f(x)) + \tfrac\beta L \sum_{kl} |w_{kl}|^L`; biases cost nothing.
At depth :math:`L = 2` this is training of two-layer networks with free biases.

**A branch costs its product.** Scaling a layer by :math:`a > 0`, biases with it, and the next
layer's weight by :math:`1/a` changes no output. By the inequality of arithmetic and geometric means
the least penalty over such scalings is :math:`\beta \prod_l |w_{kl}|`, at equal :math:`|w_{kl}|`.

**Every branch is a ramp.** Call a function of one variable a *ramp of slope s* if it is constant
but on one interval, bounded or not, where its slope is :math:`s`, :math:`|s| = 1`. With
:math:`f` a ramp and :math:`|w| = 1`, :math:`w f + b` is a ramp, and :math:`\max(w f + b, 0)` is one
or a constant, since a monotone function is above 0 on one side of one point. By induction over
layers a branch of unit weights is a constant or a ramp. At depth 2 its interval is unbounded:
:math:`(x - t)_+` and :math:`(t - x)_+`. At depth 3 it is any interval: :math:`((b - a) -
(x - a)_+)_+ = (b - a) - \min((x - a)_+, b - a)`. So depth 4 and more have the ramps of depth 3 and
no others, at the same cost, and one more layer :math:`(\cdot)_+` after a value that is never
negative gives each of depth 3 (and each of depth 2 at depth 3): the optimum falls from depth 2 to
depth 3 and stays there.

**Kinks at samples are enough.** The constant is free, so the dual problem is

.. math:: \max_\nu -\ell^*(-\nu) \quad \text{subject to} \quad
          1^\top \nu = 0, \quad |\nu^\top r(x)| \le \beta \text{ for every ramp } r.

Let :math:`G(t) = \sum_i \nu_i (x_i - t)_+`. A ramp over :math:`(a, b)` is :math:`\pm((x - a)_+ -
(x - b)_+)` and a constant, which :math:`1^\top \nu = 0` removes: its price is
:math:`|G(a) - G(b)|`. G is linear between neighbouring samples, 0 from the last one on, and left of
the first one constant, :math:`\sum_i \nu_i (x_i - t) = \sum_i \nu_i x_i = G(x_1)`. So prices are
largest where the ends are samples: at depth 2, where one end is the first or the last sample (or
beyond it, which is the same), :math:`\max_j \max(|G(x_j)|, |G(x_j) - G(x_1)|)`; deeper, the range
:math:`\max_j G(x_j) - \min_j G(x_j)`. Two cumulative sums find all of them.

References
----------
Zeger, Wang, Mishkin, Ergen, Candès & Pilanci (2024), arXiv 2403.01046. The optima as functions of
slopes are those of Savarese, Evron, Soudry & Srebro (2019) at depth 2.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.errors import ConfigurationError
from relaxgap.problems.losses import SQUARED, Loss

NAME = "narrow"
"""What configs and the command line call networks of one neuron a layer in every branch."""
DEFAULT_DEPTH = 3
LEAST_BETA = 1e-290
"""In units of the data: below it prices underflow."""
MOST_LAYERS = 100
"""A branch of more has weights so near to one that their product says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class OneColumnProgram:
    """State training of narrow networks of one column, sorted and in units of powers of two.

    Parameters
    ----------
    order : (n,) int
        Of the samples, from the least column entry to the largest.
    starts : (U,) int
        First sorted sample at each *site*, a distinct entry of the column.
    sites : (U,) float64
        The entries, in the data's own units.
    gaps : (U - 1,) float64
        Distances of neighbouring sites, the sum of which is about 1.
    y : (n,) float64
        Sorted labels less a constant, of size about 1; or classes.
    beta : float
        Regularisation strength in these units.
    depth : int
        Layers of weights, at least 2.
    x_exponent, y_exponent : int
        Exponents of the units: powers of two, so that scaling loses nothing.
    center : float
        What was taken from the labels; classes stay as they are.
    loss : Loss
        Of the outputs.
    """

    order: Int[np.ndarray, " n"]
    starts: Int[np.ndarray, " U"]
    sites: Float64[np.ndarray, " U"]
    gaps: Float64[np.ndarray, " g"]
    y: Float64[np.ndarray, " n"]
    beta: float
    depth: int
    x_exponent: int
    y_exponent: int
    center: float
    loss: Loss = SQUARED

    def __post_init__(self) -> None:
        if not LEAST_BETA <= self.beta < math.inf:
            raise ConfigurationError(
                f"Expected a finite beta that is not lost beside the data, got {self.beta} in "
                "their units; give for example a beta_fraction of 0.1."
            )
        if not 2 <= self.depth <= MOST_LAYERS:
            raise ConfigurationError(
                f"Expected a depth from 2 to {MOST_LAYERS}, got {self.depth}; all from 3 on have "
                "the same optimum."
            )

    @classmethod
    def of(
        cls,
        x: Float64[np.ndarray, " n"],
        y: Float64[np.ndarray, " n"],
        depth: int,
        loss: Loss = SQUARED,
    ) -> "OneColumnProgram":
        """Return the program of finite data, of strength 1 in its units."""
        order = np.argsort(x, kind="stable")
        near, exponent = _of_size_one(x[order])
        starts = np.flatnonzero(np.concatenate([[True], near[1:] > near[:-1]]))
        gaps, of_range = _of_size_one(np.diff(near[starts]), total=True)
        labels, center, of_labels, of_spread = y[order], 0.0, 0, 0
        if not loss.of_classes:
            labels, of_labels = _of_size_one(labels)
            # a label, so that labels that are all alike become zero
            center = float(labels[np.argmin(np.abs(labels - labels.mean()))])
            labels, of_spread = _of_size_one(labels - center)
        return cls(
            order,
            starts,
            x[order][starts],
            gaps,
            labels,
            1.0,
            depth,
            exponent + of_range,
            of_labels + of_spread,
            math.ldexp(center, of_labels),
            loss,
        )

    @property
    def n_sites(self) -> int:
        """Number of distinct entries of the column, ``U``."""
        return int(self.starts.size)

    @property
    def counts(self) -> Int[np.ndarray, " U"]:
        """Number of samples at each site."""
        return np.diff(np.append(self.starts, self.y.size))

    @property
    def exponent(self) -> int:
        """Exponent of what a strength, or a price, of 1 is in units of the data."""
        return self.x_exponent + self.y_exponent

    def in_order_of_data(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return sorted values in the order of the data."""
        found = np.empty_like(values)
        found[self.order] = values
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Ramps:
    r"""Hold :math:`v + \sum_k s_k \min((x - x_{a_k})_+, x_{b_k} - x_{a_k})` on the sites.

    Parameters
    ----------
    first, last : (K,) int
        Sites at which each begins and ends, ``first < last``; at depth 2 the first or the last.
    size : (K,) float64
        Slopes, what they cost.
    left : float
        Value at the first site.
    """

    first: Int[np.ndarray, " K"]
    last: Int[np.ndarray, " K"]
    size: Float64[np.ndarray, " K"]
    left: float

    @classmethod
    def none(cls, left: float) -> "Ramps":
        """Return a constant."""
        no_site = np.zeros(0, dtype=np.intp)
        return cls(no_site, no_site, np.zeros(0), left)


def _of_size_one(
    values: Float64[np.ndarray, " k"], total: bool = False
) -> tuple[Float64[np.ndarray, " k"], int]:
    """Return values over a power of two, so that the largest (or all together) is about one."""
    sizes = np.abs(values)
    size = float(sizes.sum() if total else sizes.max(initial=0.0))
    exponent = math.frexp(size)[1]
    return np.ldexp(values, -exponent), exponent
