"""Logistic and hinge by themselves: their bounds of rounding, duality, scales and gradients."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from decimal_losses import entropy, exact_value
from instances import PROGRAM_TYPES, random_program

from relaxgap.data.dataset import Dataset
from relaxgap.errors import DataError
from relaxgap.problems.losses import HINGE, LOGISTIC, Loss
from relaxgap.training import NetworkBatch, training_gradient, training_losses

BOTH = pytest.mark.parametrize("loss", [LOGISTIC, HINGE], ids=["logistic", "hinge"])


@BOTH
def test_the_rounding_of_value_and_dual_value_is_within_its_bound(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    for trial in range(60):
        n = 1 + trial % 7
        y = rng.choice([-1.0, 1.0], n)
        sizes = 10.0 ** rng.uniform(-20.0, 3.0, n)
        fit = (y, -y, 1.0, y * (1.0 + 1e-15))[trial % 4] * sizes
        margins = [Fraction(float(m)) for m in y * fit]
        error = Decimal(loss.value_error(fit, y, 0.0))
        assert abs(Decimal(loss.value(fit, y)) - exact_value(loss, margins)) <= error
        shares = np.concatenate([10.0 ** rng.uniform(-150.0, 0.0, n), 1.0 - 0.1**sizes])[:n]
        exact = (
            sum(map(entropy, map(Fraction, shares.tolist())), Decimal(0))
            if loss is LOGISTIC
            else sum(map(Decimal, shares.tolist()), Decimal(0))
        )
        rounding = Decimal(loss.dual_rounding(y * shares, y))
        assert abs(Decimal(loss.dual_value(y * shares, y)) - exact) <= rounding


@BOTH
def test_a_fit_that_moves_raises_the_value_by_no_more_than_its_bound(loss: Loss) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        y = rng.choice([-1.0, 1.0], 5)
        fit = y + 10.0 ** rng.uniform(-4.0, 2.0) * rng.standard_normal(5)
        distance = 10.0 ** rng.uniform(-6.0, 1.0)
        along = -y * rng.random(5) * (rng.random(5) < 0.6)
        step = distance * along / max(float(np.linalg.norm(along)), 1.0)
        rise = loss.value(fit + step, y) - loss.value(fit, y)
        assert rise <= loss.value_error(fit, y, distance) * (1.0 + 1e-12)


@BOTH
def test_no_pair_of_fit_and_shares_breaks_weak_duality(loss: Loss) -> None:
    rng = np.random.default_rng(2)
    for size in (1e-3, 1.0, 30.0, 1e4):
        y = rng.choice([-1.0, 1.0], 6)
        fit, shares = size * rng.standard_normal(6), rng.choice([0.0, 0.3, 1.0], 6)
        nu = y * shares
        # Fenchel and Young: equality at the dual point of the fit
        assert loss.dual_value(nu, y) <= loss.value(fit, y) + float(nu @ fit) + 1e-9 * size
        at = loss.dual_point(fit, y)
        both = loss.value(fit, y) + float(at @ fit)
        assert loss.dual_value(at, y) == pytest.approx(both, rel=1e-9, abs=1e-9 * size)


@BOTH
def test_the_best_scale_is_no_worse_than_any_other(loss: Loss) -> None:
    rng = np.random.default_rng(3)
    for trial in range(40):
        y = rng.choice([-1.0, 1.0], 5)
        nu = y * rng.random(5) * 10.0 ** rng.uniform(-5.0, 5.0) * (rng.random(5) < 0.8)
        limit = 10.0 ** rng.uniform(-4.0, 4.0) if trial % 3 else np.inf
        scale, value = loss.best_scale(nu, y, limit)
        assert 0.0 <= scale <= limit
        largest = float(np.abs(nu).max())
        for other in rng.random(20) * min(limit, 1.0 / largest if largest else 1.0):
            assert loss.dual_value(other * nu, y) <= value + 1e-12 * (1.0 + value)
    assert loss.best_scale(np.array([0.5, 1e-300]), np.array([1.0, -1.0]), 1.0) == (0.0, 0.0)


@BOTH
def test_gradients_of_training_are_those_of_the_loss(loss: Loss) -> None:
    rng = np.random.default_rng(4)
    data = Dataset(rng.standard_normal((6, 4)), rng.choice([-1.0, 1.0], 6))
    networks = NetworkBatch(rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3)))
    gradient = training_gradient(data, networks, 0.1, loss)
    for j in range(3):
        ends = []
        for step in (1e-6, -1e-6):
            output = networks.output.copy()
            output[0, j] += step
            ends.append(training_losses(data, NetworkBatch(networks.hidden, output), 0.1, loss)[0])
        slope = float(ends[0] - ends[1]) / 2e-6
        assert gradient.output[0, j] == pytest.approx(slope, rel=1e-5)


@BOTH
def test_other_labels_than_two_signs_are_refused_where_the_program_is_stated(loss: Loss) -> None:
    program = random_program(PROGRAM_TYPES[0], 4, 2, 0)
    with pytest.raises(DataError, match=f"Expected labels -1 and .1 for the {loss.name} loss"):
        replace(program, loss=loss)
