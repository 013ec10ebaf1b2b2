r"""Plain Frank-Wolfe steps on neurons of a given total norm, as published: slow, and measured here.

.. math:: \min \tfrac12 \|\Phi(V) - Y\|_F^2 \quad\text{with}\quad \sum_j \|u_j\| \|v_j\| \le t
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.vector.cone_pca import VectorPricing
from relaxgap.problems.vector_output import VectorProgram


def frank_wolfe_fits(
    program: VectorProgram, prices: VectorPricing, total: float
) -> Iterator[Float64[np.ndarray, "n q"]]:
    """Yield the fit after every step, from none on: one best neuron a step, exact line search.

    Parameters
    ----------
    program : VectorProgram
        Labels and rows; its strength plays no part.
    prices : VectorPricing
        Whose best neuron is the linear oracle.
    total : float
        The total norm.

    References
    ----------
    Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Algorithm 1.
    """
    fit = np.zeros_like(program.data.Y)
    while True:
        yield fit
        residual = program.data.Y - fit
        found = prices(program.spread(residual), 0.0)
        if not len(found.best.price):
            return
        u = found.best.u[:1]
        gain = program.features(u)[:, 0]
        along = residual.T @ gain
        size = float(np.linalg.norm(along))
        if size == 0.0:
            return
        change = total * np.outer(gain, along / size) - fit
        square = float(np.sum(change**2))
        if square == 0.0:
            return
        fit = fit + float(np.clip(np.sum(change * residual) / square, 0.0, 1.0)) * change
