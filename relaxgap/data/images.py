"""Two classes of handwritten digits, drawn, projected and normalised; those of scikit-learn."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int, Integer, Real

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rows import normalized_rows


@dataclass(frozen=True, slots=True)
class DigitImages:
    """Tell two classes of handwritten digits apart, labels +1 and -1.

    The steps, in order: keep the two classes, draw ``n`` of them, project, normalise. Without the
    last two the entries are the raw grey levels.

    Parameters
    ----------
    class_a, class_b : int
        Digits labelled +1 and -1.
    n : int or None
        Number of samples to draw without replacement, half of each class as far as the smaller
        class allows (an odd one from ``class_a``); None keeps all. The sample of a larger ``n``
        contains that of a smaller one while both classes last.
    pca : int or None
        Dimension to project the centred samples onto, at most their rank; None keeps the pixels.
    normalize_rows : bool
        Scale every row to norm one.

    Raises
    ------
    ConfigurationError
        If a value is out of range, the classes coincide, or (on `load`) the two classes have
        fewer than ``n`` samples or rank below ``pca``.
    """

    n_pixels: ClassVar[int]

    class_a: int = 0
    class_b: int = 1
    n: int | None = None
    pca: int | None = None
    normalize_rows: bool = True

    def __post_init__(self) -> None:
        for name, digit in (("class_a", self.class_a), ("class_b", self.class_b)):
            if not 0 <= digit <= 9:
                raise ConfigurationError(
                    f"Expected {name} to be a digit from 0 to 9, got {digit}; choose a digit."
                )
        if self.class_a == self.class_b:
            raise ConfigurationError(
                f"Expected two different classes, got class_a=class_b={self.class_a}; change one."
            )
        if self.n is not None and self.n < 2:
            raise ConfigurationError(
                f"Expected n >= 2, one sample per class, got {self.n}; raise n or set it to null."
            )
        if self.pca is not None and not 1 <= self.pca <= self.n_pixels:
            raise ConfigurationError(
                f"Expected pca from 1 to {self.n_pixels}, got {self.pca}; set it to null to keep "
                "the pixels."
            )

    def dataset_of(
        self,
        pixels: Real[np.ndarray, "N p"],
        digits: Integer[np.ndarray, " N"],
        rng: np.random.Generator,
    ) -> Dataset:
        """Return the chosen images in the order they came in.

        Parameters
        ----------
        pixels : (N, p) real
            Images of all classes, one a row.
        digits : (N,) integer
            The digit each image shows; both classes must occur.
        rng : numpy.random.Generator
            Draws the sample.
        """
        in_a, in_b = np.flatnonzero(digits == self.class_a), np.flatnonzero(digits == self.class_b)
        rows = _balanced_rows(in_a, in_b, self.n, rng)
        X = np.array(pixels[rows], dtype=np.float64)
        if self.pca is not None:
            X = principal_components(X, self.pca)
        if self.normalize_rows:
            X = normalized_rows(X)
        return Dataset(X, np.where(digits[rows] == self.class_a, 1.0, -1.0))


@dataclass(frozen=True, slots=True)
class DigitsData(DigitImages):
    """Draw the 8 x 8 digits that ship with scikit-learn, grey levels 0 to 16: no download."""

    n_pixels: ClassVar[int] = 64

    @property
    def label(self) -> str:
        """Short name for a CSV: the two classes."""
        return f"digits {self.class_a} against {self.class_b}"

    def fingerprint(self) -> list[str]:
        """Return nothing: the images are part of scikit-learn."""
        return []

    def load(self, rng: np.random.Generator) -> Dataset:
        """Return the chosen digits in the order of scikit-learn's file."""
        # scikit-learn takes about a second to import, and only this source needs it.
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        return self.dataset_of(pixels, digits, rng)


def principal_components(
    X: Float64[np.ndarray, "n d"], n_components: int
) -> Float64[np.ndarray, "n k"]:
    """Project the centred rows onto their leading principal directions.

    Each direction is oriented so that its entry of largest magnitude is positive: the factors of a
    singular value decomposition are unique only up to sign.

    Raises
    ------
    ConfigurationError
        If the centred data has rank below ``n_components``: the further directions are arbitrary.

    Notes
    -----
    Cost: one thin singular value decomposition, O(n d min(n, d)) time.
    """
    centred = X - X.mean(axis=0)
    _, scales, directions = np.linalg.svd(centred, full_matrices=False)
    # The cutoff is that of numpy.linalg.matrix_rank.
    rank = np.count_nonzero(scales > scales[0] * max(X.shape) * np.finfo(np.float64).eps)
    if n_components > rank:
        raise ConfigurationError(
            f"Expected pca of at most {rank}, the rank of the {X.shape[0]} centred samples, got "
            f"{n_components}; lower pca or take more samples."
        )
    kept = directions[:n_components]
    largest = np.argmax(np.abs(kept), axis=1)
    signs = np.sign(kept[np.arange(n_components), largest])
    return np.asarray(centred @ (kept * signs[:, np.newaxis]).T, dtype=np.float64)


def _balanced_rows(
    in_a: Int[np.ndarray, " a"],
    in_b: Int[np.ndarray, " b"],
    n: int | None,
    rng: np.random.Generator,
) -> Int[np.ndarray, " n"]:
    if n is None:
        return np.sort(np.concatenate([in_a, in_b]))
    available = in_a.size + in_b.size
    if n > available:
        raise ConfigurationError(
            f"Expected n of at most {available}, the samples of the two classes, got {n}; lower n "
            "or set it to null."
        )
    from_a = min(max((n + 1) // 2, n - in_b.size), in_a.size)
    chosen_a, chosen_b = rng.permutation(in_a)[:from_a], rng.permutation(in_b)[: n - from_a]
    return np.sort(np.concatenate([chosen_a, chosen_b]))
