from functools import cache

import numpy as np
import pytest

from relaxgap.data import Dataset, GaussianData
from relaxgap.experiments.worst_labels.ascent import Ascent
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns import enumerate_patterns, sample_patterns
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

RTOL, STEP = 1e-9, 1e-3
DATA = GaussianData(n=6, d=3, labels="noise").load(np.random.default_rng(0))
SAMPLED = sample_patterns(DATA.X, 5, np.random.default_rng(1))
EVERY = enumerate_patterns(DATA.X, limit=100)
NONE = TwoLayerNetwork(np.zeros((0, DATA.d)), np.zeros(0))


@cache
def ascent() -> Ascent:
    return Ascent(DATA.X, SAMPLED, 0.2, SemismoothNewton(RTOL), RTOL, np.random.default_rng(2))


def log_ratio(y: np.ndarray) -> float:
    """Return the logarithm of the ratio of both optima, each solved over its patterns."""
    sampled, every = (
        SemismoothNewton(RTOL).solve(relu_program(Dataset(DATA.X, y), patterns, 0.2)).certificate
        for patterns in (SAMPLED, EVERY)
    )
    return float(np.log(sampled.primal_value / every.primal_value))


def test_the_slope_is_that_of_the_logarithm_of_the_ratio_along_the_sphere() -> None:
    labels = ascent().at(DATA.y, NONE)
    length = float(np.linalg.norm(labels.slope))
    assert abs(labels.slope @ DATA.y) <= 1e-12 * np.linalg.norm(DATA.y)

    def difference(step: float) -> float:
        ends = [log_ratio(DATA.y + sign * step * labels.slope / length) for sign in (1.0, -1.0)]
        return (ends[0] - ends[1]) / (2.0 * step)

    coarse, fine = difference(STEP), difference(STEP / 2.0)
    # four optima within their gaps; both dual points by the strong concavity of their programs
    optimum = labels.relaxed.primal_value / labels.lower
    rounding = 4.0 * RTOL / STEP + 2.0 * np.sqrt(2.0 * RTOL / optimum)
    # halving the step leaves a quarter of the error of a central difference
    assert abs(fine - length) <= abs(coarse - fine) + rounding
    assert rounding < 1e-2 * length


def test_the_ratio_of_the_search_is_proven_and_a_step_that_is_taken_raises_it() -> None:
    first = ascent().at(DATA.y, NONE)
    last, n_tried = ascent().climb(first, 3)
    assert n_tried == 3
    assert first.lower < last.lower
    # beta keeps its meaning
    assert np.linalg.norm(last.y) == pytest.approx(np.linalg.norm(DATA.y), rel=1e-12)
    for labels in (first, last):
        assert np.log(labels.lower) <= log_ratio(labels.y) + 2 * RTOL
