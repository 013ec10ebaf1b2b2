"""Rows that are not Gaussian: what of the theory needs assumption (A1), and what does not."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.gaussian import GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rows import normalized_rows

ROWS = ("rademacher", "sphere", "student")
DEGREES = 5
"""Degrees of freedom of Student's t: its fourth moment is the last one that is finite."""


@dataclass(frozen=True, slots=True)
class OtherRowsData(GaussianData):
    r"""Draw independent rows of another law, with mean 0 and covariance I, and label them.

    Parameters
    ----------
    rows : str
        ``rademacher``: entries :math:`\pm 1`; ``sphere``: uniform on the sphere of radius
        :math:`\sqrt d`; ``student``: entries of Student's t with five degrees of freedom, scaled to
        variance 1.
    n, d, aspect_ratio, labels, noise, teacher_width, normalize_rows
        As `GaussianData`.

    Raises
    ------
    ConfigurationError
        If the law is unknown, or as `GaussianData`.
    """

    rows: str = "rademacher"

    def __post_init__(self) -> None:
        # super() without arguments does not work in a dataclass with slots
        GaussianData.__post_init__(self)
        if self.rows not in ROWS:
            raise ConfigurationError(
                f"Expected rows out of {', '.join(ROWS)}, got {self.rows!r}; choose one."
            )

    @property
    def label(self) -> str:
        """Short name for a CSV: the law of the rows and the kind of the labels."""
        return f"{self.rows}, {self.labels} labels"

    def draw_rows(self, rng: np.random.Generator) -> Float64[np.ndarray, "n d"]:
        """Draw the data matrix, before any scaling of its rows."""
        shape = (self.n, self.n_features)
        match self.rows:
            case "rademacher":
                return np.asarray(2.0 * rng.integers(0, 2, shape) - 1.0)
            case "sphere":
                return np.asarray(math.sqrt(shape[1]) * normalized_rows(rng.standard_normal(shape)))
            case _:
                variance = DEGREES / (DEGREES - 2.0)
                return np.asarray(rng.standard_t(DEGREES, shape) / np.sqrt(variance))
