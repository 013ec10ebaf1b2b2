import numpy as np

from relaxgap.numerics.rounding import rounding_bound


def test_a_sum_whose_squares_underflow_is_still_bounded() -> None:
    tiny = np.full(3, 1e-170)
    assert np.linalg.norm(tiny) == 0.0
    assert rounding_bound(3, 3, float(tiny.sum())) >= np.sqrt(3.0) * 1e-170
    assert rounding_bound(3, 3, 0.0) == 0.0
