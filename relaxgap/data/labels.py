"""Labels for synthetic data: a planted ReLU teacher, a linear teacher, random signs, noise."""

import difflib

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rows import normalized_rows

LABEL_KINDS = ("planted", "linear", "signs", "noise")


def check_label_kind(kind: str) -> None:
    """Raise `ConfigurationError` unless ``kind`` is one of ``LABEL_KINDS``."""
    if kind not in LABEL_KINDS:
        near = difflib.get_close_matches(kind, LABEL_KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "choose one of these."
        raise ConfigurationError(
            f"Expected labels to be one of {', '.join(LABEL_KINDS)}, got {kind!r}; {hint}"
        )


def planted_labels(
    X: Float64[np.ndarray, "n d"], rng: np.random.Generator, noise: float, teacher_width: int
) -> Float64[np.ndarray, " n"]:
    r"""Draw a two-layer ReLU teacher and return its noisy outputs.

    :math:`y = \sum_{j \le k} a_j (X w_j)_+ + \sigma z` with :math:`w_j` uniform on the unit
    sphere, :math:`a_j = \pm 1` with equal chance and :math:`z` standard normal. For Gaussian rows
    each neuron contributes a variance of :math:`1/2 - 1/(2\pi) \approx 0.34` in any dimension.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix.
    rng : Generator
        Source of the teacher, then of the noise.
    noise : float
        Standard deviation :math:`\sigma \ge 0`, absolute.
    teacher_width : int
        Number of teacher neurons :math:`k \ge 1`.
    """
    hidden = normalized_rows(rng.standard_normal((teacher_width, X.shape[1])))
    output = _random_signs(teacher_width, rng)
    clean = np.maximum(X @ hidden.T, 0.0) @ output
    return np.asarray(clean + noise * rng.standard_normal(X.shape[0]), dtype=np.float64)


def linear_labels(
    X: Float64[np.ndarray, "n d"], rng: np.random.Generator, noise: float
) -> Float64[np.ndarray, " n"]:
    """Return ``X w`` plus noise of standard deviation ``noise``, ``w`` uniform on the sphere."""
    weights = normalized_rows(rng.standard_normal((1, X.shape[1])))[0]
    return np.asarray(X @ weights + noise * rng.standard_normal(X.shape[0]), dtype=np.float64)


def draw_labels(
    kind: str,
    X: Float64[np.ndarray, "n d"],
    rng: np.random.Generator,
    noise: float,
    teacher_width: int,
) -> Float64[np.ndarray, " n"]:
    """Draw labels of one of the ``LABEL_KINDS`` for the rows of ``X``.

    Parameters
    ----------
    kind : str
        ``planted`` and ``linear`` depend on ``X``; ``signs`` (random +-1) and ``noise`` (standard
        normal) do not.
    X : (n, d) float64
        Data matrix, drawn before its labels.
    rng : Generator
        Source of all randomness.
    noise : float
        Standard deviation of the noise on a teacher; unused by ``signs`` and ``noise``.
    teacher_width : int
        Neurons of the planted teacher; unused by the other kinds.

    Raises
    ------
    ConfigurationError
        If the kind is unknown.
    """
    check_label_kind(kind)
    if kind == "planted":
        return planted_labels(X, rng, noise, teacher_width)
    if kind == "linear":
        return linear_labels(X, rng, noise)
    if kind == "signs":
        return _random_signs(X.shape[0], rng)
    return rng.standard_normal(size=(X.shape[0],))


def _random_signs(count: int, rng: np.random.Generator) -> Float64[np.ndarray, " count"]:
    return np.where(rng.integers(0, 2, size=count) == 1, 1.0, -1.0)
