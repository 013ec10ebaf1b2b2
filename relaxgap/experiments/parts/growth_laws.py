r"""Laws of growth of the typical ratio with n: three without a limit, four with one."""

from enum import StrEnum

import numpy as np
from jaxtyping import Float64, Shaped

EXPONENTS = np.geomspace(0.05, 2.0, 25)
"""Tried for the saturating model: below, it is the logarithm; above, nothing is left from 10 on."""


class Growth(StrEnum):
    """Name a model of the typical ratio."""

    CONSTANT = "constant"
    SQRT_LOG = "sqrt(log n)"
    LOG = "log n"
    POWER = "n^g"
    SATURATING_SQRT = "-1/sqrt(n)"
    SATURATING_LOG = "-1/log n"
    SATURATING = "-1/n^g"

    @property
    def is_bounded(self) -> bool:
        """Whether the model has a limit, the intercept."""
        return self is Growth.CONSTANT or self in SATURATING

    @property
    def n_parameters(self) -> int:
        """Numbers fitted, the variance among them."""
        return {Growth.CONSTANT: 2, Growth.SATURATING: 4}.get(self, 3)

    def shape(
        self, sizes: Shaped[np.ndarray, " k"], exponent: float = 1.0
    ) -> Float64[np.ndarray, " k"]:
        """Return what the slope multiplies at ``sizes``; zeros for the constant.

        Of a power, the logarithm: there the slope is the exponent.
        """
        n = np.asarray(sizes, dtype=np.float64)
        match self:
            case Growth.CONSTANT:
                return np.zeros_like(n)
            case Growth.SQRT_LOG:
                return np.sqrt(np.log(n))
            case Growth.LOG | Growth.POWER:
                return np.log(n)
            case Growth.SATURATING_SQRT:
                return -1.0 / np.sqrt(n)
            case Growth.SATURATING_LOG:
                return -1.0 / np.log(n)
            case Growth.SATURATING:
                return np.asarray(-(n**-exponent))


GROWTHS = tuple(Growth)
SATURATING = (Growth.SATURATING_SQRT, Growth.SATURATING_LOG, Growth.SATURATING)
