import math
import time
from itertools import count

import numpy as np
import pytest
from instances import random_program

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.local_pricing import ascend, estimate_beta_max, violators
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import relu_program


def prices(X: np.ndarray, nu: np.ndarray, directions: np.ndarray) -> np.ndarray:
    return np.maximum(directions @ X.T, 0.0) @ nu


@pytest.mark.parametrize("seed", range(4))
def test_the_ascent_never_ends_below_its_start_nor_off_the_sphere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu, starts = (rng.standard_normal(shape) for shape in ((9, 4), 9, (30, 4)))
    directions, found = ascend(X, nu, starts)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found, prices(X, nu, directions), rtol=1e-12, atol=1e-12)
    units = starts / np.linalg.norm(starts, axis=1, keepdims=True)
    assert (found >= prices(X, nu, units) - 1e-12).all()


def test_a_zero_start_stays_where_it_is() -> None:
    directions, found = ascend(np.eye(3), np.ones(3), np.zeros((1, 3)))
    assert not directions.any()
    assert found[0] == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_on_small_data_the_ascent_finds_the_critical_regularisation(seed: int) -> None:
    program = random_program(relu_program, 7, 3, seed, labels="planted")
    exact = beta_max(program.data, enumerate_patterns(program.data.X))
    found = estimate_beta_max(program.data)
    assert exact * (1.0 - 1e-6) <= found <= exact * (1.0 + 1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_deadline_leaves_the_largest_price_so_far_of_either_sign(
    sign: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    # labels of one sign: the neurons of the other price nothing
    data = Dataset(rng.standard_normal((200, 20)), sign * rng.random(200))
    full = estimate_beta_max(data)
    clock = time.monotonic()
    found = [estimate_beta_max(data, deadline=Deadline(-math.inf))]
    for ticks in (20, 40, 160, 1000):
        # every look at the clock takes a second
        looks = count(clock)
        monkeypatch.setattr(time, "monotonic", lambda looks=looks: next(looks))
        found.append(estimate_beta_max(data, deadline=Deadline(clock + ticks)))
        monkeypatch.undo()
    assert 0.0 < found[0] < found[1] < found[2] < full
    assert found == sorted(found)
    assert found[-1] == full


def test_violators_are_distinct_and_above_the_threshold() -> None:
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((12, 4)), rng.standard_normal(12)
    data = Dataset(X, nu)
    threshold = 0.5 * estimate_beta_max(data)
    found = violators(X, nu, threshold, rng.standard_normal((100, 4)), 40)
    best = np.maximum(prices(X, nu, found), prices(X, -nu, found))
    assert found.shape[0] >= 2
    assert (best > threshold).all()
    assert violators(X, nu, np.inf, rng.standard_normal((100, 4)), 40).shape == (0, 4)
