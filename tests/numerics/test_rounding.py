import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.numerics.rounding import rounded_down, rounded_up, rounding_bound


def test_a_sum_whose_squares_underflow_is_still_bounded() -> None:
    tiny = np.full(3, 1e-170)
    assert np.linalg.norm(tiny) == 0.0
    assert rounding_bound(3, 3, float(tiny.sum())) >= np.sqrt(3.0) * 1e-170
    assert rounding_bound(3, 3, 0.0) == 0.0


@given(st.floats(1e-300, 1e300), st.integers(1, 15))
def test_fewer_digits_are_rounded_away_from_the_number(value: float, digits: int) -> None:
    low, high = rounded_down(value, digits), rounded_up(value, digits)
    assert low <= value <= high <= (1.0 + 10.0 ** (1 - digits)) * value * (1.0 + 1e-15)
    for end in (low, high):
        assert float(f"{end:.{digits - 1}e}") == end
