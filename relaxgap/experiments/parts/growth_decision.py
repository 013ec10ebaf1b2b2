r"""What larger n would decide: where the best laws with and without a limit come apart.

With S seeds, each ratio in a bracket whose ends are a factor :math:`e^w` apart, the mean log ratio
is known to lie in an interval of width w around which it scatters by :math:`\sigma / \sqrt S`. If
one law holds, that interval excludes the other one's prediction, wherever in their brackets the
ratios are, as soon as the two differ by more than :math:`2 \sigma / \sqrt S + w`.
"""

import math

import numpy as np

from relaxgap.experiments.parts.fitted_laws import GrowthFits

MOST = 1e6
STANDARD_ERRORS = 2.0


def deciding_size(fits: GrowthFits, largest: int, n_seeds: int, width: float) -> int | None:
    r"""Return the least n at which the best law with a limit and the best without are told apart.

    Of n = 2, 4, 8, ... times the largest size, up to `MOST`; None if none of them tells. Both
    laws are taken at the fitted coefficients.

    Parameters
    ----------
    fits : GrowthFits
        Models of both kinds, fitted.
    largest : int
        The largest size at which there are ratios.
    n_seeds : int
        Instances to be measured at the larger size.
    width : float
        Logarithm of an upper over a lower end of a ratio there.

    Notes
    -----
    The spread is the larger one of the two fits.
    """
    laws = fits.best_with(limit=True), fits.best_with(limit=False)
    spread = max(law.spread for law in laws)
    blurred = STANDARD_ERRORS * spread / math.sqrt(n_seeds) + width
    n = 2 * largest
    while n <= MOST:
        # a law that falls below zero is told from every other
        one, other = (max(float(law.predict(np.array([n]))[0]), 1e-300) for law in laws)
        if abs(math.log(one / other)) > blurred:
            return n
        n *= 2
    return None
