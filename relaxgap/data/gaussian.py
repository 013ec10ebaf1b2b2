"""Gaussian data: assumption (A1) of the theory, rows i.i.d. standard normal."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.data.labels import check_label_kind, draw_labels
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rows import normalized_rows

DEFAULT_ASPECT_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class GaussianData:
    r"""Draw rows i.i.d. from :math:`N(0, I_d)` and label them.

    Give the dimension or the aspect ratio :math:`c = n/d`, not both; with neither, :math:`c = 2`.

    Parameters
    ----------
    n : int
        Number of samples.
    d : int or None
        Number of features.
    aspect_ratio : float or None
        Ratio ``c > 0``; then ``d = max(1, round(n / c))``, a half rounded to the even neighbour.
    labels : str
        Label kind: ``planted``, ``linear``, ``signs`` or ``noise``.
    noise : float
        Standard deviation of the noise added to a teacher's outputs, absolute.
    teacher_width : int
        Number of neurons of the planted teacher.
    normalize_rows : bool
        Scale every row to norm one, before labelling. A teacher's outputs then shrink by about
        ``sqrt(d)`` while ``noise`` does not.

    Raises
    ------
    ConfigurationError
        If a value is out of range, or ``d`` and ``aspect_ratio`` contradict each other.
    """

    n: int = 20
    d: int | None = None
    aspect_ratio: float | None = None
    labels: str = "planted"
    noise: float = 0.1
    teacher_width: int = 5
    normalize_rows: bool = False

    def __post_init__(self) -> None:
        for name, value in (("n", self.n), ("d", self.d), ("teacher_width", self.teacher_width)):
            if value is not None and value < 1:
                raise ConfigurationError(f"Expected {name} >= 1, got {value}; raise {name}.")
        if not (math.isfinite(self.noise) and self.noise >= 0.0):
            raise ConfigurationError(
                f"Expected a finite noise >= 0, got {self.noise}; use 0 for noiseless labels."
            )
        check_label_kind(self.labels)
        c = self.aspect_ratio
        if c is not None and not (math.isfinite(c) and c > 0.0):
            raise ConfigurationError(
                f"Expected a finite aspect_ratio > 0, got {c}; it is the ratio n/d."
            )
        if self.d is not None and c is not None and self.d != _dimension(self.n, c):
            raise ConfigurationError(
                f"Expected d={_dimension(self.n, c)} from n={self.n} and aspect_ratio={c}, got "
                f"d={self.d}; give only one of d and aspect_ratio and set the other to null."
            )

    @property
    def n_features(self) -> int:
        """Number of features, from ``d`` or from the aspect ratio."""
        if self.d is not None:
            return self.d
        c = self.aspect_ratio
        return _dimension(self.n, DEFAULT_ASPECT_RATIO if c is None else c)

    @property
    def label(self) -> str:
        """Short name for a CSV: the kind of the labels."""
        return f"gaussian, {self.labels} labels"

    def fingerprint(self) -> list[str]:
        """Return nothing: the settings decide the data."""
        return []

    def load(self, rng: np.random.Generator) -> Dataset:
        """Draw the data matrix, then its labels: the matrix does not depend on the label kind."""
        X = self.draw_rows(rng)
        if self.normalize_rows:
            X = normalized_rows(X)
        return Dataset(X, draw_labels(self.labels, X, rng, self.noise, self.teacher_width))

    def draw_rows(self, rng: np.random.Generator) -> Float64[np.ndarray, "n d"]:
        """Draw the data matrix, before any scaling of its rows."""
        return rng.standard_normal((self.n, self.n_features))


def _dimension(n: int, aspect_ratio: float) -> int:
    return max(1, round(n / aspect_ratio))
