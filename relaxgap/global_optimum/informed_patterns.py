r"""Patterns around the neurons of a relaxation, in place of those of Gaussian gates alone.

Gaussian gates find wide cones, whatever the labels. The relaxation over a few of them says where
neurons pay: further gates are drawn around its neurons, and the relaxation over both says it
better. Patterns without neurons leave, so that few are ever solved over at once.
"""

import math

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.patterns import PatternSet, sample_patterns
from relaxgap.patterns.pattern_set import first_occurrences, patterns_of_gates
from relaxgap.problems import Blocks, relu_program
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

KEPT = 0.5
"""Most of a sample that patterns of the one before may be: the rest is new."""
MAX_DOUBLINGS = 10
"""Times that gates are drawn farther from the neurons, while some have a pattern that is there."""
GUIDING_RTOL = 1e-2
"""Relative gap of a relaxation whose neurons are only drawn around."""


def informed_patterns(
    data: Dataset,
    beta: float,
    n_gates: int,
    rng: np.random.Generator,
    rounds: int = 1,
    spread: float = 0.3,
    loss: Loss = SQUARED,
    *,
    deadline: Deadline = NEVER,
) -> PatternSet:
    r"""Draw gates around the neurons of relaxations over fewer gates.

    The first sample has :math:`N / (r + 1)` Gaussian gates, N in all after r rounds, and each round
    adds as many: it keeps the patterns of the largest neurons, at most half of the new sample, and
    fills it with gates :math:`u + \sigma g / \sqrt d` around directions u of these neurons, drawn
    in proportion to what they weigh, g standard normal. In place of gates whose pattern is there
    already others are drawn at twice the distance.

    Parameters
    ----------
    data : Dataset
        The training data.
    beta : float
        Regularisation strength.
    n_gates : int
        Number of gates of the sample returned; at most this many patterns.
    rng : Generator
        Source of the gates.
    rounds : int
        Relaxations solved on the way; 0 is a Gaussian sample.
    spread : float
        Typical distance of a gate from the neuron's direction, :math:`\sigma`.
    loss : Loss
        Of the fit.
    deadline : Deadline
        When a relaxation on the way ends with the point it has.

    Returns
    -------
    PatternSet
        Distinct patterns; it never claims to be complete.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import relaxgap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 20))
    >>> y = np.maximum(X @ rng.standard_normal(20), 0.0)
    >>> patterns = relaxgap.informed_patterns(relaxgap.Dataset(X, y), 1.0, 30, rng)
    >>> informed = relaxgap.solve(X, y, beta=1.0, patterns=patterns)
    >>> informed.primal_value < relaxgap.solve(X, y, beta=1.0, patterns="gaussian:30").dual_value
    True
    """
    if n_gates < 1 or rounds < 0 or not spread > 0.0:
        raise ValueError(
            "Expected n_gates >= 1, rounds >= 0 and spread > 0, got "
            f"{n_gates}, {rounds} and {spread}; raise the one below."
        )
    sizes = [math.ceil(n_gates * share / (rounds + 1)) for share in range(1, rounds + 2)]
    patterns = sample_patterns(data.X, sizes[0], rng)
    solver = SemismoothNewton(GUIDING_RTOL)
    for size in sizes[1:]:
        program = relu_program(data, patterns, beta, loss=loss)
        point = solver.solve(program, deadline=deadline).point
        patterns = _around(data, patterns, point, size, rng, spread)
    return patterns


def _around(
    data: Dataset,
    patterns: PatternSet,
    point: Blocks,
    size: int,
    rng: np.random.Generator,
    spread: float,
) -> PatternSet:
    """Return so many gates: those of the largest neurons, and others around these."""
    weights = np.linalg.norm(point.w, axis=2)
    of_pattern = weights.sum(axis=0)
    largest = np.argsort(-of_pattern, kind="stable")[: max(1, int(KEPT * size))]
    kept = largest[of_pattern[largest] > 0.0]
    if kept.size == 0:
        return sample_patterns(data.X, size, rng)
    sign, which = np.nonzero(weights[:, kept])
    weight = weights[sign, kept[which]]
    directions = point.w[sign, kept[which]] / weight[:, None]
    found = patterns.subset(kept)
    for _ in range(MAX_DOUBLINGS):
        missing = size - found.n_patterns
        if missing == 0:
            break
        drawn = directions[rng.choice(weight.size, missing, p=weight / weight.sum())]
        noise = rng.standard_normal((missing, data.d)) / math.sqrt(data.d)
        found = _joined(data, found, drawn + spread * noise)
        spread *= 2.0
    return found


def _joined(data: Dataset, patterns: PatternSet, gates: Float64[np.ndarray, "k d"]) -> PatternSet:
    # the patterns are taken as they are: a gate on a boundary may have another one by rounding
    packed = np.concatenate([patterns.packed, patterns_of_gates(data.X, gates)])
    first = first_occurrences(packed)
    return PatternSet(packed[first], np.concatenate([patterns.gates, gates])[first], data.n)
