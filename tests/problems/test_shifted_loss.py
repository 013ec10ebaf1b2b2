import numpy as np
import pytest

from relaxgap.problems.losses import HINGE, LOGISTIC, NewtonLoss, Smoothable, is_smooth
from relaxgap.problems.losses.shifted import shifted

RNG = np.random.default_rng(0)
Y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
FIT = RNG.standard_normal(5)
NU = Y * RNG.uniform(0.1, 0.9, 5)


@pytest.mark.parametrize("base", [LOGISTIC, HINGE], ids=lambda loss: loss.name)
@pytest.mark.parametrize("constant", [-2.0, 0.3])
class TestAShiftedLoss:
    def test_is_the_loss_at_the_moved_fit(self, base, constant):
        loss = shifted(base, constant)
        assert loss.value(FIT, Y) == base.value(FIT + constant, Y)
        np.testing.assert_array_equal(loss.dual_point(FIT, Y), base.dual_point(FIT + constant, Y))
        moved = FIT[None] + 0.0
        loss.to_gradient(moved, Y)
        np.testing.assert_allclose(-moved[0], loss.dual_point(FIT, Y), rtol=1e-12)
        assert loss.values(FIT[None], Y)[0] == pytest.approx(loss.value(FIT, Y))

    def test_is_at_least_its_dual_value_less_the_product_and_meets_it(self, base, constant):
        loss = shifted(base, constant)
        for nu in (NU, 0.5 * NU, loss.dual_point(FIT, Y)):
            assert loss.value(FIT, Y) >= loss.dual_value(nu, Y) - nu @ FIT - 1e-12
        nu = loss.dual_point(FIT, Y)
        assert loss.value(FIT, Y) == pytest.approx(loss.dual_value(nu, Y) - nu @ FIT)

    def test_no_other_scale_is_better_than_the_best(self, base, constant):
        loss = shifted(base, constant)
        for limit in (0.2, 1.0, 5.0):
            scale, value = loss.best_scale(NU, Y, limit)
            others = [loss.dual_value(s * NU, Y) for s in np.linspace(0.0, limit, 400)]
            assert 0.0 <= scale <= limit
            assert value >= max(0.0, *others) - 1e-9

    def test_has_the_methods_of_its_base_and_no_others(self, base, constant):
        loss = shifted(base, constant)
        assert is_smooth(loss) == is_smooth(base)
        assert isinstance(loss, Smoothable) == isinstance(base, Smoothable)


def test_the_conjugate_of_a_shifted_loss_has_its_derivatives():
    loss = shifted(LOGISTIC, 0.7)
    assert isinstance(loss, NewtonLoss)
    gradient, step = loss.conjugate_gradient(NU, Y), 1e-6
    for i in range(5):
        e = np.eye(5)[i] * step
        slope = (loss.conjugate(NU + e, Y) - loss.conjugate(NU - e, Y)) / (2.0 * step)
        assert slope == pytest.approx(gradient[i], rel=1e-6)
    assert loss.conjugate(NU, Y) == pytest.approx(-loss.dual_value(NU, Y))


def test_a_shifted_hinge_is_smoothed_where_it_was_moved_to():
    loss = shifted(HINGE, 0.4)
    assert isinstance(loss, Smoothable)
    assert loss.smoothed(1e-9).value(FIT, Y) == pytest.approx(loss.value(FIT, Y), abs=1e-7)
