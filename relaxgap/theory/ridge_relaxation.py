r"""Theorem 4: with a squared penalty the gated optimum falls like one over the number of gates.

Statement: for :math:`\min_w \tfrac12 \|\sum_i D_i X w_i - y\|^2 + \beta \sum_i \|w_i\|^2` over
:math:`\tilde P` gates, repeats kept,

.. math:: \text{value} = \beta\, y^\top (\tilde P \hat M + 2 \beta I)^{-1} y, \qquad
    \frac{\beta \|y\|^2}{\tilde P \lambda_{\max}(X X^\top) + 2 \beta} \le \text{value} \le
    \frac{\beta \|y\|^2}{\tilde P \lambda_{\min}(M) / 2 + 2 \beta},

the upper bound with probability at least :math:`1 - \delta` once
:math:`\tilde P \ge 8 \kappa \log(n / \delta)`; and
:math:`\tilde P \cdot \text{value} \to \beta\, y^\top M^{-1} y`, the ridge value of the neural
tangent kernel of gates. So no gap of it is bounded independently of their number.

Checked: the identity against the optimality conditions; the sandwich surely from below, at a rate
from above. Whether the paper has beta or beta/2 cannot be seen from its text; the law is the same.

References
----------
Kim & Pilanci (2024), Theorem 4.
"""

import numpy as np
import scipy.linalg
from jaxtyping import Float64


def ridge_value(
    sampled_gram: Float64[np.ndarray, "n n"],
    y: Float64[np.ndarray, " n"],
    beta: float,
    n_gates: int,
) -> float:
    r"""Return :math:`\beta y^\top (\tilde P \hat M + 2 \beta I)^{-1} y`.

    Parameters
    ----------
    sampled_gram : (n, n) float64
        :math:`\hat M` with repeats kept: each copy of a pattern is a block of its own.
    y : (n,) float64
        Labels.
    beta : float
        Positive.
    n_gates : int
        :math:`\tilde P`, repeats counted.
    """
    shifted = n_gates * sampled_gram + 2.0 * beta * np.eye(y.size)
    return float(beta * (y @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(shifted), y)))


def ridge_bounds(
    largest: float, least: float, y: Float64[np.ndarray, " n"], beta: float, n_gates: int
) -> tuple[float, float]:
    r"""Return Theorem 4's bounds, from the eigenvalues largest of X X' and least of M."""
    square = beta * float(y @ y)
    return square / (n_gates * largest + 2.0 * beta), square / (0.5 * n_gates * least + 2.0 * beta)


def ridge_limit(
    gram: Float64[np.ndarray, "n n"], y: Float64[np.ndarray, " n"], beta: float
) -> float:
    r"""Return :math:`\beta y^\top M^{-1} y`, what :math:`\tilde P \cdot` value tends to."""
    return float(beta * (y @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram), y)))
